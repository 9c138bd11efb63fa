//! Wheels of this tree, built once per interpreter and state of the sources, and environments that have one installed.

use crate::interpreters::Interpreter;
use crate::paths::{root, target};
use crate::process::{output_of, run_logged};
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What the environments have besides the wheel.
pub const TOOLS: [&str; 9] = [
    "setuptools>=77",
    "wheel",
    "pytest",
    "pytest-xdist",
    "hypothesis",
    "filelock",
    "cmake",
    "meson",
    "ninja",
];

/// An environment with this tree's wheel installed.
pub struct Environment {
    pub interpreter: Interpreter,
    /// Its Python, as seen from where the interpreter lives.
    pub python: PathBuf,
    pub wheel: PathBuf,
}

impl Environment {
    /// A command that runs the environment's Python.
    pub fn command(&self) -> Command {
        let mut command = self.interpreter.command(&self.python);
        // 3.12 and later have no distutils: setuptools brings its own.
        command.env("SETUPTOOLS_USE_DISTUTILS", "local");
        if self.interpreter.facts.free_threaded {
            // One extension that does not say that it can do without the GIL would turn it on for all tests after it.
            command.env("PYTHON_GIL", "0");
        }
        command
    }
}

/// A number that changes when a file that goes into the wheel changes. Not with README.md, which is only its description: the
/// table in it would need every wheel to be built again.
pub fn source_hash() -> Result<u64> {
    let listed = output_of(Command::new("git").current_dir(root()).args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "--",
        "crates",
        "python",
        "Cargo.toml",
        "Cargo.lock",
        "pyproject.toml",
        "setup.py",
        "MANIFEST.in",
        "LICENSE",
        ".cargo",
    ]))?;
    let mut names: Vec<&str> = listed.lines().collect();
    names.sort_unstable();
    names.dedup();
    let mut hasher = DefaultHasher::new();
    for name in names {
        // A file that is deleted but not yet committed as such is no part of the sources.
        let Ok(content) = std::fs::read(root().join(name)) else { continue };
        (name, content).hash(&mut hasher);
    }
    Ok(hasher.finish())
}

/// The wheel of this tree for `interpreter`: built if there is none for the present sources.
pub fn wheel(interpreter: &Interpreter) -> Result<(PathBuf, &'static str)> {
    if !root().join("pyproject.toml").exists() {
        bail!("there is no pyproject.toml to build a wheel from");
    }
    let folder = target("wheels").join(interpreter.tag()).join(format!("{:016x}", source_hash()?));
    if let Some(wheel) = wheel_in(&folder) {
        return Ok((wheel, "cached"));
    }
    std::fs::create_dir_all(&folder)?;
    // A distribution's Python may have no pip of its own: the environment's has.
    let python = tools(interpreter)?;
    let built = build_folder(interpreter);
    // Cargo guards its own work; what it leaves in the folder is the last interpreter's.
    let lock = File::create(built.join("wheel.lock"))?;
    lock.lock()?;
    let log = target("logs").join(format!("wheel-{}.log", interpreter.tag()));
    let mut pip = interpreter.command(&python);
    pip.current_dir(root())
        .args(["-m", "pip", "wheel", "--no-deps", "--wheel-dir"])
        .arg(&folder)
        .arg(".")
        .env("CARGO_TARGET_DIR", &built);
    run_logged(&mut pip, &log, Duration::from_secs(1200))?.checked().context("pip wheel")?;
    drop(lock);
    let wheel =
        wheel_in(&folder).with_context(|| format!("pip left no wheel in {}", folder.display()))?;
    Ok((wheel, "built"))
}

/// Where cargo compiles for an interpreter: one folder for all that run where this command does, for only the crates that see the
/// C API differ, and one for each root folder, whose programs may need a newer C library.
fn build_folder(interpreter: &Interpreter) -> PathBuf {
    let place = interpreter.enter.as_deref().and_then(Path::file_name);
    let name = place.map_or_else(|| "here".into(), |script| script.to_string_lossy().into_owned());
    target(&format!("py/{name}"))
}

fn wheel_in(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    entries
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
}

/// Puts NumPy into an environment, once, where there are wheels of it: the tests of the example `vecmath` compare with it. Elsewhere
/// they are skipped and say so.
pub fn install_numpy(interpreter: &Interpreter, python: &Path, environment: &Path) -> Result<()> {
    let facts = &interpreter.facts;
    let has_wheels = !interpreter.is_pypy()
        && !facts.free_threaded
        && !facts.debug
        && (3, 9, 0) <= facts.version
        && facts.version < (3, 14, 0);
    let stamp = environment.join("numpy.txt");
    let wanted = interpreter.label();
    if !has_wheels || std::fs::read_to_string(&stamp).unwrap_or_default() == wanted {
        return Ok(());
    }
    let log = target("logs").join(format!("numpy-{}.log", interpreter.tag()));
    let mut pip = interpreter.command(python);
    pip.args(["-m", "pip", "install", "-q", "--only-binary", ":all:", "numpy"]);
    match run_logged(&mut pip, &log, Duration::from_secs(600))?.checked() {
        Ok(_) => std::fs::write(stamp, wanted)?,
        // The tests say that they were skipped.
        Err(_) => println!("  no NumPy for {wanted}: see {}", log.display()),
    }
    Ok(())
}

/// The Python of the interpreter's environment under target/, with the test tools installed.
pub fn tools(interpreter: &Interpreter) -> Result<PathBuf> {
    let folder = target("environments").join(interpreter.tag());
    let python = folder.join("bin/python");
    let stamp = folder.join("tools.txt");
    let wanted = format!("{} {}", interpreter.label(), TOOLS.join(" "));
    if std::fs::read_to_string(&stamp).unwrap_or_default() == wanted {
        install_numpy(interpreter, &python, &folder)?;
        return Ok(python);
    }
    let log = target("logs").join(format!("environment-{}.log", interpreter.tag()));
    let _ = std::fs::remove_dir_all(&folder);
    let mut venv = interpreter.command(&interpreter.python);
    run_logged(venv.args(["-m", "venv"]).arg(&folder), &log, Duration::from_secs(300))?
        .checked()
        .context("making a virtual environment")?;
    let mut pip = interpreter.command(&python);
    pip.args(["-m", "pip", "install", "-q"]).args(TOOLS);
    run_logged(&mut pip, &log, Duration::from_secs(900))?
        .checked()
        .context("installing the test tools")?;
    std::fs::write(&stamp, wanted)?;
    install_numpy(interpreter, &python, &folder)?;
    Ok(python)
}

/// The Python of an environment `name` under target/ with packages from the package index only.
pub fn environment_with(
    interpreter: &Interpreter,
    name: &str,
    packages: &[&str],
) -> Result<PathBuf> {
    let folder = target("environments").join(name);
    let python = folder.join("bin/python");
    let stamp = folder.join("tools.txt");
    let wanted = packages.join(" ");
    if std::fs::read_to_string(&stamp).unwrap_or_default() != wanted {
        let log = target("logs").join(format!("environment-{name}.log"));
        let _ = std::fs::remove_dir_all(&folder);
        let mut venv = interpreter.command(&interpreter.python);
        run_logged(venv.args(["-m", "venv"]).arg(&folder), &log, Duration::from_secs(300))?
            .checked()
            .context("making a virtual environment")?;
        let mut pip = interpreter.command(&python);
        pip.args(["-m", "pip", "install", "-q"]).args(packages);
        run_logged(&mut pip, &log, Duration::from_secs(900))?
            .checked()
            .context("installing packages")?;
        std::fs::write(&stamp, wanted)?;
    }
    Ok(python)
}

/// An environment of its own under target/ with the wheel and the test tools installed.
pub fn environment(interpreter: &Interpreter) -> Result<Environment> {
    let python = tools(interpreter)?;
    let (wheel, _) = wheel(interpreter)?;
    let stamp = target("environments").join(interpreter.tag()).join("wheel.txt");
    let identity = wheel.display().to_string();
    if std::fs::read_to_string(&stamp).unwrap_or_default() != identity {
        let log = target("logs").join(format!("environment-{}.log", interpreter.tag()));
        let mut pip = interpreter.command(&python);
        pip.args(["-m", "pip", "install", "-q", "--no-deps", "--no-index", "--force-reinstall"])
            .arg(&wheel);
        run_logged(&mut pip, &log, Duration::from_secs(300))?
            .checked()
            .context("installing the wheel")?;
        std::fs::write(&stamp, identity)?;
    }
    Ok(Environment { interpreter: interpreter.clone(), python, wheel })
}
