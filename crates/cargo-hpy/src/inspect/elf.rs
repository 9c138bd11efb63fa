//! What only ELF files say: the versions of symbols that they need, from which the oldest glibc follows.

use object::elf;
use object::read::elf::{ElfFile, FileHeader, Sym};
use object::{Endianness, ReadRef};

#[derive(Default)]
pub struct Needs {
    /// The oldest glibc that has everything, (2, 34).
    pub glibc: Option<(u32, u32)>,
    /// Symbols that must be there when the file is loaded, and of which it does not say that a library has them. The
    /// symbols of glibc all have versions, so this is what the interpreter has to have.
    pub from_anywhere: Vec<String>,
}

/// Reads what a library needs. What is damaged is an error, what is not there is nothing.
pub fn needs<'data, Elf: FileHeader<Endian = Endianness>, R: ReadRef<'data>>(
    file: &ElfFile<'data, Elf, R>,
) -> object::Result<Needs> {
    let (endian, data) = (file.endian(), file.data());
    let sections = file.elf_section_table();
    let mut needs = Needs::default();
    if let Some((mut libraries, link)) = sections.gnu_verneed(endian, data)? {
        let strings = sections.strings(endian, data, link)?;
        while let Some((_, mut versions)) = libraries.next()? {
            while let Some(version) = versions.next()? {
                let name = String::from_utf8_lossy(version.name(endian, strings)?).into_owned();
                needs.glibc = needs.glibc.max(glibc_version(&name));
            }
        }
    }
    let versions = sections.versions(endian, data)?;
    let symbols = file.elf_dynamic_symbol_table();
    for (index, symbol) in symbols.enumerate() {
        if !symbol.is_undefined(endian) || symbol.st_bind() == elf::STB_WEAK || index.0 == 0 {
            continue;
        }
        let named = versions
            .as_ref()
            .and_then(|versions| {
                versions.version(versions.version_index(endian, index).index()).ok()
            })
            .flatten();
        if named.is_none() {
            let name = symbol.name(endian, symbols.strings())?;
            needs.from_anywhere.push(String::from_utf8_lossy(name).into_owned());
        }
    }
    Ok(needs)
}

/// `GLIBC_2.17`, `GLIBC_2.2.5`
fn glibc_version(name: &str) -> Option<(u32, u32)> {
    let mut numbers = name.strip_prefix("GLIBC_")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::glibc_version;

    #[test]
    fn versions_are_pairs() {
        assert_eq!(glibc_version("GLIBC_2.2.5"), Some((2, 2)));
        assert_eq!(glibc_version("GLIBC_2.34"), Some((2, 34)));
        assert_eq!(glibc_version("GLIBC_PRIVATE"), None);
        assert_eq!(glibc_version("GCC_3.0"), None);
    }
}
