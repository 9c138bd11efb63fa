//! The debug context over a base that is no Python at all: its handles are numbers with a count each.
//!
//! What is tested here needs no interpreter, which is also the proof that the crate knows none.

use core::ffi::{c_char, c_int, c_void};
use core::ptr;
use hpy_debug::Wrapped;
use hpy_sys::backend::{Backend, CallTarget, DestructorWatcher, Entry, Name, StructFacts};
use hpy_sys::ext::{HPyContextExt, HPyExtensions};
use hpy_sys::*;
use std::cell::RefCell;
use std::collections::HashMap;

#[derive(Default)]
struct Mock {
    counts: HashMap<isize, i64>,
    error: Option<String>,
}

thread_local! {
    static MOCK: RefCell<Mock> = RefCell::default();
}

fn count(h: HPy) -> i64 {
    MOCK.with_borrow(|mock| mock.counts.get(&h._i).copied().unwrap_or(0))
}

fn error() -> Option<String> {
    MOCK.with_borrow_mut(|mock| mock.error.take())
}

fn add(h: HPy, change: i64) {
    MOCK.with_borrow_mut(|mock| *mock.counts.entry(h._i).or_default() += change);
}

unsafe extern "C" fn dup(_: *mut HPyContext, h: HPy) -> HPy {
    add(h, 1);
    h
}

unsafe extern "C" fn close(_: *mut HPyContext, h: HPy) {
    if !h.is_null() {
        add(h, -1);
    }
}

unsafe extern "C" fn from_i64(_: *mut HPyContext, v: i64) -> HPy {
    let h = HPy { _i: v as isize };
    add(h, 1);
    h
}

unsafe extern "C" fn as_i64(_: *mut HPyContext, h: HPy) -> i64 {
    h._i as i64
}

unsafe extern "C" fn occurred(_: *mut HPyContext) -> c_int {
    MOCK.with_borrow(|mock| mock.error.is_some() as c_int)
}

unsafe extern "C" fn set_string(_: *mut HPyContext, _: HPy, message: *const c_char) -> HPy {
    // SAFETY: messages are C strings.
    let text = unsafe { core::ffi::CStr::from_ptr(message) }.to_string_lossy().into_owned();
    MOCK.with_borrow_mut(|mock| mock.error = Some(text));
    HPy::NULL
}

unsafe extern "C" fn no_memory(_: *mut HPyContext) -> HPy {
    MOCK.with_borrow_mut(|mock| mock.error = Some("MemoryError".to_owned()));
    HPy::NULL
}

unsafe extern "C" fn clear_error(_: *mut HPyContext) {
    error();
}

unsafe extern "C" fn no_import(_: *mut HPyContext, _: *const c_char) -> HPy {
    HPy::NULL
}

/// What a call of a function that the mock lacks reaches.
extern "C" fn missing() -> ! {
    std::process::abort()
}

unsafe extern "C" fn attached(_: *mut HPyContext) -> c_int {
    1
}

unsafe extern "C" fn take(_: *mut HPyContext) -> HPy {
    HPy::NULL
}

unsafe extern "C" fn give(_: *mut HPyContext, _: HPy) {}

unsafe extern "C" fn no_type(
    _: *mut HPyContext,
    _: *const CallTarget,
    _: *mut HPyType_Spec,
    _: *mut HPyType_SpecParam,
) -> HPy {
    HPy::NULL
}

unsafe extern "C" fn no_call(
    _: *mut HPyContext,
    _: *const CallTarget,
    _: HPy,
    _: *mut HPyCallFunction,
) -> c_int {
    -1
}

unsafe extern "C" fn no_module(
    _: *mut HPyContext,
    _: *const CallTarget,
    _: *mut HPyModuleDef,
    _: HPy,
) -> HPy {
    HPy::NULL
}

unsafe extern "C" fn no_exec(
    _: *mut HPyContext,
    _: *const CallTarget,
    _: *mut HPyModuleDef,
    _: HPy,
) -> c_int {
    -1
}

unsafe extern "C" fn no_trampoline(
    _: *mut HPyContext,
    _: *const CallTarget,
    _: HPyFunc_Signature,
    _: HPyCFunction,
    _: *mut c_void,
) {
}

static BACKEND: Backend = Backend {
    type_from_spec: no_type,
    set_call_function: no_call,
    module_create: no_module,
    module_exec: no_exec,
    is_attached: attached,
    call_from_trampoline: no_trampoline,
    error_take: take,
    error_give: give,
    parallel: attached_in_turn,
    shape_of: no_shape,
    struct_facts: no_facts,
    visit_fields: no_fields,
    watch_destructors: no_watch,
};

unsafe extern "C" fn attached_in_turn(_: *mut HPyContext) -> c_int {
    0
}

unsafe extern "C" fn no_shape(_: *mut HPyContext, _: HPy) -> HPyType_BuiltinShape {
    HPyType_BuiltinShape_Legacy
}

unsafe extern "C" fn no_facts(_: *mut HPyContext, _: HPy, _: *mut StructFacts) -> c_int {
    0
}

unsafe extern "C" fn no_fields(
    _: *mut HPyContext,
    _: HPy,
    _: HPyFunc_visitproc,
    _: *mut core::ffi::c_void,
) {
}

unsafe extern "C" fn no_watch(
    _: *mut HPyContext,
    _: Option<DestructorWatcher>,
    _: *mut core::ffi::c_void,
) {
}

/// A base context of the mock, never freed.
fn base() -> *mut HPyContext {
    let words = size_of::<HPyContext>() / size_of::<usize>();
    let mut memory = vec![missing as *const () as usize; words].into_boxed_slice();
    let ctx = Box::leak(Box::new(core::mem::MaybeUninit::<HPyContextExt>::zeroed()));
    // SAFETY: every member but the head is one word, and an address of code is a valid value for each.
    unsafe {
        ptr::copy_nonoverlapping(memory.as_mut_ptr(), ctx.as_mut_ptr().cast::<usize>(), words);
        let ctx = ctx.as_mut_ptr();
        (*ctx).extensions = ptr::null::<HPyExtensions>();
        let base = &mut (*ctx).base;
        base.h_None = HPy { _i: 1000 };
        base.h_SystemError = HPy { _i: 1001 };
        base.ctx_Dup = dup;
        base.ctx_Close = close;
        base.ctx_Long_FromInt64_t = from_i64;
        base.ctx_Long_AsInt64_t = as_i64;
        base.ctx_Err_Occurred = occurred;
        base.ctx_Err_SetString = set_string;
        base.ctx_Err_NoMemory = no_memory;
        base.ctx_Err_Clear = clear_error;
        base.ctx_Import_ImportModule = no_import;
        base
    }
}

fn debug() -> Wrapped {
    // SAFETY: the base is live for good and this thread counts as attached.
    let wrapped = unsafe { hpy_debug::wrap(base(), &raw const BACKEND) };
    // SAFETY: the state is never freed here.
    unsafe { wrapped.state() }.settings.print.store(false, core::sync::atomic::Ordering::Relaxed);
    wrapped
}

type One = unsafe extern "C" fn(*mut HPyContext, HPy, HPy) -> HPy;

/// Calls `imp` as the base context would for a function of one argument.
fn call(wrapped: &Wrapped, imp: One, arg: isize) -> HPy {
    // SAFETY: the entry table's function of this signature takes an entry and two handles.
    unsafe {
        let target = wrapped.target();
        let entry = Entry {
            target,
            imp: imp as *const c_void,
            sig: HPyFunc_O,
            name: Name { owner: c"mock".as_ptr(), part: c"f".as_ptr() },
            data: ptr::null_mut(),
        };
        let function = (*(*target).entries).by_signature[HPyFunc_O as usize];
        let function: unsafe extern "C" fn(*const Entry, HPy, HPy) -> HPy =
            core::mem::transmute(function);
        function(&entry, HPy { _i: 77 }, HPy { _i: arg })
    }
}

fn kinds(wrapped: &Wrapped) -> Vec<&'static str> {
    // SAFETY: the state is never freed here.
    let state = unsafe { wrapped.state() };
    hpy_debug::state::lock(&state.findings).list.iter().map(|finding| finding.kind).collect()
}

fn open(wrapped: &Wrapped) -> usize {
    // SAFETY: the state is never freed here.
    unsafe { wrapped.state() }.opened(i64::MIN).len()
}

unsafe extern "C" fn double(ctx: *mut HPyContext, _self: HPy, arg: HPy) -> HPy {
    // SAFETY: the debug context is that of this call.
    unsafe { api::HPyLong_FromInt64_t(ctx, 2 * api::HPyLong_AsInt64_t(ctx, arg)) }
}

#[test]
fn a_call_wraps_its_arguments_and_unwraps_its_result() {
    let wrapped = debug();
    assert_eq!(call(&wrapped, double, 21), HPy { _i: 42 });
    assert_eq!(count(HPy { _i: 42 }), 1, "the reference is the caller's now");
    assert_eq!(count(HPy { _i: 21 }), 0, "arguments are borrowed");
    assert_eq!((open(&wrapped), kinds(&wrapped)), (0, vec![]));
}

unsafe extern "C" fn leak(ctx: *mut HPyContext, _self: HPy, arg: HPy) -> HPy {
    // SAFETY: as in `double`.
    unsafe {
        api::HPy_Dup(ctx, arg);
        api::HPy_Dup(ctx, (*ctx).h_None)
    }
}

#[test]
fn a_handle_that_is_not_closed_stays_open() {
    let wrapped = debug();
    call(&wrapped, leak, 5);
    assert_eq!((open(&wrapped), count(HPy { _i: 5 })), (1, 1));
}

unsafe extern "C" fn fail(_ctx: *mut HPyContext, _self: HPy, _arg: HPy) -> HPy {
    HPy::NULL
}

#[test]
fn an_error_without_an_exception_becomes_one() {
    let wrapped = debug();
    assert!(call(&wrapped, fail, 5).is_null());
    assert_eq!(error().unwrap(), "mock.f returned an error without setting an exception");
    assert_eq!(kinds(&wrapped), ["missing-error"]);
}

unsafe extern "C" fn null(ctx: *mut HPyContext, _self: HPy, _arg: HPy) -> HPy {
    // SAFETY: the debug context checks the handle.
    unsafe {
        api::HPyLong_AsInt64_t(ctx, HPy::NULL);
    }
    HPy::NULL
}

#[test]
fn a_null_handle_raises() {
    let wrapped = debug();
    assert!(call(&wrapped, null, 5).is_null());
    assert_eq!(error().unwrap(), "mock.f: argument 'h' of HPyLong_AsInt64_t is HPy_NULL");
    assert_eq!(kinds(&wrapped), ["null-handle"]);
}

#[test]
fn no_memory_is_an_error_and_loses_no_reference() {
    let wrapped = debug();
    // SAFETY: the state is never freed here.
    let state = unsafe { wrapped.state() };
    for allocations in 0..3 {
        // SAFETY: the calling thread is the only one of the mock.
        unsafe { state.set_budget(allocations) };
        assert!(call(&wrapped, double, 21).is_null());
        assert_eq!(error().unwrap(), "MemoryError");
        assert_eq!((open(&wrapped), count(HPy { _i: 42 })), (0, 0));
    }
    // SAFETY: as above.
    unsafe { state.set_budget(-1) };
    assert_eq!(call(&wrapped, double, 21), HPy { _i: 42 });
}

thread_local! {
    static CONTEXTS: RefCell<Vec<*mut HPyContext>> = RefCell::default();
}

unsafe extern "C" fn note_context(ctx: *mut HPyContext, _self: HPy, _arg: HPy) -> HPy {
    CONTEXTS.with_borrow_mut(|contexts| contexts.push(ctx));
    // SAFETY: as in `double`.
    unsafe { api::HPy_Dup(ctx, (*ctx).h_None) }
}

#[test]
fn each_call_gets_another_context() {
    let wrapped = debug();
    for _ in 0..4 {
        call(&wrapped, note_context, 1);
    }
    let mut contexts = CONTEXTS.take();
    contexts.push(wrapped.ctx);
    contexts.sort_unstable();
    contexts.dedup();
    assert_eq!(contexts.len(), 5);
}

#[test]
fn a_debug_context_wraps_a_debug_context() {
    let lower = debug();
    // SAFETY: the lower context is live for good.
    let upper = unsafe { hpy_debug::wrap(lower.ctx, lower.backend) };
    // SAFETY: targets live as long as their contexts.
    let target = unsafe { lower.target_for(upper.target()) };
    // SAFETY: as in `call`.
    let result = unsafe {
        let entry = Entry {
            target,
            imp: double as One as *const c_void,
            sig: HPyFunc_O,
            name: Name { owner: c"mock".as_ptr(), part: c"f".as_ptr() },
            data: ptr::null_mut(),
        };
        let function = (*(*target).entries).by_signature[HPyFunc_O as usize];
        let function: unsafe extern "C" fn(*const Entry, HPy, HPy) -> HPy =
            core::mem::transmute(function);
        function(&entry, HPy { _i: 77 }, HPy { _i: 21 })
    };
    assert_eq!(result, HPy { _i: 42 });
    assert_eq!((open(&lower), open(&upper)), (0, 0));
}
