//! Results of columns that are still true: a run that was interrupted goes on where it was.

use super::column::Column;
use super::known::{self, Known};
use crate::paths::{root, target};
use crate::process::output_of;
use crate::pytest::{self, Ended};
use anyhow::{Result, bail};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A number that changes when one of the repository's files below `folders` changes.
pub fn hash_of(folders: &[&str]) -> Result<u64> {
    hash_without(folders, |_| false)
}

/// The same without some files.
fn hash_without(folders: &[&str], without: impl Fn(&str) -> bool) -> Result<u64> {
    let mut git = Command::new("git");
    git.current_dir(root())
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "--"])
        .args(folders);
    let listed = output_of(&mut git)?;
    let mut names: Vec<&str> = listed.lines().collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| !without(name));
    let mut hasher = DefaultHasher::new();
    for name in names {
        if let Ok(content) = std::fs::read(root().join(name)) {
            (name, content).hash(&mut hasher);
        }
    }
    Ok(hasher.finish())
}

/// The folder of the suite's binaries for the present dev kit, made if it is missing.
pub fn binaries() -> Result<PathBuf> {
    let kit = hash_of(&["python/hpy/devel", "tests/ext", "examples/wordindex/c"])?;
    Ok(target(&format!("matrix/binaries/{kit:016x}")))
}

/// What a column's results depend on: everything the runtime, the binaries and the tests are made of.
pub fn key(column: &Column, known: &[Known], modes: &[String]) -> Result<String> {
    let folders =
        ["crates", "python", "tests", "examples", "setup.py", "Cargo.lock", "xtask/src/plugins"];
    // What is expected to fail says how results are read; only what is fatal decides how tests run.
    let lists = |name: &str| name.ends_with("-exceptions.toml") || name.ends_with(".supp");
    let sources = hash_without(&folders, lists)?;
    let mut hasher = DefaultHasher::new();
    known::fatal(known).hash(&mut hasher);
    let fatal = hasher.finish();
    Ok(format!("{sources:016x} {fatal:016x} {} {}", column.label, modes.join(",")))
}

fn file(column: &Column) -> PathBuf {
    target("matrix/results").join(format!("{}.tsv", column.name))
}

/// A file that says which process runs a column, for as long as this lives: two runs would write over each other's results.
pub struct Alone(PathBuf);

impl Alone {
    pub fn at(column: &Column) -> Result<Alone> {
        let path = file(column).with_extension("running");
        let other = std::fs::read_to_string(&path).unwrap_or_default();
        // One that was killed leaves the file.
        if !other.is_empty() && Path::new("/proc").join(&other).exists() {
            bail!(
                "process {other} runs this column: wait for it, or end it and remove {}",
                path.display()
            );
        }
        std::fs::write(&path, std::process::id().to_string())?;
        Ok(Alone(path))
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Results of an earlier run, if they were made of the same.
pub struct Kept {
    pub ended: Vec<Ended>,
    /// Whether all tests ran; else the run was interrupted.
    pub whole: bool,
}

pub fn read(column: &Column, key: &str) -> Option<Kept> {
    let text = std::fs::read_to_string(file(column)).ok()?;
    let (first, lines) = text.split_once('\n')?;
    let (state, of) = first.split_once(' ')?;
    if of != key {
        return None;
    }
    Some(Kept {
        ended: lines.lines().map(pytest::read).collect::<Option<_>>()?,
        whole: state == "whole",
    })
}

/// Keeps results; returns the file, whose lines after the first are the plugin's.
pub fn write(column: &Column, key: &str, ended: &[Ended], whole: bool) -> Result<PathBuf> {
    let state = if whole { "whole" } else { "part" };
    let mut text = format!("{state} {key}\n");
    for one in ended {
        text += &format!("{}\t{}\t{}\t{}\n", one.outcome, one.test, one.variant, one.why);
    }
    let file = file(column);
    std::fs::write(&file, text)?;
    Ok(file)
}

/// Whether a whole run compiled what the suite loads.
pub fn is_compiled(binaries: &Path) -> bool {
    binaries.join("complete").exists()
}

pub fn note_compiled(binaries: &Path) -> Result<()> {
    Ok(std::fs::write(binaries.join("complete"), "")?)
}
