//! `cargo xtask conformance`: the test suite of hpy 0.9.0, unmodified, against the installed wheel of this tree.
//!
//! Its sdist is taken from the package index at test time and never becomes part of the repository. Tests that cannot
//! hold are named, with the reason, in tests/conformance-exceptions.toml.

mod exceptions;

use crate::compile_cache;
use crate::interpreters;
use crate::paths::{root, target};
use crate::process::{output_of, run_logged};
use crate::pytest;
use crate::report::{Outcome, Report};
use crate::wheels::Environment;
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// What `cargo xtask conformance` was asked for.
#[derive(clap::Args)]
pub struct Options {
    /// Values of the suite's ABI parameter
    #[arg(long, value_delimiter = ',', default_value = "universal",
          value_parser = ["universal", "debug", "trace", "cpython", "hybrid", "hybrid+debug", "hybrid+trace", "all"])]
    abi: Vec<String>,
    /// Versions or paths of interpreters (default: 3.9 to 3.13 and the newer ones that are installed)
    #[arg(long, value_delimiter = ',')]
    python: Vec<String>,
    /// Only tests whose names match, as pytest's -k
    #[arg(short = 'k')]
    expression: Option<String>,
    /// Processes that run tests at the same time
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

pub fn run(options: &Options) -> Result<()> {
    let mut report = Report::new("cargo xtask conformance");
    for (version, choice) in interpreters::wanted(&options.python) {
        let interpreter = match choice {
            Ok(interpreter) => interpreter,
            Err(why) => {
                report.absent(&format!("CPython {version}"), "0.9.0's suite", &why);
                continue;
            }
        };
        let Some(environment) = crate::test::prepare(&mut report, &interpreter) else { continue };
        for abi in &options.abi {
            piece(&mut report, &environment, abi, options.expression.as_deref(), options.jobs);
        }
    }
    report.finish()
}

/// One run of the suite as a piece of a report.
pub fn piece(
    report: &mut Report,
    environment: &Environment,
    abi: &str,
    expression: Option<&str>,
    jobs: usize,
) {
    let group = environment.interpreter.label();
    report.piece(&group, format!("0.9.0's suite [{abi}]"), || {
        suite(environment, abi, expression, jobs)
    });
}

/// The unpacked suite: its tests only, so that they cannot import 0.9.0's own sources.
fn prepared(python: &Environment) -> Result<PathBuf> {
    let folder = target("conformance");
    let ready = folder.join("hpy-0.9.0");
    if ready.join("test/support.py").exists() {
        return Ok(ready);
    }
    let sdist = folder.join("hpy-0.9.0.tar.gz");
    if !sdist.exists() {
        let mut pip = python.command();
        pip.args(["-m", "pip", "download", "--no-deps", "--no-binary", ":all:", "--dest"])
            .arg(&folder)
            .arg("hpy==0.9.0");
        run_logged(
            &mut pip,
            &target("logs").join("conformance-download.log"),
            Duration::from_secs(600),
        )?
        .checked()
        .context("taking hpy 0.9.0's sdist from the package index")?;
    }
    let unpacked = folder.join("unpacking");
    let _ = std::fs::remove_dir_all(&unpacked);
    std::fs::create_dir_all(&unpacked)?;
    output_of(
        Command::new("tar").arg("-xzf").arg(&sdist).arg("-C").arg(&unpacked).arg("hpy-0.9.0/test"),
    )?;
    let place = unpacked.join("hpy-0.9.0");
    std::fs::write(
        place.join("pyproject.toml"),
        "[build-system]\nrequires = []\nbuild-backend = \"prebuilt\"\nbackend-path = [\".\"]\n",
    )?;
    std::fs::write(place.join("prebuilt.py"), include_str!("prebuilt.py"))?;
    let _ = std::fs::remove_dir_all(&ready);
    std::fs::rename(&place, &ready)?;
    Ok(ready)
}

fn suite(
    environment: &Environment,
    abi: &str,
    expression: Option<&str>,
    jobs: usize,
) -> Result<Outcome> {
    let exceptions = exceptions::read(&root().join("tests/conformance-exceptions.toml"))?;
    let folder = prepared(environment)?;
    let name = format!("conformance-{}-{abi}", environment.interpreter.tag());
    let mut arguments =
        ["-p", "hpy_rs_select_abi", "-n", &jobs.to_string(), "test"].map(str::to_owned).to_vec();
    if let Some(expression) = expression {
        arguments.extend(["-k".to_owned(), expression.to_owned()]);
    }
    let mut command = environment.command();
    command.current_dir(&folder).env("HPY_RS_ABI", abi).env("HPY_RS_WHEEL", &environment.wheel);
    compile_cache::use_in(&mut command)?;
    let run = pytest::run(command, &name, &arguments, Duration::from_secs(3000))?;
    let collected = std::fs::read_to_string(target("logs").join(format!("{name}.tsv.collected")));
    let collected = collected.unwrap_or_default();
    // Only a complete run can tell that an exception is out of date.
    let collected = expression.is_none().then_some(collected.as_str());
    let judged =
        exceptions::judge(&run.ended, &exceptions, &environment.interpreter.short(), collected);
    run.say_failures(|one| judged.unexpected.contains(&one.test));
    if !judged.stale.is_empty() {
        return Ok(Outcome::Failed(format!(
            "{}; exceptions to remove from tests/conformance-exceptions.toml: {}",
            judged.counts,
            judged.stale.join(", ")
        )));
    }
    Ok(Outcome::Tests(judged.counts))
}
