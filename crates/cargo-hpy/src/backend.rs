//! The build backend, `hpy.build`: Python code that this program carries and runs with the Python at hand.
//!
//! The sources are those of the distribution hpy-rs. Carrying them means that any Python builds wheels, hpy-rs installed or
//! not, and that this program and its backend are of one version.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

macro_rules! sources {
    ($($module:literal: $file:literal;)*) => {
        [$(($module, include_str!(concat!("../../../python/hpy/", $file)))),*]
    };
}

/// Modules of the backend by name. The packages around them are empty here: their own would look for a runtime.
const SOURCES: [(&str, &str); 11] = sources! {
    "hpy.build": "build/__init__.py";
    "hpy.build.__main__": "build/__main__.py";
    "hpy.build._binary": "build/_binary.py";
    "hpy.build._build": "build/_build.py";
    "hpy.build._cargo": "build/_cargo.py";
    "hpy.build._develop": "build/_develop.py";
    "hpy.build._errors": "build/_errors.py";
    "hpy.build._metadata": "build/_metadata.py";
    "hpy.build._project": "build/_project.py";
    "hpy.build._sdist": "build/_sdist.py";
    "hpy.build._stubs": "build/_stubs.py";
};
const MORE_SOURCES: [(&str, &str); 2] = sources! {
    "hpy.build._wheel": "build/_wheel.py";
    "hpy.devel.stub": "devel/stub.py";
};
const PACKAGES: [&str; 3] = ["hpy", "hpy.build", "hpy.devel"];

/// Imports the carried modules before any that are installed, then runs the backend's command line.
const START: &str = r#"
import importlib.abc, importlib.util, json, sys

if sys.version_info < (3, 9):
    sys.exit("error: Python %d.%d is too old, HPy extensions are built with 3.9 or newer: --python" % sys.version_info[:2])
carried = json.loads(sys.stdin.buffer.read().decode("utf-8"))


class Carried(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_loader(name, self) if name in carried["sources"] else None

    def is_package(self, name):
        return name in carried["packages"]

    def get_source(self, name):
        return carried["sources"][name]


sys.meta_path.insert(0, Carried())
from hpy.build.__main__ import main

sys.exit(main(sys.argv[1:]))
"#;

/// Runs the backend with a Python; what it says as JSON. Its messages and cargo's go to stderr as they come.
pub fn run(python: &Path, project: &Path, arguments: &[String]) -> Result<Value> {
    let mut sources = serde_json::Map::new();
    for package in PACKAGES {
        sources.insert(package.to_owned(), "".into());
    }
    for (name, text) in SOURCES.into_iter().chain(MORE_SOURCES) {
        sources.insert(name.to_owned(), text.into());
    }
    let carried = serde_json::json!({ "sources": sources, "packages": PACKAGES });
    let mut child = Command::new(python)
        // Isolated: neither files of the project nor the user's settings take part.
        .args(["-I", "-c", START, "--json", "--project"])
        .arg(project)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}", python.display()))?;
    if let Some(mut input) = child.stdin.take() {
        // An interpreter that ends before it has read says why itself.
        let _ = input.write_all(carried.to_string().as_bytes());
    }
    let done = child.wait_with_output()?;
    if !done.status.success() {
        bail!("{} failed", arguments.first().map_or("the build", String::as_str));
    }
    let said = String::from_utf8_lossy(&done.stdout);
    let line = said.lines().last().unwrap_or_default();
    serde_json::from_str(line).with_context(|| format!("{} answered {line:?}", python.display()))
}
