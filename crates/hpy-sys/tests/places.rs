//! Calls find the functions that runtimes have in two places. One test, as a binary learns the place once.

use hpy_sys::{HPy, HPyContext, api, places};
use std::ffi::{CStr, c_void};
use std::mem::{offset_of, size_of};

const WORD: usize = size_of::<usize>();
const FIRST: usize = offset_of!(HPyContext, ctx_Capsule_New) / WORD;
const DICT: usize = offset_of!(HPyContext, h_DictType) / WORD;
const BUILTINS: usize = offset_of!(HPyContext, h_Builtins) / WORD;

unsafe extern "C" fn keys(_: *mut HPyContext, h: HPy) -> HPy {
    HPy { _i: h._i + 1000 }
}
unsafe extern "C" fn is_subtype(_: *mut HPyContext, _: HPy, _: HPy) -> i32 {
    17
}

/// A context whose functions from `ctx_Capsule_New` on are `later` places later.
fn context(name: &'static CStr, later: usize, dict: isize) -> Vec<usize> {
    let mut words = vec![0; size_of::<HPyContext>() / WORD];
    words[0] = name.as_ptr().addr();
    name.as_ptr().expose_provenance();
    words[BUILTINS] = 52;
    words[FIRST..DICT + 1].fill(is_subtype as *const c_void as usize);
    let keys_at = offset_of!(HPyContext, ctx_Dict_Keys) / WORD;
    words[keys_at + later] = keys as *const c_void as usize;
    words[if later == 0 { DICT } else { FIRST }] = dict.cast_unsigned();
    words
}

fn check(words: &mut [usize], dict: isize) {
    let ctx = words.as_mut_ptr().cast::<HPyContext>();
    // SAFETY: the context has the functions that are called, and they look at no object.
    unsafe {
        places::learn(ctx);
        assert_eq!(api::HPyDict_Keys(ctx, HPy { _i: 3 })._i, 1003);
        assert_eq!(api::HPyType_IsSubtype(ctx, HPy { _i: 1 }, HPy { _i: 2 }), 17);
        assert_eq!(places::dict_type(ctx)._i, dict);
    }
}

#[test]
fn functions_are_found_in_both_places() {
    check(&mut context(c"HPy Universal ABI", 0, 7), 7);
    // Its releases with HPy 0.9.0.
    check(&mut context(c"HPy Universal ABI (PyPy backend)", 0, 7), 7);
    check(&mut context(c"HPy Universal ABI (PyPy backend)", 1, 53), 53);
    // It does not copy the constant into its trace mode.
    check(&mut context(c"HPy Trace Mode ABI (PyPy backend)", 1, 0), 0);
}
