//! What binaries may do themselves on this build of CPython: see `hpy_sys::ext::HPyShortcuts`.

use crate::layout;
use crate::long::SmallInts;
use crate::type_::shape::OBJECT_OFFSET;
use hpy_sys::HPy;
use hpy_sys::ext::*;

/// As [`layout::incref`] and [`layout::decref`] count, and only where the GIL is all it takes.
const COUNTS: u32 = if cfg!(any(
    GraalPy,
    Py_GIL_DISABLED,
    py_sys_config = "Py_REF_DEBUG",
    py_sys_config = "Py_TRACE_REFS",
    not(target_pointer_width = "64"),
    not(target_endian = "little")
)) {
    0
} else if cfg!(Py_3_12) {
    HPY_MAY_COUNT_I32
} else {
    HPY_MAY_COUNT_WORDS
};

const LISTS: u32 = if layout::LISTS_ARE_OPEN_BUILDERS { HPY_MAY_SET_ITEMS } else { 0 };

const ITEMS: u32 = if layout::ITEMS_READ_IN_PLACE && layout::LISTS_ARE_OPEN_BUILDERS {
    HPY_MAY_READ_ITEMS
} else {
    0
};

const STRUCTS: u32 = if OBJECT_OFFSET == HPY_STRUCT_AT { HPY_MAY_REACH_STRUCTS } else { 0 };

/// What base contexts offer.
const OFFERS: u32 = if COUNTS == 0 {
    0
} else {
    COUNTS | LISTS | ITEMS | STRUCTS | HPY_MAY_TAKE_INTS | HPY_MAY_READ_LENGTHS
};

/// Whether base contexts offer all that trampolines of universal binaries count on where they go straight to
/// implementations: see `hpy_sys::ext::HPyBinary`.
pub const SERVE_STRAIGHT_CALLS: bool = OFFERS & HPY_STRAIGHT_OFFERS == HPY_STRAIGHT_OFFERS;

/// The offers of a base context. The ints stay where they are while the context lives.
pub fn offers(small_ints: &SmallInts) -> HPyShortcuts {
    if OFFERS == 0 {
        return HPyShortcuts::NONE;
    }
    HPyShortcuts {
        offers: OFFERS,
        struct_at: OBJECT_OFFSET as u32,
        small_ints: small_ints.objects().cast::<HPy>(),
        type_at: layout::TYPE as u32,
        length_at: layout::VAR_SIZE as u32,
        tuple_items_at: layout::TUPLE_ITEMS as u32,
    }
}
