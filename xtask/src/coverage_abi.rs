//! `cargo xtask coverage-abi`: which of the context's members the project's own suite exercises, and how often.

use crate::interpreters;
use crate::paths::{root, target};
use crate::pytest;
use crate::report::{Outcome, Report};
use crate::test::BUILD_TESTS;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::time::Duration;

/// What `cargo xtask coverage-abi` was asked for.
#[derive(clap::Args)]
pub struct Options {
    /// A version or the path of an interpreter
    #[arg(long, default_value = "3.11")]
    python: String,
    /// List every member with its count, not only the missing ones
    #[arg(long)]
    all: bool,
}

/// A member of the context, as crates/hpy-sys/abi/context.tsv describes it.
struct Member {
    name: String,
    /// The context's field, which is how trace mode names it.
    field: String,
    family: String,
}

pub fn run(options: &Options) -> Result<()> {
    let mut report = Report::new("cargo xtask coverage-abi");
    let interpreter = interpreters::one(&options.python)?;
    let group = interpreter.label();
    let Some(environment) = crate::test::prepare(&mut report, &interpreter) else {
        return report.finish();
    };
    let counted = target("coverage-abi");
    let mut counts = BTreeMap::new();
    // Through thunks and through the binaries' own trampolines: one member is called by the latter only.
    for (thunks, name) in
        [("1", "suite in trace mode"), ("0", "suite in trace mode, through trampolines")]
    {
        report.piece(&group, name, || {
            std::fs::remove_dir_all(&counted)?;
            std::fs::create_dir_all(&counted)?;
            let mut command = environment.command();
            command
                .current_dir(root())
                .env("HPY_RS_COVERAGE", &counted)
                .env("HPY_RS_THUNKS", thunks);
            let mut arguments =
                ["-p", "hpy_rs_coverage", "-n", "2", "--modes", "trace,hybrid-trace", "tests"]
                    .map(str::to_owned)
                    .to_vec();
            arguments.extend(BUILD_TESTS.iter().map(|file| format!("--ignore=tests/{file}")));
            let run = pytest::run(
                command,
                &format!("coverage-abi-{thunks}"),
                &arguments,
                Duration::from_secs(1800),
            )?;
            run.say_failures(|_| true);
            add_counts(&counted, &mut counts)?;
            Ok(Outcome::Tests(run.counts()))
        });
    }
    report.piece("ABI", "members exercised", || {
        let members = members()?;
        let count = |member: &Member| {
            counts
                .get(&member.field)
                .filter(|&&count| count > 0)
                .or_else(|| counts.get(&member.name))
                .copied()
                .unwrap_or_default()
        };
        for member in &members {
            let count: u64 = count(member);
            if options.all || count == 0 {
                let count = if count == 0 { "NOT EXERCISED".to_owned() } else { count.to_string() };
                println!("  {:<12} {:<44} {count}", member.family, member.name);
            }
        }
        let exercised = members.iter().filter(|member| count(member) > 0).count();
        let text = format!("{exercised} of {} members", members.len());
        Ok(if exercised == members.len() { Outcome::Done(text) } else { Outcome::Failed(text) })
    });
    report.finish()
}

/// Adds what the run's processes counted.
fn add_counts(folder: &std::path::Path, counts: &mut BTreeMap<String, u64>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        for line in std::fs::read_to_string(entry?.path())?.lines() {
            let (name, count) =
                line.split_once('\t').context("the plugin writes name and count")?;
            *counts.entry(name.to_owned()).or_insert(0) += count.parse::<u64>()?;
        }
    }
    Ok(())
}

fn members() -> Result<Vec<Member>> {
    let path = root().join("crates/hpy-sys/abi/context.tsv");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let read = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        let field = |index: usize| fields.get(index).map(|&field| field.to_owned());
        Some(Member { name: field(2)?, field: field(3)?, family: field(7)? })
    };
    text.lines()
        .skip(1)
        .map(read)
        .collect::<Option<Vec<_>>>()
        .context("context.tsv has eight fields or more a line")
}
