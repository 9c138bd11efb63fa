//! `cargo xtask`: everything a person runs in this repository.

mod bench;
mod codegen;
mod compile_cache;
mod conformance;
mod coverage_abi;
mod demo;
mod develop;
mod interpreters;
mod matrix;
mod memory;
mod paths;
mod process;
mod provision;
mod pypy;
mod pytest;
mod report;
mod test;
mod wheels;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::path::Path;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tasks of the hpy-rs repository")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write everything that is generated from crates/hpy-sys/abi/*.tsv
    Headers {
        /// Write nothing; fail if a file is not what would be written
        #[arg(long)]
        check: bool,
    },
    /// Build the runtime for one interpreter into python/hpy and make a virtual environment that uses it
    Develop {
        /// A version (3.11) or the path of an interpreter
        #[arg(long, default_value = "3.11")]
        python: String,
        /// Build with optimisations
        #[arg(long)]
        release: bool,
    },
    /// Build one extension binary in Rust and one in C and run both on every Python there is
    Demo(demo::Options),
    /// Run the Rust tests, the project's own suite and 0.9.0's suite on every interpreter
    Test(test::Options),
    /// Run hpy 0.9.0's own test suite, unmodified, against this tree's wheel
    Conformance(conformance::Options),
    /// Measure one module four ways (C API, HPy in C, HPy in Rust, PyO3) and print the table of ratios
    Bench(bench::Options),
    /// Count which members of the context the project's own suite exercises; fails below all of them
    CoverageAbi(coverage_abi::Options),
    /// Load universal binaries, compiled once, into every interpreter and print the table of tests passed
    Matrix(matrix::Options),
    /// List the Pythons of this machine
    Interpreters {
        /// Install those that are missing, outside the repository and beside the system's own
        #[arg(long)]
        install: bool,
        /// Only print the path of the one that a version means
        #[arg(long, conflicts_with = "install")]
        path: Option<String>,
    },
}

fn main() -> ExitCode {
    // The compile cache's compiler is this executable under another name.
    let name = std::env::args_os().next().unwrap_or_default();
    if Path::new(&name).file_name().is_some_and(|name| name == compile_cache::NAME) {
        return compile_cache::main();
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    match Cli::parse().task {
        Task::Headers { check } => codegen::run(check),
        Task::Develop { python, release } => develop::run(&python, release),
        Task::Demo(options) => demo::run(&options),
        Task::Test(options) => test::run(&options),
        Task::Conformance(options) => conformance::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::CoverageAbi(options) => coverage_abi::run(&options),
        Task::Matrix(options) => matrix::run(&options),
        Task::Interpreters { path: Some(version), .. } => {
            println!("{}", interpreters::one(&version)?.launcher.display());
            Ok(())
        }
        Task::Interpreters { install, .. } => {
            let installed = if install { provision::run() } else { Ok(()) };
            interpreters::list();
            installed
        }
    }
}
