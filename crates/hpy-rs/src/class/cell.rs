//! The struct in an instance and its borrowing.

use super::{Base, Class, Mutable};
use crate::exc::RuntimeError;
use crate::field::Visitor;
use crate::handle::Ref;
use crate::kinds::{Any, Kind};
use crate::{FromPy, PyErr, PyResult};
use core::cell::UnsafeCell;
use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicUsize, Ordering};
use hpy_sys::HPyFunc_visitproc;

/// The struct of an instance: the base's part, the borrow state, the value.
#[doc(hidden)]
#[doc(hidden)]
#[repr(C)]
pub struct Cell<T: Class> {
    base: <T::Base as Base>::Layout,
    state: AtomicUsize,
    value: UnsafeCell<MaybeUninit<T>>,
}

/// Memory of a new object is zeroed: the value is not there yet.
const ABSENT: usize = 0;
/// Nobody borrows; each shared borrow adds one.
const FREE: usize = 1;
const EXCLUSIVE: usize = usize::MAX;

impl<T: Class> Cell<T> {
    /// The greatest alignment that all runtimes give to an object's struct.
    pub const ALIGNMENT_FITS: () = assert!(
        align_of::<T>() <= 16,
        "a class cannot be aligned to more than 16 bytes: Python's objects are not"
    );

    #[inline]
    pub(super) fn share<'ctx>(&self) -> PyResult<'ctx> {
        if T::FROZEN {
            if self.state.load(Ordering::Acquire) == ABSENT {
                return Err(no_value::<T>());
            }
            return Ok(());
        }
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            if state == ABSENT || state >= EXCLUSIVE - 1 {
                return Err(if state == ABSENT { no_value::<T>() } else { borrowed::<T>(true) });
            }
            match self.state.compare_exchange_weak(
                state,
                state + 1,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Ok(()),
                Err(seen) => state = seen,
            }
        }
    }

    #[inline]
    pub(super) fn unshare(&self) {
        if !T::FROZEN {
            self.state.fetch_sub(1, Ordering::Release);
        }
    }

    #[inline]
    pub(super) fn take<'ctx>(&self) -> PyResult<'ctx> {
        match self.state.compare_exchange(FREE, EXCLUSIVE, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => Ok(()),
            Err(ABSENT) => Err(no_value::<T>()),
            Err(state) => Err(borrowed::<T>(state == EXCLUSIVE)),
        }
    }

    /// Puts the value into the memory of a new object.
    ///
    /// # Safety
    /// `this` is the zeroed struct of a new object that nobody else has seen.
    pub(super) unsafe fn fill(this: *mut Self, value: T) {
        // SAFETY: as the caller says.
        unsafe {
            (*(*this).value.get()).write(value);
            (*this).state.store(FREE, Ordering::Release);
        }
    }

    /// Where the base's part is.
    ///
    /// # Safety
    /// As [`Cell::fill`].
    pub(super) unsafe fn base_part(this: *mut Self) -> *mut <T::Base as Base>::Layout {
        // SAFETY: as the caller says.
        unsafe { &raw mut (*this).base }
    }
}

/// # Safety
/// `cell` is the struct of an object that is going away.
pub(super) unsafe fn drop_cell<T: Class>(cell: *mut Cell<T>) {
    // SAFETY: nothing else reaches the object; the value is there unless the state says absent.
    unsafe {
        if core::mem::replace((*cell).state.get_mut(), ABSENT) != ABSENT {
            crate::entry::dropping(|| (*(*cell).value.get()).assume_init_drop());
        }
        <T::Base as Base>::drop_layout(&raw mut (*cell).base);
    }
}

/// # Safety
/// `cell` is the struct of a live object, while the collector runs. The parts of bases are visited by their own
/// types: runtimes call `tp_traverse` of each.
unsafe fn visit_cell<T: Class>(cell: *const Cell<T>, visitor: &mut Visitor) {
    // SAFETY: an exclusive borrow may be changing the value: then the collector sees nothing of it, which
    // keeps what it refers to alive.
    unsafe {
        let state = (*cell).state.load(Ordering::Acquire);
        if state != ABSENT && state != EXCLUSIVE {
            (*(*cell).value.get()).assume_init_ref().visit_fields(visitor);
        }
    }
}

/// `tp_destroy` of a class.
///
/// # Safety
/// `data` is the struct of an instance that is going away.
pub unsafe extern "C" fn destroy<T: Class>(data: *mut c_void) {
    // SAFETY: as the caller says.
    unsafe { drop_cell::<T>(data.cast()) }
}

/// `tp_traverse` of a class.
///
/// # Safety
/// `data` is the struct of an instance; the collector runs.
pub unsafe extern "C" fn traverse<T: Class>(
    data: *mut c_void,
    visit: HPyFunc_visitproc,
    arg: *mut c_void,
) -> c_int {
    // SAFETY: as the caller says.
    unsafe {
        let mut visitor = Visitor::new(visit, arg);
        visit_cell::<T>(data.cast(), &mut visitor);
        visitor.result()
    }
}

#[cold]
fn no_value<T: Class>() -> PyErr<'static> {
    RuntimeError::new(format!("this {} was never initialised", T::NAME))
}

#[cold]
fn borrowed<T: Class>(exclusively: bool) -> PyErr<'static> {
    RuntimeError::new(format!(
        "this {} is in use: already {}borrowed by a call that has not returned",
        T::NAME,
        if exclusively { "mutably " } else { "" }
    ))
}

/// A shared borrow of an instance's value.
///
/// ```
/// use hpy::prelude::*;
///
/// #[hpy::class]
/// struct Account {
///     balance: i64,
/// }
///
/// /// Which of two accounts has more; they may be one.
/// #[hpy::function]
/// fn richer<'ctx>(a: Ref<'ctx, Account>, b: Ref<'ctx, Account>) -> PyResult<'ctx, Ref<'ctx, Account>> {
///     let (x, y): (ClassRef<'_, Account>, ClassRef<'_, Account>) = (a.borrow()?, b.borrow()?);
///     Ok(if x.balance >= y.balance { a } else { b })
/// }
/// ```
pub struct ClassRef<'a, T: Class>(pub(super) &'a Cell<T>);

impl<T: Class> Deref for ClassRef<'_, T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the state says that the value is there and not borrowed exclusively.
        unsafe { (*self.0.value.get()).assume_init_ref() }
    }
}

impl<T: Class> Drop for ClassRef<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.unshare();
    }
}

/// An exclusive borrow of an instance's value.
///
/// ```
/// use hpy::prelude::*;
///
/// #[hpy::class]
/// struct Account {
///     balance: i64,
/// }
///
/// /// RuntimeError where both are one account.
/// #[hpy::function]
/// fn transfer<'ctx>(from: Ref<'ctx, Account>, to: Ref<'ctx, Account>, amount: i64) -> PyResult<'ctx> {
///     let (mut from, mut to): (ClassMut<'_, Account>, ClassMut<'_, Account>) = (from.borrow_mut()?, to.borrow_mut()?);
///     from.balance -= amount;
///     to.balance += amount;
///     Ok(())
/// }
/// ```
pub struct ClassMut<'a, T: Class>(pub(super) &'a Cell<T>);

impl<T: Class> Deref for ClassMut<'_, T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the state says that the value is there and borrowed by `self` alone.
        unsafe { (*self.0.value.get()).assume_init_ref() }
    }
}

impl<T: Class> DerefMut for ClassMut<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the state says that the value is there and borrowed by `self` alone.
        unsafe { (*self.0.value.get()).assume_init_mut() }
    }
}

impl<T: Class> Drop for ClassMut<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.state.store(FREE, Ordering::Release);
    }
}

impl<'a, T: Class> crate::args::BorrowArg<'a> for T {
    const HINT: crate::Hint = <T as Kind>::HINT;
    type Guard = ClassRef<'a, T>;
    #[inline]
    fn borrow_arg(object: Ref<'a, Any>) -> PyResult<'a, ClassRef<'a, T>> {
        borrow_for(Ref::<'a, T>::from_py(object)?)
    }
}

impl<'a, T: Mutable> crate::args::BorrowMutArg<'a> for T {
    const HINT: crate::Hint = <T as Kind>::HINT;
    type Guard = ClassMut<'a, T>;
    #[inline]
    fn borrow_mut_arg(object: Ref<'a, Any>) -> PyResult<'a, ClassMut<'a, T>> {
        borrow_mut_for(Ref::<'a, T>::from_py(object)?)
    }
}

/// A shared borrow for as long as the object is open.
#[doc(hidden)]
#[doc(hidden)]
#[inline(always)]
pub fn borrow_for<'a, T: Class>(object: Ref<'a, T>) -> PyResult<'a, ClassRef<'a, T>> {
    // SAFETY: the object is open for 'a, and so long its struct lives.
    let cell: &'a Cell<T> = unsafe { &*core::ptr::from_ref(object.cell()) };
    cell.share()?;
    Ok(ClassRef(cell))
}

/// An exclusive borrow for as long as the object is open.
#[doc(hidden)]
#[doc(hidden)]
#[inline(always)]
pub fn borrow_mut_for<'a, T: Mutable>(object: Ref<'a, T>) -> PyResult<'a, ClassMut<'a, T>> {
    // SAFETY: the object is open for 'a, and so long its struct lives.
    let cell: &'a Cell<T> = unsafe { &*core::ptr::from_ref(object.cell()) };
    cell.take()?;
    Ok(ClassMut(cell))
}
