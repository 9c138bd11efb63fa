use core::ffi::{c_char, c_int, c_void};
use hpy_sys::backend::CallTarget;
use hpy_sys::*;

/// The same for a call whose way leads through a wrapping context: see `Backend::call_from_trampoline`.
pub unsafe extern "C" fn call_to(
    ctx: *mut HPyContext,
    target: *const CallTarget,
    sig: HPyFunc_Signature,
    func: HPyCFunction,
    args: *mut c_void,
) {
    crate::stub(c"call_from_trampoline")
}

pub unsafe extern "C" fn _HPy_CallRealFunctionFromTrampoline(
    ctx: *mut HPyContext,
    sig: HPyFunc_Signature,
    func: HPyCFunction,
    args: *mut c_void,
) {
    crate::stub(c"_HPy_CallRealFunctionFromTrampoline")
}
