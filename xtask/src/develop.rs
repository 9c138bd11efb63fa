//! `cargo xtask develop`: the quick way to a Python in which `import hpy.universal` is this tree.

use crate::interpreters;
use crate::paths::root;
use crate::process::{output_of, run_command};
use crate::wheels;
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;

/// Builds the runtime for `python` into python/hpy and makes `target/venvs/TAG`.
pub fn run(python: &str, release: bool) -> Result<()> {
    let python = interpreters::one(python)?;
    let (tag, suffix) = (python.tag(), &python.facts.suffix);
    let target = root().join("target/py").join(&tag);
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(root())
        .args(["build", "-p", "hpy-universal"])
        .env("PYO3_PYTHON", &python.launcher);
    cargo.env("CARGO_TARGET_DIR", &target).envs(python.unsupported_bindings());
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
    // What C extensions of the cpython ABI link in.
    let mut library = Command::new("python3");
    library.current_dir(root()).arg("crates/hpy-static/build_library.py").arg("--python");
    library.envs(python.unsupported_bindings());
    run_command(library.arg(&python.launcher).arg("--target-dir").arg(&target))?;
    let venv = root().join("target/venvs").join(&tag);
    let venv_python = venv.join("bin/python");
    if !venv_python.exists() {
        run_command(python.command(&python.python).args(["-m", "venv"]).arg(&venv))?;
        let mut pip = python.command(&venv_python);
        pip.args(["-m", "pip", "install", "-q"]).args(wheels::TOOLS);
        run_command(&mut pip)?;
    }
    // Even where there is an environment: it may be a copy of another tree's.
    let site = output_of(
        python
            .command(&venv_python)
            .args(["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]),
    )?;
    std::fs::write(
        Path::new(&site).join("hpy_rs_develop.pth"),
        format!("{}\n", root().join("python").display()),
    )?;
    wheels::install_numpy(&python, &venv_python, &venv)?;
    println!("{}", venv_python.display());
    Ok(())
}
