//! The tests of 0.9.0's suite that cannot hold here: named, explained, and reported as soon as they can hold again.

use crate::pytest::Ended;
use crate::report::Counts;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::path::Path;

/// One entry of tests/conformance-exceptions.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The test's name as pytest prints it, `test/test_x.py::TestX::test_y[universal]`; a name that ends in "*" stands for all that begin like it.
    pub test: String,
    /// Why it cannot hold.
    #[allow(
        dead_code,
        reason = "for the reader of the file; required so that no entry comes without it"
    )]
    pub reason: String,
    /// The project's own test that covers the same promise.
    pub covered_by: String,
    /// The Python versions ("3.12") it is about; empty: all.
    #[serde(default)]
    pub pythons: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    exception: Vec<Exception>,
}

/// Reads the exceptions; each must name a test of the project that exists.
pub fn read(path: &Path) -> Result<Vec<Exception>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let file: File = toml::from_str(&text).with_context(|| format!("in {}", path.display()))?;
    for exception in &file.exception {
        let (own, name) =
            exception.covered_by.split_once("::").unwrap_or((&exception.covered_by, ""));
        let name = name.rsplit("::").next().unwrap_or_default();
        let own_text =
            std::fs::read_to_string(crate::paths::root().join(own)).with_context(|| {
                format!(
                    "{}: the exception for {} names {own}, which cannot be read",
                    path.display(),
                    exception.test
                )
            })?;
        anyhow::ensure!(
            !name.is_empty() && own_text.contains(&format!("def {name}(")),
            "{}: the exception for {} names the own test {}, which does not exist",
            path.display(),
            exception.test,
            exception.covered_by
        );
    }
    Ok(file.exception)
}

/// What a run of the suite comes to once the exceptions are taken into account.
pub struct Judged {
    /// Excepted failures count as skipped.
    pub counts: Counts,
    /// Failures that no exception names.
    pub unexpected: Vec<String>,
    /// Exceptions whose test passed or was not there.
    pub stale: Vec<String>,
}

/// Judges how tests ended. Which exceptions are out of date is told if all tests of the suite, in any ABI, are given as
/// `collected`.
pub fn judge(
    ended: &[Ended],
    exceptions: &[Exception],
    python: &str,
    collected: Option<&str>,
) -> Judged {
    let mut judged =
        Judged { counts: Counts::default(), unexpected: Vec::new(), stale: Vec::new() };
    let relevant: Vec<&Exception> = exceptions
        .iter()
        .filter(|one| one.pythons.is_empty() || one.pythons.iter().any(|version| version == python))
        .collect();
    let mut needed = vec![false; relevant.len()];
    let mut seen = vec![false; relevant.len()];
    for one in ended {
        let exception = relevant.iter().position(|exception| matches(&exception.test, &one.test));
        if let Some(index) = exception {
            seen[index] = true;
        }
        match (one.outcome.as_str(), exception) {
            ("passed", _) => judged.counts.passed += 1,
            ("skipped", _) => judged.counts.skipped += 1,
            (_, Some(index)) => {
                needed[index] = true;
                judged.counts.skipped += 1;
            }
            (_, None) => {
                judged.counts.failed += 1;
                judged.unexpected.push(one.test.clone());
            }
        }
    }
    if let Some(collected) = collected {
        for (index, exception) in relevant.iter().enumerate() {
            // A test that is there but did not run belongs to another ABI.
            let exists = collected.lines().any(|test| matches(&exception.test, test));
            if seen[index] && !needed[index] || !exists {
                judged.stale.push(exception.test.clone());
            }
        }
    }
    judged
}

fn matches(pattern: &str, test: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => test.starts_with(beginning),
        None => pattern == test,
    }
}

#[cfg(test)]
mod tests {
    use super::{Exception, judge};
    use crate::pytest::Ended;
    use crate::report::Counts;

    fn exception(test: &str, pythons: &[&str]) -> Exception {
        Exception {
            test: test.to_owned(),
            reason: "for this test".to_owned(),
            covered_by: "tests/test_x.py::test_y".to_owned(),
            pythons: pythons.iter().map(|&version| version.to_owned()).collect(),
        }
    }

    fn ended(lines: &[(&str, &str)]) -> Vec<Ended> {
        let one = |&(outcome, test): &(&str, &str)| Ended {
            outcome: outcome.to_owned(),
            test: test.to_owned(),
            variant: String::new(),
            why: String::new(),
        };
        lines.iter().map(one).collect()
    }

    #[test]
    fn a_failure_counts_unless_it_is_excepted_for_this_python() {
        let ended = ended(&[
            ("passed", "a"),
            ("failed", "b"),
            ("failed", "c[universal]"),
            ("skipped", "d"),
        ]);
        let exceptions = [exception("b", &["3.12"]), exception("c*", &[])];
        let judged = judge(&ended, &exceptions, "3.12", Some("a\nb\nc[universal]\nd"));
        assert_eq!(judged.counts, Counts { passed: 1, failed: 0, skipped: 3 });
        assert!(judged.stale.is_empty());
        let judged = judge(&ended, &exceptions, "3.11", None);
        assert_eq!(judged.counts, Counts { passed: 1, failed: 1, skipped: 2 });
        assert_eq!(judged.unexpected, ["b"]);
    }

    #[test]
    fn an_exception_that_no_longer_fails_or_exists_is_reported() {
        let ended = ended(&[("passed", "a")]);
        let exceptions = [exception("a", &[]), exception("gone", &[]), exception("b", &[])];
        assert_eq!(judge(&ended, &exceptions, "3.11", Some("a\nb\n")).stale, ["a", "gone"]);
        assert!(judge(&ended, &exceptions, "3.11", None).stale.is_empty());
    }
}
