//! `cargo xtask matrix`: each universal binary, compiled once, on every interpreter, in every mode, as one table.

mod known;
mod table;

use crate::interpreters::{self, Interpreter};
use crate::paths::{root, target};
use crate::process::run_logged;
use crate::pytest::{self, Ended};
use crate::report::{Counts, Outcome, Report};
use crate::wheels;
use anyhow::{Context, Result};
use known::Known;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use table::Table;

/// The modes of a universal binary, as the suite's variants are named.
const MODES: [&str; 3] = ["universal", "debug", "trace"];
/// The interpreter on which the binaries are compiled for all others.
const COMPILED_ON: &str = "3.11";
/// CPython versions that hpy 0.9.0 itself can be installed on.
const REFERENCE: [&str; 3] = ["3.9", "3.10", "3.11"];

/// What `cargo xtask matrix` was asked for.
#[derive(clap::Args)]
pub struct Options {
    /// Columns: versions ("3.12", "pypy3.11", "hpy0.9.0-3.11"); default: everything that is there
    #[arg(long, value_delimiter = ',')]
    python: Vec<String>,
    /// Only tests whose names match, as pytest's -k
    #[arg(short = 'k')]
    expression: Option<String>,
    /// Modes to load the binaries in
    #[arg(long, value_delimiter = ',', default_values_t = MODES.map(str::to_owned))]
    modes: Vec<String>,
    /// Write the table to docs/portability-table.md and into README.md
    #[arg(long)]
    write: bool,
}

impl Options {
    /// Whether all tests run.
    fn is_whole(&self) -> bool {
        self.expression.is_none() && self.modes.len() == MODES.len()
    }
}

/// A runtime that binaries are loaded into.
struct Column {
    name: String,
    label: String,
    kind: Kind,
}

enum Kind {
    /// CPython with this tree's wheel.
    Wheel(Interpreter),
    /// PyPy with the HPy it has built in.
    PyPy(Interpreter),
    /// CPython with the C implementation, hpy 0.9.0.
    Reference(Interpreter),
    /// Not available, and why.
    Absent(String),
}

pub fn run(options: &Options) -> Result<()> {
    let mut report = Report::new("cargo xtask matrix");
    let mut table = Table::default();
    let binaries = target("matrix/binaries");
    report.piece("Rust", "build the suite's Rust extension", || {
        let mut cargo = Command::new("cargo");
        cargo
            .current_dir(root())
            .args(["build", "-p", "rust-ext"])
            .env("CARGO_TARGET_DIR", root().join("target"));
        run_logged(&mut cargo, &target("logs").join("matrix-rust.log"), Duration::from_secs(900))?
            .checked()?;
        Ok(Outcome::Done("for every Python".to_owned()))
    });
    for column in columns(&options.python) {
        let known = match column.kind {
            Kind::PyPy(_) => known::read(&root().join("tests/pypy-exceptions.toml"))?,
            _ => Vec::new(),
        };
        let work = |record: bool| -> Result<Vec<Ended>> {
            let python = prepare(&column.kind)?;
            // PyPI's 0.9.0 has not got the ten functions that came after it: calling one ends the process.
            let without_newer = matches!(column.kind, Kind::Reference(_));
            suite(python, &column.name, &binaries, record, without_newer, &known, options)
        };
        if let Kind::Absent(why) = &column.kind {
            report.absent(&column.label, "all binaries", why);
            table.absent(&column.label, why);
            continue;
        }
        report.piece(&column.label, "all binaries", || {
            let ended = work(column.name == COMPILED_ON)?;
            let counts = table.add(&column.label, &ended, &known);
            if matches!(column.kind, Kind::PyPy(_)) && options.is_whole() {
                for pattern in known::stale(&known, &ended) {
                    println!("             tests/pypy-exceptions.toml: nothing that {pattern} names fails");
                }
            }
            Ok(match &column.kind {
                Kind::Wheel(_) => Outcome::Tests(counts),
                // What its HPy lacks is known and in the table; what is not known is a failure.
                Kind::PyPy(_) => {
                    let failed = |one: &&Ended| one.outcome == "failed";
                    let excused = |one: &&Ended| known::reason(&known, &one.test).is_some();
                    let excused = ended.iter().filter(failed).filter(excused).count();
                    Outcome::Tests(Counts {
                        failed: counts.failed - excused,
                        skipped: counts.skipped + excused,
                        ..counts
                    })
                }
                // What other runtimes lack is listed in the table; it is no failure of this tree.
                _ => Outcome::Done(counts.to_string()),
            })
        });
    }
    let text = table.markdown();
    println!("\n{text}");
    if options.write {
        table::write(&root(), &text)?;
    }
    report.finish()
}

/// The columns asked for; the one that compiles comes first.
fn columns(asked: &[String]) -> Vec<Column> {
    let mut columns = Vec::new();
    let mut versions: Vec<&str> = vec![COMPILED_ON];
    versions.extend(interpreters::SUPPORTED.iter().filter(|&&version| version != COMPILED_ON));
    versions.extend(interpreters::NEWER);
    versions.extend(interpreters::FREE_THREADED);
    let absent = interpreters::absent();
    let mut add = |name: String,
                   version: &str,
                   kind: fn(Interpreter) -> Kind,
                   label: fn(&Interpreter) -> String,
                   none: String| {
        let choice = interpreters::choose(&[version.to_owned()]).pop();
        let (label, kind) = match choice {
            Some((_, Ok(interpreter))) => (label(&interpreter), kind(interpreter)),
            Some((_, Err(why))) => {
                (none, Kind::Absent(absent.get(version).cloned().unwrap_or(why)))
            }
            None => return,
        };
        columns.push(Column { name, label, kind });
    };
    for version in versions {
        add(
            version.to_owned(),
            version,
            Kind::Wheel,
            Interpreter::label,
            format!("CPython {version}"),
        );
    }
    add("pypy3.11".to_owned(), "pypy3.11", Kind::PyPy, Interpreter::label, "PyPy".to_owned());
    for version in REFERENCE {
        let label = |one: &Interpreter| format!("hpy 0.9.0 on {}", one.label());
        add(
            format!("hpy0.9.0-{version}"),
            version,
            Kind::Reference,
            label,
            format!("hpy 0.9.0 on CPython {version}"),
        );
    }
    if !asked.is_empty() {
        // Without the column that compiles there may be nothing to load.
        columns.retain(|column| column.name == COMPILED_ON || asked.contains(&column.name));
    }
    columns
}

/// A command that runs a Python with the runtime and the test tools.
fn prepare(kind: &Kind) -> Result<Command> {
    match kind {
        Kind::Wheel(interpreter) => Ok(wheels::environment(interpreter)?.command()),
        // Later releases of hypothesis carry a native part that PyPy 7.3.19 cannot load.
        Kind::PyPy(interpreter) => with_tools(
            interpreter,
            "pypy",
            &["pytest", "pytest-xdist", "hypothesis<6.130", "filelock"],
        ),
        Kind::Reference(interpreter) => Ok(interpreter.command(&reference(interpreter)?)),
        Kind::Absent(why) => anyhow::bail!("{why}"),
    }
}

/// The Python of an environment with hpy 0.9.0 from the package index.
pub fn reference(interpreter: &Interpreter) -> Result<PathBuf> {
    let name = format!("hpy-0.9.0-{}", interpreter.tag());
    // Its loader imports pkg_resources, which setuptools gave up in version 82.
    let packages =
        ["pytest", "pytest-xdist", "hypothesis", "filelock", "setuptools<81", "hpy==0.9.0"];
    environment_with(interpreter, &name, &packages)
}

/// A command that runs the Python of an environment with packages from the package index only.
fn with_tools(interpreter: &Interpreter, name: &str, packages: &[&str]) -> Result<Command> {
    Ok(interpreter.command(&environment_with(interpreter, name, packages)?))
}

fn environment_with(interpreter: &Interpreter, name: &str, packages: &[&str]) -> Result<PathBuf> {
    let folder = target("environments").join(name);
    let python = folder.join("bin/python");
    let stamp = folder.join("tools.txt");
    let wanted = packages.join(" ");
    if std::fs::read_to_string(&stamp).unwrap_or_default() != wanted {
        let log = target("logs").join(format!("environment-{name}.log"));
        let _ = std::fs::remove_dir_all(&folder);
        let mut venv = interpreter.command(&interpreter.python);
        run_logged(venv.args(["-m", "venv"]).arg(&folder), &log, Duration::from_secs(300))?
            .checked()
            .context("making a virtual environment")?;
        let mut pip = interpreter.command(&python);
        pip.args(["-m", "pip", "install", "-q"]).args(packages);
        run_logged(&mut pip, &log, Duration::from_secs(900))?
            .checked()
            .context("installing packages")?;
        std::fs::write(&stamp, wanted)?;
    }
    Ok(python)
}

/// Runs the suite's universal variants in one runtime.
fn suite(
    mut python: Command,
    name: &str,
    binaries: &PathBuf,
    record: bool,
    without_newer: bool,
    known: &[Known],
    options: &Options,
) -> Result<Vec<Ended>> {
    python
        .current_dir(root())
        .env("HPY_TESTS_PREBUILT", binaries)
        .env("HPY_TESTS_RUST_EXT", root().join("target/debug/librust_ext.so"));
    if record {
        python.env("HPY_TESTS_RECORD", "1");
    }
    if !known.is_empty() {
        python.env("HPY_RS_FATAL", known::fatal(known));
    }
    let mut arguments: Vec<String> = [
        "-n",
        "2",
        "--continue-on-collection-errors",
        "--modes",
        &options.modes.join(","),
        "tests",
    ]
    .map(str::to_owned)
    .to_vec();
    // A test that crashes takes its process with it; the others still have to run.
    arguments.push("--max-worker-restart=200".to_owned());
    if without_newer {
        arguments.push("--ignore=tests/test_newer.py".to_owned());
    }
    // Without a variant, and slow.
    arguments.extend(crate::test::BUILD_TESTS.iter().map(|file| format!("--ignore=tests/{file}")));
    if let Some(expression) = &options.expression {
        arguments.extend(["-k".to_owned(), expression.clone()]);
    }
    let run =
        pytest::run(python, &format!("matrix-{name}"), &arguments, Duration::from_secs(2400))?;
    // Tests without a variant are about this tree's runtime or tools, not about a binary.
    run.say_failures(|one| {
        MODES.contains(&one.variant.as_str()) && known::reason(known, &one.test).is_none()
    });
    Ok(run.ended.into_iter().filter(|one| MODES.contains(&one.variant.as_str())).collect())
}

/// The binary a test is about: its file's name without "test_".
fn binary_of(test: &str) -> &str {
    let file = test.split("::").next().unwrap_or(test).rsplit('/').next().unwrap_or(test);
    file.trim_start_matches("test_").trim_end_matches(".py")
}

/// The outcomes of one mode, added up.
fn add(counts: &mut Counts, one: &Ended) {
    match one.outcome.as_str() {
        "passed" => counts.passed += 1,
        "skipped" => counts.skipped += 1,
        _ => counts.failed += 1,
    }
}
