//! `cargo xtask bench`: the benchmarks of benches/, against this tree's wheel.

use crate::interpreters;
use crate::matrix;
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
    /// Measure debug and trace mode instead, against those of hpy 0.9.0 (CPython 3.9 to 3.11) on the same calls
    #[arg(long)]
    debug: bool,
    /// Measure instead how much more two threads get done than one
    #[arg(long, conflicts_with = "debug")]
    scaling: bool,
    /// Arguments of benches/run.py, benches/debug.py (--debug) or benches/scaling.py (--scaling), after --
    #[arg(last = true)]
    arguments: Vec<String>,
}

pub fn run(options: &Options) -> Result<()> {
    let interpreter = interpreters::one(&options.python)?;
    println!("{}: this tree's wheel ...", interpreter.label());
    let environment = wheels::environment(&interpreter)?;
    let mut command = environment.command();
    let script = match (options.debug, options.scaling) {
        (true, _) => "benches/debug.py",
        (_, true) => "benches/scaling.py",
        _ => "benches/run.py",
    };
    command.current_dir(root()).arg(script).arg("--python").arg(&environment.python);
    if options.debug {
        command.arg("--reference").arg(matrix::reference(&interpreter)?);
    }
    run_command(command.args(&options.arguments))
}
