//! What another HPy cannot do: tests/pypy-exceptions.toml, tests/hpy-0.9.0-exceptions.toml.

use crate::pytest::Ended;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::path::Path;

/// Tests that fail there, for one reason.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The call that fails and what it does instead.
    pub reason: String,
    /// Tests as pytest prints them, `tests/test_x.py::test_y[universal]`; one that ends in "*" stands for all that begin like it.
    pub tests: Vec<String>,
    /// Whether the call ends the process: the tests are not run then.
    #[serde(default)]
    pub fatal: bool,
    /// Whether it depends on what is in memory: such a test may pass.
    #[serde(default)]
    pub sometimes: bool,
    /// The versions of Python that this is true of; none: all.
    #[serde(default)]
    pub only: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    known: Vec<Known>,
}

/// The entries that are for a version of Python ("3.11").
pub fn read(path: &Path, version: &str) -> Result<Vec<Known>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut file: File = toml::from_str(&text).with_context(|| format!("in {}", path.display()))?;
    file.known.retain(|one| one.only.is_empty() || one.only.iter().any(|only| only == version));
    Ok(file.known)
}

impl Known {
    fn names(&self, test: &str) -> bool {
        self.tests.iter().any(|pattern| names(pattern, test))
    }
}

fn names(pattern: &str, test: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => test.starts_with(beginning),
        None => pattern == test,
    }
}

/// Why a test is known to fail.
pub fn reason<'a>(known: &'a [Known], test: &str) -> Option<&'a str> {
    known.iter().find(|one| one.names(test)).map(|one| one.reason.as_str())
}

/// The tests that must not run, for the plugin: pattern, tab, reason.
pub fn fatal(known: &[Known]) -> String {
    let line = |one: &Known| -> Vec<String> {
        one.tests.iter().map(|test| format!("{test}\t{}", one.reason)).collect()
    };
    known.iter().filter(|one| one.fatal).flat_map(line).collect::<Vec<_>>().join("\n")
}

/// The tests that are known to fail, a pattern on each line.
pub fn listed(known: &[Known]) -> String {
    known.iter().flat_map(|one| &one.tests).map(String::as_str).collect::<Vec<_>>().join("\n")
}

/// Patterns whose tests all passed: the entry is out of date. Told only of a run of all tests.
pub fn stale<'a>(known: &'a [Known], ended: &[Ended]) -> Vec<&'a str> {
    let patterns = known.iter().filter(|one| !one.sometimes).flat_map(|one| &one.tests);
    let out_of_date = |pattern: &&String| {
        !ended.iter().any(|one| one.outcome == "failed" && names(pattern, &one.test))
    };
    patterns.filter(out_of_date).map(String::as_str).collect()
}

/// How the plugin for PyPy begins what it says of a test that did not survive.
const ENDED: &str = "ended the process";

/// What a run in which fatal tests had a process each says against the list, in sentences: failures that it does not name,
/// and tests that it names and that do not fail as it says. `is_whole` is whether all tests ran: each pattern has to name
/// one then.
pub fn unexpected(known: &[Known], ended: &[Ended], is_whole: bool) -> Vec<String> {
    let mut all = Vec::new();
    for one in ended {
        let (test, why) = (&one.test, &one.why);
        match (one.outcome.as_str(), known.iter().find(|entry| entry.names(test))) {
            ("failed", None) => all.push(format!("{test} failed: {why}")),
            ("failed", Some(entry)) if entry.fatal != why.starts_with(ENDED) => {
                all.push(format!("{test} is listed with fatal = {}: {why}", entry.fatal));
            }
            ("passed", Some(_)) => all.push(format!("{test} is listed and passed")),
            _ => {}
        }
    }
    let names_nothing = |pattern: &&String| !ended.iter().any(|one| names(pattern, &one.test));
    if is_whole {
        for pattern in known.iter().flat_map(|one| &one.tests).filter(names_nothing) {
            all.push(format!("{pattern} names no test"));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{Known, fatal, listed, reason, stale, unexpected};
    use crate::pytest::Ended;

    fn ended(outcome: &str, test: &str) -> Ended {
        let (outcome, test) = (outcome.to_owned(), test.to_owned());
        Ended { outcome, test, variant: "universal".to_owned(), why: String::new() }
    }

    fn entry(reason: &str, test: &str, fatal: bool) -> Known {
        let (reason, tests) = (reason.to_owned(), vec![test.to_owned()]);
        Known { reason, tests, fatal, ..Known::default() }
    }

    #[test]
    fn what_may_happen_is_not_out_of_date() {
        let always = entry("none", "a::b*", true);
        let sometimes = Known { sometimes: true, ..entry("none", "a::b*", true) };
        let all = [ended("passed", "a::b")];
        assert_eq!(stale(&[always], &all), ["a::b*"]);
        assert_eq!(stale(&[sometimes], &all), [""; 0]);
    }

    #[test]
    fn entries_name_tests_by_their_beginning() {
        let known = [entry("none", "a::b*", true), entry("other", "a::c", false)];
        assert_eq!(reason(&known, "a::b[universal]"), Some("none"));
        assert_eq!(reason(&known, "a::c[universal]"), None);
        assert_eq!(fatal(&known), "a::b*\tnone");
        assert_eq!(listed(&known), "a::b*\na::c");
        let all = [ended("failed", "a::b[debug]"), ended("passed", "a::c")];
        assert_eq!(stale(&known, &all), ["a::c"]);
    }

    #[test]
    fn what_goes_otherwise_than_listed_is_said() {
        let known = [entry("none", "a::b[*", true), entry("other", "a::c", false)];
        let failed = |test: &str, why: &str| Ended { why: why.to_owned(), ..ended("failed", test) };
        let died = failed("a::b[universal]", "ended the process: SIGSEGV");
        let all = [died, failed("a::c", "E"), ended("passed", "a::d")];
        assert_eq!(unexpected(&known, &all, true), [""; 0]);
        let all = [
            ended("passed", "a::b[debug]"),
            failed("a::b[x]", "assert 1"),
            failed("a::d", "assert 2"),
        ];
        let expected = [
            "a::b[debug] is listed and passed",
            "a::b[x] is listed with fatal = true: assert 1",
            "a::d failed: assert 2",
            "a::c names no test",
        ];
        assert_eq!(unexpected(&known, &all, true), expected);
        assert_eq!(unexpected(&known, &all, false), expected[..3]);
    }
}
