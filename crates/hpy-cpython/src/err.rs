use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPy_FatalError(ctx: *mut HPyContext, message: *const c_char) {
    crate::stub(c"HPy_FatalError")
}

pub unsafe extern "C" fn HPyErr_SetString(
    ctx: *mut HPyContext,
    h_type: HPy,
    utf8_message: *const c_char,
) -> HPy {
    crate::stub(c"HPyErr_SetString")
}

pub unsafe extern "C" fn HPyErr_SetObject(ctx: *mut HPyContext, h_type: HPy, h_value: HPy) -> HPy {
    crate::stub(c"HPyErr_SetObject")
}

pub unsafe extern "C" fn HPyErr_SetFromErrnoWithFilename(
    ctx: *mut HPyContext,
    h_type: HPy,
    filename_fsencoded: *const c_char,
) -> HPy {
    crate::stub(c"HPyErr_SetFromErrnoWithFilename")
}

pub unsafe extern "C" fn HPyErr_SetFromErrnoWithFilenameObjects(
    ctx: *mut HPyContext,
    h_type: HPy,
    filename1: HPy,
    filename2: HPy,
) -> HPy {
    crate::stub(c"HPyErr_SetFromErrnoWithFilenameObjects")
}

pub unsafe extern "C" fn HPyErr_Occurred(ctx: *mut HPyContext) -> c_int {
    crate::stub(c"HPyErr_Occurred")
}

pub unsafe extern "C" fn HPyErr_ExceptionMatches(ctx: *mut HPyContext, exc: HPy) -> c_int {
    crate::stub(c"HPyErr_ExceptionMatches")
}

pub unsafe extern "C" fn HPyErr_NoMemory(ctx: *mut HPyContext) -> HPy {
    crate::stub(c"HPyErr_NoMemory")
}

pub unsafe extern "C" fn HPyErr_Clear(ctx: *mut HPyContext) {
    crate::stub(c"HPyErr_Clear")
}

pub unsafe extern "C" fn HPyErr_NewException(
    ctx: *mut HPyContext,
    utf8_name: *const c_char,
    base: HPy,
    dict: HPy,
) -> HPy {
    crate::stub(c"HPyErr_NewException")
}

pub unsafe extern "C" fn HPyErr_NewExceptionWithDoc(
    ctx: *mut HPyContext,
    utf8_name: *const c_char,
    utf8_doc: *const c_char,
    base: HPy,
    dict: HPy,
) -> HPy {
    crate::stub(c"HPyErr_NewExceptionWithDoc")
}

pub unsafe extern "C" fn HPyErr_WarnEx(
    ctx: *mut HPyContext,
    category: HPy,
    utf8_message: *const c_char,
    stack_level: HPy_ssize_t,
) -> c_int {
    crate::stub(c"HPyErr_WarnEx")
}

pub unsafe extern "C" fn HPyErr_WriteUnraisable(ctx: *mut HPyContext, obj: HPy) {
    crate::stub(c"HPyErr_WriteUnraisable")
}
