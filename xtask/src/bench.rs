//! `cargo xtask bench`: the benchmarks of benches/, against this tree's wheel.

use crate::interpreters::{self, Interpreter};
use crate::matrix;
use crate::paths::{root, target};
use crate::process::run_command;
use crate::wheels;
use anyhow::{Result, bail};
use std::process::Command;

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
    /// Arguments of benches/run.py (on PyPy: benches/pypy.py), benches/debug.py (--debug) or benches/scaling.py (--scaling), after --
    #[arg(last = true)]
    arguments: Vec<String>,
}

pub fn run(options: &Options) -> Result<()> {
    let interpreter = interpreters::one(&options.python)?;
    if interpreter.is_pypy() {
        if options.debug || options.scaling {
            bail!("--debug and --scaling measure what hpy-rs has on CPython: give a CPython");
        }
        return on_pypy(&interpreter, options);
    }
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

/// PyPy's HPy against its emulation of the C API.
fn on_pypy(interpreter: &Interpreter, options: &Options) -> Result<()> {
    println!("{}: the module in Rust ...", interpreter.label());
    let folder = target("bench-rust");
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--quiet", "--manifest-path"]);
    run_command(
        cargo.arg(root().join("benches/rust/Cargo.toml")).env("CARGO_TARGET_DIR", &folder),
    )?;
    let mut command = interpreter.command(&interpreter.python);
    command.current_dir(root()).arg("benches/pypy.py");
    command.arg("--rust").arg(folder.join("release/libbench_rust.so"));
    run_command(command.args(&options.arguments))
}
