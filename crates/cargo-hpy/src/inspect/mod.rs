//! `cargo hpy inspect`: what a binary or a wheel is. Files are read, never loaded: they may come from anywhere.

mod binary;
mod code;
mod elf;
mod text;
mod wheel;

use crate::report;
use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Args)]
pub struct Arguments {
    /// Binaries (.so, .pyd, .dylib) and wheels
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// As JSON, one object per file
    #[arg(long)]
    json: bool,
}

/// Files larger than this are no extension modules.
const LARGEST: u64 = 1 << 30;

/// What is known of a file.
#[derive(Serialize)]
pub struct Facts {
    pub file: String,
    pub size: u64,
    /// What is in a wheel beside its binaries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wheel: Option<wheel::Wheel>,
    pub binaries: Vec<binary::Binary>,
}

impl Facts {
    /// Everything that is wrong, with the place where that is.
    pub fn all_problems(&self) -> Vec<String> {
        let mut all = Vec::new();
        if let Some(wheel) = &self.wheel {
            all.extend(wheel.problems.iter().map(|problem| format!("{}: {problem}", self.file)));
        }
        for binary in &self.binaries {
            all.extend(binary.problems.iter().map(|problem| format!("{}: {problem}", binary.name)));
        }
        all
    }
}

/// Reads a binary or a wheel.
pub fn file(path: &Path) -> Result<Facts> {
    let size =
        std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len();
    if path.is_dir() {
        bail!("{} is a folder: give a binary or a wheel", path.display());
    }
    if size > LARGEST {
        bail!("{} has {} and is no extension module", path.display(), report::size(size));
    }
    let data = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    if data.starts_with(b"PK\x03\x04") {
        let (wheel, binaries) = wheel::read(&name, &data)
            .with_context(|| format!("{} is a damaged or unfit zip archive", path.display()))?;
        return Ok(Facts { file: name, size, wheel: Some(wheel), binaries });
    }
    let binaries = binary::read(&name, &data).with_context(|| {
        format!("{} is no shared library or wheel that can be read", path.display())
    })?;
    Ok(Facts { file: name, size, wheel: None, binaries })
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut good = true;
    for path in &arguments.files {
        let facts = file(path)?;
        good &= facts.all_problems().is_empty();
        if arguments.json {
            println!("{}", serde_json::to_string(&facts)?);
        } else {
            print!("{}", text::text(&facts));
        }
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
