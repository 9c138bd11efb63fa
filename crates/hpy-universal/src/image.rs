//! Whether a file is a whole shared library, on systems whose loader does not look.
//!
//! glibc maps what an ELF file's program headers announce and touches it: a file that ends too early (a
//! download or copy that broke off) ends the process with SIGBUS. So the announced ranges are compared with
//! the file's size first. Everything else about a file is the loader's to judge.

use std::ffi::OsStr;

/// Says why the file cannot be a shared library that is all there.
#[cfg(all(unix, not(target_vendor = "apple")))]
pub fn check(path: &OsStr) -> Result<(), String> {
    use std::fs::File;
    use std::io::{Read, Seek, SeekFrom};

    let read = |file: &mut File, at: u64, into: &mut [u8]| {
        file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(into))
    };
    let truncated = || "the file is not whole: it ends before what its header announces".to_owned();
    let mut file = File::open(path).map_err(|error| error.to_string())?;
    let size = file.metadata().map_err(|error| error.to_string())?.len();
    let mut header = [0; elf::HEADER];
    read(&mut file, 0, &mut header).map_err(|_| "the file is not an ELF library".to_owned())?;
    let Some(table) = elf::program_headers(&header) else {
        // No ELF file of this machine's word size and byte order: the loader says what is wrong with it.
        return Ok(());
    };
    let mut entry = [0; elf::PROGRAM_HEADER];
    if usize::from(table.entry_size) < entry.len() {
        return Ok(());
    }
    for index in 0..u64::from(table.count) {
        let at = index
            .checked_mul(u64::from(table.entry_size))
            .and_then(|distance| distance.checked_add(table.offset))
            .ok_or_else(truncated)?;
        read(&mut file, at, &mut entry).map_err(|_| truncated())?;
        let Some((offset, length)) = elf::range(&entry) else { continue };
        if offset.checked_add(length).is_none_or(|end| end > size) {
            return Err(truncated());
        }
    }
    Ok(())
}

/// Other systems' loaders compare with the file's size themselves.
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
pub fn check(_path: &OsStr) -> Result<(), String> {
    Ok(())
}

/// As much of the ELF format as [`check`] needs, for files of this machine's word size and byte order.
#[cfg(all(unix, not(target_vendor = "apple")))]
mod elf {
    const WIDE: bool = cfg!(target_pointer_width = "64");
    pub const HEADER: usize = if WIDE { 64 } else { 52 };
    pub const PROGRAM_HEADER: usize = if WIDE { 56 } else { 32 };
    const PT_LOAD: u32 = 1;

    pub struct Table {
        pub offset: u64,
        pub entry_size: u16,
        pub count: u16,
    }

    fn half(bytes: &[u8], at: usize) -> Option<u16> {
        Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
    }

    fn word(bytes: &[u8], at: usize) -> Option<u32> {
        Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
    }

    /// An address or offset: as wide as the machine's word.
    fn long(bytes: &[u8], at: usize) -> Option<u64> {
        if WIDE {
            Some(u64::from_ne_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
        } else {
            word(bytes, at).map(u64::from)
        }
    }

    pub fn program_headers(header: &[u8]) -> Option<Table> {
        let class = if WIDE { 2 } else { 1 };
        let order = if cfg!(target_endian = "little") { 1 } else { 2 };
        if !header.starts_with(&[0x7F, b'E', b'L', b'F', class, order]) {
            return None;
        }
        Some(Table {
            offset: long(header, if WIDE { 32 } else { 28 })?,
            entry_size: half(header, if WIDE { 54 } else { 42 })?,
            count: half(header, if WIDE { 56 } else { 44 })?,
        })
    }

    /// Offset and length in the file of a segment that is mapped.
    pub fn range(entry: &[u8]) -> Option<(u64, u64)> {
        if word(entry, 0)? != PT_LOAD {
            return None;
        }
        let (offset, length) = if WIDE { (8, 32) } else { (4, 16) };
        Some((long(entry, offset)?, long(entry, length)?))
    }
}
