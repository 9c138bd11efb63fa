//! Names for people.

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;

/// The part of a type's name behind its last dot.
pub fn bare(name: &CStr) -> &CStr {
    let bytes = name.to_bytes_with_nul();
    let start = bytes.iter().rposition(|&byte| byte == b'.').map_or(0, |dot| dot + 1);
    bytes.get(start..).and_then(|tail| CStr::from_bytes_with_nul(tail).ok()).unwrap_or(name)
}

/// `Type.part`, for a definition of a type whose full name is `name`. Bytes that are not UTF-8 are replaced.
pub fn joined(name: &CStr, part: &CStr) -> CString {
    let mut bytes: Vec<u8> = Vec::from(bare(name).to_string_lossy().as_bytes());
    bytes.push(b'.');
    bytes.extend_from_slice(part.to_string_lossy().as_bytes());
    CString::new(bytes).unwrap_or_default()
}
