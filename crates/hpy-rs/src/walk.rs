//! Reading objects with all that is in them, as serializers do.

mod single;
mod visit;

use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Int, Str, Tuple};
use crate::{Ctx, PyErr, PyResult, runtime};
use core::ffi::{c_int, c_void};
use hpy_sys::HPy;
use hpy_sys::ext::*;
use single::Single;
pub use visit::{Container, Leaf, Visit, visit};

/// How many nodes come from the runtime at once: they stay in the processor's first cache.
const BATCH: usize = 256;

/// Goes through an object and all that is in it, value by value.
///
/// This is the fast way from Python to a serializer: where the runtime has the extension table, a few hundred
/// values are read in one call, however deep they are nested; elsewhere each is a call.
///
/// Lists, tuples and dicts come as their start, what is in them, and [`Step::End`]. Instances of subclasses, and
/// objects of any other type, are [`Step::Other`]; [`enter`](Walk::enter) has the walk go on with what a program
/// knows to write for one.
/// [`start`](Walk::start) begins anew, wherever the walk was.
///
/// What code of Python's changes meanwhile is seen in lists; a dict is read as it was when the walk came to the
/// first [`Step::Other`] in it.
///
/// ```
/// use hpy::prelude::*;
/// use hpy::{Step, Walk, WalkOptions};
///
/// /// The sum of all floats in nested lists and dicts.
/// #[hpy::function]
/// fn total<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx, f64> {
///     let mut walk = Walk::new(ctx, WalkOptions { check_circular: true, sort_keys: false })?;
///     walk.start(object)?;
///     let mut sum = 0.0;
///     while let Some(step) = walk.next()? {
///         match step {
///             Step::Float(value) => sum += value,
///             Step::Circular => return Err(ValueError::new("a container is in itself")),
///             _ => {}
///         }
///     }
///     Ok(sum)
/// }
/// ```
pub struct Walk<'ctx> {
    ctx: Ctx<'ctx>,
    place: Place<'ctx>,
    /// `HPY_WALK_*`
    flags: u64,
    /// What was read and is open, and how much of it was given out.
    nodes: Vec<HPyContent>,
    next: usize,
    /// Whether there may be something left of the last object.
    is_started: bool,
}

/// Who walks.
enum Place<'ctx> {
    Runtime(&'ctx HPyExtensions, *mut c_void),
    Here(Single<'ctx>),
}

/// How a [`Walk`] goes.
///
/// ```
/// let options = hpy::WalkOptions { check_circular: true, ..Default::default() };
/// assert!(!options.sort_keys);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WalkOptions {
    /// Whether a container in which the walk already is, is [`Step::Circular`]. Otherwise the walk enters it
    /// again and again.
    pub check_circular: bool,
    /// Whether dicts come in the order of their keys. Those with keys that are not all of the type str are
    /// [`Step::Other`].
    pub sort_keys: bool,
}

/// What a [`Walk`] comes to.
///
/// ```
/// # use hpy::prelude::*;
/// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
/// let mut walk = hpy::Walk::new(ctx, hpy::WalkOptions::default())?;
/// walk.start(object)?;
/// while let Some(step) = walk.next()? {
///     if let hpy::Step::Dict(pairs) = step {
///         println!("a dict of {pairs} pairs");
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub enum Step<'a, 'ctx> {
    /// `None`
    None,
    /// `True` or `False`
    Bool(bool),
    /// An int that fits.
    Int(i64),
    /// An int that does not.
    LargeInt(Ref<'a, Int>),
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
    /// A str. Which of the five a str is given as depends on the runtime.
    Str(Ref<'a, Str>),
    /// The start of a list, with the number of its items at that time.
    List(usize),
    /// The start of a tuple, with the number of its items.
    Tuple(usize),
    /// The start of a dict, with the number of its pairs: what comes are keys and values in turn.
    Dict(usize),
    /// The end of a container, and of what [`Walk::start`] and [`Walk::enter`] were given.
    End,
    /// A container that is in itself.
    Circular,
    /// Anything else.
    Other(Handle<'ctx, Any>),
}

impl<'ctx> Walk<'ctx> {
    /// A walk over nothing yet.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let mut walk = hpy::Walk::new(ctx, hpy::WalkOptions::default())?;
    /// assert!(walk.next()?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(ctx: Ctx<'ctx>, options: WalkOptions) -> PyResult<'ctx, Self> {
        Walk::with(ctx, options, 0)
    }

    /// A walk that is faster and asks for care: texts come without a reference to the str they are in.
    ///
    /// # Safety
    /// A text that a step has is not looked at any more after something was done with Python: calls, and making
    /// objects, may run code that gives the str up.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx, String> {
    /// let mut all = String::new();
    /// // SAFETY: a text is copied at once.
    /// let mut walk = unsafe { hpy::Walk::new_borrowing(ctx, hpy::WalkOptions::default())? };
    /// walk.start(object)?;
    /// while let Some(step) = walk.next()? {
    ///     if let hpy::Step::Ascii(text) = step {
    ///         all += text;
    ///     }
    /// }
    /// # Ok(all)
    /// # }
    /// ```
    pub unsafe fn new_borrowing(ctx: Ctx<'ctx>, options: WalkOptions) -> PyResult<'ctx, Self> {
        Walk::with(ctx, options, HPY_WALK_BORROWED)
    }

    fn with(ctx: Ctx<'ctx>, options: WalkOptions, flags: u64) -> PyResult<'ctx, Self> {
        let checked = if options.check_circular { HPY_WALK_CHECKED } else { 0 };
        let sorted = if options.sort_keys { HPY_WALK_SORTED } else { 0 };
        let flags = flags | checked | sorted;
        let place = new_place(ctx, flags)?;
        Ok(Walk { ctx, place, flags, nodes: Vec::new(), next: 0, is_started: false })
    }

    /// Has the walk go through `object`, which counts as the only item of something: an [`Step::End`] follows it.
    /// What was left of a walk before is forgotten.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let mut walk = hpy::Walk::new(ctx, hpy::WalkOptions::default())?;
    /// walk.start(ctx.none())?;
    /// assert!(matches!(walk.next()?, Some(hpy::Step::None)));
    /// assert!(matches!(walk.next()?, Some(hpy::Step::End)));
    /// assert!(walk.next()?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn start(&mut self, object: Ref<'_>) -> PyResult<'ctx> {
        self.close();
        // A walk that was over has no frames; of another one the rest is given up with the runtime's part of it.
        if self.is_started {
            let place = new_place(self.ctx, self.flags)?;
            free(self.ctx, &core::mem::replace(&mut self.place, place));
        }
        self.is_started = true;
        let only = self.only(object)?;
        self.enter_as(HPy::NULL, only.as_raw(), false)
    }

    /// A tuple of one item.
    fn only(&self, object: Ref<'_>) -> PyResult<'ctx, Handle<'ctx, Tuple>> {
        // SAFETY: the object is open while this function runs, the tuple takes its own reference.
        let object: Ref<'ctx, Any> = unsafe { Ref::from_raw(self.ctx, object.as_raw()) };
        Tuple::from_handles(self.ctx, &[object.to_owned()])
    }

    /// Has the walk go on with the items of `items`, a list or a tuple, and an [`Step::End`]: what stands in the
    /// place of `stands_for`, which was [`Step::Other`] in the last step. If that is in the items, or in
    /// what they contain, it is [`Step::Circular`]. TypeError where `items` is neither.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let mut walk = hpy::Walk::new(ctx, hpy::WalkOptions::default())?;
    /// walk.start(object)?;
    /// if let Some(hpy::Step::Other(set)) = walk.next()? {
    ///     let items = ctx.builtin(c"sorted")?.call((&set,))?;
    ///     walk.enter(&set, &items)?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn enter<T>(&mut self, stands_for: &Handle<'_>, items: &Handle<'_, T>) -> PyResult<'ctx> {
        self.enter_as(stands_for.as_raw(), items.as_raw(), false)
    }

    /// The same where the items are keys and values in turn: keys are not entered.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(walk: &mut hpy::Walk<'ctx>, point: &Handle<'ctx>) -> PyResult<'ctx> {
    /// let pairs = ("x", point.getattr(c"x")?, "y", point.getattr(c"y")?);
    /// walk.enter_pairs(point, &pairs.into_py(point.ctx())?)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn enter_pairs<T>(
        &mut self,
        stands_for: &Handle<'_>,
        pairs: &Handle<'_, T>,
    ) -> PyResult<'ctx> {
        self.enter_as(stands_for.as_raw(), pairs.as_raw(), true)
    }

    /// The same where one object stands for another: it comes next, and an [`Step::End`] after it.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(walk: &mut hpy::Walk<'ctx>, path: &Handle<'ctx>) -> PyResult<'ctx> {
    /// let text = path.str()?;
    /// walk.enter_value(path, &text.into_any())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn enter_value(&mut self, stands_for: &Handle<'_>, value: &Handle<'_>) -> PyResult<'ctx> {
        let only = self.only(value.as_ref())?;
        self.enter(stands_for, &only)
    }

    fn enter_as(&mut self, stands_for: HPy, items: HPy, pairs: bool) -> PyResult<'ctx> {
        match &mut self.place {
            Place::Runtime(table, walk) => {
                let raw = self.ctx.as_raw();
                // SAFETY: the walk is live, the handles are open.
                let status = unsafe {
                    (table.walk_enter)(raw, *walk, stands_for, items, c_int::from(pairs))
                };
                if status < 0 { Err(PyErr::pending(self.ctx)) } else { Ok(()) }
            }
            // SAFETY: the handles are open.
            Place::Here(single) => unsafe { single.enter(self.ctx, stands_for, items, pairs) },
        }
    }

    /// The next step; None when the walk is over.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(walk: &mut hpy::Walk<'ctx>) -> PyResult<'ctx> {
    /// while let Some(step) = walk.next()? {
    ///     if let hpy::Step::Int(value) = step {
    ///         println!("{value}");
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    // Not an Iterator: a step borrows from the walk.
    #[allow(clippy::should_implement_trait)]
    #[inline(always)]
    pub fn next(&mut self) -> PyResult<'ctx, Option<Step<'_, 'ctx>>> {
        if self.next == self.nodes.len() && !self.read()? {
            return Ok(None);
        }
        // SAFETY: below the length, as was just seen to.
        let node = unsafe { self.nodes.get_unchecked_mut(self.next) };
        self.next += 1;
        // SAFETY: the node was read in this walk and is open until the next batch is read.
        Ok(Some(unsafe { step(self.ctx, node) }))
    }

    /// Reads more; false at the end.
    #[inline(never)]
    fn read(&mut self) -> PyResult<'ctx, bool> {
        self.close();
        match &mut self.place {
            Place::Runtime(table, walk) => {
                self.nodes.reserve(BATCH);
                // SAFETY: the walk is live, there is room for so many nodes.
                let count = unsafe {
                    (table.walk_next)(
                        self.ctx.as_raw(),
                        *walk,
                        self.nodes.as_mut_ptr(),
                        BATCH as isize,
                    )
                };
                let Ok(count) = usize::try_from(count) else {
                    return Err(PyErr::pending(self.ctx));
                };
                // SAFETY: so many were written.
                unsafe { self.nodes.set_len(count) };
                self.is_started = count > 0;
                Ok(count > 0)
            }
            Place::Here(single) => {
                let read = single.read(self.ctx, self.flags)?;
                self.nodes.extend(read);
                Ok(read.is_some())
            }
        }
    }

    /// Closes what was read.
    fn close(&mut self) {
        self.next = 0;
        match &self.place {
            // SAFETY: the handles are open and owned by this value.
            Place::Runtime(table, _) => unsafe {
                (table.contents_close)(self.ctx.as_raw(), self.nodes.as_ptr(), self.nodes.len());
            },
            Place::Here(_) => {
                for node in self.nodes.iter().filter(|node| !node.handle.is_null()) {
                    // SAFETY: as above.
                    drop(unsafe { Handle::<Any>::from_raw(self.ctx, node.handle) });
                }
            }
        }
        self.nodes.clear();
    }
}

fn new_place<'ctx>(ctx: Ctx<'ctx>, flags: u64) -> PyResult<'ctx, Place<'ctx>> {
    let Some(table) = runtime::walk_extensions(ctx) else { return Ok(Place::Here(Single::new())) };
    // SAFETY: the table is that of the context.
    let walk = unsafe { (table.walk_new)(ctx.as_raw(), flags) };
    if walk.is_null() {
        return Err(PyErr::pending(ctx));
    }
    Ok(Place::Runtime(table, walk))
}

/// Frees what the runtime has of a walk, which is not used any more.
fn free(ctx: Ctx<'_>, place: &Place<'_>) {
    if let Place::Runtime(table, walk) = place {
        // SAFETY: the walk is live and freed once.
        unsafe { (table.walk_free)(ctx.as_raw(), *walk) }
    }
}

impl Drop for Walk<'_> {
    fn drop(&mut self) {
        self.close();
        free(self.ctx, &self.place);
    }
}

/// # Safety
/// The node came from `walk_next` (or was made alike) and is open for `'a`.
#[inline(always)]
unsafe fn step<'a, 'ctx: 'a>(ctx: Ctx<'ctx>, node: &'a mut HPyContent) -> Step<'a, 'ctx> {
    let count = (node.tag >> 8) as usize;
    let start = node.value as usize;
    // SAFETY: of each kind the handle is an object of that kind, and the value what the tag says.
    unsafe {
        match node.tag & 0xff {
            HPY_CONTENT_ASCII => {
                let text = core::slice::from_raw_parts(start as *const u8, count);
                Step::Ascii(core::str::from_utf8_unchecked(text))
            }
            HPY_CONTENT_INT => Step::Int(node.value as i64),
            HPY_CONTENT_FLOAT => Step::Float(f64::from_bits(node.value)),
            HPY_CONTENT_NONE => Step::None,
            HPY_CONTENT_FALSE => Step::Bool(false),
            HPY_CONTENT_TRUE => Step::Bool(true),
            HPY_CONTENT_END => Step::End,
            HPY_CONTENT_DICT => Step::Dict(count),
            HPY_CONTENT_LIST => Step::List(count),
            HPY_CONTENT_TUPLE => Step::Tuple(count),
            HPY_CONTENT_LATIN1 => {
                Step::Latin1(core::slice::from_raw_parts(start as *const u8, count))
            }
            HPY_CONTENT_UCS2 => Step::Ucs2(core::slice::from_raw_parts(start as *const u16, count)),
            HPY_CONTENT_UCS4 => Step::Ucs4(core::slice::from_raw_parts(start as *const u32, count)),
            HPY_CONTENT_STR => Step::Str(Ref::from_raw(ctx, node.handle)),
            HPY_CONTENT_LARGE_INT => Step::LargeInt(Ref::from_raw(ctx, node.handle)),
            HPY_CONTENT_CIRCULAR => Step::Circular,
            // The step takes the handle over.
            _ => {
                Step::Other(Handle::from_raw(ctx, core::mem::replace(&mut node.handle, HPy::NULL)))
            }
        }
    }
}
