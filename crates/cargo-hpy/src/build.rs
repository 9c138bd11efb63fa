//! `cargo hpy build`: wheels and sdists.

use crate::inspect::{self, Facts};
use crate::{Compilation, backend, pythons, report};
use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    compilation: Compilation,
    /// Where wheels and sdists go
    #[arg(long, short, value_name = "FOLDER", default_value = "dist")]
    out_dir: PathBuf,
    /// Also write the sources
    #[arg(long)]
    sdist: bool,
    /// The target triple to compile for
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// Without symbols: smaller, but backtraces have no names
    #[arg(long)]
    strip: bool,
    /// Versions or paths of Pythons; with --abi cpython there is a wheel for each [default: the active or first one]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    python: Vec<String>,
}

/// A wheel that was made.
pub struct Wheel {
    pub path: PathBuf,
}

/// Builds a wheel with one Python and reports it.
pub fn wheel(
    python: &Path,
    compilation: &Compilation,
    out_dir: &Path,
    more: &[String],
) -> Result<Wheel> {
    let started = Instant::now();
    let out_dir = std::path::absolute(out_dir)?;
    let mut words = vec!["wheel".to_owned(), "--out-dir".to_owned(), out_dir.display().to_string()];
    words.extend(compilation.arguments());
    words.extend_from_slice(more);
    let said = backend::run(python, &compilation.project, &words)?;
    let path = PathBuf::from(said["path"].as_str().context("the backend named no wheel")?);
    let cargo = said["cargo_seconds"].as_f64().unwrap_or_default();
    report::status(
        "Built",
        &format!(
            "{} ({}) in {} (cargo {})",
            shown(&path),
            report::size(said["size"].as_u64().unwrap_or_default()),
            report::seconds(started.elapsed()),
            report::seconds(Duration::try_from_secs_f64(cargo).unwrap_or_default()),
        ),
    );
    if let Some(note) = said["note"].as_str().filter(|note| !note.is_empty()) {
        report::warning(note);
    }
    Ok(Wheel { path })
}

/// The path as seen from here.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let compilation = &arguments.compilation;
    let project = &compilation.project;
    let pythons: Vec<PathBuf> = match arguments.python.as_slice() {
        [] => vec![pythons::any(None, project)?],
        names if compilation.abi == "cpython" => {
            pythons::wanted(names)?.into_iter().map(|python| python.path).collect()
        }
        // One binary serves all: which of them builds it makes no difference.
        names => vec![pythons::any(names.first().map(String::as_str), project)?],
    };
    let mut more = Vec::new();
    if let Some(target) = &arguments.target {
        more.extend(["--target".to_owned(), target.clone()]);
    }
    if arguments.strip {
        more.push("--strip".to_owned());
    }
    let mut good = true;
    for python in &pythons {
        let wheel = wheel(python, compilation, &arguments.out_dir, &more)?;
        // What is wrong with it is better known before it is uploaded.
        let facts: Facts = inspect::file(&wheel.path)?;
        for problem in facts.all_problems() {
            report::warning(&problem);
            good = false;
        }
    }
    if arguments.sdist {
        let started = Instant::now();
        let out_dir = std::path::absolute(&arguments.out_dir)?.display().to_string();
        let words = ["sdist".to_owned(), "--out-dir".to_owned(), out_dir];
        let python = pythons.first().context("no Python to write the sdist with")?;
        let said = backend::run(python, project, &words)?;
        report::status(
            "Wrote",
            &format!(
                "{} ({}) in {}",
                shown(Path::new(said["path"].as_str().unwrap_or_default())),
                report::size(said.get("size").and_then(Value::as_u64).unwrap_or_default()),
                report::seconds(started.elapsed()),
            ),
        );
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
