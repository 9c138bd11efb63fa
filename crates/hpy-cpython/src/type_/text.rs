//! Names for people.

use core::ffi::CStr;

/// The part of a type's name behind its last dot.
pub fn bare(name: &CStr) -> &CStr {
    let bytes = name.to_bytes_with_nul();
    let start = bytes.iter().rposition(|&byte| byte == b'.').map_or(0, |dot| dot + 1);
    bytes.get(start..).and_then(|tail| CStr::from_bytes_with_nul(tail).ok()).unwrap_or(name)
}
