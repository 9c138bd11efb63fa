//! The base context: its functions from the generated template, its constants from the interpreter.

use crate::handle::{handle, object};
use core::ptr;
use hpy_sys::{HPY_ABI_VERSION, HPyContext};
use pyo3_ffi::*;

/// A context with every function set and every constant null.
pub fn template() -> HPyContext {
    crate::template::template(
        c"HPy Universal ABI (CPython backend, hpy-rs)".as_ptr(),
        ptr::null_mut(),
        HPY_ABI_VERSION as core::ffi::c_int,
    )
}

macro_rules! for_each_constant {
    ($each:ident) => {
        $each! {
            h_None = Py_None();
            h_True = Py_True();
            h_False = Py_False();
            h_NotImplemented = Py_NotImplemented();
            h_Ellipsis = Py_Ellipsis();
            h_BaseException = PyExc_BaseException;
            h_Exception = PyExc_Exception;
            h_StopAsyncIteration = PyExc_StopAsyncIteration;
            h_StopIteration = PyExc_StopIteration;
            h_GeneratorExit = PyExc_GeneratorExit;
            h_ArithmeticError = PyExc_ArithmeticError;
            h_LookupError = PyExc_LookupError;
            h_AssertionError = PyExc_AssertionError;
            h_AttributeError = PyExc_AttributeError;
            h_BufferError = PyExc_BufferError;
            h_EOFError = PyExc_EOFError;
            h_FloatingPointError = PyExc_FloatingPointError;
            h_OSError = PyExc_OSError;
            h_ImportError = PyExc_ImportError;
            h_ModuleNotFoundError = PyExc_ModuleNotFoundError;
            h_IndexError = PyExc_IndexError;
            h_KeyError = PyExc_KeyError;
            h_KeyboardInterrupt = PyExc_KeyboardInterrupt;
            h_MemoryError = PyExc_MemoryError;
            h_NameError = PyExc_NameError;
            h_OverflowError = PyExc_OverflowError;
            h_RuntimeError = PyExc_RuntimeError;
            h_RecursionError = PyExc_RecursionError;
            h_NotImplementedError = PyExc_NotImplementedError;
            h_SyntaxError = PyExc_SyntaxError;
            h_IndentationError = PyExc_IndentationError;
            h_TabError = PyExc_TabError;
            h_ReferenceError = PyExc_ReferenceError;
            h_SystemError = PyExc_SystemError;
            h_SystemExit = PyExc_SystemExit;
            h_TypeError = PyExc_TypeError;
            h_UnboundLocalError = PyExc_UnboundLocalError;
            h_UnicodeError = PyExc_UnicodeError;
            h_UnicodeEncodeError = PyExc_UnicodeEncodeError;
            h_UnicodeDecodeError = PyExc_UnicodeDecodeError;
            h_UnicodeTranslateError = PyExc_UnicodeTranslateError;
            h_ValueError = PyExc_ValueError;
            h_ZeroDivisionError = PyExc_ZeroDivisionError;
            h_BlockingIOError = PyExc_BlockingIOError;
            h_BrokenPipeError = PyExc_BrokenPipeError;
            h_ChildProcessError = PyExc_ChildProcessError;
            h_ConnectionError = PyExc_ConnectionError;
            h_ConnectionAbortedError = PyExc_ConnectionAbortedError;
            h_ConnectionRefusedError = PyExc_ConnectionRefusedError;
            h_ConnectionResetError = PyExc_ConnectionResetError;
            h_FileExistsError = PyExc_FileExistsError;
            h_FileNotFoundError = PyExc_FileNotFoundError;
            h_InterruptedError = PyExc_InterruptedError;
            h_IsADirectoryError = PyExc_IsADirectoryError;
            h_NotADirectoryError = PyExc_NotADirectoryError;
            h_PermissionError = PyExc_PermissionError;
            h_ProcessLookupError = PyExc_ProcessLookupError;
            h_TimeoutError = PyExc_TimeoutError;
            h_Warning = PyExc_Warning;
            h_UserWarning = PyExc_UserWarning;
            h_DeprecationWarning = PyExc_DeprecationWarning;
            h_PendingDeprecationWarning = PyExc_PendingDeprecationWarning;
            h_SyntaxWarning = PyExc_SyntaxWarning;
            h_RuntimeWarning = PyExc_RuntimeWarning;
            h_FutureWarning = PyExc_FutureWarning;
            h_ImportWarning = PyExc_ImportWarning;
            h_UnicodeWarning = PyExc_UnicodeWarning;
            h_BytesWarning = PyExc_BytesWarning;
            h_ResourceWarning = PyExc_ResourceWarning;
            h_BaseObjectType = &raw mut PyBaseObject_Type;
            h_TypeType = &raw mut PyType_Type;
            h_BoolType = &raw mut PyBool_Type;
            h_LongType = &raw mut PyLong_Type;
            h_FloatType = &raw mut PyFloat_Type;
            h_UnicodeType = &raw mut PyUnicode_Type;
            h_TupleType = &raw mut PyTuple_Type;
            h_ListType = &raw mut PyList_Type;
            h_ComplexType = &raw mut PyComplex_Type;
            h_BytesType = &raw mut PyBytes_Type;
            h_MemoryViewType = &raw mut PyMemoryView_Type;
            h_CapsuleType = &raw mut PyCapsule_Type;
            h_SliceType = &raw mut PySlice_Type;
            h_DictType = &raw mut PyDict_Type;
        }
    };
}

/// Sets every constant; false with an exception set on failure.
///
/// # Safety
/// The calling thread is attached to the interpreter the context is for.
pub unsafe fn fill_constants(ctx: &mut HPyContext) -> bool {
    let builtins = PyImport_ImportModule(c"builtins".as_ptr());
    if builtins.is_null() {
        return false;
    }
    ctx.h_Builtins = handle(PyModule_GetDict(builtins));
    Py_INCREF(object(ctx.h_Builtins));
    Py_DECREF(builtins);
    macro_rules! fill {
        ($($name:ident = $value:expr;)*) => {$(
            let value: *mut PyObject = $value.cast();
            Py_INCREF(value);
            ctx.$name = handle(value);
        )*};
    }
    for_each_constant!(fill);
    true
}

/// Gives up the references of [`fill_constants`].
///
/// # Safety
/// As [`fill_constants`]; the context is not used any more.
pub unsafe fn drop_constants(ctx: &mut HPyContext) {
    Py_DECREF(object(ctx.h_Builtins));
    macro_rules! release {
        ($($name:ident = $value:expr;)*) => {$( Py_DECREF(object(ctx.$name)); )*};
    }
    for_each_constant!(release);
}
