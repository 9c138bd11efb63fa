//! The ABI description, read from its tables.

use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::Path;

/// The whole description.
pub struct Abi {
    pub members: Vec<Member>,
    pub signatures: Vec<Signature>,
    pub slots: Vec<Slot>,
    /// By the names of context functions that are nothing but a function of the C API: its name.
    pub cpython: BTreeMap<String, String>,
    /// The constant that PyPy's HPy has elsewhere: its indices there and here.
    pub elsewhere_on_pypy: (usize, usize),
}

/// A member of the context.
pub struct Member {
    pub is_function: bool,
    pub name: String,
    pub field: String,
    pub returns: String,
    pub params: Vec<Param>,
    pub since: String,
    pub family: String,
    pub error: String,
    /// Whether the member is one place later in PyPy's HPy, which has a constant before it.
    pub later_on_pypy: bool,
}

/// A parameter: its C type without the name, and its name.
pub struct Param {
    pub ty: String,
    pub name: String,
}

/// An `HPyFunc_Signature`.
pub struct Signature {
    pub value: u32,
    /// Without the `HPyFunc_` prefix.
    pub name: String,
    pub returns: String,
    /// Types only; names are made up where the table has none.
    pub params: Vec<Param>,
    /// "reserved" signatures have no parameters of their own.
    pub reserved: bool,
}

/// An `HPySlot_Slot`.
pub struct Slot {
    pub value: u32,
    pub name: String,
    pub signature: String,
}

pub fn rows(path: &Path) -> Result<Vec<Vec<String>>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut lines = text.lines();
    let columns = lines.next().context("empty table")?.split('\t').count();
    let mut rows = Vec::new();
    for (number, line) in lines.enumerate() {
        let row: Vec<String> = line.split('\t').map(str::to_owned).collect();
        if row.len() != columns {
            bail!("{}:{}: {} columns, expected {columns}", path.display(), number + 2, row.len());
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Splits `const char *name` into type and name; a lone type gets the name `arg<index>`.
fn param(text: &str, index: usize) -> Param {
    let text = text.trim();
    let (text, array) = match text.strip_suffix("[]") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let split = text.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |at| at + 1);
    let (ty, name) = text.split_at(split);
    let ty = ty.trim();
    if ty.is_empty() || name.is_empty() || ty == "const" {
        return Param { ty: text.to_owned(), name: format!("arg{index}") };
    }
    Param { ty: if array { format!("{ty} *") } else { ty.to_owned() }, name: name.to_owned() }
}

fn params(text: &str) -> Vec<Param> {
    if text == "-" {
        return Vec::new();
    }
    text.split(',').enumerate().map(|(index, text)| param(text, index)).collect()
}

impl Abi {
    pub fn read(folder: &Path) -> Result<Abi> {
        let mut members = Vec::new();
        for (index, row) in rows(&folder.join("context.tsv"))?.iter().enumerate() {
            let [number, kind, name, field, returns, parameters, since, family, error] =
                row.as_slice()
            else {
                bail!("context.tsv: row {index} has the wrong number of columns");
            };
            if number.parse() != Ok(index) {
                bail!("context.tsv: {name} has index {number}, expected {index}");
            }
            members.push(Member {
                is_function: kind == "function",
                name: name.clone(),
                field: field.clone(),
                returns: returns.clone(),
                params: params(parameters),
                since: since.clone(),
                family: family.clone(),
                error: error.clone(),
                later_on_pypy: false,
            });
        }
        let mut signatures = Vec::new();
        for row in rows(&folder.join("signatures.tsv"))? {
            let reserved = row[3].starts_with('(');
            signatures.push(Signature {
                value: row[0].parse()?,
                name: row[1].trim_start_matches("HPyFunc_").to_owned(),
                returns: row[2].clone(),
                params: if reserved { Vec::new() } else { params(&row[3]) },
                reserved,
            });
        }
        let mut slots = Vec::new();
        for row in rows(&folder.join("slots.tsv"))? {
            slots.push(Slot {
                value: row[0].parse()?,
                name: row[1].clone(),
                signature: row[2].trim_start_matches("HPyFunc_").to_owned(),
            });
        }
        let mut cpython = BTreeMap::new();
        for row in rows(&folder.join("cpython.tsv"))? {
            if !members.iter().any(|m: &Member| m.is_function && m.name == row[0]) {
                bail!("cpython.tsv: {} is no function of the context", row[0]);
            }
            cpython.insert(row[0].clone(), row[1].clone());
        }
        let mut elsewhere_on_pypy = (0, 0);
        for row in rows(&folder.join("pypy.tsv"))? {
            let there: usize = row[1].parse()?;
            let here = members.iter().position(|m| !m.is_function && m.name == row[0]);
            let here = here.with_context(|| format!("pypy.tsv: no constant {}", row[0]))?;
            for member in &mut members[there..here] {
                if !member.is_function {
                    bail!(
                        "pypy.tsv: {} would move, and constants are read as they are",
                        member.name
                    );
                }
                member.later_on_pypy = true;
            }
            elsewhere_on_pypy = (there, here);
        }
        Ok(Abi { members, signatures, slots, cpython, elsewhere_on_pypy })
    }

    pub fn functions(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.is_function)
    }
}

/// The Rust spelling of a C type of the ABI.
pub fn rust_type(c: &str) -> String {
    let c = c.trim();
    if let Some(target) = c.strip_suffix('*') {
        let target = target.trim();
        return match target.strip_prefix("const ") {
            Some(target) => format!("*const {}", rust_target(target)),
            None => format!("*mut {}", rust_target(target)),
        };
    }
    match c {
        "int" | "HPy_RichCmpOp" => "c_int",
        "unsigned long" => "c_ulong",
        "size_t" => "usize",
        "int32_t" => "i32",
        "uint32_t" => "u32",
        "int64_t" => "i64",
        "uint64_t" => "u64",
        "double" => "f64",
        "_HPyCapsule_key" => "HPyCapsule_key",
        "void" => "()",
        other => return other.to_owned(),
    }
    .to_owned()
}

fn rust_target(c: &str) -> String {
    match c {
        "char" => "c_char".to_owned(),
        "void" => "c_void".to_owned(),
        other => rust_type(other),
    }
}
