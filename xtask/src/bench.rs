//! `cargo xtask bench`: the side-by-side benchmark of benches/, against this tree's wheel.

use crate::interpreters;
use crate::paths::root;
use crate::process::run_command;
use crate::wheels;
use anyhow::Result;

/// What `cargo xtask bench` was asked for.
#[derive(clap::Args)]
pub struct Options {
    /// A version or the path of an interpreter
    #[arg(long, default_value = "3.11")]
    python: String,
    /// Arguments of benches/run.py, after --
    #[arg(last = true)]
    arguments: Vec<String>,
}

pub fn run(options: &Options) -> Result<()> {
    let interpreter = interpreters::one(&options.python)?;
    println!("{}: this tree's wheel ...", interpreter.label());
    let environment = wheels::environment(&interpreter)?;
    let mut command = environment.command();
    command.current_dir(root()).arg("benches/run.py").arg("--python").arg(&environment.python);
    run_command(command.args(&options.arguments))
}
