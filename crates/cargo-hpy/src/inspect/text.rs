//! The facts as a person reads them.

use super::Facts;
use super::binary::{Abi, Binary};
use crate::report;
use std::fmt::Write;

pub fn text(facts: &Facts) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    if let Some(wheel) = &facts.wheel {
        line(format!("{} ({})", facts.file, report::size(facts.size)));
        line(field("project", &format!("{} {}", wheel.name, wheel.version)));
        line(field("tags", &wheel.tags.join(", ")));
        line(field("requires", &or_nothing(&wheel.requires)));
        line(field("type stubs", &or_nothing(&wheel.stubs)));
        line(field("files", &wheel.files.to_string()));
        for problem in &wheel.problems {
            line(field("PROBLEM", problem));
        }
    }
    for binary in &facts.binaries {
        line(binary_text(binary).trim_end().to_owned());
    }
    out
}

fn field(name: &str, value: &str) -> String {
    format!("  {name:<12} {value}")
}

fn or_nothing(items: &[String]) -> String {
    if items.is_empty() { "nothing".to_owned() } else { items.join(", ") }
}

fn binary_text(binary: &Binary) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        // A String takes everything.
        let _ = writeln!(out, "{text}");
    };
    line(format!("{} ({})", binary.name, report::size(binary.size)));
    line(field("format", &format!("{}, {}", binary.format, binary.architecture)));
    for module in &binary.modules {
        line(field("module", &module.name));
        let abi = match module.abi {
            Abi::Universal => "universal: every Python",
            Abi::Hybrid => "hybrid: HPy and CPython's own API, one version of CPython",
            Abi::Cpython => "cpython: one version of CPython, no runtime needed",
        };
        line(field("ABI", abi));
        if module.abi == Abi::Cpython {
            continue;
        }
        let version = module.hpy_version.as_deref().unwrap_or("not told by a plain function");
        line(field("HPy version", version));
        line(field(
            "import",
            if module.direct { "direct: CPython needs no stub file" } else { "by a stub file" },
        ));
        line(field("trampolines", if module.trampolines { "yes" } else { "no" }));
        line(field(
            "extensions",
            if module.extensions { "used where the runtime has them" } else { "none" },
        ));
        if !module.flags.is_empty() {
            line(field("flags", &module.flags.join(", ")));
        }
    }
    line(field("libraries", &or_nothing(&binary.libraries)));
    if let Some(floor) = &binary.glibc_floor {
        line(field("glibc", &format!("{floor} or newer")));
    }
    if !binary.python_symbols.is_empty() {
        line(field(
            "Python API",
            &format!("{} functions and objects", binary.python_symbols.len()),
        ));
    }
    if binary.stubs > 0 {
        line(field("type stubs", &report::size(binary.stubs as u64)));
    }
    for problem in &binary.problems {
        line(field("PROBLEM", problem));
    }
    out
}
