//! `cargo xtask interpreters --install`: gets the Pythons a machine lacks, without touching the ones it has.
//!
//! CPython 3.14 and 3.15 and PyPy come from Debian's suites, each in a root folder of its own below the user's cache
//! folder. A free-threaded CPython is built from Debian's source package. What is there is left alone; what was
//! interrupted starts again; what cannot be had is written down with the reason and stays visible in every table.

use crate::paths;
use crate::process::{output_of, run_logged};
use crate::report::{Outcome, Report};
use anyhow::{Context, Result, bail};
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A Debian suite that is installed into a root folder.
struct Suite {
    name: &'static str,
    packages: &'static [&'static str],
    pythons: &'static [&'static str],
}

const SUITES: [Suite; 2] = [
    Suite {
        name: "sid",
        packages: &[
            "python3.14",
            "python3.14-dev",
            "python3.14-venv",
            "python3.14-dbg",
            "python3.15",
            "python3.15-dev",
            "python3.15-venv",
            "gcc",
            "libc6-dev",
            "ca-certificates",
            "valgrind",
        ],
        pythons: &["python3.14", "python3.15", "python3.14-dbg"],
    },
    Suite {
        name: "trixie",
        packages: &["pypy3", "pypy3-dev", "pypy3-venv", "gcc", "libc6-dev", "ca-certificates"],
        pythons: &["pypy3"],
    },
];

/// Source packages a free-threaded build is made from: (suite, package, name of the interpreter).
const FREE_THREADED: [(&str, &str, &str); 3] = [
    ("trixie", "python3.13", "3.13t"),
    ("sid", "python3.14", "3.14t"),
    ("sid", "python3.15", "3.15t"),
];

/// apt inside a root folder: no second user (the folder may not be readable for it), and lists that a mirror has not
/// refreshed are taken; their signatures are checked all the same.
const APT_OPTIONS: [&str; 3] = [
    "-oAPT::Sandbox::User=root",
    "-oAcquire::Check-Valid-Until=false",
    "-oAcquire::Languages=none",
];

pub fn run() -> Result<()> {
    let mut report = Report::new("cargo xtask interpreters --install");
    let mut lines = String::new();
    let mut absent = String::new();
    for suite in &SUITES {
        let mut good = false;
        let mut why = String::new();
        report.piece(&format!("Debian {}", suite.name), suite.pythons.join(", "), || {
            match root_folder(suite) {
                Ok(how) => {
                    good = true;
                    Ok(Outcome::Done(how.to_owned()))
                }
                Err(error) => {
                    why = format!("{error:#}");
                    Ok(Outcome::Skipped(why.clone()))
                }
            }
        });
        for python in suite.pythons {
            if good {
                let launcher = launcher(suite.name, python)?;
                let enter = paths::interpreters().join(format!("enter-{}", suite.name));
                writeln!(lines, "{}\t/usr/bin/{python}\t{}", enter.display(), launcher.display())?;
            } else {
                writeln!(absent, "{python}\t{}", first_line(&why))?;
            }
        }
    }
    for (suite, package, name) in FREE_THREADED {
        report.piece("free-threaded", format!("CPython {name}"), || {
            match free_threaded(suite, package, name) {
                Ok((python, how)) => {
                    writeln!(lines, "\t{}\t{}", python.display(), python.display())?;
                    Ok(Outcome::Done(how.to_owned()))
                }
                Err(error) => {
                    let why = format!("{error:#}");
                    writeln!(absent, "{name}\t{}", first_line(&why))?;
                    Ok(Outcome::Skipped(why))
                }
            }
        });
    }
    std::fs::create_dir_all(paths::interpreters())?;
    std::fs::write(paths::interpreters().join("installed.tsv"), lines)?;
    std::fs::write(paths::interpreters().join("absent.tsv"), absent)?;
    report.finish()
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn log(name: &str) -> PathBuf {
    paths::target("logs").join(format!("interpreters-{name}.log"))
}

/// Makes a suite's root folder with its packages; says whether that was needed.
fn root_folder(suite: &Suite) -> Result<&'static str> {
    let base = paths::interpreters();
    std::fs::create_dir_all(&base)?;
    let root = base.join(suite.name);
    let stamp = root.join("hpy-rs-packages.txt");
    let packages = suite.packages.join(",");
    write_script(
        &base.join(format!("enter-{}", suite.name)),
        &include_str!("enter.sh").replace("@NAME@", suite.name),
    )?;
    let there = std::fs::read_to_string(&stamp).unwrap_or_default();
    if there == packages {
        return Ok("already there");
    }
    if !there.is_empty() && there.split(',').all(|one| suite.packages.contains(&one)) {
        add_packages(suite, &there)?;
        std::fs::write(&stamp, packages)?;
        return Ok("packages added");
    }
    let mirror = mirror()?;
    tool("mmdebstrap")?;
    // A folder of its own name until it is complete: an interrupted run leaves nothing that looks finished.
    let making = base.join(format!("{}.making", suite.name));
    for old in [&making, &root] {
        if old.exists() {
            std::fs::remove_dir_all(old)
                .with_context(|| format!("cannot remove {}", old.display()))?;
        }
    }
    let mut bootstrap = Command::new("mmdebstrap");
    bootstrap.args(["--mode=root", "--variant=apt"]).arg(format!("--include={packages}"));
    for option in APT_OPTIONS {
        if let Some((key, value)) = option.trim_start_matches("-o").split_once('=') {
            bootstrap.arg(format!("--aptopt={key} \"{value}\""));
        }
    }
    bootstrap.arg(suite.name).arg(&making).arg(mirror);
    run_logged(&mut bootstrap, &log(suite.name), Duration::from_secs(1800))?
        .checked()
        .with_context(|| format!("installing Debian {} into a root folder", suite.name))?;
    std::fs::write(making.join("hpy-rs-packages.txt"), packages)?;
    std::fs::rename(&making, &root)?;
    Ok("installed")
}

/// Installs into a complete root folder what an earlier version of this program did not: `there` are those packages.
fn add_packages(suite: &Suite, there: &str) -> Result<()> {
    let missing =
        suite.packages.iter().filter(|one| !there.split(',').any(|package| package == **one));
    let apt = |arguments: &[&str]| -> Result<()> {
        let mut command = Command::new(paths::interpreters().join(format!("enter-{}", suite.name)));
        command.arg("apt-get").args(arguments).args(APT_OPTIONS);
        command.env("DEBIAN_FRONTEND", "noninteractive");
        run_logged(&mut command, &log(suite.name), Duration::from_secs(900))?.checked().map(drop)
    };
    let mut install = vec!["install", "-y", "--no-install-recommends", "--no-upgrade"];
    install.extend(missing);
    apt(&install)
        .or_else(|_| apt(&["update"]).and_then(|()| apt(&install)))
        .with_context(|| format!("adding to the root folder of Debian {}", suite.name))
}

/// A script that runs a Python of a root folder from outside, for tools that want one path.
fn launcher(suite: &str, python: &str) -> Result<PathBuf> {
    let base = paths::interpreters();
    let path = base.join("bin").join(python);
    std::fs::create_dir_all(base.join("bin"))?;
    let enter = base.join(format!("enter-{suite}"));
    write_script(
        &path,
        &format!("#!/bin/sh\nexec '{}' /usr/bin/{python} \"$@\"\n", enter.display()),
    )?;
    Ok(path)
}

fn write_script(path: &Path, text: &str) -> Result<()> {
    if std::fs::read_to_string(path).unwrap_or_default() != text {
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// The Debian mirror this machine uses.
fn mirror() -> Result<String> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(entries) = std::fs::read_dir("/etc/apt/sources.list.d") {
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    for file in files {
        let known =
            matches!(file.extension().and_then(|one| one.to_str()), Some("list" | "sources"));
        let text =
            if known { std::fs::read_to_string(&file).unwrap_or_default() } else { String::new() };
        for line in text.lines() {
            let uri = match line.strip_prefix("URIs:") {
                Some(uris) => uris.split_whitespace().next(),
                None if line.starts_with("deb ") => {
                    line.split_whitespace().find(|word| word.contains("://"))
                }
                None => None,
            };
            if let Some(uri) = uri
                && uri.trim_end_matches('/').ends_with("/debian")
            {
                return Ok(uri.to_owned());
            }
        }
    }
    bail!("this machine's apt sources name no Debian mirror")
}

/// Makes sure that a Debian tool is there.
fn tool(name: &str) -> Result<()> {
    if Command::new(name).arg("--version").output().is_ok() {
        return Ok(());
    }
    let install = |arguments: &[&str]| -> Result<()> {
        let mut apt = Command::new("apt-get");
        apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        run_logged(&mut apt, &log(name), Duration::from_secs(900))?.checked().map(drop)
    };
    install(&["install", "-y", "--no-install-recommends", name])
        .or_else(|_| {
            install(&["update"])?;
            install(&["install", "-y", "--no-install-recommends", name])
        })
        .with_context(|| format!("{name} is needed and could not be installed"))
}

/// Builds a free-threaded CPython from the suite's source package, with this machine's compiler.
fn free_threaded(suite: &str, package: &str, name: &str) -> Result<(PathBuf, &'static str)> {
    let base = paths::interpreters();
    let prefix = base.join(format!("cpython-{name}"));
    let python = prefix.join("bin").join(format!("python{name}"));
    if python.exists() && prefix.join("hpy-rs-complete.txt").exists() {
        return Ok((python, "already there"));
    }
    let root = base.join(suite);
    if !root.join("hpy-rs-packages.txt").exists() {
        bail!("its sources come through the root folder of Debian {suite}, which is not there");
    }
    let enter = base.join(format!("enter-{suite}"));
    let sources = base.join("sources").join(package);
    let _ = std::fs::remove_dir_all(&sources);
    std::fs::create_dir_all(&sources)?;
    let list = std::fs::read_to_string(root.join("etc/apt/sources.list"))
        .context("the root folder's apt sources")?;
    std::fs::write(
        root.join("etc/apt/sources.list.d/source.list"),
        list.replace("deb ", "deb-src "),
    )?;
    let mut update = Command::new(&enter);
    run_logged(
        update.args(["apt-get", "update"]).args(APT_OPTIONS),
        &log(name),
        Duration::from_secs(600),
    )?
    .checked()?;
    let mut get = Command::new(&enter);
    get.current_dir(&sources)
        .args(["apt-get", "source", "--download-only"])
        .args(APT_OPTIONS)
        .arg(package);
    let got = run_logged(&mut get, &log(name), Duration::from_secs(900))?;
    if !got.status.success() {
        let why = if got.text.contains("404") { "404 Not Found" } else { "apt-get source failed" };
        bail!("Debian {suite}'s mirror does not give out the source package {package}: {why}");
    }
    let archive = std::fs::read_dir(&sources)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| {
            path.to_string_lossy().contains(".orig.tar")
                && path.extension().is_some_and(|end| end != "asc")
        })
        .with_context(|| format!("no source archive in {}", sources.display()))?;
    output_of(
        Command::new("tar")
            .arg("-xf")
            .arg(&archive)
            .arg("--strip-components=1")
            .arg("-C")
            .arg(&sources),
    )?;
    // CPython's own assertions see what threads break before it breaks anything else.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let script = format!(
        "./configure -q --disable-gil --with-assertions --with-ensurepip=install --prefix='{}' && make -s -j{cores} && make -s install",
        prefix.display()
    );
    let mut build = Command::new("nice");
    build.current_dir(&sources).args(["-n", "5", "sh", "-c", &script]);
    run_logged(&mut build, &log(name), Duration::from_secs(2400))?
        .checked()
        .context("building it")?;
    std::fs::write(prefix.join("hpy-rs-complete.txt"), archive.display().to_string())?;
    let _ = std::fs::remove_dir_all(&sources);
    Ok((python, "built"))
}
