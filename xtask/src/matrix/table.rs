//! The matrix as Markdown tables: binaries down, runtimes across, tests passed in each mode in the cells.

use super::MODES;
use super::column::Column;
use super::known::{self, Known};
use crate::process::output_of;
use crate::pytest::Ended;
use crate::report::Counts;
use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// The marks around the generated part of a file.
const BEGIN: &str = "<!-- matrix: written by `cargo xtask matrix --write` -->";
const END: &str = "<!-- end of matrix -->";

/// The outcomes in universal, debug and trace mode.
type Cell = [Counts; 3];

/// What a row of the table is about; the order is the table's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    /// A module of examples/.
    Example(String),
    /// The extension of tests/rust_ext; what the test file is about.
    Rust(String),
    /// An extension of tests/ext, or the sources in a test file.
    C(String),
}

impl Row {
    /// The row of a test as pytest names it.
    fn of(test: &str) -> Row {
        let (path, rest) = test.split_once("::").unwrap_or((test, ""));
        let file = path
            .rsplit('/')
            .next()
            .unwrap_or(path)
            .trim_start_matches("test_")
            .trim_end_matches(".py");
        match file.strip_prefix("example_") {
            Some("wordindex") if rest.contains("wordindex_c") => {
                Row::Example("wordindex in C".to_owned())
            }
            Some(name) => Row::Example(format!("{name} in Rust")),
            None => match file.strip_prefix("rust_sdk") {
                Some("") => Row::Rust("functions".to_owned()),
                Some(part) => Row::Rust(part.trim_start_matches('_').to_owned()),
                None => Row::C(file.to_owned()),
            },
        }
    }

    /// The row's first cell.
    fn title(&self) -> String {
        match self {
            Row::Example(name) => name.clone(),
            Row::Rust(part) => format!("rust_ext: {part}"),
            Row::C(name) => name.clone(),
        }
    }
}

/// A runtime whose tests ran.
struct Tested {
    label: String,
    /// Where its known failures are listed.
    file: String,
    cells: BTreeMap<Row, Cell>,
    /// Reasons of known failures, failures, reasons of skips: how many tests each hit.
    known: BTreeMap<String, usize>,
    failed: BTreeMap<String, usize>,
    skipped: BTreeMap<String, usize>,
    /// How many failed in modes that nobody judges.
    unjudged: usize,
}

#[derive(Default)]
pub struct Table {
    tested: Vec<Tested>,
    absent: Vec<(String, String)>,
}

impl Table {
    /// Adds a runtime that could not be had or was not run: `why` goes on behind its name.
    pub fn absent(&mut self, label: &str, why: &str) {
        self.absent.push((label.to_owned(), why.to_owned()));
    }

    /// Adds the outcomes of a runtime.
    pub fn add(&mut self, of: &Column, file: &str, ended: &[Ended], known: &[Known]) {
        let mut column = Tested {
            label: of.label.clone(),
            file: file.to_owned(),
            cells: BTreeMap::new(),
            known: BTreeMap::new(),
            failed: BTreeMap::new(),
            skipped: BTreeMap::new(),
            unjudged: 0,
        };
        for one in ended {
            let mode = MODES.iter().position(|mode| *mode == one.variant);
            // A file that could not be collected has no variant: its tests are missing in every mode.
            let modes = mode.map_or(0..MODES.len(), |mode| mode..mode + 1);
            let cell = column.cells.entry(Row::of(&one.test)).or_default();
            for counts in cell.iter_mut().take(modes.end).skip(modes.start) {
                match one.outcome.as_str() {
                    "passed" => counts.passed += 1,
                    "skipped" => counts.skipped += 1,
                    _ => counts.failed += 1,
                }
            }
            let (list, what) = match (one.outcome.as_str(), known::reason(known, &one.test)) {
                ("skipped", _) => {
                    (&mut column.skipped, one.why.trim_start_matches("Skipped: ").to_owned())
                }
                ("passed", _) => continue,
                (_, None) if !of.judges(&one.variant) => {
                    column.unjudged += 1;
                    continue;
                }
                (_, Some(reason)) => (&mut column.known, reason.to_owned()),
                (_, None) => {
                    let test = one.test.split('[').next().unwrap_or(&one.test);
                    (&mut column.failed, format!("`{test}`: {}", one.why))
                }
            };
            *list.entry(what).or_insert(0) += 1;
        }
        self.tested.push(column);
    }

    /// A table with these rows, which each sum up some of the binaries.
    fn table(&self, rows: &[(String, Vec<&Row>)]) -> String {
        let mut text = String::new();
        let labels: Vec<&str> = self.tested.iter().map(|column| column.label.as_str()).collect();
        let _ = writeln!(text, "| binary | {} |", labels.join(" | "));
        let _ = writeln!(text, "|---|{}", "---|".repeat(labels.len()));
        for (title, parts) in rows {
            let cells = self.tested.iter().map(|column| {
                let mut sum = Cell::default();
                for cell in parts.iter().filter_map(|part| column.cells.get(*part)) {
                    sum.iter_mut().zip(cell).for_each(|(counts, more)| *counts += *more);
                }
                shown(&sum)
            });
            let _ = writeln!(text, "| {title} | {} |", cells.collect::<Vec<_>>().join(" | "));
        }
        text
    }

    fn rows(&self) -> BTreeSet<&Row> {
        self.tested.iter().flat_map(|column| column.cells.keys()).collect()
    }

    /// What the cells say, and when it was seen.
    fn heading(&self) -> String {
        let date = output_of(Command::new("date").args(["-u", "+%Y-%m-%d"])).unwrap_or_default();
        let compiler = output_of(Command::new("gcc").arg("-dumpfullversion")).unwrap_or_default();
        let rustc = output_of(Command::new("rustc").arg("--version")).unwrap_or_default();
        let rustc = rustc.split(' ').nth(1).unwrap_or_default();
        format!(
            "{date}, Linux {}, GCC {compiler} and rustc {rustc}. Cells: tests passed; one number if universal, debug and trace \
             mode have the same, else one for each. \"2 of 3\": one failed. In brackets: skipped.\n\n",
            std::env::consts::ARCH
        )
    }

    fn missing(&self) -> String {
        let line = |(label, why): &(String, String)| {
            format!("\n{label}: {}.\n", why.trim_end_matches('.'))
        };
        self.absent.iter().map(line).collect()
    }

    /// The table with a row for each binary, and lists of what failed and what was skipped.
    pub fn whole(&self) -> String {
        let rows: Vec<_> = self.rows().into_iter().map(|row| (row.title(), vec![row])).collect();
        let mut text = self.heading() + &self.table(&rows) + &self.missing();
        for column in &self.tested {
            for (list, title) in [
                (&column.failed, format!("Failed on {}", column.label)),
                (&column.known, format!("Known to fail on {} (`{}`)", column.label, column.file)),
            ] {
                if !list.is_empty() {
                    let _ = writeln!(text, "\n{title}:\n");
                    for (what, times) in list {
                        let _ = writeln!(text, "- {what} ({times})");
                    }
                }
            }
        }
        for column in self.tested.iter().filter(|column| column.unjudged > 0) {
            let _ = writeln!(
                text,
                "\n{}: {} more tests fail in debug and trace mode, which are its own and were not examined.",
                column.label, column.unjudged
            );
        }
        let mut skips: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for column in &self.tested {
            for (why, times) in &column.skipped {
                skips.entry(why).or_default().push(format!("{} ({times})", column.label));
            }
        }
        if !skips.is_empty() {
            let _ = writeln!(text, "\nSkipped:\n");
        }
        for (why, labels) in &skips {
            // A reason that holds everywhere needs no list.
            let labels = if labels.len() == self.tested.len() {
                "everywhere".to_owned()
            } else {
                labels.join(", ")
            };
            let _ = writeln!(text, "- {why}: {labels}");
        }
        text
    }

    /// The table with a row for each module of examples/ and one for each of the suite's two parts.
    fn short(&self) -> String {
        let mut rows: Vec<(String, Vec<&Row>)> = Vec::new();
        let (mut rust, mut c) = (Vec::new(), Vec::new());
        for row in self.rows() {
            match row {
                Row::Example(_) => rows.push((row.title(), vec![row])),
                Row::Rust(_) => rust.push(row),
                Row::C(_) => c.push(row),
            }
        }
        rows.push(("the suite's extension in Rust".to_owned(), rust));
        rows.push((format!("the suite's extensions in C, {} test files", c.len()), c));
        let known = self.tested.iter().filter(|column| !column.known.is_empty()).map(|column| {
            let sum: usize = column.known.values().sum();
            format!(
                "\n{}: {sum} known failures, with reasons in [portability](docs/portability.md).\n",
                column.label
            )
        });
        self.heading() + &self.table(&rows) + &known.collect::<String>() + &self.missing()
    }

    /// Writes the tables into the files that show them.
    pub fn write(&self, root: &Path) -> Result<()> {
        for (name, shown) in [("README.md", self.short()), ("docs/portability.md", self.whole())] {
            let path = root.join(name);
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
            std::fs::write(&path, replaced(&text, &shown).with_context(|| format!("in {name}"))?)?;
        }
        Ok(())
    }
}

/// A text with something else between the marks.
fn replaced(text: &str, shown: &str) -> Result<String> {
    let (before, rest) = text.split_once(BEGIN).with_context(|| format!("no line {BEGIN}"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("no line {END}"))?;
    Ok(format!("{before}{BEGIN}\n{shown}{END}{after}"))
}

/// "12" where the modes agree, "12 / 12 / 11 of 12" where not; skipped tests in brackets.
fn shown(cell: &Cell) -> String {
    let one = |counts: &Counts| {
        let mut text = match (counts.passed, counts.failed) {
            (0, 0) => "-".to_owned(),
            (passed, 0) => passed.to_string(),
            (passed, failed) => format!("{passed} of {}", passed + failed),
        };
        if counts.skipped > 0 {
            let _ = write!(text, " ({})", counts.skipped);
        }
        text
    };
    if cell.iter().all(|counts| *counts == cell[0]) {
        return one(&cell[0]);
    }
    cell.iter().map(one).collect::<Vec<_>>().join(" / ")
}

#[cfg(test)]
mod tests {
    use super::{Row, Table, replaced, shown};
    use crate::matrix::column::{Column, Kind};
    use crate::matrix::known::Known;
    use crate::pytest::Ended;
    use crate::report::Counts;

    fn ended(outcome: &str, test: &str, variant: &str, why: &str) -> Ended {
        let [outcome, test, variant, why] = [outcome, test, variant, why].map(str::to_owned);
        Ended { outcome, test, variant, why }
    }

    #[test]
    fn rows_are_binaries() {
        let wordindex =
            Row::of("tests/test_example_wordindex.py::test_index[universal-wordindex_c]");
        assert_eq!(wordindex, Row::Example("wordindex in C".to_owned()));
        assert_eq!(
            Row::of("tests/test_example_vecmath.py::test_x[debug]").title(),
            "vecmath in Rust"
        );
        assert_eq!(
            Row::of("tests/test_rust_sdk_classes.py::test_x[debug]").title(),
            "rust_ext: classes"
        );
        assert_eq!(Row::of("tests/test_long.py::test_x[debug]"), Row::C("long".to_owned()));
    }

    #[test]
    fn cells_say_what_differs() {
        let counts = |passed, failed, skipped| Counts { passed, failed, skipped };
        assert_eq!(shown(&[counts(3, 0, 0); 3]), "3");
        assert_eq!(
            shown(&[counts(3, 0, 1), counts(2, 1, 1), counts(0, 0, 0)]),
            "3 (1) / 2 of 3 (1) / -"
        );
    }

    #[test]
    fn failures_are_known_or_listed() {
        let known = [Known {
            reason: "lacks b".into(),
            tests: vec!["tests/test_a.py::b*".into()],
            fatal: false,
            ..Known::default()
        }];
        let all = [
            ended("failed", "tests/test_a.py::b[trace]", "trace", "E"),
            ended("failed", "tests/test_a.py::c[debug]", "debug", "wrong"),
            ended("skipped", "tests/test_a.py::d[debug]", "debug", "Skipped: too old"),
            ended("passed", "tests/test_a.py::e[universal]", "universal", ""),
        ];
        let mut table = Table::default();
        let column = |label: &str| Column {
            name: "x".into(),
            label: label.into(),
            kind: Kind::Absent(String::new()),
        };
        table.add(&column("PyPy 1"), "tests/x.toml", &all, &known);
        table.absent("CPython 9", "not available: there is none");
        let whole = table.whole();
        assert!(whole.contains("| a | 1 / 0 of 1 (1) / 0 of 1 |"), "{whole}");
        assert!(whole.contains("CPython 9: not available: there is none.\n"));
        assert!(whole.contains("Failed on PyPy 1:\n\n- `tests/test_a.py::c`: wrong (1)"));
        assert!(whole.contains("Known to fail on PyPy 1 (`tests/x.toml`):\n\n- lacks b (1)"));
        assert!(whole.contains("- too old: everywhere"));
        assert!(table.short().contains("PyPy 1: 1 known failures"));
    }

    #[test]
    fn tables_replace_what_was_between_the_marks() {
        let text = format!("a\n{}\nold\n{}\nb\n", super::BEGIN, super::END);
        let new = replaced(&text, "new\n").unwrap();
        assert_eq!(new, format!("a\n{}\nnew\n{}\nb\n", super::BEGIN, super::END));
        assert!(replaced("nothing", "new").is_err());
    }
}
