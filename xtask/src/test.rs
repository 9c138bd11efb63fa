//! `cargo xtask test`: Rust tests, the project's own suite and 0.9.0's suite, on every interpreter there is.

use crate::conformance;
use crate::interpreters::{self, Interpreter};
use crate::memory;
use crate::paths::{root, target};
use crate::process::run_logged;
use crate::pypy;
use crate::pytest;
use crate::report::{Counts, Outcome, Report};
use crate::wheels::{self, Environment};
use anyhow::Result;
use std::process::Command;
use std::time::Duration;

/// What `cargo xtask test` was asked for.
#[derive(clap::Args)]
pub struct Options {
    /// Versions or paths of interpreters (default: 3.9 to 3.13 and the newer ones that are installed)
    #[arg(long, value_delimiter = ',')]
    python: Vec<String>,
    /// Only these parts
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Only tests whose names match, as pytest's -k
    #[arg(short = 'k')]
    expression: Option<String>,
    /// Versions on which the own suite runs in every ABI and mode; on the others it runs in universal and debug mode
    /// (default: all)
    #[arg(long, value_delimiter = ',')]
    full: Vec<String>,
    /// Versions on which the tests of build tools and documentation run (default: those of --full)
    #[arg(long, value_delimiter = ',')]
    builds: Vec<String>,
    /// Processes that run tests at the same time
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Tests of the Rust crates, and examples in their documentation
    Rust,
    /// The project's own Python-level suite
    Own,
    /// hpy 0.9.0's suite, universal ABI
    Conformance,
    /// The own suite on one interpreter as if thunks could not be made
    Fallback,
    /// The own suite in a loop on a debug build of CPython, which counts references
    Leaks,
    /// The own suite's tests of binaries with Python's debug allocator, on 3.11 and 3.13. Only if named
    Malloc,
    /// A part of the own suite under valgrind, on 3.11; with -k, what matches. Only if named: it takes ten minutes
    Valgrind,
    /// The own suite's tests of binaries with AddressSanitizer, on 3.11. Only if named: it takes ten minutes
    Asan,
}

pub fn run(options: &Options) -> Result<()> {
    let wants = |part| options.only.is_empty() || options.only.contains(&part);
    let mut report = Report::new("cargo xtask test");
    if wants(Part::Rust) {
        rust_tests(&mut report);
    }
    if wants(Part::Own) || wants(Part::Conformance) {
        for (version, choice) in interpreters::wanted(&options.python) {
            let interpreter = match choice {
                Ok(interpreter) => interpreter,
                Err(why) => {
                    let implementation = if version.starts_with("pypy") { "" } else { "CPython " };
                    report.absent(&format!("{implementation}{version}"), "all tests", &why);
                    continue;
                }
            };
            let group = interpreter.label();
            if interpreter.is_pypy() {
                // It has its own runtime: what there is to test of ours are the binaries.
                if wants(Part::Own) {
                    report.piece(&group, "own suite", || on_pypy(&interpreter, options));
                }
                continue;
            }
            let Some(environment) = prepare(&mut report, &interpreter) else { continue };
            let chosen = |versions: &[String]| {
                versions.is_empty() || versions.contains(&interpreter.short())
            };
            let full = chosen(&options.full);
            let builds = if options.builds.is_empty() { full } else { chosen(&options.builds) };
            if wants(Part::Own) {
                report.piece(&group, "own suite", || {
                    Suite::of_interpreter(&environment, full, builds)
                        .run(options)
                        .map(Outcome::Tests)
                });
            }
            if wants(Part::Conformance) {
                conformance::piece(
                    &mut report,
                    &environment,
                    "universal",
                    options.expression.as_deref(),
                    options.jobs,
                );
            }
        }
    }
    if wants(Part::Fallback) {
        fallback(&mut report, options);
    }
    if wants(Part::Leaks) {
        leaks(&mut report, options);
    }
    let asked = memory::Asked {
        python: &options.python,
        expression: options.expression.as_deref(),
        jobs: options.jobs,
    };
    if options.only.contains(&Part::Malloc) {
        memory::malloc(&mut report, &asked);
    }
    if options.only.contains(&Part::Valgrind) {
        memory::valgrind(&mut report, &asked);
    }
    if options.only.contains(&Part::Asan) {
        memory::asan(&mut report, &asked);
    }
    report.finish()
}

/// The own suite's universal binaries on PyPy's HPy.
fn on_pypy(interpreter: &Interpreter, options: &Options) -> Result<Outcome> {
    let expression = options.expression.as_deref();
    let plan = pypy::Plan { expression, jobs: options.jobs };
    Ok(pypy::suite(interpreter, &plan)?.outcome())
}

/// The own suite on the trampolines that binaries carry for systems which deny executable memory.
fn fallback(report: &mut Report, options: &Options) {
    match interpreters::one("3.11") {
        Err(why) => report.absent("CPython 3.11", "own suite without thunks", &why.to_string()),
        Ok(interpreter) => {
            let Some(environment) = prepare(report, &interpreter) else { return };
            report.piece(&interpreter.label(), "own suite without thunks", || {
                let mut suite = Suite::of_interpreter(&environment, false, false);
                suite.name.push_str("-no-thunks");
                suite.command.env("HPY_RS_THUNKS", "0");
                suite.run(options).map(Outcome::Tests)
            });
        }
    }
}

/// The own suite in a loop, on a debug build if there is one.
fn leaks(report: &mut Report, options: &Options) {
    let Some(interpreter) =
        interpreters::DEBUG_BUILDS.iter().find_map(|name| interpreters::one(name).ok())
    else {
        let why = "a debug build of CPython: on Debian `apt-get install python3.11-dbg`";
        report.absent("CPython debug", "reference leaks", why);
        return;
    };
    let Some(environment) = prepare(report, &interpreter) else { return };
    report.piece(&interpreter.label(), "reference leaks", || {
        let mut suite = Suite::of_interpreter(&environment, false, false);
        suite.name.push_str("-leaks");
        suite.arguments.extend(["--refleak".to_owned(), "3".to_owned()]);
        suite.arguments.extend(["--modes".to_owned(), "universal".to_owned()]);
        let left_out = RUNTIME_TESTS.iter().chain(&UNCOUNTED);
        suite.arguments.extend(left_out.map(|file| format!("--ignore=tests/{file}")));
        suite.run(options).map(Outcome::Tests)
    });
}

/// Other tests that start processes and threads or look at memory themselves: counting references says nothing of them, nor of
/// [`RUNTIME_TESTS`].
const UNCOUNTED: [&str; 5] = [
    "test_cdevkit_wheel.py",
    "test_properties.py",
    "test_robustness.py",
    "test_specs_life.py",
    "test_trace.py",
];

/// The wheel and an environment with it, as two visible pieces.
pub fn prepare(report: &mut Report, interpreter: &Interpreter) -> Option<Environment> {
    let group = interpreter.label();
    report.piece(&group, "wheel", || {
        let (_, how) = wheels::wheel(interpreter)?;
        Ok(Outcome::Done(how.to_owned()))
    });
    let mut environment = None;
    report.piece(&group, "environment", || {
        environment = Some(wheels::environment(interpreter)?);
        Ok(Outcome::Done(String::new()))
    });
    environment
}

fn rust_tests(report: &mut Report) {
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new("cargo");
        command.current_dir(root()).args(arguments);
        if let Ok(python) = interpreters::one("3.11") {
            command.env("PYO3_PYTHON", &python.launcher);
        }
        command
    };
    report.piece("Rust", "unit tests", || {
        let nextest = Command::new("cargo")
            .args(["nextest", "--version"])
            .output()
            .is_ok_and(|out| out.status.success());
        let mut command = if nextest {
            cargo(&["nextest", "run", "--workspace", "--no-fail-fast", "--color", "never"])
        } else {
            cargo(&["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"])
        };
        counted(run_logged(
            &mut command,
            &target("logs").join("rust-tests.log"),
            Duration::from_secs(1800),
        )?)
    });
    report.piece("Rust", "documentation tests", || {
        let mut command = cargo(&["test", "--workspace", "--doc", "--no-fail-fast"]);
        counted(run_logged(
            &mut command,
            &target("logs").join("rust-doctests.log"),
            Duration::from_secs(1800),
        )?)
    });
    for (name, configuration) in CONFIGURATIONS {
        compiles(report, name, configuration);
    }
}

/// What PyO3's build scripts are told of interpreters that may not be at hand: (name, configuration).
const CONFIGURATIONS: [(&str, &str); 2] = [
    ("graalpy", "implementation=GraalVM\nversion=3.12\nbuild_flags=\n"),
    ("free-threaded", "implementation=CPython\nversion=3.14\nbuild_flags=Py_GIL_DISABLED\n"),
];

/// hpy-cpython compiles with the bindings' cfgs for an interpreter. It runs nothing: docs/portability.md says what of
/// GraalPy is missing.
fn compiles(report: &mut Report, name: &str, configuration: &str) {
    report.piece("Rust", format!("hpy-cpython compiles for {name}"), || {
        let folder = target("configurations");
        let file = folder.join(format!("{name}.txt"));
        let text = format!(
            "{configuration}shared=true\npointer_width=64\nsuppress_build_script_link_lines=true\n"
        );
        if std::fs::read_to_string(&file).unwrap_or_default() != text {
            std::fs::write(&file, text)?;
        }
        let mut command = Command::new("cargo");
        command
            .current_dir(root())
            .args(["check", "-p", "hpy-cpython"])
            .env("PYO3_CONFIG_FILE", &file)
            .env("CARGO_TARGET_DIR", folder.join(name));
        let log = target("logs").join(format!("{name}.log"));
        run_logged(&mut command, &log, Duration::from_secs(900))?.checked()?;
        Ok(Outcome::Done("checked, not run".to_owned()))
    });
}

/// The counts of a Rust test run; a run that failed without a failed test (it did not build) is an error.
fn counted(logged: crate::process::Logged) -> Result<Outcome> {
    let counts = Counts::from_cargo(&logged.text);
    if !logged.status.success() {
        println!("{}", logged.tail(60));
        if counts.failed == 0 {
            logged.checked()?;
        }
    }
    Ok(Outcome::Tests(counts))
}

/// Tests that build projects with setuptools, CMake and Meson or try compilers: they take minutes and say little
/// about an interpreter.
pub const BUILD_TESTS: [&str; 7] = [
    "test_cargo_hpy.py",
    "test_cdevkit_builds.py",
    "test_cdevkit_config.py",
    "test_cdevkit_headers.py",
    "test_docs.py",
    "test_fuzz.py",
    "test_porting_example.py",
];

/// Tests of the runtime, its loader and its tools, in processes of their own for the most part: they load no binary into another
/// HPy.
pub const RUNTIME_TESTS: [&str; 8] = [
    "test_debug.py",
    "test_direct.py",
    "test_hpy_build.py",
    "test_loader.py",
    "test_package.py",
    "test_subinterpreters.py",
    "test_threads.py",
    "test_zoo.py",
];

/// The files of the suite whose tests load binaries into any HPy, but for `others`; from the repository's root.
pub fn files_with_binaries(others: &[&str]) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(root().join("tests"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let is_other = [&BUILD_TESTS[..], &RUNTIME_TESTS, others]
            .iter()
            .any(|left_out| left_out.contains(&name.as_str()));
        if name.starts_with("test_") && name.ends_with(".py") && !is_other {
            files.push(format!("tests/{name}"));
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// A run of tests/ against an environment's wheel.
struct Suite {
    name: String,
    command: Command,
    arguments: Vec<String>,
}

impl Suite {
    /// The suite in every ABI and mode or in universal and debug mode, with or without what says little of an interpreter.
    fn of_interpreter(environment: &Environment, full: bool, builds: bool) -> Suite {
        let mut command = environment.command();
        command.current_dir(root());
        let mut arguments = vec!["tests".to_owned(), "--durations=40".to_owned()];
        if !full {
            arguments.extend(["--modes".to_owned(), "universal,debug".to_owned()]);
        }
        if !builds {
            arguments.extend(BUILD_TESTS.iter().map(|file| format!("--ignore=tests/{file}")));
        }
        Suite { name: format!("own-{}", environment.interpreter.tag()), command, arguments }
    }

    fn run(mut self, options: &Options) -> Result<Counts> {
        self.arguments.extend(["-n".to_owned(), options.jobs.to_string()]);
        if let Some(expression) = &options.expression {
            self.arguments.extend(["-k".to_owned(), expression.clone()]);
        }
        let limit = Duration::from_secs(2400);
        let run = pytest::run(self.command, &self.name, &self.arguments, limit)?;
        run.say_failures(|_| true);
        Ok(run.counts())
    }
}
