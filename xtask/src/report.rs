//! What a person sees while a task runs: what is done now, how long it took, and a table at the end.

use anyhow::{Result, bail};
use std::fmt::Write as _;
use std::time::Instant;

/// Tests counted by a runner.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Counts {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
}

impl Counts {
    /// Reads the closing line of pytest ("3 failed, 12 passed, 1 skipped in 2.5s"); None if there is none.
    pub fn from_pytest(text: &str) -> Option<Self> {
        let line = text.lines().rev().find(|line| {
            line.contains(" in ")
                && [" passed", " failed", " error", " skipped", "no tests ran", " deselected"]
                    .iter()
                    .any(|word| line.contains(word))
        })?;
        let mut counts = Counts::default();
        let words: Vec<&str> =
            line.trim_matches('=').split([' ', ',']).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            let Ok(number) = pair[0].parse::<usize>() else { continue };
            match pair[1] {
                "passed" | "xfailed" => counts.passed += number,
                "failed" | "error" | "errors" | "xpassed" => counts.failed += number,
                "skipped" => counts.skipped += number,
                _ => {}
            }
        }
        Some(counts)
    }

    /// Adds up every closing line of `cargo test` ("test result: ok. 3 passed; 0 failed; 1 ignored") and of
    /// nextest ("Summary [ 0.1s] 3 tests run: 3 passed, 1 skipped").
    pub fn from_cargo(text: &str) -> Self {
        let mut counts = Counts::default();
        for line in text.lines() {
            let line = line.trim_start();
            if !line.starts_with("test result:") && !line.starts_with("Summary [") {
                continue;
            }
            let words: Vec<&str> =
                line.split([' ', ',', ';']).filter(|word| !word.is_empty()).collect();
            for pair in words.windows(2) {
                let Ok(number) = pair[0].parse::<usize>() else { continue };
                match pair[1] {
                    "passed" => counts.passed += number,
                    "failed" | "timed" => counts.failed += number,
                    "ignored" | "skipped" => counts.skipped += number,
                    _ => {}
                }
            }
        }
        counts
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// How a piece of work ended, if it did not end with an error.
pub enum Outcome {
    /// Tests ran: fails if one of them failed or none was found.
    Tests(Counts),
    /// It worked; a word about the result.
    Done(String),
    /// It did not happen; why.
    Skipped(String),
    /// It happened and its result is bad; what is bad.
    Failed(String),
}

enum Verdict {
    Good,
    Bad,
    Absent,
}

struct Row {
    group: String,
    piece: String,
    verdict: Verdict,
    note: String,
    seconds: f64,
}

/// The progress of one task.
pub struct Report {
    title: String,
    start: Instant,
    rows: Vec<Row>,
    counts: Counts,
}

impl Report {
    pub fn new(title: &str) -> Self {
        Report {
            title: title.to_owned(),
            start: Instant::now(),
            rows: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// Prints a line with the time so far.
    pub fn say(&self, text: &str) {
        println!("[{:7.1} s] {text}", self.start.elapsed().as_secs_f64());
    }

    /// Runs one piece of work; true if it went well.
    pub fn piece(
        &mut self,
        group: &str,
        piece: impl AsRef<str>,
        work: impl FnOnce() -> Result<Outcome>,
    ) -> bool {
        let piece = piece.as_ref();
        self.say(&format!("{group}: {piece} ..."));
        let start = Instant::now();
        let result = work();
        let seconds = start.elapsed().as_secs_f64();
        let (verdict, note) = match result {
            Ok(Outcome::Tests(counts)) => {
                self.counts += counts;
                let good = counts.failed == 0 && counts.passed > 0;
                let note = if counts.passed + counts.failed == 0 {
                    "no test ran".to_owned()
                } else {
                    counts.to_string()
                };
                (if good { Verdict::Good } else { Verdict::Bad }, note)
            }
            Ok(Outcome::Done(note)) => (Verdict::Good, note),
            Ok(Outcome::Skipped(why)) => (Verdict::Absent, why),
            Ok(Outcome::Failed(what)) => (Verdict::Bad, what),
            Err(error) => (Verdict::Bad, format!("{error:#}")),
        };
        let word = word(&verdict);
        self.say(&format!(
            "{group}: {piece}: {word}{}{note} ({seconds:.1} s)",
            if note.is_empty() { "" } else { ", " }
        ));
        let good = matches!(verdict, Verdict::Good);
        self.rows.push(Row {
            group: group.to_owned(),
            piece: piece.to_owned(),
            verdict,
            note,
            seconds,
        });
        good
    }

    /// Notes that something could not be had: it stays visible in the table.
    pub fn absent(&mut self, group: &str, piece: &str, why: &str) {
        let _ = self.piece(group, piece, || Ok(Outcome::Skipped(why.to_owned())));
    }

    /// Prints the table and, if tests ran, their sum as the last line; an error if a piece failed.
    pub fn finish(self) -> Result<()> {
        let mut table = String::new();
        let widths = self.rows.iter().fold((5, 5), |(a, b), row| {
            (a.max(row.group.chars().count()), b.max(row.piece.chars().count()))
        });
        let _ = writeln!(table, "\n{}: {:.0} s", self.title, self.start.elapsed().as_secs_f64());
        for row in &self.rows {
            let note = row.note.lines().next().unwrap_or_default();
            let _ = writeln!(
                table,
                "  {:<a$}  {:<b$}  {:<13} {:>7.1} s  {note}",
                row.group,
                row.piece,
                word(&row.verdict),
                row.seconds,
                a = widths.0,
                b = widths.1
            );
        }
        print!("{table}");
        let bad = self.rows.iter().filter(|row| matches!(row.verdict, Verdict::Bad)).count();
        if self.counts != Counts::default() {
            println!("{}", self.counts);
        }
        if bad > 0 {
            bail!("{}: {bad} of {} pieces failed", self.title, self.rows.len());
        }
        Ok(())
    }
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "ok",
        Verdict::Bad => "FAILED",
        Verdict::Absent => "not available",
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn closing_lines_of_pytest_are_read() {
        let text = "....\n===== 3 failed, 12 passed, 1 skipped, 2 deselected, 1 error in 2.53s (0:00:02) =====\n";
        assert_eq!(Counts::from_pytest(text), Some(Counts { passed: 12, failed: 4, skipped: 1 }));
        assert_eq!(
            Counts::from_pytest("7 passed in 0.10s"),
            Some(Counts { passed: 7, failed: 0, skipped: 0 })
        );
        assert_eq!(Counts::from_pytest("Segmentation fault"), None);
    }

    #[test]
    fn closing_lines_of_cargo_are_added_up() {
        let text = "     Summary [   0.144s] 12 tests run: 11 passed, 1 failed, 2 skipped\n\
                    test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        assert_eq!(Counts::from_cargo(text), Counts { passed: 14, failed: 1, skipped: 3 });
    }
}
