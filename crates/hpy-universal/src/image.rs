//! Whether a file is a whole shared library, on systems whose loader does not look; and where a library that was
//! loaded lies.
//!
//! glibc maps what an ELF file's program headers announce and touches it: a file that ends too early (a
//! download or copy that broke off) ends the process with SIGBUS. So the announced ranges are compared with
//! the file's size first. Everything else about a file is the loader's to judge.

use std::ffi::{OsStr, c_void};
use std::ops::Range;

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

/// The memory of the library in which `address` is, from its first byte to its last; None where the system does
/// not tell.
#[cfg(target_os = "linux")]
pub fn around(address: *const c_void) -> Option<Range<usize>> {
    struct Search {
        address: usize,
        found: Option<Range<usize>>,
    }
    unsafe extern "C" fn visit(
        info: *mut libc::dl_phdr_info,
        _size: usize,
        data: *mut c_void,
    ) -> libc::c_int {
        // SAFETY: the loader passes a library with its program headers, and what `around` has passed to it.
        let (info, search) = unsafe { (&*info, &mut *data.cast::<Search>()) };
        // SAFETY: as above.
        let headers =
            unsafe { std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) };
        let base = info.dlpi_addr as usize;
        let segments = || {
            headers.iter().filter(|one| one.p_type == libc::PT_LOAD).map(|one| {
                let start = base.wrapping_add(one.p_vaddr as usize);
                start..start.wrapping_add(one.p_memsz as usize)
            })
        };
        if !segments().any(|one| one.contains(&search.address)) {
            return 0;
        }
        let start = segments().map(|one| one.start).min();
        let end = segments().map(|one| one.end).max();
        search.found = start.zip(end).map(|(start, end)| start..end);
        1
    }
    let mut search = Search { address: address as usize, found: None };
    // SAFETY: `visit` takes what is passed.
    unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut search).cast()) };
    search.found
}

#[cfg(not(target_os = "linux"))]
pub fn around(_address: *const c_void) -> Option<Range<usize>> {
    None
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
