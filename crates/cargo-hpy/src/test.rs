//! `cargo hpy test`: pytest on every Python of the machine, with one wheel.

use crate::pythons::{self, Python};
use crate::{Compilation, build, report};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    compilation: Compilation,
    /// Versions or paths of Pythons [default: all that are found]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    python: Vec<String>,
    /// hpy-rs for CPython: a wheel, a folder of wheels or its sources [default: where Cargo.toml has it from, or PyPI]
    #[arg(long, value_name = "PATH", env = "HPY_RS_RUNTIME")]
    runtime: Option<PathBuf>,
    /// In the environments as they are, with their own pytest and hpy-rs: nothing is installed
    ///
    /// Without --python that is the active environment alone. The wheel is unpacked into a folder for PYTHONPATH.
    #[arg(long)]
    here: bool,
    /// Arguments of pytest
    #[arg(last = true, value_name = "PYTEST ARGUMENTS")]
    pytest: Vec<String>,
}

/// A line of the closing table.
struct Outcome {
    python: String,
    /// What pytest said last, or what went wrong before.
    said: String,
    good: bool,
    time: Duration,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let project = std::fs::canonicalize(&arguments.compilation.project).with_context(|| {
        format!("there is no folder {}", arguments.compilation.project.display())
    })?;
    let pythons = if arguments.here && arguments.python.is_empty() {
        vec![Python::ask(&pythons::active(&project)?)?]
    } else {
        let mut pythons = pythons::wanted(&arguments.python)?;
        if arguments.python.is_empty() {
            let oldest = oldest_python(&project);
            pythons.retain(|python| python.facts.version >= oldest);
        }
        pythons
    };
    let folder = project.join("target/hpy/test");
    let plan = Plan { arguments, runtime: runtime(arguments, &project)?, project, folder };
    // The oldest Python that a project is for builds as well as any; the wheel is for all of them.
    let mut wheel = None;
    let mut outcomes = Vec::new();
    for python in &pythons {
        let started = Instant::now();
        let own = arguments.compilation.abi == "cpython";
        if own || wheel.is_none() {
            wheel = Some(
                build::wheel(&python.path, &arguments.compilation, &plan.folder.join("dist"), &[])?
                    .path,
            );
        }
        let Some(wheel) = &wheel else { continue };
        report::status("Testing", &python.label());
        let (said, good) = match plan.one(python, wheel) {
            Ok(result) => result,
            Err(error) => (format!("{error:#}"), false),
        };
        outcomes.push(Outcome { python: python.label(), said, good, time: started.elapsed() });
    }
    println!();
    let width = outcomes.iter().map(|outcome| outcome.python.len()).max().unwrap_or_default();
    for outcome in &outcomes {
        println!(
            "{:<width$}  {:<6}  {:>9}  {}",
            outcome.python,
            if outcome.good { "passed" } else { "FAILED" },
            report::seconds(outcome.time),
            outcome.said,
        );
    }
    let bad = outcomes.iter().filter(|outcome| !outcome.good).count();
    println!("{} of {} Pythons passed", outcomes.len() - bad, outcomes.len());
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The version in `requires-python = ">=3.11"`; anything more that it says is pip's to check.
fn oldest_python(project: &Path) -> (u32, u32, u32) {
    let text = std::fs::read_to_string(project.join("pyproject.toml")).unwrap_or_default();
    let table: toml::Table = text.parse().unwrap_or_default();
    let required = table
        .get("project")
        .and_then(|table| table.get("requires-python")?.as_str())
        .unwrap_or_default();
    let version = required.split(',').find_map(|part| part.trim().strip_prefix(">="));
    let mut numbers = version.unwrap_or_default().trim().split('.').map(str::parse::<u32>);
    let mut next = || numbers.next().and_then(Result::ok).unwrap_or(0);
    (next(), next(), next())
}

/// What pip installs for the runtime.
enum Runtime {
    /// `hpy-rs` from the index.
    Index,
    /// A wheel or sources.
    Path(PathBuf),
    /// A folder of wheels.
    Wheels(PathBuf),
}

fn runtime(arguments: &Arguments, project: &Path) -> Result<Runtime> {
    if let Some(path) = &arguments.runtime {
        let path = std::fs::canonicalize(path)
            .with_context(|| format!("--runtime {}: no such file or folder", path.display()))?;
        let is_source = path.is_file() || path.join("pyproject.toml").is_file();
        return Ok(if is_source { Runtime::Path(path) } else { Runtime::Wheels(path) });
    }
    // A project that takes the crate from a checkout is tested with that checkout's runtime.
    let manifest = std::fs::read_to_string(project.join("Cargo.toml")).unwrap_or_default();
    let manifest: toml::Table = manifest.parse().unwrap_or_default();
    let path = manifest
        .get("dependencies")
        .and_then(|table| table.get("hpy-rs")?.get("path")?.as_str())
        .map(|path| project.join(path).join("../.."));
    if let Some(root) = path.and_then(|path| std::fs::canonicalize(path).ok())
        && root.join("pyproject.toml").is_file()
    {
        return Ok(Runtime::Path(root));
    }
    Ok(Runtime::Index)
}

struct Plan<'a> {
    arguments: &'a Arguments,
    runtime: Runtime,
    project: PathBuf,
    folder: PathBuf,
}

impl Plan<'_> {
    /// Tests with one Python; pytest's last line and whether all is well.
    fn one(&self, python: &Python, wheel: &Path) -> Result<(String, bool)> {
        let mut command = if self.arguments.here {
            let site = self.folder.join(format!("{}-here", python.short()));
            unpack(wheel, &site)?;
            let mut command = Command::new(&python.path);
            command.env("PYTHONPATH", with_python_path(&site)?);
            command
        } else {
            self.environment(python, wheel)?.command()
        };
        command.args(["-m", "pytest"]).args(&self.arguments.pytest).current_dir(&self.project);
        let mut child = command.stdout(Stdio::piped()).spawn().context("cannot run pytest")?;
        let mut last = String::new();
        if let Some(output) = child.stdout.take() {
            for line in BufReader::new(output).lines() {
                let Ok(line) = line else { break };
                println!("{line}");
                if !line.trim().is_empty() {
                    last = line;
                }
            }
        }
        let status = child.wait()?;
        let said = last.trim_matches(|c: char| c == '=' || c.is_whitespace()).to_owned();
        Ok((
            if said.is_empty() { format!("pytest ended with {status}") } else { said },
            status.success(),
        ))
    }

    /// An environment of its own with the wheel installed.
    fn environment(&self, python: &Python, wheel: &Path) -> Result<Environment> {
        let folder = self.folder.join(python.short());
        let stamp = folder.join("hpy-test.txt");
        let (major, minor, patch) = python.facts.version;
        let runtime = match &self.runtime {
            Runtime::Index => "hpy-rs".into(),
            Runtime::Path(path) | Runtime::Wheels(path) => path.to_string_lossy(),
        };
        let python_path = python.path.display();
        let wanted = format!("{python_path} {major}.{minor}.{patch}\n{runtime}\n");
        let inside = Environment {
            python: folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" }),
            launcher: python.path.clone(),
        };
        if std::fs::read_to_string(&stamp).unwrap_or_default() != wanted {
            let _ = std::fs::remove_dir_all(&folder);
            std::fs::create_dir_all(&self.folder)?;
            quiet(Command::new(&python.path).args(["-m", "venv"]).arg(&folder))
                .context("cannot make an environment")?;
            pip(&inside, &["pytest".as_ref()])?;
            if python.is_cpython() && self.arguments.compilation.abi == "universal" {
                match &self.runtime {
                    Runtime::Index => pip(&inside, &["hpy-rs".as_ref()])?,
                    Runtime::Path(path) => {
                        // pip is silent: from sources this is by far the longest step.
                        let what = format!("{} for {}", path.display(), python.label());
                        report::status("Installing", &what);
                        pip(&inside, &[path.as_os_str()])?;
                    }
                    Runtime::Wheels(path) => pip(
                        &inside,
                        &[
                            "--no-index".as_ref(),
                            "--find-links".as_ref(),
                            path.as_os_str(),
                            "hpy-rs".as_ref(),
                        ],
                    )?,
                }
            }
            std::fs::write(&stamp, &wanted)?;
        }
        // What the project depends on; and then the wheel again where it has the version that is there.
        pip(&inside, &[wheel.as_os_str()])?;
        pip(&inside, &["--no-deps".as_ref(), "--force-reinstall".as_ref(), wheel.as_os_str()])?;
        Ok(inside)
    }
}

/// A virtual environment.
struct Environment {
    python: PathBuf,
    /// The Python that made it.
    launcher: PathBuf,
}

impl Environment {
    /// Its Python. The one that made it may be a script that starts a Python in another root folder: then the environment's is a
    /// link to nothing here, and runs where the script leads.
    fn command(&self) -> Command {
        if self.python.exists() {
            return Command::new(&self.python);
        }
        let mut command = Command::new(&self.launcher);
        command.args(["-c", "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"]);
        command.arg(&self.python);
        command
    }
}

fn pip(environment: &Environment, arguments: &[&std::ffi::OsStr]) -> Result<()> {
    let mut command = environment.command();
    command
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(arguments);
    quiet(&mut command).with_context(|| {
        let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).collect();
        format!("pip install {}", words.join(" "))
    })
}

/// Runs a command whose output matters only where it fails.
fn quiet(command: &mut Command) -> Result<()> {
    let done = command.stdin(Stdio::null()).output()?;
    if done.status.success() {
        return Ok(());
    }
    let said =
        String::from_utf8_lossy(if done.stderr.is_empty() { &done.stdout } else { &done.stderr });
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    eprint!("{said}");
    bail!("{last}")
}

/// The wheel's files in a folder that has nothing else.
fn unpack(wheel: &Path, folder: &Path) -> Result<()> {
    let _ = std::fs::remove_dir_all(folder);
    let mut archive = zip::ZipArchive::new(std::fs::File::open(wheel)?)
        .with_context(|| format!("{} is no wheel", wheel.display()))?;
    archive.extract(folder).with_context(|| format!("cannot unpack {}", wheel.display()))
}

fn with_python_path(folder: &Path) -> Result<std::ffi::OsString> {
    let old = std::env::var_os("PYTHONPATH").unwrap_or_default();
    let others = std::env::split_paths(&old).filter(|path| !path.as_os_str().is_empty());
    Ok(std::env::join_paths(std::iter::once(folder.to_path_buf()).chain(others))?)
}

#[cfg(test)]
mod tests {
    use super::oldest_python;

    #[test]
    fn the_oldest_python_is_read() {
        let folder = std::env::temp_dir().join(format!("cargo-hpy-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (text, expected) in [
            ("[project]\nrequires-python = \">=3.11\"", (3, 11, 0)),
            ("[project]\nrequires-python = \"<4, >= 3.10.2\"", (3, 10, 2)),
            ("[project]\nrequires-python = \"==3.*\"", (0, 0, 0)),
            ("[project]", (0, 0, 0)),
            ("[project", (0, 0, 0)),
        ] {
            std::fs::write(folder.join("pyproject.toml"), text).unwrap();
            assert_eq!(oldest_python(&folder), expected, "{text}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
