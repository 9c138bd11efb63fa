//! The Pythons of this machine: found on PATH, in pyenv, and among those that `cargo xtask interpreters` installed.

use crate::paths;
use crate::process::output_of;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The CPython versions that every task runs on.
pub const SUPPORTED: [&str; 5] = ["3.9", "3.10", "3.11", "3.12", "3.13"];
/// CPython versions that are used where they are installed.
pub const NEWER: [&str; 2] = ["3.14", "3.15"];

/// Free-threaded builds that are used where they are installed.
pub const FREE_THREADED: [&str; 3] = ["3.13t", "3.14t", "3.15t"];
/// Debug builds, the one to take first: they count references, and have another layout of objects.
pub const DEBUG_BUILDS: [&str; 2] = ["3.11d", "3.14d"];

/// An interpreter that answered.
#[derive(Clone, Debug)]
pub struct Interpreter {
    /// The script that enters the root folder the interpreter lives in, if it lives in one.
    pub enter: Option<PathBuf>,
    /// The interpreter's path, as seen from inside its root folder.
    pub python: PathBuf,
    /// Something that runs as this interpreter from outside.
    pub launcher: PathBuf,
    pub facts: Facts,
}

/// What an interpreter says of itself.
#[derive(Clone, Debug, Deserialize)]
pub struct Facts {
    pub implementation: String,
    /// Version numbers: of the language, not of PyPy.
    pub version: (u32, u32, u32),
    /// The release level: "final" or a pre-release.
    pub level: String,
    pub cache_tag: String,
    pub suffix: String,
    pub free_threaded: bool,
    pub debug: bool,
    /// PyPy's own version, empty for CPython.
    pub pypy: String,
    /// Where its headers are; empty if they are not installed.
    pub include: String,
}

const ASK: &str = r#"
import json, os, sys, sysconfig
include = sysconfig.get_path("include")
print(json.dumps({
    "implementation": sys.implementation.name,
    "version": sys.version_info[:3],
    "level": sys.version_info.releaselevel,
    "cache_tag": sys.implementation.cache_tag,
    "suffix": sysconfig.get_config_var("EXT_SUFFIX"),
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "debug": hasattr(sys, "gettotalrefcount"),
    "pypy": ".".join(map(str, getattr(sys, "pypy_version_info", ())[:3])),
    "include": include if os.path.exists(os.path.join(include, "Python.h")) else "",
}))
"#;

impl Interpreter {
    /// Asks the interpreter at `python` (inside the root folder that `enter` enters) what it is.
    pub fn ask(python: &Path, enter: Option<&Path>, launcher: &Path) -> Result<Self> {
        let mut command = match enter {
            Some(script) => {
                let mut command = Command::new(script);
                command.arg(python);
                command
            }
            None => Command::new(python),
        };
        let answer = output_of(command.args(["-c", ASK]))?;
        let line = answer.lines().last().unwrap_or_default();
        let facts: Facts = serde_json::from_str(line)
            .with_context(|| format!("{} answered {answer:?}", python.display()))?;
        Ok(Interpreter {
            enter: enter.map(Path::to_path_buf),
            python: python.to_path_buf(),
            launcher: launcher.to_path_buf(),
            facts,
        })
    }

    /// A command that runs `program` where this interpreter lives.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        match &self.enter {
            Some(script) => {
                let mut command = Command::new(script);
                command.arg(program).env("HPY_RS_REPOSITORY", paths::root());
                command
            }
            None => Command::new(program),
        }
    }

    /// What cargo is told where it compiles for this interpreter and not by way of setup.py, which says the same and why.
    pub fn unsupported_bindings(&self) -> Option<(&'static str, &'static str)> {
        let older = self.facts.free_threaded && self.facts.version < (3, 14, 0);
        older.then_some(("UNSAFE_PYO3_SKIP_VERSION_CHECK", "1"))
    }

    pub fn is_pypy(&self) -> bool {
        self.facts.implementation == "pypy"
    }

    /// "3.11", "3.13t" (free-threaded), "3.11d" (debug build), "pypy3.11".
    pub fn short(&self) -> String {
        let (major, minor, _) = self.facts.version;
        if self.is_pypy() {
            return format!("pypy{major}.{minor}");
        }
        let threads = if self.facts.free_threaded { "t" } else { "" };
        let debug = if self.facts.debug { "d" } else { "" };
        format!("{major}.{minor}{threads}{debug}")
    }

    /// "CPython 3.11.7", "PyPy 7.3.19": for tables.
    pub fn label(&self) -> String {
        let (major, minor, patch) = self.facts.version;
        if self.is_pypy() {
            return format!("PyPy {}", self.facts.pypy);
        }
        let mut label = format!("CPython {major}.{minor}.{patch}");
        if self.facts.level != "final" {
            label.push_str(&format!(" ({})", self.facts.level));
        }
        if self.facts.free_threaded {
            label.push('t');
        }
        if self.facts.debug {
            label.push_str(" debug");
        }
        label
    }

    /// The name of folders that belong to this interpreter: "cpython-311", "cpython-313t".
    pub fn tag(&self) -> String {
        let threads = if self.facts.free_threaded { "t" } else { "" };
        let debug = if self.facts.debug { "d" } else { "" };
        format!("{}{threads}{debug}", self.facts.cache_tag)
    }
}

/// Every interpreter that can be found: newest patch release first within a version.
pub fn found() -> Vec<Interpreter> {
    let mut all: Vec<Interpreter> = Vec::new();
    let mut seen = Vec::new();
    for candidate in candidates() {
        let real = std::fs::canonicalize(&candidate).unwrap_or_else(|_| candidate.clone());
        if seen.contains(&real) {
            continue;
        }
        seen.push(real);
        if let Ok(interpreter) = Interpreter::ask(&candidate, None, &candidate) {
            all.push(interpreter);
        }
    }
    all.extend(installed());
    // The oldest Python the project runs on is 3.9.
    all.retain(|one| one.facts.version >= (3, 9, 0));
    all.sort_by_key(|one| std::cmp::Reverse(one.facts.version));
    all
}

/// Interpreters that `cargo xtask interpreters` put into root folders; each has a line of three fields: enter, python, launcher.
fn installed() -> Vec<Interpreter> {
    let list =
        std::fs::read_to_string(paths::interpreters().join("installed.tsv")).unwrap_or_default();
    let ask = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [enter, python, launcher] = fields[..] else { return None };
        let enter = (!enter.is_empty()).then(|| Path::new(enter));
        Interpreter::ask(Path::new(python), enter, Path::new(launcher)).ok()
    };
    list.lines().filter_map(ask).collect()
}

/// Files that may be interpreters: pyenv's versions and what PATH has under the usual names.
fn candidates() -> Vec<PathBuf> {
    let mut paths = Vec::new();
    let pyenv = std::env::var_os("PYENV_ROOT")
        .map_or_else(|| crate::paths::home().join(".pyenv"), PathBuf::from);
    if let Ok(entries) = std::fs::read_dir(pyenv.join("versions")) {
        let mut versions: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        versions.sort();
        paths.extend(versions.into_iter().map(|version| version.join("bin/python")));
    }
    let mut names: Vec<String> =
        SUPPORTED.iter().chain(&NEWER).map(|version| format!("python{version}")).collect();
    names.push("python3-dbg".to_owned());
    names.extend(FREE_THREADED.iter().map(|version| format!("python{version}")));
    names.extend(SUPPORTED.iter().map(|version| format!("python{version}-dbg")));
    names.push("pypy3".to_owned());
    for folder in std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()) {
        // pyenv's shims only point back at the versions above.
        if folder.ends_with("shims") {
            continue;
        }
        paths.extend(names.iter().map(|name| folder.join(name)));
    }
    paths.retain(|path| path.exists());
    paths
}

/// An ordinary (not debug, not free-threaded) CPython with headers for each version asked for, or why there is none.
pub fn choose(versions: &[String]) -> Vec<(String, Result<Interpreter, String>)> {
    let all = found();
    let mut chosen = Vec::new();
    for version in versions {
        if version.contains('/') {
            let path = Path::new(version);
            let asked = Interpreter::ask(path, None, path).map_err(|error| format!("{error:#}"));
            chosen.push((version.clone(), asked));
            continue;
        }
        let matches: Vec<&Interpreter> = all
            .iter()
            .filter(|one| {
                let (major, minor, patch) = one.facts.version;
                one.short() == *version
                    || (!one.is_pypy() && format!("{major}.{minor}.{patch}") == *version)
            })
            .collect();
        // An interpreter without headers (a distribution's python3 without its -dev package) cannot build.
        let with_headers = matches.iter().find(|one| !one.facts.include.is_empty());
        let result = match (with_headers, matches.first()) {
            (Some(one), _) => Ok((*one).clone()),
            (None, Some(one)) => Err(format!(
                "{} has no Python.h: install its development package",
                one.python.display()
            )),
            (None, None) => Err(match why_absent(version) {
                Some(why) => format!("it could not be installed: {why}"),
                None => format!(
                    "no Python {version} in pyenv, on PATH, or installed by `cargo xtask interpreters`"
                ),
            }),
        };
        chosen.push((version.clone(), result));
    }
    chosen
}

/// The versions a task runs on: those asked for, or all supported ones and the newer ones that are there.
pub fn wanted(asked: &[String]) -> Vec<(String, Result<Interpreter, String>)> {
    if !asked.is_empty() {
        return choose(asked);
    }
    let mut chosen = choose(&SUPPORTED.map(str::to_owned));
    for optional in [&NEWER[..], &FREE_THREADED] {
        let optional: Vec<String> = optional.iter().map(|&version| version.to_owned()).collect();
        chosen.extend(choose(&optional).into_iter().filter(|(_, result)| result.is_ok()));
    }
    chosen
}

/// The interpreter that `name` (a version or a path) means.
pub fn one(name: &str) -> Result<Interpreter> {
    match choose(&[name.to_owned()]).pop() {
        Some((_, Ok(interpreter))) => Ok(interpreter),
        Some((_, Err(why))) => bail!("{why}"),
        None => bail!("no interpreter was asked for"),
    }
}

/// Why an interpreter that `cargo xtask interpreters --install` tried could not be had, by name ("3.14t").
pub fn absent() -> BTreeMap<String, String> {
    let text =
        std::fs::read_to_string(paths::interpreters().join("absent.tsv")).unwrap_or_default();
    let pair =
        |line: &str| line.split_once('\t').map(|(name, why)| (name.to_owned(), why.to_owned()));
    text.lines().filter_map(pair).collect()
}

/// Why `--install` could not get a version; it names some by their commands ("python3.14", "pypy3").
fn why_absent(version: &str) -> Option<String> {
    let absent = absent();
    let command = if version.starts_with("pypy") { "pypy3" } else { &format!("python{version}") };
    absent.get(version).or_else(|| absent.get(command)).cloned()
}

/// Prints what the machine has.
pub fn list() {
    let mut rows: BTreeMap<(u32, u32, String), Vec<String>> = BTreeMap::new();
    for one in found() {
        let headers = if one.facts.include.is_empty() {
            "  (no headers: runs binaries, builds none)"
        } else {
            ""
        };
        let (major, minor, _) = one.facts.version;
        rows.entry((major, minor, one.short())).or_default().push(format!(
            "{:<28} {}{headers}",
            one.label(),
            one.launcher.display()
        ));
    }
    for ((_, _, short), lines) in &rows {
        for line in lines {
            println!("  {short:<10} {line}");
        }
    }
    let absent = absent();
    for version in SUPPORTED.iter().chain(&NEWER).chain(&["pypy3.11"]).chain(&FREE_THREADED) {
        if !rows.keys().any(|(_, _, short)| short == version) {
            let why = absent
                .get(*version)
                .map_or("`cargo xtask interpreters --install` tries to get it", String::as_str);
            println!("  {version:<10} not available: {why}");
        }
    }
}
