//! Names that a project can have.

use anyhow::{Result, bail};

const PYTHON_KEYWORDS: [&str; 39] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "case", "class",
    "continue", "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if",
    "import", "in", "is", "lambda", "match", "nonlocal", "not", "or", "pass", "raise", "return",
    "try", "type", "while", "with", "yield", "_",
];

const RUST_KEYWORDS: [&str; 40] = [
    "abstract",
    "become",
    "box",
    "const",
    "crate",
    "do",
    "dyn",
    "enum",
    "extern",
    "final",
    "fn",
    "gen",
    "impl",
    "let",
    "loop",
    "macro",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "pub",
    "ref",
    "self",
    "static",
    "struct",
    "super",
    "trait",
    "true",
    "false",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "core",
    "std",
    "alloc",
    "proc_macro",
];

/// Modules of Python's standard library that an extension would hide.
const STANDARD: &str = "abc argparse array ast asyncio atexit base64 bisect builtins bz2 calendar cmath code codecs collections \
    colorsys compileall concurrent configparser contextlib contextvars copy copyreg csv ctypes curses dataclasses datetime \
    dbm decimal difflib dis doctest email encodings enum errno faulthandler fcntl filecmp fileinput fnmatch fractions ftplib \
    functools gc getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac html http imaplib importlib inspect io \
    ipaddress itertools json keyword linecache locale logging lzma mailbox marshal math mimetypes mmap multiprocessing netrc \
    numbers operator optparse os pathlib pdb pickle pkgutil platform plistlib posix pprint profile pstats pty pwd pydoc queue \
    quopri random re readline reprlib resource runpy sched secrets select selectors shelve shlex shutil signal site smtplib \
    socket socketserver sqlite3 ssl stat statistics string stringprep struct subprocess symtable sys sysconfig syslog tabnanny \
    tarfile tempfile termios test textwrap this threading time timeit tkinter token tokenize tomllib trace traceback \
    tracemalloc tty turtle types typing unicodedata unittest urllib uuid venv warnings wave weakref webbrowser winreg wsgiref \
    xml xmlrpc zipapp zipfile zipimport zlib zoneinfo";

/// The module's name for a project's: `fast-json` is imported as `fast_json`. An error says what the name may be.
pub fn module_name(project: &str) -> Result<String> {
    if project.is_empty() {
        bail!("the project needs a name, such as fast-json");
    }
    if let Some(bad) =
        project.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')))
    {
        bail!("the name {project:?} has {bad:?} in it: use ASCII letters, digits, '-' and '_'");
    }
    if !project.starts_with(|c: char| c.is_ascii_alphabetic()) {
        bail!("the name {project:?} must begin with a letter: Python and cargo ask for that");
    }
    if project.ends_with(['-', '_']) {
        bail!("the name {project:?} must end with a letter or digit: package indexes ask for that");
    }
    let module = project.replace('-', "_");
    if PYTHON_KEYWORDS.contains(&module.as_str()) {
        bail!(
            "{module:?} is a word of Python's grammar and cannot be imported: choose another name"
        );
    }
    if RUST_KEYWORDS.contains(&module.as_str()) {
        bail!("{module:?} is a word of Rust's grammar or a crate of its own: choose another name");
    }
    if STANDARD.split_whitespace().any(|name| name == module) {
        bail!(
            "{module:?} is a module of Python's standard library, which would be hidden: choose another name"
        );
    }
    if matches!(module.as_str(), "hpy" | "hpy_rs" | "pip" | "setuptools" | "pytest") {
        bail!("{module:?} is a package that the project itself needs: choose another name");
    }
    Ok(module)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_work() {
        assert_eq!(module_name("fast-json").unwrap(), "fast_json");
        assert_eq!(module_name("a1").unwrap(), "a1");
        assert_eq!(module_name("Vec_math").unwrap(), "Vec_math");
    }

    #[test]
    fn names_that_do_not_say_why() {
        for (name, why) in [
            ("", "needs a name"),
            ("a b", "has ' ' in it"),
            ("../up", "has '.' in it"),
            ("größe", "has 'ö' in it"),
            ("1st", "must begin with a letter"),
            ("_x", "must begin with a letter"),
            ("-x", "must begin with a letter"),
            ("x-", "must end with a letter or digit"),
            ("lambda", "word of Python's grammar"),
            ("fn", "word of Rust's grammar"),
            ("json", "Python's standard library"),
            ("hpy", "package that the project itself needs"),
        ] {
            let error = module_name(name).unwrap_err().to_string();
            assert!(error.contains(why), "{name}: {error}");
        }
    }
}
