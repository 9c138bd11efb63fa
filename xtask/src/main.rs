//! `cargo xtask`: everything a person runs in this repository.

mod codegen;
mod develop;
mod paths;

use anyhow::Result;
use clap::{Parser, Subcommand};

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
}

fn main() -> Result<()> {
    match Cli::parse().task {
        Task::Headers { check } => codegen::run(check),
        Task::Develop { python, release } => develop::run(&python, release),
    }
}
