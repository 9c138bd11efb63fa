//! `cargo hpy new`: a project that builds.

use crate::{names, report};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Args)]
pub struct Arguments {
    /// The project's name; Python imports it with '_' for each '-'
    name: String,
    /// The new folder [default: the name, in the current folder]
    #[arg(long, value_name = "FOLDER")]
    path: Option<PathBuf>,
    /// Take hpy-rs from this folder: a checkout of its repository or its folder crates/hpy-rs
    ///
    /// Without it: the sources that this program was built from if they are still there, else a version from crates.io.
    #[arg(long, value_name = "FOLDER")]
    hpy_rs_path: Option<PathBuf>,
}

const FILES: [(&str, &str); 7] = [
    ("Cargo.toml", include_str!("../template/Cargo.toml.in")),
    ("pyproject.toml", include_str!("../template/pyproject.toml.in")),
    ("src/lib.rs", include_str!("../template/lib.rs.in")),
    ("tests/test_@MODULE@.py", include_str!("../template/test.py.in")),
    ("README.md", include_str!("../template/README.md.in")),
    (".gitignore", include_str!("../template/gitignore.in")),
    (".github/workflows/ci.yml", include_str!("../template/ci.yml.in")),
];

/// The crate hpy-rs in a folder that the user named.
fn crate_in(folder: &Path) -> Result<PathBuf> {
    let folder = fs::canonicalize(folder)
        .with_context(|| format!("--hpy-rs-path {}: no such folder", folder.display()))?;
    for candidate in [folder.join("crates/hpy-rs"), folder.clone()] {
        let manifest = fs::read_to_string(candidate.join("Cargo.toml")).unwrap_or_default();
        if manifest.contains("name = \"hpy-rs\"") {
            return Ok(candidate);
        }
    }
    bail!(
        "--hpy-rs-path {}: there is no crate hpy-rs in it; give a checkout of hpy-rs or its folder crates/hpy-rs",
        folder.display()
    )
}

/// The dependency as Cargo.toml has it.
fn dependency(given: Option<&Path>) -> Result<String> {
    let path = match given {
        Some(folder) => Some(crate_in(folder)?),
        None => crate_in(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../hpy-rs"))).ok(),
    };
    Ok(match path {
        Some(path) => format!("{{ path = {} }}", toml_string(&path.display().to_string())),
        None => format!("\"{}\"", env!("CARGO_PKG_VERSION")),
    })
}

fn toml_string(text: &str) -> String {
    // A JSON string is a TOML string.
    serde_json::Value::from(text).to_string()
}

/// Python's names for classes: `fast_json` gives `FastJson`.
fn class_name(module: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_ascii_uppercase().to_string() + letters.as_str()
        })
    };
    module.split('_').map(word).collect()
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let module = names::module_name(&arguments.name)?;
    let folder = arguments.path.clone().unwrap_or_else(|| PathBuf::from(&arguments.name));
    if folder.is_file() {
        bail!("{} is a file: give another folder with --path", folder.display());
    }
    if fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("{} is there and not empty: give another folder with --path", folder.display());
    }
    let values = [
        ("@NAME@", arguments.name.clone()),
        ("@MODULE@", module.clone()),
        ("@CLASS@", class_name(&module)),
        ("@HPY_RS@", dependency(arguments.hpy_rs_path.as_deref())?),
    ];
    let fill = |text: &str| {
        values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    };
    for (name, text) in FILES {
        let path = folder.join(fill(name));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)
                .with_context(|| format!("cannot make the folder {}", parent.display()))?;
        }
        fs::write(&path, fill(text)).with_context(|| format!("cannot write {}", path.display()))?;
    }
    report::status("Created", &format!("{} (imported as {module})", folder.display()));
    report::status(
        "Next",
        &format!("cd {} && python3 -m venv .venv && cargo hpy develop", folder.display()),
    );
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_in_camel_case() {
        assert_eq!(class_name("fast_json"), "FastJson");
        assert_eq!(class_name("x"), "X");
    }

    #[test]
    fn a_folder_without_the_crate_is_refused() {
        let error = crate_in(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap_err().to_string();
        assert!(error.contains("there is no crate hpy-rs in it"), "{error}");
        let error = format!("{:#}", crate_in(Path::new("/no/such/folder")).unwrap_err());
        assert!(error.contains("no such folder"), "{error}");
    }

    #[test]
    fn every_place_of_the_template_is_filled() {
        for (name, text) in FILES {
            let mut rest = text.to_owned();
            for known in ["@NAME@", "@MODULE@", "@CLASS@", "@HPY_RS@"] {
                rest = rest.replace(known, "");
            }
            assert!(!rest.contains("@N") && !rest.contains("@M") && !rest.contains("@C"), "{name}");
        }
    }
}
