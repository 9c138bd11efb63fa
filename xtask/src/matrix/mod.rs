//! `cargo xtask matrix`: each universal binary, compiled once, on every interpreter, in every mode, as one table.

mod column;
mod kept;
mod known;
mod table;

use crate::paths::{root, target};
use crate::process::run_logged;
use crate::pytest::Ended;
use crate::report::{Counts, Outcome, Report};
use anyhow::Result;
pub use column::reference;
use column::{Column, Kind};
use known::Known;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use table::Table;

/// The modes of a universal binary, as the suite's variants are named.
const MODES: [&str; 3] = ["universal", "debug", "trace"];
/// The packages in Rust whose libraries the tests load.
const RUST: [&str; 5] = ["rust-ext", "wordindex", "textdist", "fastjson", "vecmath"];

/// What `cargo xtask matrix` was asked for.
#[derive(clap::Args)]
pub struct Options {
    /// Columns: versions ("3.12", "pypy3.11", "hpy0.9.0-3.11"); default: everything that is there. 3.11, on which the binaries
    /// are compiled, is always one
    #[arg(long, value_delimiter = ',')]
    python: Vec<String>,
    /// Only tests whose names match, as pytest's -k
    #[arg(short = 'k')]
    expression: Option<String>,
    /// Modes to load the binaries in
    #[arg(long, value_delimiter = ',', default_values_t = MODES.map(str::to_owned))]
    modes: Vec<String>,
    /// Processes that run tests at the same time
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Run columns again whose results of the same sources are in target/matrix/results
    #[arg(long)]
    fresh: bool,
    /// Write the table into docs/portability.md and a short one into README.md
    #[arg(long)]
    write: bool,
}

pub fn run(options: &Options) -> Result<()> {
    // Part of the tests makes a table that says less than it seems to.
    if options.write && (options.expression.is_some() || options.modes.len() < MODES.len()) {
        anyhow::bail!(
            "--write writes the table of all tests in all modes: leave out -k and --modes"
        );
    }
    let mut report = Report::new("cargo xtask matrix");
    let mut table = Table::default();
    let built = report.piece("Rust", format!("compile {}", RUST.join(", ")), || {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(root()).arg("build").env("CARGO_TARGET_DIR", root().join("target"));
        cargo.args(RUST.iter().flat_map(|package| ["-p", package]));
        run_logged(&mut cargo, &target("logs").join("matrix-rust.log"), Duration::from_secs(1800))?
            .checked()?;
        Ok(Outcome::Done("once, for every Python".to_owned()))
    });
    if !built {
        return report.finish();
    }
    let binaries = kept::binaries()?;
    for column in column::columns(&options.python) {
        let (file, known) = column.known()?;
        let ended = match &column.kind {
            Kind::Absent(why) => {
                report.absent(&column.label, "all binaries", why);
                table.absent(&column.label, why);
                continue;
            }
            _ => results(&mut report, &column, &binaries, &known, options),
        };
        match ended {
            Ok(ended) => table.add(&column.label, file, &ended, &known),
            Err(why) => table.absent(&column.label, &why),
        }
    }
    println!("\n{}", table.whole());
    if options.write {
        table.write(&root())?;
    }
    report.finish()
}

/// The outcomes of a column, kept or fresh, as pieces of the report; or why there are none.
fn results(
    report: &mut Report,
    column: &Column,
    binaries: &Path,
    known: &[Known],
    options: &Options,
) -> Result<Vec<Ended>, String> {
    let is_whole = options.expression.is_none();
    let key = kept::key(column, &options.modes).map_err(|error| format!("{error:#}"))?;
    let mut ended = (is_whole && !options.fresh).then(|| kept::read(column, &key)).flatten();
    let was_kept = ended.is_some();
    let mut why = String::new();
    if ended.is_none() {
        let mut python = None;
        if let Kind::Wheel(interpreter) = &column.kind {
            python = crate::test::prepare(report, interpreter).map(|one| one.command());
        } else {
            report.piece(&column.label, "environment", || {
                python = Some(column.prepare()?);
                Ok(Outcome::Done(String::new()))
            });
        }
        let python = python.ok_or("it could not be set up, see the run's output")?;
        report.say(&format!("{}: all binaries ...", column.label));
        match column.suite(python, binaries, known, options) {
            Ok(all) => ended = Some(all),
            Err(error) => why = format!("{error:#}"),
        }
    }
    report.piece(&column.label, "all binaries", || {
        let Some(ended) = &ended else { return Ok(Outcome::Failed(why.clone())) };
        if is_whole && !was_kept {
            kept::write(column, &key, ended)?;
        }
        Ok(judged(ended, known, is_whole))
    });
    ended.ok_or_else(|| why.lines().next().unwrap_or_default().to_owned())
}

/// What another HPy lacks is known and in the table; what is not known is a failure, and so is an entry that nothing needs.
fn judged(ended: &[Ended], known: &[Known], is_whole: bool) -> Outcome {
    let mut counts = Counts::default();
    for one in ended {
        match one.outcome.as_str() {
            "failed" if known::reason(known, &one.test).is_some() => counts.skipped += 1,
            "failed" => {
                println!("             failed: {}: {}", one.test, one.why);
                counts.failed += 1;
            }
            "skipped" => counts.skipped += 1,
            _ => counts.passed += 1,
        }
    }
    let stale = if is_whole { known::stale(known, ended) } else { Vec::new() };
    if stale.is_empty() {
        return Outcome::Tests(counts);
    }
    Outcome::Failed(format!("{counts}; known failures that did not happen: {}", stale.join(", ")))
}
