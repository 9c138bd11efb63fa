//! A shared library: its modules, their ABI, and what it needs to be loaded.

use super::{code, elf};
use anyhow::{Result, bail};
use object::read::macho::{FatArch, MachOFatFile32, MachOFatFile64};
use object::{Architecture, ExportTarget, File, FileKind, Object, ObjectKind, ObjectSection};
use serde::Serialize;
use std::collections::BTreeMap;

/// What stands before type stubs in a binary, and their length after it.
const STUBS_MAGIC: &[u8] = b"\x89HPY stubs 1\r\n\x1a\n";

#[derive(Serialize)]
pub struct Binary {
    /// The file's name, in a wheel with its folders.
    pub name: String,
    pub size: u64,
    /// "ELF", "Mach-O", "PE"
    pub format: &'static str,
    pub architecture: String,
    pub modules: Vec<Module>,
    /// Libraries that are loaded with it.
    pub libraries: Vec<String>,
    /// The oldest glibc that it runs with, "2.34".
    pub glibc_floor: Option<String>,
    /// Functions of CPython's own API that it calls.
    pub python_symbols: Vec<String>,
    /// Symbols that nothing it names is known to have.
    pub missing_symbols: Vec<String>,
    /// Bytes of type stubs in it.
    pub stubs: usize,
    pub problems: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Abi {
    /// One binary for every Python.
    Universal,
    /// HPy and CPython's own API: for one version of CPython.
    Hybrid,
    /// An ordinary extension.
    Cpython,
}

#[derive(Serialize)]
pub struct Module {
    pub name: String,
    pub abi: Abi,
    /// The version of HPy's ABI that it asks for, "0.0"; None where its function is not plain.
    pub hpy_version: Option<String>,
    /// CPython imports it without a stub file.
    pub direct: bool,
    /// It can be called where thunks cannot be made.
    pub trampolines: bool,
    /// It asks for what hpy-rs has beyond the ABI, and runs without.
    pub extensions: bool,
    /// "gil-not-used", "main-interpreter-only"
    pub flags: Vec<&'static str>,
}

/// The binaries in a file: one, or one for each processor of a fat Mach-O file.
pub fn read(name: &str, data: &[u8]) -> Result<Vec<Binary>> {
    match FileKind::parse(data)? {
        FileKind::MachOFat32 => fat(name, data, MachOFatFile32::parse(data)?.arches()),
        FileKind::MachOFat64 => fat(name, data, MachOFatFile64::parse(data)?.arches()),
        FileKind::Elf32
        | FileKind::Elf64
        | FileKind::MachO32
        | FileKind::MachO64
        | FileKind::Pe32
        | FileKind::Pe64 => Ok(vec![one(name, data)?]),
        _ => bail!("it is neither ELF, Mach-O nor PE"),
    }
}

fn fat<A: FatArch>(name: &str, data: &[u8], arches: &[A]) -> Result<Vec<Binary>> {
    arches.iter().map(|arch| one(name, arch.data(data)?)).collect()
}

/// What a file exports, by name; addresses where they are plain.
type Exports = BTreeMap<String, Option<u64>>;

fn one(name: &str, data: &[u8]) -> Result<Binary> {
    let file = File::parse(data)?;
    if !matches!(file.kind(), ObjectKind::Dynamic) {
        bail!("it is no shared library but {:?}", file.kind());
    }
    let format = match &file {
        File::Elf32(_) | File::Elf64(_) => "ELF",
        File::MachO32(_) | File::MachO64(_) => "Mach-O",
        _ => "PE",
    };
    // C names have an underscore before them in Mach-O.
    let plain = |name: &[u8]| {
        let name = String::from_utf8_lossy(name).into_owned();
        if format == "Mach-O" { name.strip_prefix('_').unwrap_or(&name).to_owned() } else { name }
    };
    let mut exports = Exports::new();
    for export in file.exports()? {
        let export = export?;
        let address = match export.target() {
            ExportTarget::Address { address } => Some(address),
            _ => None,
        };
        if let Some(name) = export.name().name() {
            exports.insert(plain(name), address);
        }
    }
    let mut imports = Vec::new();
    for import in file.imports()? {
        let import = import?;
        if let Some(name) = import.name().name() {
            imports.push(plain(name));
        }
    }
    imports.sort();
    imports.dedup();
    let mut libraries = Vec::new();
    for library in file.import_libraries()? {
        libraries.push(String::from_utf8_lossy(library?.name()).into_owned());
    }
    let needs = match &file {
        File::Elf32(file) => elf::needs(file)?,
        File::Elf64(file) => elf::needs(file)?,
        _ => elf::Needs::default(),
    };
    let is_python = |name: &&String| name.starts_with("Py") || name.starts_with("_Py");
    let python_symbols: Vec<String> = imports.iter().filter(is_python).cloned().collect();
    let only_system = libraries.iter().all(|library| is_of_system(library));
    let mut missing = needs.from_anywhere;
    // A library besides the system's may have symbols without versions.
    missing.retain(|name| only_system && needs.glibc.is_some() && !is_python(&name));
    let mut binary = Binary {
        name: name.to_owned(),
        size: data.len() as u64,
        format,
        architecture: architecture(file.architecture()),
        modules: modules(&file, &exports, name, &python_symbols),
        libraries,
        glibc_floor: needs.glibc.map(|(major, minor)| format!("{major}.{minor}")),
        python_symbols,
        missing_symbols: missing,
        stubs: stubs_in(data),
        problems: Vec::new(),
    };
    binary.problems = problems(&binary, &exports);
    Ok(binary)
}

fn architecture(architecture: Architecture) -> String {
    match architecture {
        Architecture::X86_64 => "x86-64".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// Libraries of glibc and gcc: all their symbols have versions.
fn is_of_system(library: &str) -> bool {
    ["libc.so", "libm.so", "libdl.so", "librt.so", "libpthread.so", "libgcc_s.so", "ld-linux"]
        .iter()
        .any(|name| library.starts_with(name))
}

fn stubs_in(data: &[u8]) -> usize {
    let mut total = 0;
    let mut rest = data;
    while let Some(at) = rest.windows(STUBS_MAGIC.len()).position(|part| part == STUBS_MAGIC) {
        rest = rest.get(at + STUBS_MAGIC.len()..).unwrap_or_default();
        let digits = rest.get(..8).and_then(|digits| std::str::from_utf8(digits).ok());
        total += digits.and_then(|digits| usize::from_str_radix(digits, 16).ok()).unwrap_or(0);
    }
    total
}

/// The names of modules that a file exports the init functions of.
fn modules(file: &File<'_>, exports: &Exports, file_name: &str, python: &[String]) -> Vec<Module> {
    let names_after = |prefix: &str| -> Vec<String> {
        exports.keys().filter_map(|name| Some(name.strip_prefix(prefix)?.to_owned())).collect()
    };
    let mut names = names_after("HPyInit_");
    names.extend(names_after("PyInit_"));
    names.sort();
    names.dedup();
    let hybrid = file_name.contains(".hpy0-") || !python.is_empty();
    let number = |symbol: String| {
        let address = (*exports.get(&symbol)?)?;
        code::returned(file.architecture(), at(file, address, 32)?)
    };
    names
        .into_iter()
        .map(|name| {
            let has = |prefix: &str| exports.contains_key(&format!("{prefix}{name}"));
            let is_hpy = has("HPyInit_");
            let abi = match (is_hpy, hybrid) {
                (true, false) => Abi::Universal,
                (true, true) => Abi::Hybrid,
                (false, _) => Abi::Cpython,
            };
            let major = number(format!("get_required_hpy_major_version_{name}"));
            let minor = number(format!("get_required_hpy_minor_version_{name}"));
            let flags = exports
                .get(&format!("hpy_module_flags_{name}"))
                .and_then(|address| at(file, (*address)?, 4)?.try_into().ok())
                .map_or(0, u32::from_le_bytes);
            let mut said = Vec::new();
            if flags & 1 != 0 {
                said.push("gil-not-used");
            }
            if flags & 2 != 0 {
                said.push("main-interpreter-only");
            }
            Module {
                abi,
                hpy_version: major.zip(minor).map(|(major, minor)| format!("{major}.{minor}")),
                direct: is_hpy && has("PyInit_"),
                trampolines: has("HPyInitGlobalContext_"),
                extensions: has("HPyInitExtensions_"),
                flags: said,
                name,
            }
        })
        .collect()
}

/// Up to `count` bytes of the file that are loaded at an address.
fn at<'data>(file: &File<'data>, address: u64, count: u64) -> Option<&'data [u8]> {
    for section in file.sections() {
        let (start, size) = (section.address(), section.size());
        if address >= start && address - start < size {
            let count = count.min(size - (address - start));
            return section.data_range(address, count).ok().flatten();
        }
    }
    None
}

fn problems(binary: &Binary, exports: &Exports) -> Vec<String> {
    let mut problems = Vec::new();
    if binary.modules.is_empty() {
        problems.push(
            "it exports no HPyInit_NAME or PyInit_NAME: it is no Python extension".to_owned(),
        );
    }
    for module in &binary.modules {
        let name = &module.name;
        if module.abi != Abi::Cpython {
            for needed in [
                "get_required_hpy_major_version_",
                "get_required_hpy_minor_version_",
                "HPyInitGlobalContext_",
            ] {
                if !exports.contains_key(&format!("{needed}{name}")) {
                    problems.push(format!("module {name}: the symbol {needed}{name} is missing"));
                }
            }
            if module.hpy_version.as_ref().is_some_and(|version| !version.starts_with("0.")) {
                let version = module.hpy_version.as_deref().unwrap_or_default();
                problems.push(format!(
                    "module {name} asks for version {version} of HPy's ABI; there is 0"
                ));
            }
        }
    }
    let universal_name =
        binary.name.contains(".hpy0.") || binary.modules.iter().any(|module| module.direct);
    if universal_name && !binary.python_symbols.is_empty() {
        let some: Vec<&str> = binary.python_symbols.iter().take(5).map(String::as_str).collect();
        let more = if binary.python_symbols.len() > some.len() { ", ..." } else { "" };
        problems.push(format!(
            "it calls CPython's own API ({}{more}): it cannot be loaded elsewhere, nor by every version",
            some.join(", ")
        ));
    }
    for library in &binary.libraries {
        let file = library.rsplit(['/', '\\']).next().unwrap_or(library).to_lowercase();
        let is_python = file.starts_with("libpython")
            || file.starts_with("libpypy")
            || (file.starts_with("python3") && file.ends_with(".dll"))
            || library.contains("Python.framework");
        let ordinary =
            binary.format == "PE" && binary.modules.iter().all(|module| module.abi == Abi::Cpython);
        if is_python && !ordinary {
            problems.push(format!(
                "it is linked against {library}: an extension takes Python's symbols from the interpreter that loads it"
            ));
        }
    }
    if !binary.missing_symbols.is_empty() {
        problems.push(format!(
            "no library that it names is known to have {}",
            binary.missing_symbols.join(", ")
        ));
    }
    problems.extend(wrong_name(binary));
    problems
}

/// Python finds the init function by the file's name.
fn wrong_name(binary: &Binary) -> Option<String> {
    let file = binary.name.rsplit('/').next()?;
    let (stem, rest) = file.split_once('.')?;
    let is_module_file =
        binary.name.contains('/') || rest != "dylib" && rest != "dll" && !stem.starts_with("lib");
    let known =
        binary.modules.is_empty() || binary.modules.iter().any(|module| module.name == stem);
    if !is_module_file || known {
        return None;
    }
    let names: Vec<&str> = binary.modules.iter().map(|module| module.name.as_str()).collect();
    Some(format!(
        "the file is called {stem} and holds the module {}: Python cannot import it",
        names.join(", ")
    ))
}
