//! `cargo xtask develop`: the quick way to a Python in which `import hpy.universal` is this tree.

use crate::paths::root;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs a command and fails with its line if it fails.
pub fn run_command(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

/// What a command prints, trimmed.
pub fn output_of(command: &mut Command) -> Result<String> {
    let out = command.output().with_context(|| format!("cannot start {command:?}"))?;
    if !out.status.success() {
        bail!("{command:?} ended with {}: {}", out.status, String::from_utf8_lossy(&out.stderr));
    }
    Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

/// The interpreter that `name` (a version or a path) means.
pub fn find_python(name: &str) -> Result<PathBuf> {
    if name.contains('/') {
        return Ok(PathBuf::from(name));
    }
    if let Ok(pyenv_root) = output_of(Command::new("pyenv").arg("root")) {
        let versions = Path::new(&pyenv_root).join("versions");
        if let Ok(entries) = std::fs::read_dir(&versions) {
            for entry in entries.flatten() {
                let file_name = entry.file_name().to_string_lossy().into_owned();
                if file_name == name || file_name.starts_with(&format!("{name}.")) {
                    return Ok(entry.path().join("bin/python"));
                }
            }
        }
    }
    let plain = format!("python{name}");
    if Command::new(&plain).arg("--version").output().is_ok() {
        return Ok(PathBuf::from(plain));
    }
    bail!("no Python {name} found: give a version that pyenv has, or a path")
}

/// Builds the runtime for `python` into python/hpy and makes target/venvs/<tag>.
pub fn run(python: &str, release: bool) -> Result<()> {
    let python = find_python(python)?;
    let tag = output_of(
        Command::new(&python).args(["-c", "import sys; print(sys.implementation.cache_tag)"]),
    )?;
    let suffix = output_of(
        Command::new(&python)
            .args(["-c", "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))"]),
    )?;
    let target = root().join("target/py").join(&tag);
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root()).args(["build", "-p", "hpy-universal"]).env("PYO3_PYTHON", &python);
    cargo.env("CARGO_TARGET_DIR", &target);
    if release {
        cargo.arg("--release");
    }
    run_command(&mut cargo)?;
    let built = target.join(if release { "release" } else { "debug" }).join("libhpy_universal.so");
    let installed = root().join("python/hpy").join(format!("universal{suffix}"));
    // A new file under a new inode: processes that have the old one mapped keep it.
    let _ = std::fs::remove_file(&installed);
    std::fs::copy(&built, &installed)
        .with_context(|| format!("cannot copy {}", built.display()))?;
    let venv = root().join("target/venvs").join(&tag);
    let venv_python = venv.join("bin/python");
    if !venv_python.exists() {
        run_command(Command::new(&python).args(["-m", "venv"]).arg(&venv))?;
        let mut pip = Command::new(&venv_python);
        pip.args([
            "-m",
            "pip",
            "install",
            "-q",
            "setuptools",
            "wheel",
            "pytest",
            "pytest-xdist",
            "hypothesis",
            "filelock",
        ]);
        run_command(&mut pip)?;
        let site = output_of(
            Command::new(&venv_python)
                .args(["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]),
        )?;
        std::fs::write(
            Path::new(&site).join("hpy_rs_develop.pth"),
            format!("{}\n", root().join("python").display()),
        )?;
    }
    println!("{}", venv_python.display());
    Ok(())
}
