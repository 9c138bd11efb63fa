//! `cargo xtask demo`: one binary in Rust and one in C, each built once, at work in every Python there is.

use crate::interpreters::{self, Interpreter};
use crate::paths::{root, target};
use crate::process::run_logged;
use crate::report::{Outcome, Report};
use crate::wheels;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What `cargo xtask demo` was asked for.
#[derive(clap::Args)]
pub struct Options {
    /// Versions or paths of interpreters (default: everything that is there)
    #[arg(long, value_delimiter = ',')]
    python: Vec<String>,
}

const MODULES: [&str; 2] = ["wordindex_rust", "wordindex_c"];

pub fn run(options: &Options) -> Result<()> {
    let mut report = Report::new("cargo xtask demo");
    let folder = target("demo");
    // The stub files are written by the C dev kit, which any CPython with the wheel has.
    let mut first = None;
    let mut pythons = Vec::new();
    for (version, choice) in interpreters::wanted(&options.python) {
        match choice {
            Ok(interpreter) => {
                first = first.or_else(|| (!interpreter.is_pypy()).then(|| interpreter.clone()));
                pythons.push(interpreter);
            }
            Err(why) => report.absent(&format!("CPython {version}"), "wordindex", &why),
        }
    }
    if options.python.is_empty() {
        match interpreters::one("pypy3.11") {
            Ok(interpreter) => pythons.push(interpreter),
            Err(error) => report.absent("PyPy", "wordindex", &format!("{error:#}")),
        }
    }
    let Some(first) = first else { bail!("no CPython from 3.9 on with headers was found") };
    let mut built =
        report.piece("Rust", "build wordindex_rust.so", || rust_module(&folder, &first));
    built &= report.piece("C", "build wordindex_c.so", || {
        c_module(&folder, &root().join("examples/wordindex/c"), "wordindex_c", &first)
    });
    built &= report.piece("C", "build leak.so", || {
        c_module(&folder, &root().join("examples/leak"), "leak", &first)
    });
    if !built {
        return report.finish();
    }
    for interpreter in &pythons {
        let command = if interpreter.is_pypy() {
            Some(interpreter.command(&interpreter.python))
        } else {
            crate::test::prepare(&mut report, interpreter).map(|environment| environment.command())
        };
        let Some(command) = command else { continue };
        report
            .piece(&interpreter.label(), "wordindex", || word_index(command, interpreter, &folder));
    }
    report.piece(&first.label(), "leak, in debug mode", || {
        let environment = wheels::environment(&first)?;
        let mut command = environment.command();
        command
            .arg(root().join("examples/leak/demo.py"))
            .env("PYTHONPATH", &folder)
            .env("HPY", "debug");
        let logged = run_logged(
            &mut command,
            &target("logs").join("demo-leak.log"),
            Duration::from_secs(60),
        )?
        .checked()?;
        println!("{}", indented(&logged.text));
        Ok(Outcome::Done(
            logged.text.lines().next().unwrap_or_default().trim_end_matches(':').to_owned(),
        ))
    });
    report.piece(&first.label(), "speed of universal binaries", || speed(&first));
    report.finish()
}

/// The headline rows of the benchmark, in C, which builds in a moment: docs/performance.md has the others.
fn speed(python: &Interpreter) -> Result<Outcome> {
    let environment = wheels::environment(python)?;
    let mut command = environment.command();
    command
        .current_dir(root())
        .arg("benches/run.py")
        .arg("--python")
        .arg(&environment.python)
        .args(["--modules", "bench_capi,bench_hpy", "--rows", "one,method,sum_items,new"])
        .args(["--rounds", "9", "--no-instructions"]);
    let log = target("logs").join("demo-speed.log");
    let logged = run_logged(&mut command, &log, Duration::from_secs(120))?.checked()?;
    println!("{}", indented(&logged.text));
    let met = logged.text.lines().find(|line| line.starts_with("Targets"));
    let met = met.unwrap_or("Targets: none checked").trim_end_matches(':');
    Ok(Outcome::Done(format!("time per call as a ratio to the C API, above. {met}")))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("             {line}")).collect::<Vec<_>>().join("\n")
}

/// Runs the example with both binaries; its own lines are shown, its numbers go into the table.
fn word_index(mut command: Command, interpreter: &Interpreter, folder: &Path) -> Result<Outcome> {
    let results = folder.join(format!("results-{}.tsv", interpreter.tag()));
    let _ = std::fs::remove_file(&results);
    command
        .arg(root().join("examples/wordindex/demo.py"))
        .args(MODULES)
        .arg("--tsv")
        .arg(&results)
        .env("PYTHONPATH", folder);
    let log = target("logs").join(format!("demo-{}.log", interpreter.tag()));
    let logged = run_logged(&mut command, &log, Duration::from_secs(600))?;
    println!("{}", indented(&logged.text));
    let logged = logged.checked()?;
    let lines = std::fs::read_to_string(&results)
        .with_context(|| format!("the example wrote no results: see {}", logged.log.display()))?;
    let mut parts = Vec::new();
    for line in lines.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, files, words, agrees, seconds, plain] = fields[..] else {
            bail!("a result with {} fields", fields.len())
        };
        if agrees != "yes" {
            return Ok(Outcome::Failed(format!("{name} counts differently than plain Python")));
        }
        if parts.is_empty() {
            parts.push(format!("{files} files, {words} words, all agree; plain Python {plain} s"));
        }
        parts.push(format!("{name} {seconds} s"));
    }
    Ok(Outcome::Done(parts.join(", ")))
}

/// Builds the Rust example as a universal binary and puts it, with its stub, into `folder`.
fn rust_module(folder: &Path, python: &Interpreter) -> Result<Outcome> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root()).args(["build", "--release", "-p", "wordindex"]);
    run_logged(&mut cargo, &target("logs").join("demo-rust.log"), Duration::from_secs(900))?
        .checked()?;
    place(&root().join("target/release/libwordindex_rust.so"), folder, "wordindex_rust", python)
}

/// Compiles a C example as a universal binary, with nothing but the C compiler and the dev kit's folder.
fn c_module(folder: &Path, sources: &Path, name: &str, python: &Interpreter) -> Result<Outcome> {
    let kit = root().join("python/hpy/devel");
    let files = |folder: &Path| -> Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(folder)
            .with_context(|| format!("cannot read {}", folder.display()))?;
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "c"));
        files.sort();
        Ok(files)
    };
    let output = target("demo/built").join(format!("{name}.so"));
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let mut cc = Command::new(compiler);
    cc.args(["-shared", "-fPIC", "-O2", "-g", "-Wall", "-Wextra", "-DHPY", "-DHPY_ABI_UNIVERSAL"])
        .arg(format!("-I{}", kit.join("include").display()))
        .args(files(sources)?)
        .args(files(&kit.join("src"))?)
        .arg("-o")
        .arg(&output);
    run_logged(
        &mut cc,
        &target("logs").join(format!("demo-{name}.log")),
        Duration::from_secs(300),
    )?
    .checked()?;
    place(&output, folder, name, python)
}

/// Puts a binary into the folder all interpreters import from: CPython takes it as it is, PyPy by the stub beside it.
fn place(binary: &Path, folder: &Path, name: &str, python: &Interpreter) -> Result<Outcome> {
    let file = format!("{name}.so");
    let placed = folder.join(&file);
    let _ = std::fs::remove_file(&placed);
    std::fs::copy(binary, &placed).with_context(|| format!("cannot copy {}", binary.display()))?;
    let stub = crate::process::output_of(
        python
            .command(&python.python)
            .args(["-c", "import sys; sys.path.insert(0, sys.argv[1]); import stub; print(stub.stub_source(*sys.argv[2:]))"])
            .arg(root().join("python/hpy/devel"))
            .args([name, file.as_str()]),
    )?;
    std::fs::write(folder.join(format!("{name}.py")), stub + "\n")?;
    let bytes = std::fs::metadata(&placed)?.len();
    Ok(Outcome::Done(format!("{} ({} KiB), for every Python", placed.display(), bytes / 1024)))
}
