//! The Pythons of this machine and the environment that is active.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An interpreter that answered.
#[derive(Clone, Debug)]
pub struct Python {
    pub path: PathBuf,
    pub facts: Facts,
}

/// What an interpreter says of itself.
#[derive(Clone, Debug, Deserialize)]
pub struct Facts {
    pub implementation: String,
    pub version: (u32, u32, u32),
    pub free_threaded: bool,
    pub debug: bool,
    /// It is the Python of a virtual environment.
    pub virtual_environment: bool,
}

const ASK: &str = r#"
import json, sys, sysconfig
print(json.dumps({
    "implementation": sys.implementation.name,
    "version": list(sys.version_info[:3]),
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "debug": hasattr(sys, "gettotalrefcount"),
    "virtual_environment": sys.prefix != sys.base_prefix,
}))
"#;

impl Python {
    /// Asks the program at `path` what Python it is.
    pub fn ask(path: &Path) -> Result<Self> {
        let done = Command::new(path)
            .args(["-I", "-c", ASK])
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot run {}", path.display()))?;
        let said = String::from_utf8_lossy(&done.stdout);
        let facts = serde_json::from_str(said.lines().last().unwrap_or_default())
            .with_context(|| format!("{} does not answer as a Python does", path.display()))?;
        Ok(Python { path: path.to_path_buf(), facts })
    }

    pub fn is_cpython(&self) -> bool {
        self.facts.implementation == "cpython"
    }

    /// "3.11", "3.14t" (free-threaded), "3.11d" (debug build), "pypy3.11".
    pub fn short(&self) -> String {
        let (major, minor, _) = self.facts.version;
        let threads = if self.facts.free_threaded { "t" } else { "" };
        let debug = if self.facts.debug { "d" } else { "" };
        let name = if self.is_cpython() { "" } else { self.facts.implementation.as_str() };
        format!("{name}{major}.{minor}{threads}{debug}")
    }

    /// "CPython 3.11.7", "PyPy 3.11.13".
    pub fn label(&self) -> String {
        let (major, minor, patch) = self.facts.version;
        let name = match self.facts.implementation.as_str() {
            "cpython" => "CPython",
            "pypy" => "PyPy",
            other => other,
        };
        let threads = if self.facts.free_threaded { "t" } else { "" };
        let debug = if self.facts.debug { " debug" } else { "" };
        format!("{name} {major}.{minor}.{patch}{threads}{debug}")
    }
}

/// The Python in an environment's folder.
fn python_of(environment: &Path) -> Option<PathBuf> {
    ["bin/python", "Scripts/python.exe", "python.exe"]
        .iter()
        .map(|name| environment.join(name))
        .find(|path| path.is_file())
}

/// The Python of the active environment: that of `VIRTUAL_ENV` or `CONDA_PREFIX`, or of `.venv` in the project's folder
/// or one around it.
pub fn active(project: &Path) -> Result<PathBuf> {
    for name in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
        let Some(folder) = env::var_os(name).filter(|value| !value.is_empty()) else { continue };
        let folder = PathBuf::from(folder);
        return python_of(&folder).with_context(|| {
            format!(
                "{name} is {}, where no Python is: activate an environment again",
                folder.display()
            )
        });
    }
    let project = std::fs::canonicalize(project)
        .with_context(|| format!("there is no folder {}", project.display()))?;
    if let Some(python) = project.ancestors().find_map(|folder| python_of(&folder.join(".venv"))) {
        return Ok(python);
    }
    bail!(
        "no environment is active, and there is no .venv in {}: make one with `python3 -m venv .venv`, or name a Python with \
         --python",
        project.display()
    )
}

/// The Python that builds, where any will do: one named, that of the active environment, the first on PATH.
pub fn any(named: Option<&str>, project: &Path) -> Result<PathBuf> {
    if let Some(name) = named {
        return Ok(one(name)?.path);
    }
    if let Ok(python) = active(project) {
        return Ok(python);
    }
    on_path(&["python3", "python"])
        .into_iter()
        .find(|path| Python::ask(path).is_ok())
        .context("no python3 on PATH: install Python 3.9 or newer, or name one with --python")
}

/// Programs of these names on PATH, in its order.
fn on_path(names: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in env::split_paths(&env::var_os("PATH").unwrap_or_default()) {
        // Those of version managers only point to what is found by itself.
        if folder.ends_with("shims") {
            continue;
        }
        for name in names {
            let path = folder.join(format!("{name}{}", env::consts::EXE_SUFFIX));
            if path.is_file() {
                found.push(path);
            }
        }
    }
    found
}

fn candidates() -> Vec<PathBuf> {
    let home =
        PathBuf::from(env::var_os("HOME").or(env::var_os("USERPROFILE")).unwrap_or_default());
    let pyenv = env::var_os("PYENV_ROOT").map_or_else(|| home.join(".pyenv"), PathBuf::from);
    let folders = [
        pyenv.join("versions"),
        home.join(".local/share/uv/python"),
        PathBuf::from(env::var_os("LOCALAPPDATA").unwrap_or_default()).join("Programs/Python"),
        PathBuf::from(env::var_os("APPDATA").unwrap_or_default()).join("uv/python"),
    ];
    let mut paths = Vec::new();
    for folder in folders {
        let mut versions: Vec<PathBuf> = std::fs::read_dir(folder)
            .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
            .unwrap_or_default();
        versions.sort();
        paths.extend(versions.iter().filter_map(|version| python_of(version)));
    }
    let numbered: Vec<String> = (9..=20)
        .flat_map(|minor| [format!("python3.{minor}"), format!("python3.{minor}t")])
        .collect();
    let mut names: Vec<&str> = numbered.iter().map(String::as_str).collect();
    names.extend(["python3", "pypy3", "pypy3.9", "pypy3.10", "pypy3.11", "python"]);
    paths.extend(on_path(&names));
    paths
}

/// Every Python from 3.9 on that is found, the newest patch release of each kind, oldest version first.
pub fn all() -> Vec<Python> {
    let mut found: Vec<Python> = Vec::new();
    let mut seen = Vec::new();
    for path in candidates() {
        let real = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        if seen.contains(&real) {
            continue;
        }
        seen.push(real);
        let Ok(python) = Python::ask(&path) else { continue };
        if python.facts.version >= (3, 9, 0) && !python.facts.virtual_environment {
            found.push(python);
        }
    }
    found.sort_by_key(|python| std::cmp::Reverse(python.facts.version));
    let mut chosen: Vec<Python> = Vec::new();
    for python in found {
        if !chosen.iter().any(|other| other.short() == python.short()) {
            chosen.push(python);
        }
    }
    // PyPy after CPython.
    chosen.sort_by_key(|python| (!python.is_cpython(), python.facts.version));
    chosen
}

/// The Python that a version ("3.11", "pypy3.11") or a path names.
pub fn one(name: &str) -> Result<Python> {
    let path = Path::new(name);
    if path.components().count() > 1 || path.is_file() {
        return Python::ask(path);
    }
    let all = all();
    let known: Vec<String> = all.iter().map(Python::short).collect();
    match all.into_iter().find(|python| python.short() == name) {
        Some(python) => Ok(python),
        None if known.is_empty() => {
            bail!("there is no Python {name}: no Python was found, give a path")
        }
        None => {
            bail!("there is no Python {name}; found were {}. A path is taken too", known.join(", "))
        }
    }
}

/// Those that a list of versions and paths names, or all.
pub fn wanted(names: &[String]) -> Result<Vec<Python>> {
    if names.is_empty() {
        let all = all();
        if all.is_empty() {
            bail!(
                "no Python from 3.9 on was found on PATH, in pyenv or in uv: name one with --python"
            );
        }
        return Ok(all);
    }
    names.iter().map(|name| one(name)).collect()
}
