//! The matrix as a Markdown table: binaries down, interpreters across, tests passed in each mode in the cells.

use super::known::{self, Known};
use super::{MODES, add, binary_of};
use crate::process::output_of;
use crate::pytest::Ended;
use crate::report::Counts;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// The marks around the generated part of a file.
const BEGIN: &str = "<!-- matrix: written by `cargo xtask matrix --write` -->";
const END: &str = "<!-- end of matrix -->";

type Cell = [Counts; 3];

#[derive(Default)]
pub struct Table {
    columns: Vec<String>,
    absent: Vec<(String, String)>,
    /// By binary, then by column.
    cells: BTreeMap<String, BTreeMap<String, Cell>>,
    /// What failed, by column: the first line of the failure and the tests it hit.
    failures: Vec<(String, BTreeMap<String, usize>)>,
}

impl Table {
    /// Adds an interpreter that could not be had.
    pub fn absent(&mut self, column: &str, why: &str) {
        self.absent.push((column.to_owned(), why.to_owned()));
    }

    /// Adds the outcomes of an interpreter; returns their sum.
    pub fn add(&mut self, column: &str, ended: &[Ended], known: &[Known]) -> Counts {
        self.columns.push(column.to_owned());
        let mut all = Counts::default();
        let mut failures = BTreeMap::new();
        for one in ended {
            let Some(mode) = MODES.iter().position(|mode| *mode == one.variant) else { continue };
            let row = self.cells.entry(binary_of(&one.test).to_owned()).or_default();
            add(&mut row.entry(column.to_owned()).or_default()[mode], one);
            add(&mut all, one);
            if one.outcome == "failed" {
                let test = one.test.rsplit("::").next().unwrap_or(&one.test);
                let test = test.split('[').next().unwrap_or(test);
                let what = match known::reason(known, &one.test) {
                    Some(reason) => reason.to_owned(),
                    None => format!("`{}::{test}`: {}", binary_of(&one.test), one.why),
                };
                *failures.entry(what).or_insert(0) += 1;
            }
        }
        if !failures.is_empty() {
            self.failures.push((column.to_owned(), failures));
        }
        all
    }

    /// The table, with what it leaves out below it.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        let date = output_of(Command::new("date").args(["-u", "+%Y-%m-%d"])).unwrap_or_default();
        let _ = writeln!(
            text,
            "Tests passed in universal / debug / trace mode on {date}, Linux {}. Each binary was compiled once.\n",
            std::env::consts::ARCH
        );
        let _ = writeln!(text, "| binary | {} |", self.columns.join(" | "));
        let _ = writeln!(text, "|---|{}", "---|".repeat(self.columns.len()));
        for (binary, row) in &self.cells {
            let cells: Vec<String> = self
                .columns
                .iter()
                .map(|column| row.get(column).map_or_else(|| "none".to_owned(), cell))
                .collect();
            let _ = writeln!(text, "| {binary} | {} |", cells.join(" | "));
        }
        for (column, why) in &self.absent {
            let _ = writeln!(text, "\n{column}: not available: {why}");
        }
        for (column, failures) in &self.failures {
            let _ = writeln!(text, "\nWhat failed on {column}:\n");
            for (failure, times) in failures {
                let _ = writeln!(text, "- {failure} ({times})");
            }
        }
        text
    }
}

/// "12 / 12 / 12"; "11 of 12" where a test failed.
fn cell(cell: &Cell) -> String {
    let one = |counts: &Counts| match (counts.passed, counts.failed) {
        (0, 0) => "-".to_owned(),
        (passed, 0) => passed.to_string(),
        (passed, failed) => format!("{passed} of {}", passed + failed),
    };
    cell.iter().map(one).collect::<Vec<_>>().join(" / ")
}

/// Writes the table into the files that show it.
pub fn write(root: &Path, table: &str) -> Result<()> {
    for name in ["README.md", "docs/portability.md"] {
        let path = root.join(name);
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
        let (before, rest) =
            text.split_once(BEGIN).with_context(|| format!("{name} has no line {BEGIN}"))?;
        let (_, after) =
            rest.split_once(END).with_context(|| format!("{name} has no line {END}"))?;
        // The README shows the table only; the book also lists what failed where.
        let shown = if name == "README.md" {
            table.split("\nWhat failed on").next().unwrap_or(table)
        } else {
            table
        };
        std::fs::write(&path, format!("{before}{BEGIN}\n{shown}{END}{after}"))?;
    }
    Ok(())
}
