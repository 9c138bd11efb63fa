//! Compiling and running Python source.

use crate::err::{null_argument, wrong_type};
use crate::handle::{handle, object};
use crate::raise::noticed;
use core::ffi::c_char;
use hpy_sys::{
    HPy, HPy_SourceKind, HPy_SourceKind_Expr, HPy_SourceKind_File, HPy_SourceKind_Single,
    HPyContext,
};
use pyo3_ffi::*;

pub unsafe extern "C" fn HPy_Compile_s(
    _ctx: *mut HPyContext,
    utf8_source: *const c_char,
    utf8_filename: *const c_char,
    kind: HPy_SourceKind,
) -> HPy {
    if utf8_source.is_null() {
        return null_argument(c"HPy_Compile_s", c"utf8_source");
    }
    if utf8_filename.is_null() {
        return null_argument(c"HPy_Compile_s", c"utf8_filename");
    }
    let start = match kind {
        HPy_SourceKind_Expr => Py_eval_input,
        HPy_SourceKind_File => Py_file_input,
        HPy_SourceKind_Single => Py_single_input,
        _ => {
            PyErr_Format(
                PyExc_SystemError,
                c"HPy_Compile_s: invalid source kind %d, expected HPy_SourceKind_Expr (0), HPy_SourceKind_File (1) or HPy_SourceKind_Single (2)".as_ptr(),
                kind,
            );
            return HPy::NULL;
        }
    };
    handle(noticed(Py_CompileString(utf8_source, utf8_filename, start)))
}

/// Null locals mean the globals.
pub unsafe extern "C" fn HPy_EvalCode(
    _ctx: *mut HPyContext,
    code: HPy,
    globals: HPy,
    locals: HPy,
) -> HPy {
    // The C API takes the types for granted.
    let code = object(code);
    if code.is_null() || !crate::layout::is_exactly(code, &raw mut PyCode_Type) {
        return wrong_type(c"HPy_EvalCode", c"code", code);
    }
    let globals = object(globals);
    if globals.is_null() || PyDict_Check(globals) == 0 {
        return wrong_type(c"HPy_EvalCode", c"globals as dict", globals);
    }
    let locals = object(locals);
    if !locals.is_null() && PyMapping_Check(locals) == 0 {
        return wrong_type(c"HPy_EvalCode", c"locals as mapping", locals);
    }
    handle(PyEval_EvalCode(code, globals, locals))
}
