use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPyListBuilder_New(
    ctx: *mut HPyContext,
    size: HPy_ssize_t,
) -> HPyListBuilder {
    crate::stub(c"HPyListBuilder_New")
}

pub unsafe extern "C" fn HPyListBuilder_Set(
    ctx: *mut HPyContext,
    builder: HPyListBuilder,
    index: HPy_ssize_t,
    h_item: HPy,
) {
    crate::stub(c"HPyListBuilder_Set")
}

pub unsafe extern "C" fn HPyListBuilder_Build(
    ctx: *mut HPyContext,
    builder: HPyListBuilder,
) -> HPy {
    crate::stub(c"HPyListBuilder_Build")
}

pub unsafe extern "C" fn HPyListBuilder_Cancel(ctx: *mut HPyContext, builder: HPyListBuilder) {
    crate::stub(c"HPyListBuilder_Cancel")
}

pub unsafe extern "C" fn HPyTupleBuilder_New(
    ctx: *mut HPyContext,
    size: HPy_ssize_t,
) -> HPyTupleBuilder {
    crate::stub(c"HPyTupleBuilder_New")
}

pub unsafe extern "C" fn HPyTupleBuilder_Set(
    ctx: *mut HPyContext,
    builder: HPyTupleBuilder,
    index: HPy_ssize_t,
    h_item: HPy,
) {
    crate::stub(c"HPyTupleBuilder_Set")
}

pub unsafe extern "C" fn HPyTupleBuilder_Build(
    ctx: *mut HPyContext,
    builder: HPyTupleBuilder,
) -> HPy {
    crate::stub(c"HPyTupleBuilder_Build")
}

pub unsafe extern "C" fn HPyTupleBuilder_Cancel(ctx: *mut HPyContext, builder: HPyTupleBuilder) {
    crate::stub(c"HPyTupleBuilder_Cancel")
}
