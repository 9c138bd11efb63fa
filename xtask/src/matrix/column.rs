//! The runtimes that binaries are loaded into: which there are, how each is set up, and a run of the suite in one.

use super::Options;
use super::known::{self, Known};
use crate::interpreters::{self, Interpreter};
use crate::paths::{root, target};
use crate::process::run_logged;
use crate::pytest::{self, Ended};
use crate::test::files_with_binaries;
use crate::wheels;
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The interpreter on which binaries are compiled for all others.
pub const COMPILED_ON: &str = "3.11";
/// CPython versions that hpy 0.9.0 itself can be installed on.
const REFERENCE: [&str; 3] = ["3.9", "3.10", "3.11"];

/// Files of the suite without a test that loads a binary in a mode, beside those that are about builds and the runtime. Some
/// cannot be imported beside another HPy.
const WITHOUT_BINARIES: [&str; 3] = ["test_cdevkit_wheel.py", "test_refleak.py", "test_trace.py"];

/// A runtime that binaries are loaded into.
pub struct Column {
    /// What `--python` calls it.
    pub name: String,
    /// What the table calls it.
    pub label: String,
    pub kind: Kind,
}

pub enum Kind {
    /// CPython with this tree's wheel.
    Wheel(Interpreter),
    /// PyPy with the HPy it has built in.
    PyPy(Interpreter),
    /// CPython with the C implementation, hpy 0.9.0.
    Reference(Interpreter),
    /// Not available, and why.
    Absent(String),
}

/// All columns; the one that compiles comes first.
pub fn columns() -> Vec<Column> {
    let mut versions: Vec<&str> = vec![COMPILED_ON];
    versions.extend(interpreters::SUPPORTED.iter().filter(|&&version| version != COMPILED_ON));
    versions.extend(interpreters::NEWER);
    versions.extend(interpreters::FREE_THREADED);
    versions.extend(interpreters::DEBUG_BUILDS);
    let absent = interpreters::absent();
    // Looked for once: each interpreter is started to be asked what it is.
    let mut names: Vec<String> = versions.iter().map(|&version| version.to_owned()).collect();
    names.push("pypy3.11".to_owned());
    let chosen: BTreeMap<String, _> = interpreters::choose(&names).into_iter().collect();
    let column =
        |name: String, version: &str, kind: fn(Interpreter) -> Kind, before: &str, none: &str| {
            let (label, kind) = match chosen.get(version).cloned() {
                Some(Ok(one)) => (format!("{before}{}", one.label()), kind(one)),
                Some(Err(why)) => (
                    format!("{before}{none}"),
                    Kind::Absent(absent.get(version).cloned().unwrap_or(why)),
                ),
                None => (format!("{before}{none}"), Kind::Absent("it has no name".to_owned())),
            };
            Column { name, label, kind }
        };
    let mut columns: Vec<Column> = Vec::new();
    for version in versions {
        columns.push(column(
            version.to_owned(),
            version,
            Kind::Wheel,
            "",
            &format!("CPython {version}"),
        ));
    }
    columns.push(column("pypy3.11".to_owned(), "pypy3.11", Kind::PyPy, "", "PyPy"));
    for version in REFERENCE {
        let none = format!("CPython {version}");
        columns.push(column(
            format!("hpy0.9.0-{version}"),
            version,
            Kind::Reference,
            "hpy 0.9.0 on ",
            &none,
        ));
    }
    columns
}

impl Column {
    /// Whether a run that asks for these columns, or for all, includes this one: the one that compiles also where binaries are
    /// missing.
    pub fn is_asked(&self, asked: &[String], compiled: bool) -> bool {
        asked.is_empty() || asked.contains(&self.name) || !compiled && self.name == COMPILED_ON
    }

    /// What is known to fail here, and the file that says so.
    pub fn known(&self) -> Result<(&'static str, Vec<Known>)> {
        let (file, interpreter) = match &self.kind {
            Kind::PyPy(interpreter) => ("tests/pypy-exceptions.toml", interpreter),
            Kind::Reference(interpreter) => ("tests/hpy-0.9.0-exceptions.toml", interpreter),
            Kind::Wheel(_) | Kind::Absent(_) => return Ok(("", Vec::new())),
        };
        Ok((file, known::read(&root().join(file), &interpreter.short())?))
    }

    /// Whether each failure in this mode has to be a known one. PyPy's own debug and trace mode do other things than this
    /// project's, and nobody listed them: their cells say how much passes.
    pub fn judges(&self, mode: &str) -> bool {
        !matches!(self.kind, Kind::PyPy(_)) || !["debug", "trace"].contains(&mode)
    }

    /// A command that runs a Python with the runtime and the test tools.
    pub fn prepare(&self) -> Result<Command> {
        match &self.kind {
            Kind::Wheel(interpreter) => Ok(wheels::environment(interpreter)?.command()),
            Kind::PyPy(interpreter) => {
                // Later releases of hypothesis carry a native part that PyPy 7.3.19 cannot load.
                let packages = ["pytest", "pytest-xdist", "hypothesis<6.130", "filelock"];
                Ok(interpreter.command(wheels::environment_with(interpreter, "pypy", &packages)?))
            }
            Kind::Reference(interpreter) => Ok(interpreter.command(&reference(interpreter)?)),
            Kind::Absent(why) => anyhow::bail!("{why}"),
        }
    }

    /// Runs the suite's tests of universal binaries here, a process for each file and for each test that is known to end its
    /// process: functions of another HPy may, and nothing is collected twice.
    pub fn suite(
        &self,
        mut python: Command,
        binaries: &Path,
        known: &[Known],
        done: Option<&Path>,
        options: &Options,
    ) -> Result<Vec<Ended>> {
        let folder = self.logs();
        std::fs::create_dir_all(&folder)?;
        let results = folder.join("results");
        let _ = std::fs::remove_file(&results);
        python
            .current_dir(root())
            .env("HPY_TESTS_PREBUILT", binaries)
            .env("HPY_TESTS_RUST", root().join("target/debug"))
            .env("HPY_RS_FATAL", known::fatal(known))
            .env("HPY_RS_RESULTS", &results)
            // Rewriting the assertions of all files takes PyPy half a minute.
            .env("PYTHONPYCACHEPREFIX", target("matrix/bytecode"))
            .env_remove("PYTHONDONTWRITEBYTECODE");
        match &self.kind {
            // What the first column skips, another one may be the first to need. A root folder's compiler may link against a
            // newer libc than others have.
            Kind::Wheel(interpreter) if interpreter.enter.is_none() => {
                python.env("HPY_TESTS_RECORD", "1");
            }
            Kind::Wheel(_) => {}
            // The last context that a binary was given serves all of its modules: one copy for each mode.
            _ => {
                python.env("HPY_RS_THUNKS", "0");
            }
        }
        if let Some(done) = done {
            python.env("HPY_RS_DONE", done);
        }
        if matches!(self.kind, Kind::PyPy(_)) {
            // Processes end before the JIT could be of use.
            python.args(["--jit", "off"]);
        }
        python
            .arg(pytest::plugins()?.join("hpy_rs_pypy.py"))
            .arg(options.jobs.to_string())
            .arg(&folder)
            .args(files_with_binaries(&WITHOUT_BINARIES)?)
            .args(["--", "--modes", &options.modes.join(",")]);
        if let Some(expression) = &options.expression {
            python.args(["-k", expression]);
        }
        let log = target("logs").join(format!("matrix-{}.log", self.name));
        run_logged(&mut python, &log, Duration::from_secs(5400))?.checked()?;
        pytest::read_all(&results)
            .with_context(|| format!("{} is not what the plugin writes", results.display()))
    }

    /// What a run that did not come to its end has seen: each file's process writes as it goes.
    pub fn seen_so_far(&self) -> Vec<Ended> {
        let logs = std::fs::read_dir(self.logs()).into_iter().flatten().flatten();
        let files =
            logs.map(|entry| entry.path()).filter(|path| path.extension() == Some("tsv".as_ref()));
        let lines = files.filter_map(|path| std::fs::read_to_string(path).ok());
        let all: Vec<Ended> = lines
            .flat_map(|text| text.lines().filter_map(pytest::read).collect::<Vec<_>>())
            .collect();
        all.into_iter().filter(|one| one.outcome != "begins").collect()
    }

    fn logs(&self) -> PathBuf {
        target("logs").join(format!("matrix-{}", self.name))
    }
}

/// The Python of an environment with hpy 0.9.0 from the package index.
pub fn reference(interpreter: &Interpreter) -> Result<PathBuf> {
    let name = format!("hpy-0.9.0-{}", interpreter.tag());
    // Its loader imports pkg_resources, which setuptools gave up in version 82.
    let packages =
        ["pytest", "pytest-xdist", "hypothesis", "filelock", "setuptools<81", "hpy==0.9.0"];
    wheels::environment_with(interpreter, &name, &packages)
}
