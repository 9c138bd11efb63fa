//! A wheel: its binaries, and whether it keeps what its name and metadata promise.

use super::binary::{self, Abi, Binary};
use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{Cursor, Read};

#[derive(Serialize)]
pub struct Wheel {
    pub name: String,
    pub version: String,
    /// "py3-none-manylinux_2_34_x86_64"
    pub tags: Vec<String>,
    pub requires: Vec<String>,
    /// Its `.pyi` files.
    pub stubs: Vec<String>,
    pub files: usize,
    pub problems: Vec<String>,
}

/// More than any wheel holds when it is unpacked.
const LARGEST: u64 = 2 << 30;

pub fn read(file_name: &str, data: &[u8]) -> Result<(Wheel, Vec<Binary>)> {
    let files = unpack(data)?;
    let info = files
        .keys()
        .find_map(|name| {
            name.split_once('/')
                .map(|(folder, _)| folder)
                .filter(|folder| folder.ends_with(".dist-info"))
        })
        .context("it has no folder NAME-VERSION.dist-info and is no wheel")?
        .to_owned();
    let text = |name: &str| -> Result<String> {
        let content = files
            .get(&format!("{info}/{name}"))
            .with_context(|| format!("{info} has no file {name}"))?;
        Ok(String::from_utf8_lossy(content).into_owned())
    };
    let metadata = text("METADATA")?;
    let header = |text: &str, key: &str| -> Vec<String> {
        text.lines()
            .take_while(|line| !line.is_empty())
            .filter_map(|line| Some(line.strip_prefix(key)?.strip_prefix(": ")?.to_owned()))
            .collect()
    };
    let first = |key: &str| header(&metadata, key).into_iter().next().unwrap_or_default();
    let mut binaries = Vec::new();
    let mut wheel = Wheel {
        name: first("Name"),
        version: first("Version"),
        tags: header(&text("WHEEL")?, "Tag"),
        requires: header(&metadata, "Requires-Dist"),
        stubs: files.keys().filter(|name| name.ends_with(".pyi")).cloned().collect(),
        files: files.len(),
        problems: Vec::new(),
    };
    for (name, content) in &files {
        if !name.ends_with(".so") && !name.ends_with(".pyd") && !name.ends_with(".dylib") {
            continue;
        }
        match binary::read(name, content) {
            Ok(read) => binaries.extend(read),
            Err(error) => wheel
                .problems
                .push(format!("{name} is no shared library that can be read: {error:#}")),
        }
    }
    let mut problems = record_problems(&files, &info, &text("RECORD")?);
    problems.extend(tag_problems(&wheel, file_name, &binaries));
    problems.extend(import_problems(&wheel, &files, &binaries));
    wheel.problems.extend(problems);
    Ok((wheel, binaries))
}

fn unpack(data: &[u8]) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(data))?;
    let mut files = BTreeMap::new();
    let mut left = LARGEST;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        if entry.is_dir() {
            continue;
        }
        let name = entry.name()?.into_owned();
        if name.starts_with('/') || name.split(['/', '\\']).any(|part| part == "..") {
            bail!("the entry {name:?} leads out of the folder that the wheel is installed to");
        }
        // The size that the archive tells may be a lie.
        let mut content = Vec::new();
        let size = (&mut entry).take(left + 1).read_to_end(&mut content)? as u64;
        left = left.checked_sub(size).context("it is larger than any wheel when it is unpacked")?;
        files.insert(name, content);
    }
    Ok(files)
}

/// Lines of RECORD that do not hold, and files that it does not name.
fn record_problems(files: &BTreeMap<String, Vec<u8>>, info: &str, record: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut named = Vec::new();
    for line in record.lines().filter(|line| !line.is_empty()) {
        let mut fields = line.rsplitn(3, ',');
        let (Some(size), Some(digest), Some(name)) = (fields.next(), fields.next(), fields.next())
        else {
            problems.push(format!("RECORD: {line:?} is no line of three fields"));
            continue;
        };
        let name = name.trim_matches('"').replace("\"\"", "\"");
        named.push(name.clone());
        if name == format!("{info}/RECORD") {
            continue;
        }
        let Some(content) = files.get(&name) else {
            problems.push(format!("RECORD names {name}, which is not there"));
            continue;
        };
        let right = format!("sha256={}", BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(content)));
        if digest != right || size != content.len().to_string() {
            problems.push(format!("RECORD: {name} is another file than it says"));
        }
    }
    let signed = [format!("{info}/RECORD.jws"), format!("{info}/RECORD.p7s")];
    for name in files.keys().filter(|name| !named.contains(name) && !signed.contains(name)) {
        problems.push(format!("RECORD does not name {name}"));
    }
    problems
}

/// "manylinux_2_34_x86_64" gives (2, 34).
fn manylinux(tag: &str) -> Option<(u32, u32)> {
    let platform = tag.rsplit('-').next()?;
    let old = [("manylinux1_", (2, 5)), ("manylinux2010_", (2, 12)), ("manylinux2014_", (2, 17))];
    if let Some((_, floor)) = old.iter().find(|(prefix, _)| platform.starts_with(prefix)) {
        return Some(*floor);
    }
    let mut numbers = platform.strip_prefix("manylinux_")?.split('_');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn tag_problems(wheel: &Wheel, file_name: &str, binaries: &[Binary]) -> Vec<String> {
    let mut problems = Vec::new();
    let stem = file_name.strip_suffix(".whl").unwrap_or(file_name);
    for tag in &wheel.tags {
        let mut parts = tag.split('-');
        let said = parts.all(|part| {
            stem.split('-').skip(2).any(|field| field.split('.').any(|one| one == part))
        });
        if file_name.ends_with(".whl") && !said {
            problems.push(format!("WHEEL has the tag {tag}, the file's name has not"));
        }
        let Some(promised) = manylinux(tag) else { continue };
        for binary in binaries {
            let floor = binary.glibc_floor.as_ref().and_then(|text| {
                let (major, minor) = text.split_once('.')?;
                Some((major.parse().ok()?, minor.parse().ok()?))
            });
            if let Some(floor @ (major, minor)) = floor.filter(|floor| *floor > promised) {
                let _: (u32, u32) = floor;
                problems.push(format!(
                    "the tag {tag} promises glibc {}.{}, {} needs {major}.{minor}",
                    promised.0, promised.1, binary.name
                ));
            }
        }
        if tag.starts_with("py3-none-") {
            for binary in
                binaries.iter().filter(|b| b.modules.iter().any(|m| m.abi != Abi::Universal))
            {
                problems.push(format!("the tag {tag} is for every Python, {} is not", binary.name));
            }
        }
    }
    problems
}

/// What keeps Pythons from importing the modules.
fn import_problems(
    wheel: &Wheel,
    files: &BTreeMap<String, Vec<u8>>,
    binaries: &[Binary],
) -> Vec<String> {
    let mut problems = Vec::new();
    let hpy = |binary: &&Binary| binary.modules.iter().any(|module| module.abi != Abi::Cpython);
    for binary in binaries.iter().filter(hpy) {
        let place = binary.name.split_once('.').map_or(binary.name.as_str(), |(place, _)| place);
        if !files.contains_key(&format!("{place}.py")) {
            problems.push(format!(
                "{} has no stub {place}.py beside it: only CPython can import it",
                binary.name
            ));
        }
        let direct = binary.modules.iter().any(|module| module.direct);
        if !direct && !binary.name.contains(".hpy0") {
            problems.push(format!(
                "{} has no PyInit function: CPython cannot import it under this name",
                binary.name
            ));
        }
    }
    let required = |text: &String| {
        let name: String =
            text.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
        matches!(name.to_lowercase().replace('_', "-").as_str(), "hpy-rs" | "hpy")
    };
    if binaries.iter().any(|binary| hpy(&binary)) && !wheel.requires.iter().any(required) {
        problems.push("it does not require the runtime: Requires-Dist: hpy-rs; implementation_name == \"cpython\"".to_owned());
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::manylinux;

    #[test]
    fn tags_promise_a_glibc() {
        assert_eq!(manylinux("py3-none-manylinux_2_34_x86_64"), Some((2, 34)));
        assert_eq!(manylinux("cp311-cp311-manylinux2014_x86_64"), Some((2, 17)));
        assert_eq!(manylinux("py3-none-linux_x86_64"), None);
        assert_eq!(manylinux("py3-none-macosx_11_0_arm64"), None);
    }
}
