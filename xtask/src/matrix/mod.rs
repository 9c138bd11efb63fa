//! `cargo xtask matrix`: each universal binary, compiled once, on every interpreter, in every mode, as one table.

mod column;
mod kept;
pub mod known;
mod table;

use crate::paths::{root, target};
use crate::process::run_logged;
use crate::pytest::Ended;
use crate::report::{Counts, Outcome, Report};
use anyhow::Result;
pub use column::reference;
use column::{Column, Kind};
use known::Known;
use std::collections::BTreeSet;
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
    /// are compiled, is one more until they are
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
    let compiled = kept::is_compiled(&binaries);
    for column in column::columns() {
        let (file, known) = column.known()?;
        let is_asked = column.is_asked(&options.python, compiled);
        if !is_asked && !options.write {
            continue;
        }
        if !is_asked && !matches!(column.kind, Kind::Absent(_)) {
            // What is written says of every runtime what is known of it.
            let key = kept::key(&column, &known, &options.modes)?;
            match kept::read(&column, &key).filter(|kept| kept.whole) {
                Some(kept) => table.add(&column, file, &kept.ended, &known),
                None => table.absent(&column.label, "not run when this table was made"),
            }
            continue;
        }
        let ended = match &column.kind {
            Kind::Absent(why) => {
                report.absent(&column.label, "all binaries", why);
                table.absent(&column.label, &format!("not available: {why}"));
                continue;
            }
            _ => results(&mut report, &column, &binaries, &known, options),
        };
        match ended {
            Ok(ended) => table.add(&column, file, &ended, &known),
            Err(why) => table.absent(&column.label, &format!("not run to its end: {why}")),
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
    let say = |error: anyhow::Error| format!("{error:#}");
    let is_whole = options.expression.is_none();
    let key = kept::key(column, known, &options.modes).map_err(say)?;
    let _alone = kept::Alone::at(column).map_err(say)?;
    let kept = (is_whole && !options.fresh).then(|| kept::read(column, &key)).flatten();
    let is_done = kept.as_ref().is_some_and(|kept| kept.whole);
    let mut ended = kept.map_or_else(Vec::new, |kept| kept.ended);
    let mut failed = None;
    if !is_done {
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
        report.piece(&column.label, format!("run, {} tests done before", ended.len()), || {
            let done = (!ended.is_empty())
                .then(|| kept::write(column, &key, &ended, false))
                .transpose()?;
            let result = column.suite(python, binaries, known, done.as_deref(), options);
            // What an interrupted run has seen is as good as what a whole one sees.
            let (more, error) = match result {
                Ok(more) => (more, None),
                Err(error) => (column.seen_so_far(), Some(error)),
            };
            let again: BTreeSet<&str> = more.iter().map(|one| one.test.as_str()).collect();
            ended.retain(|one| !again.contains(one.test.as_str()));
            ended.extend(more);
            if is_whole {
                // What failed and is not known to may be the machine's fault: it runs again next time.
                let (failed, good): (Vec<_>, Vec<_>) =
                    ended.iter().cloned().partition(|one| is_failure(column, one, known));
                kept::write(column, &key, &good, error.is_none() && failed.is_empty())?;
                if error.is_none() && column.name == column::COMPILED_ON {
                    kept::note_compiled(binaries)?;
                }
            }
            failed = error.map(|error| format!("{error:#}"));
            match &failed {
                Some(why) => Ok(Outcome::Failed(why.clone())),
                None => Ok(Outcome::Done(String::new())),
            }
        });
    }
    report.piece(&column.label, "all binaries", || match &failed {
        Some(why) => Ok(Outcome::Failed(why.clone())),
        None => Ok(judged(column, &ended, known, is_whole)),
    });
    match failed {
        None => Ok(ended),
        Some(why) => Err(why.lines().next().unwrap_or_default().to_owned()),
    }
}

/// Whether a test failed and is not known to.
fn is_failure(column: &Column, one: &Ended, known: &[Known]) -> bool {
    one.outcome == "failed"
        && column.judges(&one.variant)
        && known::reason(known, &one.test).is_none()
}

/// What another HPy lacks is known and in the table; what is not known is a failure, and so is an entry that nothing needs.
fn judged(column: &Column, ended: &[Ended], known: &[Known], is_whole: bool) -> Outcome {
    let mut counts = Counts::default();
    for one in ended {
        match one.outcome.as_str() {
            "failed" if !is_failure(column, one, known) => counts.skipped += 1,
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
