//! List and tuple builders: each is built or cancelled once and not used afterwards.

use crate::backend::index;
use crate::call::Call;
use crate::frame;
use crate::report::{self, Finding};
use crate::state::lock;
use crate::workshop::{Tool, ToolState};
use hpy_sys::*;

/// Keeps a builder for the extension; null where there is no memory, which `Build` reports.
fn keep(call: &Call, tool: Tool) -> isize {
    if !call.shared().budget.take() {
        return 0;
    }
    match lock(&call.shared().tools).add(tool, call.frame.call.get()) {
        Some(word) => {
            call.frame.marks.tools.set(call.frame.marks.tools.get().saturating_add(1));
            word
        }
        None => 0,
    }
}

/// Tells that a builder is not open.
unsafe fn mistaken(call: &Call, word: isize) {
    let function = call.frame.name();
    let state = lock(&call.shared().tools).classify(word);
    let what = match state {
        ToolState::Closed => "a builder that was built or cancelled before".to_owned(),
        _ => format!("{word:#x}, which is not a builder"),
    };
    let message = format!("{function}: {} of {what}", call.name());
    report::invalid_builder(call.shared(), Finding::new("closed-builder", message, function));
}

fn finish(call: &Call) {
    call.frame.set_builder(0, 0);
    call.frame.marks.tools.set(call.frame.marks.tools.get().saturating_sub(1));
}

macro_rules! builder {
    ($Builder:ident, $word:ident, $variant:ident, $new:ident, $set:ident, $slow_set:ident, $build:ident, $cancel:ident,
     $ctx_new:ident, $ctx_set:ident, $ctx_build:ident, $ctx_cancel:ident) => {
        pub unsafe extern "C" fn $new(ctx: *mut HPyContext, size: HPy_ssize_t) -> $Builder {
            const FUNCTION: u16 = index(stringify!($new));
            let call = Call::begin(ctx, FUNCTION);
            let inner = ((*call.base).$ctx_new)(call.base, size);
            if inner.is_null() {
                return inner;
            }
            let word = keep(&call, Tool::$variant(inner));
            if word == 0 {
                ((*call.base).$ctx_cancel)(call.base, inner);
            } else {
                call.frame.set_builder(word, inner.$word);
            }
            $Builder { $word: word }
        }

        pub unsafe extern "C" fn $set(
            ctx: *mut HPyContext,
            builder: $Builder,
            at: HPy_ssize_t,
            h_item: HPy,
        ) {
            let frame = frame::of(ctx);
            if frame.builder.get() != builder.$word {
                return $slow_set(ctx, builder, at, h_item);
            }
            let record = frame.record(h_item);
            if !record.is(h_item, frame.pass()) {
                return $slow_set(ctx, builder, at, h_item);
            }
            let builder = $Builder { $word: frame.builder_below.get() };
            ((*frame.base).$ctx_set)(frame.base, builder, at, record.inner());
        }

        #[cold]
        #[inline(never)]
        unsafe extern "C" fn $slow_set(
            ctx: *mut HPyContext,
            builder: $Builder,
            at: HPy_ssize_t,
            h_item: HPy,
        ) {
            const FUNCTION: u16 = index(stringify!($set));
            let call = Call::begin(ctx, FUNCTION);
            if builder.is_null() {
                return;
            }
            let inner = match lock(&call.shared().tools).get(builder.$word) {
                Some(Tool::$variant(inner)) => Some(*inner),
                _ => None,
            };
            let Some(inner) = inner else {
                mistaken(&call, builder.$word);
                return;
            };
            call.frame.set_builder(builder.$word, inner.$word);
            let Some(item) = call.handle(h_item, "h_item") else { return };
            ((*call.base).$ctx_set)(call.base, inner, at, item);
        }

        pub unsafe extern "C" fn $build(ctx: *mut HPyContext, builder: $Builder) -> HPy {
            const FUNCTION: u16 = index(stringify!($build));
            let call = Call::begin(ctx, FUNCTION);
            let taken = lock(&call.shared().tools).take(builder.$word);
            if let Some(Tool::$variant(inner)) = taken {
                finish(&call);
                return call.new_handle(((*call.base).$ctx_build)(call.base, inner));
            }
            if !builder.is_null() {
                mistaken(&call, builder.$word);
            }
            // What a builder without memory gives, as HPy 0.9.0 does for a builder used twice.
            call.failed();
            api::HPyErr_NoMemory(call.base)
        }

        pub unsafe extern "C" fn $cancel(ctx: *mut HPyContext, builder: $Builder) {
            const FUNCTION: u16 = index(stringify!($cancel));
            let call = Call::begin(ctx, FUNCTION);
            let taken = lock(&call.shared().tools).take(builder.$word);
            if let Some(Tool::$variant(inner)) = taken {
                finish(&call);
                ((*call.base).$ctx_cancel)(call.base, inner);
            } else if !builder.is_null() {
                mistaken(&call, builder.$word);
            }
        }
    };
}

builder!(
    HPyListBuilder,
    _lst,
    List,
    HPyListBuilder_New,
    HPyListBuilder_Set,
    slow_list_set,
    HPyListBuilder_Build,
    HPyListBuilder_Cancel,
    ctx_ListBuilder_New,
    ctx_ListBuilder_Set,
    ctx_ListBuilder_Build,
    ctx_ListBuilder_Cancel
);
builder!(
    HPyTupleBuilder,
    _tup,
    Tuple,
    HPyTupleBuilder_New,
    HPyTupleBuilder_Set,
    slow_tuple_set,
    HPyTupleBuilder_Build,
    HPyTupleBuilder_Cancel,
    ctx_TupleBuilder_New,
    ctx_TupleBuilder_Set,
    ctx_TupleBuilder_Build,
    ctx_TupleBuilder_Cancel
);
