//! The own suite under tools that watch memory: Python's debug allocator, valgrind and AddressSanitizer.

use crate::interpreters;
use crate::paths::{root, target};
use crate::process::{output_of, run_logged};
use crate::pytest;
use crate::report::{Outcome, Report};
use crate::test::{BUILD_TESTS, prepare};
use crate::wheels::Environment;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Versions whose objects are laid out differently: before and after ints without a sign and values in the object.
const VERSIONS: [&str; 2] = ["3.11", "3.13"];

/// Tests that valgrind runs unless -k asks for others: one file for each way in which the runtime holds memory.
const UNDER_VALGRIND: [&str; 12] = [
    "test_argparse.py",
    "test_bulk.py",
    "test_call.py",
    "test_errors.py",
    "test_layout.py",
    "test_module.py",
    "test_newer.py",
    "test_rust_sdk_classes.py",
    "test_scalar.py",
    "test_state.py",
    "test_text.py",
    "test_types.py",
];

/// Tests left out of the slow tools. Thousands of random calls, threads that wait for seconds, and failing allocations, in which
/// CPython itself leaks.
const SLOW: [&str; 4] =
    ["test_formats.py", "test_properties.py", "test_robustness.py", "test_example_fastjson.py"];

/// What is to run.
pub struct Asked<'a> {
    pub python: &'a [String],
    pub expression: Option<&'a str>,
    pub jobs: usize,
}

impl Asked<'_> {
    /// The suite's tests of binaries, in these modes.
    fn arguments(&self, modes: &str) -> Vec<String> {
        let mut arguments = vec!["--modes".to_owned(), modes.to_owned()];
        arguments.extend(["-n".to_owned(), self.jobs.to_string()]);
        if let Some(expression) = self.expression {
            arguments.extend(["-k".to_owned(), expression.to_owned()]);
        }
        arguments
    }

    /// The environments of the versions asked for, or of these.
    fn environments(
        &self,
        report: &mut Report,
        versions: &[&str],
        piece: &str,
    ) -> Vec<Environment> {
        let asked: Vec<&str> = self.python.iter().map(String::as_str).collect();
        let mut environments = Vec::new();
        for version in if asked.is_empty() { versions } else { &asked } {
            match interpreters::one(version) {
                Ok(interpreter) => environments.extend(prepare(report, &interpreter)),
                Err(why) => report.absent(&format!("CPython {version}"), piece, &why.to_string()),
            }
        }
        environments
    }
}

fn without(files: &[&str]) -> Vec<String> {
    files.iter().map(|file| format!("--ignore=tests/{file}")).collect()
}

/// Runs pytest on the tests of binaries.
fn suite(mut command: Command, name: &str, arguments: &[String], limit: u64) -> Result<Outcome> {
    command.current_dir(root()).env("HPY_RS_VARIANTS", "1");
    let run = pytest::run(command, name, arguments, Duration::from_secs(limit))?;
    run.say_failures(|_| true);
    Ok(Outcome::Tests(run.counts()))
}

/// Python's allocator with filled and guarded blocks, and libc's with filled ones.
pub fn malloc(report: &mut Report, asked: &Asked) {
    let piece = "own suite, PYTHONMALLOC=debug";
    for environment in asked.environments(report, &VERSIONS, piece) {
        report.piece(&environment.interpreter.label(), piece, || {
            let mut command = environment.command();
            command.env("PYTHONMALLOC", "debug").env("MALLOC_PERTURB_", "165");
            let mut arguments = asked.arguments("universal,debug");
            arguments.push("tests".to_owned());
            arguments.extend(without(&BUILD_TESTS));
            let name = format!("malloc-{}", environment.interpreter.tag());
            suite(command, &name, &arguments, 1800)
        });
    }
}

/// Programs that tests start and that are not Python: watching a compiler takes minutes and says nothing.
const NOT_WATCHED: &str =
    "*/cc,*/gcc,*/cc1,*/collect2,*/as,*/ld,*/ld.bfd,*/cargo,*/rustc,*/git,*/readelf,*/sh,*/uname";

/// No access to memory that is not allocated, and no block that is lost for good.
pub fn valgrind(report: &mut Report, asked: &Asked) {
    let piece = "valgrind";
    let version = match output_of(Command::new("valgrind").arg("--version")) {
        Ok(version) => version,
        Err(_) => {
            let why = "there is no valgrind: on Debian `apt-get install valgrind`";
            return report.absent("CPython", piece, why);
        }
    };
    for environment in asked.environments(report, &VERSIONS[..1], piece) {
        let group = environment.interpreter.label();
        let tag = environment.interpreter.tag();
        let mut arguments = asked.arguments("universal,debug,trace");
        if asked.expression.is_some() {
            arguments.push("tests".to_owned());
            arguments.extend(without(&BUILD_TESTS));
            arguments.extend(without(&SLOW));
        } else {
            arguments.extend(UNDER_VALGRIND.iter().map(|file| format!("tests/{file}")));
        }
        // This also compiles the extensions.
        let good = report.piece(&group, "the same tests, without valgrind", || {
            suite(environment.command(), &format!("valgrind-before-{tag}"), &arguments, 1200)
        });
        if !good {
            continue;
        }
        let logs = target("logs/valgrind");
        report.piece(&group, format!("own suite, {version}"), || {
            let _ = std::fs::remove_dir_all(&logs);
            std::fs::create_dir_all(&logs)?;
            let mut command = environment.interpreter.command("valgrind");
            command
                // CPython's own ints begin with bits that it then masks.
                .args(["--undef-value-errors=no", "--leak-check=full", "--num-callers=40"])
                .args(["--show-leak-kinds=definite", "--errors-for-leak-kinds=definite"])
                .args(["--trace-children=yes", "--child-silent-after-fork=yes"])
                .arg(format!("--trace-children-skip={NOT_WATCHED}"))
                .arg(format!("--suppressions={}", root().join("tests/valgrind.supp").display()))
                .arg(format!("--log-file={}/%p.log", logs.display()))
                .arg(&environment.python)
                // Blocks of Python's own allocator would hide what is in them.
                .env("PYTHONMALLOC", "malloc");
            let outcome = suite(command, &format!("valgrind-{tag}"), &arguments, 3000)?;
            let problems = problems(&logs, asked.jobs)?;
            if problems.is_empty() {
                return Ok(outcome);
            }
            for problem in problems.iter().take(20) {
                println!("             {}", problem.replace('\n', "\n             "));
            }
            Ok(Outcome::Failed(format!("{} problems, in full: {}", problems.len(), logs.display())))
        });
    }
}

/// What valgrind found, process by process.
fn problems(logs: &Path, jobs: usize) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let mut processes = 0;
    for entry in std::fs::read_dir(logs)?.flatten() {
        let text = std::fs::read_to_string(entry.path())?;
        processes += 1;
        problems.extend(problems_in(&text, &entry.path().display().to_string()));
    }
    // The one that hands out the tests, and those that run them.
    if processes <= jobs {
        bail!("{processes} processes left logs, {} were started", jobs + 1);
    }
    Ok(problems)
}

fn problems_in(text: &str, name: &str) -> Vec<String> {
    let plain: Vec<&str> = text
        .lines()
        .map(|line| line.trim_start_matches("==").trim_start_matches(char::is_numeric))
        .map(|line| line.trim_start_matches("==").trim_start_matches(' '))
        .collect();
    let plain = plain.join("\n");
    if !plain.contains("ERROR SUMMARY: ") {
        return vec![format!("{name}: the process ended without a summary")];
    }
    let starts = [
        "Invalid ",
        "Mismatched ",
        "Process terminating",
        "Jump to the invalid",
        "Source and destination",
    ];
    let is_one = |block: &&str| {
        let first = block.lines().next().unwrap_or_default();
        starts.iter().any(|start| first.starts_with(start))
            || first.contains("definitely lost in loss record")
    };
    // Tests of this function end a process by it.
    let is_meant =
        |block: &&str| block.contains("signal 6 (SIGABRT)") && block.contains("HPy_FatalError");
    let blocks = plain.split("\n\n").map(str::trim);
    blocks.filter(|block| is_one(block) && !is_meant(block)).map(str::to_owned).collect()
}

/// GCC's AddressSanitizer in the test extensions in C, rustc's in the runtime and in the extensions in Rust.
pub fn asan(report: &mut Report, asked: &Asked) {
    let piece = "AddressSanitizer";
    let library = match library() {
        Ok(library) => library,
        Err(why) => return report.absent("CPython", piece, &format!("{why:#}")),
    };
    for environment in asked.environments(report, &VERSIONS[..1], piece) {
        let group = environment.interpreter.label();
        let mut rust = None;
        report.piece(&group, "runtime and extensions in Rust, -Zsanitizer=address", || {
            match rust_side(&environment) {
                Ok(made) => {
                    rust = Some(made);
                    Ok(Outcome::Done(String::new()))
                }
                // Not every toolchain has it: the C side says something without it.
                Err(error) => Ok(Outcome::Skipped(format!("{error:#}"))),
            }
        });
        let watched = if rust.is_some() { "C and Rust" } else { "C" };
        let logs = target("logs/asan");
        let prepared = |command: &mut Command| {
            command
                .env("LD_PRELOAD", &library)
                .env(
                    "ASAN_OPTIONS",
                    format!("detect_leaks=0:log_path={}", logs.join("report").display()),
                )
                .env("PYTHONMALLOC", "malloc");
        };
        let _ = std::fs::remove_dir_all(&logs);
        let sees = report.piece(&group, "AddressSanitizer sees a mistake", || {
            std::fs::create_dir_all(&logs)?;
            let mut command = environment.command();
            prepared(&mut command);
            mistake(command, &logs)
        });
        if !sees {
            continue;
        }
        report.piece(&group, format!("own suite, AddressSanitizer in {watched}"), || {
            let mut command = environment.command();
            prepared(&mut command);
            command
                .env("CC", "gcc -fsanitize=address -fno-omit-frame-pointer")
                .env("HPY_TESTS_EXT_CACHE", target("asan/extensions"));
            if let Some(made) = &rust {
                command.env("PYTHONPATH", &made.site).env("HPY_TESTS_RUST", &made.libraries);
            }
            let mut arguments = asked.arguments("universal,debug,trace");
            arguments.push("tests".to_owned());
            arguments.extend(without(&BUILD_TESTS));
            arguments.extend(without(&SLOW));
            let outcome = suite(
                command,
                &format!("asan-{}", environment.interpreter.tag()),
                &arguments,
                3000,
            )?;
            let reports: Vec<PathBuf> =
                std::fs::read_dir(&logs)?.flatten().map(|entry| entry.path()).collect();
            for file in reports.iter().take(5) {
                let text = std::fs::read_to_string(file)?;
                println!("{}", text.lines().take(30).collect::<Vec<_>>().join("\n"));
            }
            if reports.is_empty() {
                return Ok(outcome);
            }
            Ok(Outcome::Failed(format!("{} reports, in full: {}", reports.len(), logs.display())))
        });
    }
}

/// GCC's library, which has to be loaded before Python.
fn library() -> Result<PathBuf> {
    let printed = output_of(Command::new("gcc").arg("-print-file-name=libasan.so"))?;
    let library = PathBuf::from(&printed);
    if !library.is_absolute() || !library.exists() {
        bail!(
            "GCC has no libasan.so: on Debian it comes with the package libgcc-12-dev or its like"
        );
    }
    // What is preloaded must be the library itself, which may be behind a link.
    std::fs::canonicalize(&library).with_context(|| format!("{printed} leads nowhere"))
}

/// What was built with the sanitizer.
struct RustSide {
    /// A folder for PYTHONPATH with the package hpy.
    site: PathBuf,
    /// The folder of the extensions in Rust.
    libraries: PathBuf,
}

fn rust_side(environment: &Environment) -> Result<RustSide> {
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let interpreter = &environment.interpreter;
    let folder = target("asan").join(interpreter.tag());
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(root())
        .args([
            "build",
            "--target",
            &triple,
            "-p",
            "hpy-universal",
            "-p",
            "rust-ext",
            "-p",
            "wordindex",
        ])
        .args(["-p", "textdist", "-p", "vecmath", "-p", "fastjson"])
        // The sanitizers are in every toolchain, behind a flag that stable ones keep to themselves.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Zsanitizer=address -Cforce-frame-pointers=yes")
        .env("PYO3_PYTHON", &interpreter.launcher)
        .env("CARGO_TARGET_DIR", &folder);
    let log = target("logs").join("asan-rust.log");
    let logged = run_logged(&mut cargo, &log, Duration::from_secs(1800))?;
    if !logged.status.success() {
        let error = logged
            .text
            .lines()
            .find(|line| line.starts_with("error"))
            .unwrap_or("cargo build failed");
        bail!("{error}; in full: {}", log.display());
    }
    let libraries = folder.join(&triple).join("debug");
    let runtime = libraries.join("libhpy_universal.so");
    let bytes = std::fs::read(&runtime)?;
    if !bytes.windows(12).any(|window| window == b"__asan_init\0") {
        bail!("rustc made {} without the sanitizer", runtime.display());
    }
    // The installed package, with this runtime in it.
    let mut ask = environment.command();
    ask.args(["-c", "import hpy.universal, os; print(os.path.dirname(hpy.universal.__file__), hpy.universal.__file__, sep='\\n')"]);
    let answer = output_of(&mut ask)?;
    let (package, file) = answer.split_once('\n').context("where hpy.universal is")?;
    let site = folder.join("site");
    let _ = std::fs::remove_dir_all(&site);
    std::fs::create_dir_all(&site)?;
    output_of(Command::new("cp").arg("-a").arg(package).arg(site.join("hpy")))?;
    let name = Path::new(file).file_name().context("the name of hpy.universal's file")?;
    std::fs::copy(&runtime, site.join("hpy").join(name))?;
    Ok(RustSide { site, libraries })
}

/// A library that reads behind a block: if nobody notices, nothing is being watched.
fn mistake(mut python: Command, logs: &Path) -> Result<Outcome> {
    let folder = target("asan/mistake");
    let source = folder.join("mistake.c");
    std::fs::write(
        &source,
        "#include <stdlib.h>\nint mistake(int n) { volatile char *p = malloc(n); int c = p[n]; free((void *)p); return c; }\n",
    )?;
    let library = folder.join("mistake.so");
    let mut gcc = Command::new("gcc");
    output_of(
        gcc.args(["-shared", "-fPIC", "-fsanitize=address", "-o"]).arg(&library).arg(&source),
    )?;
    python.arg("-c").arg("import ctypes, sys; ctypes.CDLL(sys.argv[1]).mistake(8)").arg(&library);
    let logged = run_logged(
        &mut python,
        &target("logs").join("asan-mistake.log"),
        Duration::from_secs(120),
    )?;
    let reports: Vec<PathBuf> =
        std::fs::read_dir(logs)?.flatten().map(|entry| entry.path()).collect();
    let mut seen = false;
    for file in reports {
        seen |= std::fs::read_to_string(&file)?.contains("heap-buffer-overflow");
        std::fs::remove_file(&file)?;
    }
    if seen && !logged.status.success() {
        return Ok(Outcome::Done("a read behind a block".to_owned()));
    }
    Ok(Outcome::Failed("a read behind a block went unnoticed".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::problems_in;

    #[test]
    fn problems_of_valgrind_are_read() {
        let text = "==12== Memcheck, a memory error detector\n==12== \n==12== Invalid read of size 8\n==12==    at 0x1: f (a.c:1)\n\
                    ==12== \n==12== 16 bytes in 1 blocks are definitely lost in loss record 1 of 2\n==12==    at 0x2: malloc\n\
                    ==12== \n==12== ERROR SUMMARY: 2 errors from 2 contexts (suppressed: 0 from 0)\n";
        let problems = problems_in(text, "12.log");
        assert_eq!(problems.len(), 2);
        assert!(problems[0].starts_with("Invalid read of size 8\nat 0x1: f"), "{problems:?}");
        assert!(problems[1].contains("definitely lost"));
        assert_eq!(problems_in("==12== ERROR SUMMARY: 0 errors", "12.log"), [""; 0]);
        let ended = |by: &str| {
            format!(
                "==12== Process terminating with default action of signal 6 (SIGABRT)\n==12==    by 0x1: {by}\n==12== \n\
                 ==12== ERROR SUMMARY: 0 errors\n"
            )
        };
        assert_eq!(problems_in(&ended("hpy_cpython::err::HPy_FatalError"), "12.log"), [""; 0]);
        assert_eq!(problems_in(&ended("panic"), "12.log").len(), 1);
        assert_eq!(problems_in("==12== Killed", "12.log").len(), 1);
    }
}
