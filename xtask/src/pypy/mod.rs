//! The own suite's universal binaries on PyPy, with the HPy that PyPy has built in.
//!
//! The binaries are this tree's: CPython compiles those in C when a test asks for one (tests/compile_server.py), cargo
//! has made those in Rust before. How each test has to end is in tests/pypy-exceptions.toml.

use crate::interpreters::{self, Interpreter};
use crate::matrix::known::{self, Known};
use crate::paths::{root, target};
use crate::process::run_logged;
use crate::pytest::{self, Ended};
use crate::report::{Counts, Outcome};
use crate::test::files_with_binaries;
use crate::wheels;
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The interpreter that compiles.
const COMPILES: &str = "3.11";

/// Rust packages whose libraries the tests load.
const RUST: [&str; 5] = ["rust-ext", "wordindex", "textdist", "fastjson", "vecmath"];

/// The mode that is judged. PyPy's own debug and trace mode do other things than this project's.
const MODE: &str = "universal";

/// Files without a test that loads a binary, beside those that are about builds and the runtime.
const OTHERS: [&str; 2] = ["test_refleak.py", "test_robustness.py"];

/// What runs.
pub struct Plan<'a> {
    /// Only tests whose names match, as pytest's -k.
    pub expression: Option<&'a str>,
    /// Processes that run tests at the same time.
    pub jobs: usize,
}

/// A finished run.
pub struct Judged {
    pub ended: Vec<Ended>,
    pub known: Vec<Known>,
    /// What did not go as listed, in sentences.
    pub unexpected: Vec<String>,
}

impl Judged {
    /// Passed, and failed as listed ("skipped") or otherwise; prints what is unexpected.
    pub fn outcome(&self) -> Outcome {
        for sentence in self.unexpected.iter().take(60) {
            println!("             {sentence}");
        }
        let of = |outcome| self.ended.iter().filter(|one| one.outcome == outcome).count();
        let counts = Counts {
            passed: of("passed"),
            failed: self.unexpected.len(),
            skipped: of("skipped") + self.listed(),
        };
        println!(
            "             {} tests fail as tests/pypy-exceptions.toml says and count as skipped",
            self.listed()
        );
        Outcome::Tests(counts)
    }

    fn listed(&self) -> usize {
        let failed = self.ended.iter().filter(|one| one.outcome == "failed");
        failed.filter(|one| known::reason(&self.known, &one.test).is_some()).count()
    }
}

/// Runs the suite and judges it.
pub fn suite(interpreter: &Interpreter, plan: &Plan) -> Result<Judged> {
    let known = known::read(&root().join("tests/pypy-exceptions.toml"), &interpreter.short())?;
    let python = environment(interpreter)?;
    build_rust()?;
    let socket = target("pypy").join("compile.socket");
    let _server = CompileServer::start(&socket)?;
    let folder = target("logs").join(interpreter.tag());
    std::fs::create_dir_all(&folder)?;
    let results = folder.join("results");
    let _ = std::fs::remove_file(&results);
    let mut command = interpreter.command(&python);
    command
        .current_dir(root())
        .env("HPY_TESTS_COMPILE_SERVER", &socket)
        .env("HPY_TESTS_RUST", root().join("target/debug"))
        .env("HPY_RS_ALONE", known::listed(&known))
        .env("HPY_RS_RESULTS", &results)
        // Rewriting the assertions of all files takes PyPy half a minute.
        .env("PYTHONPYCACHEPREFIX", target("pypy-bytecode"))
        .env_remove("PYTHONDONTWRITEBYTECODE")
        // Processes end before the JIT could be of use.
        .args(["--jit", "off"])
        .arg(pytest::plugins()?.join("hpy_rs_pypy.py"))
        .arg(plan.jobs.to_string())
        .arg(&folder)
        .args(files_with_binaries(&OTHERS)?)
        .args(["--", "--tb=short", "--modes", MODE]);
    if let Some(expression) = plan.expression {
        command.args(["-k", expression]);
    }
    let log = target("logs").join(format!("own-{}.log", interpreter.tag()));
    run_logged(&mut command, &log, Duration::from_secs(2400))?.checked().with_context(|| {
        format!("running the suite; logs of each file are in {}", folder.display())
    })?;
    let lines = std::fs::read_to_string(&results)?;
    let ended = lines.lines().map(pytest::read).collect::<Option<Vec<_>>>();
    let ended =
        ended.with_context(|| format!("{} is not what the plugin writes", results.display()))?;
    let whole = plan.expression.is_none();
    let unexpected = known::unexpected(&known, &ended, whole);
    Ok(Judged { ended, known, unexpected })
}

/// The Python of an environment with the test tools.
fn environment(interpreter: &Interpreter) -> Result<PathBuf> {
    // Later releases of hypothesis carry a native part that PyPy 7.3.19 cannot load.
    let packages = ["pytest", "pytest-xdist", "hypothesis<6.130", "filelock"];
    wheels::environment_with(interpreter, "pypy", &packages)
}

/// Makes the universal libraries in Rust, in target/debug.
fn build_rust() -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root()).arg("build").env("CARGO_TARGET_DIR", root().join("target"));
    cargo.args(RUST.iter().flat_map(|package| ["-p", package]));
    run_logged(&mut cargo, &target("logs").join("pypy-rust.log"), Duration::from_secs(900))?
        .checked()
        .context("building the libraries in Rust")?;
    Ok(())
}

/// tests/compile_server.py, for as long as this lives.
struct CompileServer(Child);

impl CompileServer {
    fn start(socket: &PathBuf) -> Result<Self> {
        let interpreter = interpreters::one(COMPILES)?;
        let mut command = interpreter.command(wheels::tools(&interpreter)?);
        let mut server = CompileServer(
            command
                .current_dir(root())
                .arg("tests/compile_server.py")
                .arg(socket)
                .env("PYTHONPATH", root().join("python"))
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .spawn()
                .context("starting tests/compile_server.py")?,
        );
        let mut line = String::new();
        if let Some(out) = server.0.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        if line.trim() != "listening" {
            bail!("tests/compile_server.py did not start: it printed {line:?}");
        }
        Ok(server)
    }
}

impl Drop for CompileServer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
