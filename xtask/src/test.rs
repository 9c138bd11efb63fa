//! `cargo xtask test`: Rust tests, the project's own suite and 0.9.0's suite, on every interpreter there is.

use crate::conformance;
use crate::interpreters::{self, Interpreter};
use crate::paths::{root, target};
use crate::process::run_logged;
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
    /// Versions on which the own suite runs whole: in every ABI and mode, and with the tests of build tools; on the
    /// others it runs in universal and debug mode (default: all)
    #[arg(long, value_delimiter = ',')]
    full: Vec<String>,
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
                    report.absent(&format!("CPython {version}"), "all tests", &why);
                    continue;
                }
            };
            let group = interpreter.label();
            let Some(environment) = prepare(&mut report, &interpreter) else { continue };
            let full = options.full.is_empty() || options.full.contains(&interpreter.short());
            if wants(Part::Own) {
                report.piece(&group, "own suite", || {
                    own_suite(&environment, options, full).map(Outcome::Tests)
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
    report.finish()
}

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
const BUILD_TESTS: [&str; 6] = [
    "test_cdevkit_builds.py",
    "test_cdevkit_config.py",
    "test_cdevkit_headers.py",
    "test_docs.py",
    "test_fuzz.py",
    "test_porting_example.py",
];

/// Runs tests/ against the environment's wheel.
fn own_suite(environment: &Environment, options: &Options, full: bool) -> Result<Counts> {
    let mut command = environment.command();
    command.current_dir(root());
    let mut arguments = vec!["-n".to_owned(), options.jobs.to_string(), "tests".to_owned()];
    if !full {
        arguments.extend(["--modes".to_owned(), "universal,debug".to_owned()]);
        arguments.extend(BUILD_TESTS.iter().map(|file| format!("--ignore=tests/{file}")));
    }
    if let Some(expression) = &options.expression {
        arguments.extend(["-k".to_owned(), expression.clone()]);
    }
    let name = format!("own-{}", environment.interpreter.tag());
    let run = pytest::run(command, &name, &arguments, Duration::from_secs(2400))?;
    run.say_failures(|_| true);
    Ok(run.counts())
}
