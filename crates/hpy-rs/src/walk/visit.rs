//! Objects read in place: the quickest way of all, for what is made of the plain types only.

use crate::handle::Ref;
use crate::{Ctx, runtime};
use core::mem::MaybeUninit;
use hpy_sys::ext::*;
use hpy_sys::{HPy, HPyContext};

/// A value of a plain type that is no container.
///
/// ```
/// fn is_text(leaf: &hpy::Leaf<'_>) -> bool {
///     use hpy::Leaf::*;
///     matches!(leaf, Ascii(_) | Latin1(_) | Ucs2(_) | Ucs4(_))
/// }
/// assert!(is_text(&hpy::Leaf::Ascii("text")));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Leaf<'a> {
    /// `None`
    None,
    /// `True` or `False`
    Bool(bool),
    /// An int that fits.
    Int(i64),
    /// A float.
    Float(f64),
    /// A str that is all ASCII.
    Ascii(&'a str),
    /// A str whose code points are below U+0100, one byte each.
    Latin1(&'a [u8]),
    /// A str by its code points, none of which is above U+FFFF; lone surrogates may be among them.
    Ucs2(&'a [u16]),
    /// A str by its code points; lone surrogates may be among them.
    Ucs4(&'a [u32]),
}

/// A plain type that is a container.
///
/// ```
/// assert_ne!(hpy::Container::List, hpy::Container::Dict);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// A list.
    List,
    /// A tuple.
    Tuple,
    /// A dict: what is in it are keys and values in turn.
    Dict,
}

/// What [`visit`] tells of an object. Each method says whether to go on.
///
/// ```
/// struct Sum(f64);
///
/// impl hpy::Visit for Sum {
///     fn value(&mut self, value: hpy::Leaf<'_>) -> bool {
///         if let hpy::Leaf::Float(value) = value {
///             self.0 += value;
///         }
///         true
///     }
/// }
/// ```
pub trait Visit {
    /// A value, or an item of a list or a tuple.
    ///
    /// ```
    /// # struct Nothing;
    /// # impl hpy::Visit for Nothing {
    /// fn value(&mut self, value: hpy::Leaf<'_>) -> bool {
    ///     value != hpy::Leaf::None
    /// }
    /// # }
    /// ```
    fn value(&mut self, value: Leaf<'_>) -> bool;

    /// The key of the value, or the container, that comes next.
    ///
    /// ```
    /// # struct Nothing;
    /// # impl hpy::Visit for Nothing {
    /// # fn value(&mut self, value: hpy::Leaf<'_>) -> bool { true }
    /// fn key(&mut self, key: hpy::Leaf<'_>) -> bool {
    ///     matches!(key, hpy::Leaf::Ascii(_))
    /// }
    /// # }
    /// ```
    #[inline(always)]
    fn key(&mut self, key: Leaf<'_>) -> bool {
        let _ = key;
        true
    }

    /// The start of a container that is not empty.
    ///
    /// ```
    /// # struct Nothing;
    /// # impl hpy::Visit for Nothing {
    /// # fn value(&mut self, value: hpy::Leaf<'_>) -> bool { true }
    /// fn start(&mut self, container: hpy::Container) -> bool {
    ///     container != hpy::Container::Tuple
    /// }
    /// # }
    /// ```
    #[inline(always)]
    fn start(&mut self, container: Container) -> bool {
        let _ = container;
        true
    }

    /// Its end.
    ///
    /// ```
    /// # struct Nothing;
    /// # impl hpy::Visit for Nothing {
    /// # fn value(&mut self, value: hpy::Leaf<'_>) -> bool { true }
    /// fn end(&mut self, container: hpy::Container) -> bool {
    ///     container != hpy::Container::Tuple
    /// }
    /// # }
    /// ```
    #[inline(always)]
    fn end(&mut self, container: Container) -> bool {
        let _ = container;
        true
    }

    /// A container without anything in it.
    ///
    /// ```
    /// # struct Nothing;
    /// # impl hpy::Visit for Nothing {
    /// # fn value(&mut self, value: hpy::Leaf<'_>) -> bool { true }
    /// fn empty(&mut self, container: hpy::Container) -> bool {
    ///     container != hpy::Container::Tuple
    /// }
    /// # }
    /// ```
    #[inline(always)]
    fn empty(&mut self, container: Container) -> bool {
        let _ = container;
        true
    }
}

/// Tells a visitor of an object and all that is in it, if that is all None, bools, ints of 64 bits, floats, strs, lists,
/// tuples and dicts, exactly and not of subclasses, and no container is in itself.
///
/// False where there is something else in it, the visitor does not want to go on, or the runtime does not let binaries
/// read objects in place (as in debug mode, without a GIL, on PyPy): what the visitor was told is then to be
/// forgotten, and a [`Walk`](super::Walk) takes the object.
///
/// # Safety
/// The visitor does nothing with Python: what is read is borrowed.
///
/// ```
/// # use hpy::prelude::*;
/// # struct Sum(f64);
/// # impl hpy::Visit for Sum {
/// #     fn value(&mut self, _: hpy::Leaf<'_>) -> bool { true }
/// # }
/// # fn example<'ctx>(object: Ref<'ctx>) -> PyResult<'ctx, Option<f64>> {
/// let mut sum = Sum(0.0);
/// // SAFETY: it adds.
/// Ok(unsafe { hpy::visit(object, &mut sum) }.then_some(sum.0))
/// # }
/// ```
pub unsafe fn visit<V: Visit>(object: Ref<'_>, visitor: &mut V) -> bool {
    let ctx = object.ctx();
    let Some(place) = in_place(ctx) else { return false };
    let reader = Reader { ctx: ctx.as_raw(), table: ctx.table(), place };
    // SAFETY: the object is open, and nothing is done with Python meanwhile, says the caller.
    unsafe {
        if place.ints == HPY_INTS_BY_SIZE {
            reader.all::<true, V>(object.as_raw(), visitor)
        } else {
            reader.all::<false, V>(object.as_raw(), visitor)
        }
    }
}

fn in_place(ctx: Ctx<'_>) -> Option<HPyInPlace> {
    let table = runtime::in_place_extensions(ctx)?;
    let mut place = MaybeUninit::<HPyInPlace>::uninit();
    // SAFETY: the runtime reads the size and fills in the rest, where it says so.
    unsafe {
        (&raw mut (*place.as_mut_ptr()).size).write(size_of::<HPyInPlace>());
        let found = (table.read_in_place)(ctx.as_raw(), place.as_mut_ptr()) != 0;
        let place = found.then(|| place.assume_init())?;
        matches!(place.ints, HPY_INTS_BY_SIZE | HPY_INTS_BY_TAG).then_some(place)
    }
}

/// A container that the visit is in.
#[derive(Clone, Copy)]
struct Frame {
    container: HPy,
    kind: Container,
    /// The next index, or what `dict_next` has made of it.
    place: isize,
}

/// What a value is.
enum Found {
    /// The visitor knows.
    Leaf,
    Container(HPy, Container),
    /// Nothing more in this container.
    End,
    /// The visit cannot go on.
    Stop,
}

struct Reader<'ctx> {
    ctx: *mut HPyContext,
    table: &'ctx HPyContext,
    place: HPyInPlace,
}

/// How many items ahead the processor is told what will be read.
const AHEAD: usize = 4;

/// Has the processor fetch what will soon be read.
#[inline(always)]
fn fetch(object: HPy) {
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(core::ptr::without_provenance(object._i as usize)) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = object;
}

/// All functions: the handles are open objects, and nothing is done with Python but here.
impl Reader<'_> {
    #[inline(always)]
    unsafe fn all<const BY_SIZE: bool, V: Visit>(&self, object: HPy, visitor: &mut V) -> bool {
        // SAFETY: of these functions; what a container holds is open as long as it is.
        unsafe {
            let (mut container, mut kind) = match self.value::<BY_SIZE, V>(object, visitor) {
                Found::Leaf => return true,
                Found::Container(container, kind) => (container, kind),
                Found::End | Found::Stop => return false,
            };
            let mut above: Vec<Frame> = Vec::new();
            let mut place = 0;
            if !visitor.start(kind) {
                return false;
            }
            loop {
                let found = match kind {
                    Container::Dict => self.pairs::<BY_SIZE, V>(container, &mut place, visitor),
                    Container::List => {
                        let items = read_at::<*const HPy>(container, HPY_ITEMS_AT);
                        self.items::<BY_SIZE, V>(container, items, &mut place, visitor)
                    }
                    Container::Tuple => {
                        let items = address(container, self.place.tuple_items_at);
                        self.items::<BY_SIZE, V>(container, items, &mut place, visitor)
                    }
                };
                match found {
                    Found::Container(inner, inner_kind) => {
                        let is_inner = |frame: &Frame| frame.container._i == inner._i;
                        if container._i == inner._i || above.iter().any(is_inner) {
                            return false;
                        }
                        if !visitor.start(inner_kind) {
                            return false;
                        }
                        above.push(Frame { container, kind, place });
                        (container, kind, place) = (inner, inner_kind, 0);
                    }
                    Found::End => {
                        if !visitor.end(kind) {
                            return false;
                        }
                        let Some(outer) = above.pop() else { return true };
                        Frame { container, kind, place } = outer;
                    }
                    Found::Leaf | Found::Stop => return false,
                }
            }
        }
    }

    /// Goes on in a list or a tuple, to the next container in it.
    #[inline(always)]
    unsafe fn items<const BY_SIZE: bool, V: Visit>(
        &self,
        container: HPy,
        items: *const HPy,
        place: &mut isize,
        visitor: &mut V,
    ) -> Found {
        // SAFETY: there are so many items, which stay what they are.
        unsafe {
            let length = read_at::<usize>(container, HPY_LENGTH_AT);
            let items = core::slice::from_raw_parts(items, length);
            let mut index = *place as usize;
            while let Some(item) = items.get(index) {
                if let Some(later) = items.get(index + AHEAD) {
                    fetch(*later);
                }
                index += 1;
                let found = self.value::<BY_SIZE, V>(*item, visitor);
                if !matches!(found, Found::Leaf) {
                    *place = index as isize;
                    return found;
                }
            }
            Found::End
        }
    }

    /// Goes on in a dict.
    #[inline(always)]
    unsafe fn pairs<const BY_SIZE: bool, V: Visit>(
        &self,
        dict: HPy,
        place: &mut isize,
        visitor: &mut V,
    ) -> Found {
        let (mut key, mut value) = (HPy::NULL, HPy::NULL);
        // SAFETY: the dict does not change.
        unsafe {
            while (self.place.dict_next)(dict, place, &raw mut key, &raw mut value) != 0 {
                let told = match self.ascii(key) {
                    Some(key) => visitor.key(Leaf::Ascii(key)),
                    None => self.other_key(key, visitor),
                };
                if !told {
                    return Found::Stop;
                }
                let found = self.value::<BY_SIZE, V>(value, visitor);
                if !matches!(found, Found::Leaf) {
                    return found;
                }
            }
        }
        Found::End
    }

    /// The text of a str that is ASCII.
    #[inline(always)]
    unsafe fn ascii<'a>(&self, object: HPy) -> Option<&'a str> {
        // SAFETY: the contract says where a str has what.
        unsafe {
            let flags = self.place.text_flags;
            if read_at::<isize>(object, HPY_TYPE_AT) != self.table.h_UnicodeType._i
                || read_at::<u32>(object, self.place.text_flags_at as usize) & flags != flags
            {
                return None;
            }
            let length = read_at::<usize>(object, HPY_LENGTH_AT);
            let text = core::slice::from_raw_parts(address(object, self.place.text_at), length);
            Some(core::str::from_utf8_unchecked(text))
        }
    }

    #[inline(never)]
    unsafe fn other_key<V: Visit>(&self, key: HPy, visitor: &mut V) -> bool {
        // SAFETY: as of all functions here.
        unsafe { self.leaf(key).is_some_and(|key| visitor.key(key)) }
    }

    #[inline(never)]
    unsafe fn other_value<V: Visit>(&self, value: HPy, visitor: &mut V) -> Found {
        // SAFETY: as of all functions here.
        match unsafe { self.leaf(value) } {
            Some(value) if visitor.value(value) => Found::Leaf,
            _ => Found::Stop,
        }
    }

    /// What the runtime has to say.
    unsafe fn leaf<'a>(&self, object: HPy) -> Option<Leaf<'a>> {
        let mut node = HPyContent { tag: 0, value: 0, handle: HPy::NULL };
        // SAFETY: of each kind the value is what the tag says.
        unsafe {
            if (self.place.leaf)(self.ctx, object, &raw mut node) == 0 {
                return None;
            }
            let length = (node.tag >> 8) as usize;
            let start = node.value as usize;
            let bytes = core::slice::from_raw_parts::<'a, u8>;
            Some(match node.tag & 0xff {
                HPY_CONTENT_ASCII => {
                    Leaf::Ascii(core::str::from_utf8_unchecked(bytes(start as *const u8, length)))
                }
                HPY_CONTENT_LATIN1 => Leaf::Latin1(bytes(start as *const u8, length)),
                HPY_CONTENT_UCS2 => {
                    Leaf::Ucs2(core::slice::from_raw_parts(start as *const u16, length))
                }
                HPY_CONTENT_UCS4 => {
                    Leaf::Ucs4(core::slice::from_raw_parts(start as *const u32, length))
                }
                HPY_CONTENT_INT => Leaf::Int(node.value as i64),
                HPY_CONTENT_FLOAT => Leaf::Float(f64::from_bits(node.value)),
                HPY_CONTENT_NONE => Leaf::None,
                HPY_CONTENT_FALSE => Leaf::Bool(false),
                HPY_CONTENT_TRUE => Leaf::Bool(true),
                _ => return None,
            })
        }
    }

    /// Tells of a value that is no container.
    #[inline(always)]
    unsafe fn value<const BY_SIZE: bool, V: Visit>(&self, value: HPy, visitor: &mut V) -> Found {
        // SAFETY: the contract says where objects of these types have what.
        unsafe {
            let table = self.table;
            let kind = read_at::<isize>(value, HPY_TYPE_AT);
            let told = if kind == table.h_UnicodeType._i {
                match self.ascii(value) {
                    Some(text) => visitor.value(Leaf::Ascii(text)),
                    None => return self.other_value(value, visitor),
                }
            } else if kind == table.h_LongType._i {
                match small_int::<BY_SIZE>(value) {
                    Some(int) => visitor.value(Leaf::Int(int)),
                    None => return self.other_value(value, visitor),
                }
            } else if kind == table.h_FloatType._i {
                visitor.value(Leaf::Float(read_at::<f64>(value, HPY_FLOAT_AT)))
            } else if kind == table.h_ListType._i {
                return self.container(value, Container::List, visitor);
            } else if kind == table.h_DictType._i {
                return self.container(value, Container::Dict, visitor);
            } else if value._i == table.h_None._i {
                visitor.value(Leaf::None)
            } else if value._i == table.h_True._i {
                visitor.value(Leaf::Bool(true))
            } else if value._i == table.h_False._i {
                visitor.value(Leaf::Bool(false))
            } else if kind == table.h_TupleType._i {
                return self.container(value, Container::Tuple, visitor);
            } else {
                return Found::Stop;
            };
            if told { Found::Leaf } else { Found::Stop }
        }
    }

    #[inline(always)]
    unsafe fn container<V: Visit>(&self, value: HPy, kind: Container, visitor: &mut V) -> Found {
        // SAFETY: all of them have their length there.
        if unsafe { read_at::<usize>(value, HPY_LENGTH_AT) } != 0 {
            return Found::Container(value, kind);
        }
        if visitor.empty(kind) { Found::Leaf } else { Found::Stop }
    }
}

/// An int of one digit.
#[inline(always)]
unsafe fn small_int<const BY_SIZE: bool>(int: HPy) -> Option<i64> {
    // SAFETY: the contract says where an int has what.
    unsafe {
        let digit = i64::from(read_at::<u32>(int, HPY_INT_DIGIT_AT));
        if BY_SIZE {
            let size = read_at::<i64>(int, HPY_INT_SIZE_AT);
            return (size.wrapping_add(1) as u64 <= 2).then(|| size * digit);
        }
        let tag = read_at::<u64>(int, HPY_INT_SIZE_AT);
        (tag < 16).then(|| (1 - (tag & 3) as i64) * digit)
    }
}

/// # Safety
/// There is a `T` so many bytes from the address that the handle is.
#[inline(always)]
unsafe fn read_at<T: Copy>(h: HPy, at: usize) -> T {
    // SAFETY: as the caller says.
    unsafe { address::<T>(h, at as u32).read() }
}

/// The address so many bytes from the one that the handle is.
#[inline(always)]
fn address<T>(h: HPy, at: u32) -> *const T {
    core::ptr::with_exposed_provenance::<T>((h._i as usize).wrapping_add(at as usize))
}
