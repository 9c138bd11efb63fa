//! pytest, run so that every test's outcome can be read afterwards.

use crate::paths::target;
use crate::process::run_logged;
use crate::report::Counts;
use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How one test ended.
#[derive(Clone)]
pub struct Ended {
    pub outcome: String,
    pub test: String,
    /// The ABI and mode it ran in, for tests that run in several.
    pub variant: String,
    /// The first line of a failure or the reason of a skip.
    pub why: String,
}

/// A finished run.
pub struct Run {
    pub ended: Vec<Ended>,
    pub log: PathBuf,
}

impl Run {
    pub fn counts(&self) -> Counts {
        let of = |outcome| self.ended.iter().filter(|one| one.outcome == outcome).count();
        Counts { passed: of("passed"), failed: of("failed"), skipped: of("skipped") }
    }

    /// Prints the failures that `concerns` a reader.
    pub fn say_failures(&self, concerns: impl Fn(&Ended) -> bool) {
        let failures: Vec<&Ended> =
            self.ended.iter().filter(|one| one.outcome == "failed" && concerns(one)).collect();
        for one in failures.iter().take(40) {
            println!("             failed: {}: {}", one.test, one.why);
        }
        if !failures.is_empty() {
            println!("             {} failures, in full: {}", failures.len(), self.log.display());
        }
    }
}

/// The folder of the plugins, for PYTHONPATH.
pub fn plugins() -> Result<PathBuf> {
    let folder = target("plugins");
    let files = [
        ("hpy_rs_results.py", include_str!("plugins/hpy_rs_results.py")),
        ("hpy_rs_select_abi.py", include_str!("plugins/hpy_rs_select_abi.py")),
        ("hpy_rs_pypy.py", include_str!("plugins/hpy_rs_pypy.py")),
        ("hpy_rs_coverage.py", include_str!("plugins/hpy_rs_coverage.py")),
    ];
    for (name, text) in files {
        // A run at the same time may be reading them.
        let path = folder.join(name);
        if std::fs::read_to_string(&path).ok().as_deref() != Some(text) {
            std::fs::write(path, text)?;
        }
    }
    Ok(folder)
}

/// Runs `python`, which is to be a command without arguments yet, with `-m pytest` and `arguments`; `name` is the log's.
pub fn run(mut python: Command, name: &str, arguments: &[String], limit: Duration) -> Result<Run> {
    // The plugins come beside what the caller wants to be found first.
    let mut path = vec![plugins()?];
    let given =
        python.get_envs().find(|(key, _)| *key == "PYTHONPATH").and_then(|(_, value)| value);
    path.splice(0..0, given.map(std::env::split_paths).into_iter().flatten());
    let path = std::env::join_paths(path)?;
    let results = target("logs").join(format!("{name}.tsv"));
    let _ = std::fs::remove_file(&results);
    python
        .args([
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--color=no",
            "-p",
            "hpy_rs_results",
        ])
        .args(arguments)
        .env("PYTHONPATH", path)
        .env("HPY_RS_RESULTS", &results);
    let logged = run_logged(&mut python, &target("logs").join(format!("{name}.log")), limit)?;
    // A run that was killed, or that could not start, has no results to trust.
    if Counts::from_pytest(&logged.text).is_none() || !results.exists() {
        bail!(
            "pytest ended with {} and without results; the end of {}:\n{}",
            logged.status,
            logged.log.display(),
            logged.tail(40)
        );
    }
    let ended = results_of(name)
        .with_context(|| format!("{} is not what the plugin writes", results.display()))?;
    Ok(Run { ended, log: logged.log })
}

/// What the run with this name has written so far.
fn results_of(name: &str) -> Option<Vec<Ended>> {
    read_all(&target("logs").join(format!("{name}.tsv")))
}

/// The lines of a file that a plugin wrote.
pub fn read_all(path: &Path) -> Option<Vec<Ended>> {
    std::fs::read_to_string(path).ok()?.lines().map(read).collect()
}

/// A line that the plugin writes.
pub fn read(line: &str) -> Option<Ended> {
    let mut fields = line.splitn(4, '\t').map(str::to_owned);
    Some(Ended {
        outcome: fields.next()?,
        test: fields.next()?,
        variant: fields.next()?,
        why: fields.next()?,
    })
}
