//! `cargo hpy develop`: into the active environment.

use crate::{Compilation, backend, pythons, report};
use anyhow::{Result, bail};
use clap::Args;
use serde_json::Value;
use std::process::ExitCode;
use std::time::{Duration, Instant};

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    compilation: Compilation,
    /// Optimised: --profile release
    #[arg(long, conflicts_with = "profile")]
    release: bool,
    /// The Python of the environment [default: VIRTUAL_ENV, CONDA_PREFIX, .venv]
    #[arg(long, value_name = "PATH")]
    python: Option<String>,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let started = Instant::now();
    let mut compilation = arguments.compilation.clone();
    if arguments.release {
        compilation.profile = Some("release".to_owned());
    }
    let python = match &arguments.python {
        Some(name) => pythons::one(name)?.path,
        None => pythons::active(&compilation.project)?,
    };
    let mut words = vec!["develop".to_owned()];
    words.extend(compilation.arguments());
    let said = backend::run(&python, &compilation.project, &words)?;
    let text = |key: &str| said.get(key).and_then(Value::as_str).unwrap_or_default();
    let seconds = |key: &str| {
        let value = said.get(key).and_then(Value::as_f64).unwrap_or_default();
        report::seconds(Duration::try_from_secs_f64(value).unwrap_or_default())
    };
    let verb =
        if said.get("installed") == Some(&Value::Bool(true)) { "Installed" } else { "Updated" };
    report::status(
        verb,
        &format!(
            "{} in {} (cargo {}, install {}); {}",
            text("module"),
            report::seconds(started.elapsed()),
            seconds("cargo_seconds"),
            seconds("install_seconds"),
            python.display(),
        ),
    );
    if text("module").is_empty() {
        bail!("the backend did not say what it installed");
    }
    if said.get("runtime") == Some(&Value::Bool(false)) {
        report::warning(&format!(
            "importing {} needs the HPy runtime, which this environment does not have: pip install hpy-rs",
            text("module")
        ));
    }
    Ok(ExitCode::SUCCESS)
}
