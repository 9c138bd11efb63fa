//! Child processes: quiet ones whose output is wanted, and long ones that are logged and watched.

use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

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

/// What a logged command left behind.
pub struct Logged {
    pub status: ExitStatus,
    pub text: String,
    pub log: PathBuf,
}

impl Logged {
    /// The last lines of the log, for a person who has to see why it failed.
    pub fn tail(&self, lines: usize) -> String {
        let all: Vec<&str> = self.text.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    /// An error with the last lines of the log if the command failed.
    pub fn checked(self) -> Result<Self> {
        if self.status.success() {
            return Ok(self);
        }
        bail!("ended with {}; the end of {}:\n{}", self.status, self.log.display(), self.tail(40));
    }
}

/// Runs a command with its output in `log`; says now and then what its last line was; ends it after `limit`.
pub fn run_logged(command: &mut Command, log: &Path, limit: Duration) -> Result<Logged> {
    if let Some(folder) = log.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .spawn()
        .with_context(|| format!("cannot start {command:?}"))?;
    let start = Instant::now();
    let mut said = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            bail!(
                "took longer than {} s and was ended; its log is {}",
                limit.as_secs(),
                log.display()
            );
        }
        if said.elapsed() > Duration::from_secs(20) {
            said = Instant::now();
            println!("             {:4} s: {}", start.elapsed().as_secs(), last_line(log));
        }
        std::thread::sleep(Duration::from_millis(if start.elapsed().as_secs() < 2 {
            10
        } else {
            100
        }));
    };
    let bytes = std::fs::read(log)?;
    Ok(Logged {
        status,
        text: String::from_utf8_lossy(&bytes).into_owned(),
        log: log.to_path_buf(),
    })
}

/// The last line that a log has so far, cut to a screen's width.
fn last_line(log: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(2000)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().unwrap_or_default();
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("(no output yet)");
    line.chars().take(100).collect()
}
