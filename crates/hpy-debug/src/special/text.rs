//! Functions that lend memory: the extension gets a protected copy that dies with the handle.

use crate::backend::index;
use crate::call::Call;
use crate::raw::Raw;
use core::ffi::c_char;
use core::ptr;
use core::sync::atomic::Ordering::Acquire;
use hpy_sys::*;

const AS_UTF8: u16 = index("HPyUnicode_AsUTF8AndSize");
const AS_STRING: u16 = index("HPyBytes_AsString");
const AS_STRING_UNCHECKED: u16 = index("HPyBytes_AS_STRING");

/// The copy of `size` bytes at `source` that the extension gets for the handle `h`.
pub unsafe fn lend(call: &Call, h: HPy, source: *const c_char, size: usize) -> *const c_char {
    let record = call.shared().records.at(h);
    // A hook let the program go on with a closed one: there is nothing to keep a copy for.
    if record.word() != h || !record.is_open() {
        return source;
    }
    let first = record.raw.load(Acquire);
    let mut copy: *const Raw = first;
    while let Some(each) = copy.as_ref() {
        if each.equals(source, size) {
            return each.pointer();
        }
        copy = each.next;
    }
    let made = if call.shared().budget.take() {
        Raw::copy(source, size, &call.shared().pages)
    } else {
        None
    };
    let Some(made) = made else {
        call.failed();
        api::HPyErr_NoMemory(call.base);
        return ptr::null();
    };
    (*made).next = first;
    record.keep(made);
    (*made).pointer()
}

pub unsafe extern "C" fn HPyUnicode_AsUTF8AndSize(
    ctx: *mut HPyContext,
    h: HPy,
    size: *mut HPy_ssize_t,
) -> *const c_char {
    let call = Call::begin(ctx, AS_UTF8);
    let Some(inner) = call.handle(h, "h") else { return ptr::null() };
    let mut length = 0;
    let text = ((*call.base).ctx_Unicode_AsUTF8AndSize)(call.base, inner, &mut length);
    if text.is_null() {
        call.failed();
        return text;
    }
    if let Some(size) = size.as_mut() {
        *size = length;
    }
    lend(&call, h, text, length as usize + 1)
}

pub unsafe extern "C" fn HPyBytes_AsString(ctx: *mut HPyContext, h: HPy) -> *const c_char {
    let call = Call::begin(ctx, AS_STRING);
    let Some(inner) = call.handle(h, "h") else { return ptr::null() };
    let bytes = ((*call.base).ctx_Bytes_AsString)(call.base, inner);
    if bytes.is_null() {
        call.failed();
        return bytes;
    }
    let size = api::HPyBytes_Size(call.base, inner).max(0) as usize;
    lend(&call, h, bytes, size + 1)
}

pub unsafe extern "C" fn HPyBytes_AS_STRING(ctx: *mut HPyContext, h: HPy) -> *const c_char {
    let call = Call::begin(ctx, AS_STRING_UNCHECKED);
    let Some(inner) = call.handle(h, "h") else { return ptr::null() };
    super::types::require(&call, inner, (*call.base).h_BytesType, "arg 1", "a bytes object");
    let bytes = ((*call.base).ctx_Bytes_AS_STRING)(call.base, inner);
    let size = api::HPyBytes_GET_SIZE(call.base, inner).max(0) as usize;
    lend(&call, h, bytes, size + 1)
}
