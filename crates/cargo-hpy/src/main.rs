//! `cargo hpy`: native Python extensions in Rust, from nothing to a wheel.
//!
//! `new` writes a project, `develop` builds and installs it into the active environment, `build` makes the wheel for every
//! Python, `test` runs pytest on each Python of the machine and `inspect` says what a binary is.
//!
//! What builds and installs is Python code that hpy-rs also is as a build backend (`hpy.build`); this program carries it and
//! runs it with the Python at hand ([`backend`]). So there is one writer of wheels, whoever asks for one.

mod backend;
mod build;
mod develop;
mod inspect;
mod names;
mod new;
mod pythons;
mod report;
mod test;

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Native Python extensions in Rust: one binary for every Python.
#[derive(Parser)]
#[command(name = "cargo-hpy", bin_name = "cargo hpy", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write a new project that builds: sources, tests, CI file.
    New(new::Arguments),
    /// Build the extension and install it, editable, into the active environment.
    Develop(develop::Arguments),
    /// Build the wheel: one for every Python and each platform.
    Build(build::Arguments),
    /// Run the project's tests with pytest on every Python found here.
    Test(test::Arguments),
    /// Say what a binary or a wheel is, and what is wrong with it.
    Inspect(inspect::Arguments),
}

/// How the extension is compiled.
#[derive(Args, Clone, Default)]
pub struct Compilation {
    /// The project's folder: that of pyproject.toml
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    project: PathBuf,
    /// The cargo profile [default: release, for develop dev]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Features of the crate, separated by commas
    #[arg(long, value_name = "LIST")]
    features: Option<String>,
    /// universal: one binary for every Python; cpython: an ordinary extension of one version
    #[arg(long, default_value = "universal", value_parser = ["universal", "cpython"])]
    abi: String,
    /// Require that Cargo.lock is up to date
    #[arg(long)]
    locked: bool,
}

impl Compilation {
    /// As arguments of the backend, after its command.
    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["--abi".to_owned(), self.abi.clone()];
        for (name, value) in [("--profile", &self.profile), ("--features", &self.features)] {
            if let Some(value) = value {
                arguments.extend([name.to_owned(), value.clone()]);
            }
        }
        if self.locked {
            arguments.push("--locked".to_owned());
        }
        arguments
    }
}

fn main() -> ExitCode {
    // Cargo runs `cargo-hpy hpy ...` for `cargo hpy ...`.
    let mut words: Vec<_> = std::env::args_os().collect();
    if words.get(1).is_some_and(|word| word == "hpy") {
        words.remove(1);
    }
    let result = match Cli::parse_from(words).task {
        Task::New(arguments) => new::run(&arguments),
        Task::Develop(arguments) => develop::run(&arguments),
        Task::Build(arguments) => build::run(&arguments),
        Task::Test(arguments) => test::run(&arguments),
        Task::Inspect(arguments) => inspect::run(&arguments),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            report::error(&error);
            ExitCode::from(2)
        }
    }
}
