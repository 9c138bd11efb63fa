//! A compiler command that remembers what it compiled, so that the same test extension is compiled once and
//! not once per interpreter and mode.
//!
//! The suites compile many small C files through setuptools, which runs `$CC`. `target/tools/cc` is a
//! copy of this executable under another name; it runs the real compiler unless the same input was compiled before. A universal
//! binary does not depend on the interpreter, so its key leaves the interpreter out; everything else keeps it.

use crate::paths::target;
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The name under which this executable is the caching compiler.
pub const NAME: &str = "cc";
/// The variable that names the cache's folder.
const FOLDER: &str = "HPY_RS_COMPILE_CACHE";

/// Lets a command compile through the cache.
pub fn use_in(command: &mut Command) -> Result<()> {
    static MADE: std::sync::Once = std::sync::Once::new();
    let tool = target("tools").join(NAME);
    let mut made = Ok(());
    // A copy: this executable may be rebuilt while the tests it started still compile.
    MADE.call_once(|| made = copy_of_this_executable(&tool));
    made.with_context(|| format!("cannot make {}", tool.display()))?;
    command.env("CC", &tool).env(FOLDER, target("compile-cache"));
    Ok(())
}

fn copy_of_this_executable(tool: &Path) -> std::io::Result<()> {
    let unfinished = tool.with_extension(std::process::id().to_string());
    std::fs::copy("/proc/self/exe", &unfinished)
        .or_else(|_| std::fs::copy(std::env::current_exe()?, &unfinished))?;
    std::fs::rename(&unfinished, tool)
}

/// The main function of `target/tools/cc`.
pub fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match compile(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("cc (compile cache): {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn compile(arguments: &[String]) -> Result<ExitCode> {
    let compiler = std::env::var("HPY_RS_REAL_CC").unwrap_or_else(|_| "gcc".to_owned());
    let cached = match (std::env::var_os(FOLDER), Call::read(arguments)) {
        (Some(folder), Some(call)) => {
            Some((PathBuf::from(folder).join(call.key(&compiler)?), call))
        }
        _ => None,
    };
    if let Some((entry, call)) = &cached
        && entry.exists()
        && std::fs::copy(entry, &call.output).is_ok()
    {
        return Ok(ExitCode::SUCCESS);
    }
    let out = Command::new(&compiler)
        .args(arguments)
        .output()
        .with_context(|| format!("cannot start {compiler}"))?;
    use std::io::Write as _;
    std::io::stdout().write_all(&out.stdout)?;
    std::io::stderr().write_all(&out.stderr)?;
    // Warnings must be seen each time: what was not silent is not remembered.
    if let Some((entry, call)) = cached
        && out.status.success()
        && out.stderr.is_empty()
    {
        remember(&call.output, &entry)?;
    }
    Ok(ExitCode::from(u8::try_from(out.status.code().unwrap_or(1)).unwrap_or(1)))
}

/// Copies an output into the cache, complete or not at all: several processes compile at the same time.
fn remember(output: &Path, entry: &Path) -> Result<()> {
    let folder = entry.parent().context("the cache has a folder")?;
    std::fs::create_dir_all(folder)?;
    let unfinished = folder.join(format!("unfinished-{}", std::process::id()));
    std::fs::copy(output, &unfinished)?;
    std::fs::rename(&unfinished, entry)?;
    Ok(())
}

/// A compiler call whose result is one file that depends on nothing but what the key covers.
struct Call {
    output: PathBuf,
    inputs: Vec<PathBuf>,
    includes: Vec<PathBuf>,
    /// Arguments that are no paths, in order.
    flags: Vec<String>,
    /// Arguments that matter only if something of the interpreter is compiled or linked in.
    places: Vec<String>,
    links: bool,
    has_libraries: bool,
    universal: bool,
}

impl Call {
    /// Reads arguments as setuptools gives them; None for a call that is not "-c file -o file" or a link of files.
    fn read(arguments: &[String]) -> Option<Call> {
        let mut call = Call {
            output: PathBuf::new(),
            inputs: Vec::new(),
            includes: Vec::new(),
            flags: Vec::new(),
            places: Vec::new(),
            links: true,
            has_libraries: false,
            universal: false,
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            if argument == "-o" {
                call.output = PathBuf::from(rest.next()?);
            } else if argument == "-c" {
                call.links = false;
                call.flags.push(argument.clone());
            } else if argument == "-I" {
                call.includes.push(PathBuf::from(rest.next()?));
            } else if let Some(folder) = argument.strip_prefix("-I") {
                call.includes.push(PathBuf::from(folder));
            } else if argument.starts_with("-L")
                || argument.starts_with("-Wl,-rpath")
                || argument.starts_with("-Wl,--rpath")
            {
                call.places.push(argument.clone());
            } else if argument.starts_with("-l") {
                call.has_libraries = true;
                call.flags.push(argument.clone());
            } else if argument.starts_with('@')
                || argument == "-E"
                || argument == "-S"
                || argument == "-M"
                || argument.starts_with("-MF")
            {
                return None;
            } else if !argument.starts_with('-') && Path::new(argument).is_file() {
                call.inputs.push(PathBuf::from(argument));
            } else {
                if argument == "-DHPY_ABI_UNIVERSAL" || argument.starts_with("-DHPY_ABI_UNIVERSAL=")
                {
                    call.universal = true;
                }
                call.flags.push(argument.clone());
            }
        }
        let is_object =
            |path: &PathBuf| matches!(path.extension().and_then(OsStr::to_str), Some("o" | "a"));
        let understood =
            if call.links { call.inputs.iter().all(is_object) } else { call.inputs.len() == 1 };
        (understood && !call.output.as_os_str().is_empty() && !call.inputs.is_empty())
            .then_some(call)
    }

    /// A name for the result in the cache.
    fn key(&self, compiler: &str) -> Result<String> {
        let mut hasher = DefaultHasher::new();
        (1u32, &self.flags, self.links).hash(&mut hasher);
        if !self.universal && !self.links {
            // System headers and code generation differ between compilers; a universal binary may come from any.
            compiler_identity(compiler).hash(&mut hasher);
        }
        if self.has_libraries || !self.universal && !self.links {
            self.places.hash(&mut hasher);
        }
        for input in &self.inputs {
            input.file_name().hash(&mut hasher);
            std::fs::read(input)?.hash(&mut hasher);
            if !self.links {
                hash_headers(input.parent().unwrap_or(Path::new(".")), false, &mut hasher)?;
            }
        }
        for folder in &self.includes {
            if folder.join("hpy.h").exists() {
                hash_headers(folder, true, &mut hasher)?;
            } else if folder.join("Python.h").exists() {
                if !self.universal {
                    folder.hash(&mut hasher);
                    std::fs::read(folder.join("patchlevel.h"))
                        .unwrap_or_default()
                        .hash(&mut hasher);
                }
            } else if folder.is_dir() {
                hash_headers(folder, false, &mut hasher)?;
            }
        }
        Ok(format!("{:016x}{}", hasher.finish(), if self.links { ".so" } else { ".o" }))
    }
}

/// The compiler's path, size and age: enough to notice another one.
fn compiler_identity(compiler: &str) -> Option<(PathBuf, u64, std::time::SystemTime)> {
    let path = std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(compiler))
        .find(|path| path.is_file())?;
    let facts = std::fs::metadata(&path).ok()?;
    Some((path, facts.len(), facts.modified().ok()?))
}

/// Names and contents of the headers (and C files that are included) in a folder.
fn hash_headers(folder: &Path, below: bool, hasher: &mut DefaultHasher) -> Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut entries: Vec<PathBuf> = match std::fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(error) => bail!("cannot read {}: {error}", folder.display()),
    };
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            if below {
                hash_headers(&entry, true, hasher)?;
            }
        } else if matches!(entry.extension().and_then(OsStr::to_str), Some("h" | "inc")) {
            entry.file_name().hash(hasher);
            std::fs::read(&entry)?.hash(hasher);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Call;

    fn call(line: &str) -> Option<Call> {
        Call::read(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn only_calls_with_one_known_output_are_cached() {
        let this = file!().replace("xtask/src", "src");
        assert!(call(&format!("-c {this} -o out.o")).is_some());
        assert!(call("-c nothing.c -o out.o").is_none());
        assert!(call(&format!("-E {this} -o out.i")).is_none());
        assert!(call(&format!("-c {this}")).is_none());
    }

    #[test]
    fn the_interpreter_counts_unless_the_binary_is_universal() {
        let this = file!().replace("xtask/src", "src");
        let key = |abi: &str, place: &str| {
            call(&format!("-D{abi} -L{place} -c {this} -o out.o")).unwrap().key("gcc").unwrap()
        };
        assert_eq!(key("HPY_ABI_UNIVERSAL", "/a"), key("HPY_ABI_UNIVERSAL", "/b"));
        assert_ne!(key("HPY_ABI_HYBRID", "/a"), key("HPY_ABI_HYBRID", "/b"));
    }
}
