//! Memory that a class shares with the views of it.

use super::Export;
use crate::element::{Element, Item};
use core::cell::Cell;
use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

/// A block of numbers of fixed length that a class shares with views of it.
///
/// A clone is the same memory. It is freed with the last clone and the last view. Like the memory of a NumPy
/// array it can be changed by whoever has it; threads that do so at the same time see one or the other value.
///
/// ```
/// use hpy::Memory;
///
/// let mut memory = Memory::from(vec![1.0, 2.0, 3.0]);
/// memory.set(1, 5.0);
/// assert_eq!(memory.items()[1].get(), 5.0);
/// // Nobody else has it: then it can be borrowed as a plain slice.
/// memory.get_mut().unwrap()[2] = 0.0;
/// let other = memory.clone();
/// assert!(memory.get_mut().is_none());
/// assert_eq!(other.to_vec(), [1.0, 5.0, 0.0]);
/// ```
pub struct Memory<T: Element>(Arc<[Item<T>]>);

// SAFETY: items are numbers; concurrent use is what the type's text says, as for NumPy's memory.
unsafe impl<T: Element> Send for Memory<T> {}
// SAFETY: as for Send.
unsafe impl<T: Element> Sync for Memory<T> {}
// No panic can leave a number half-written.
impl<T: Element> UnwindSafe for Memory<T> {}
impl<T: Element> RefUnwindSafe for Memory<T> {}

impl<T: Element> From<Vec<T>> for Memory<T> {
    fn from(values: Vec<T>) -> Self {
        Memory(values.into_iter().map(Item::new).collect())
    }
}

impl<T: Element> FromIterator<T> for Memory<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Memory(values.into_iter().map(Item::new).collect())
    }
}

impl<T: Element> Clone for Memory<T> {
    /// The same memory once more.
    fn clone(&self) -> Self {
        Memory(Arc::clone(&self.0))
    }
}

impl<T: Element + fmt::Debug> fmt::Debug for Memory<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(Item::get)).finish()
    }
}

impl<T: Element> Memory<T> {
    /// How many items there are.
    ///
    /// ```
    /// let memory = hpy::Memory::from(vec![1u8, 2]);
    /// assert_eq!(memory.len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    ///
    /// ```
    /// let memory = hpy::Memory::<f64>::from(vec![]);
    /// assert!(memory.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The items: others may change them between two looks.
    ///
    /// ```
    /// let memory = hpy::Memory::from(vec![1.5, 2.5]);
    /// assert_eq!(memory.items()[1].get(), 2.5);
    /// ```
    #[inline]
    pub fn items(&self) -> &[Item<T>] {
        &self.0
    }

    /// The items, to be changed.
    ///
    /// ```
    /// let memory = hpy::Memory::from(vec![1.5, 2.5]);
    /// memory.cells()[0].set(3.5);
    /// assert_eq!(memory.to_vec(), [3.5, 2.5]);
    /// ```
    #[inline]
    pub fn cells(&self) -> &[Cell<T>] {
        // SAFETY: both types are an UnsafeCell of the number and nothing else.
        unsafe { core::slice::from_raw_parts(self.0.as_ptr().cast(), self.0.len()) }
    }

    /// Changes one item. Panics, as indexing does, where there is none of that index.
    ///
    /// ```
    /// let memory = hpy::Memory::from(vec![1.5, 2.5]);
    /// memory.set(0, 3.5);
    /// assert_eq!(memory.to_vec(), [3.5, 2.5]);
    /// ```
    #[inline]
    pub fn set(&self, index: usize, value: T) {
        self.cells()[index].set(value);
    }

    /// The items as a plain slice, if there is no other clone and no view.
    ///
    /// ```
    /// let mut memory = hpy::Memory::from(vec![1.5, 2.5]);
    /// memory.get_mut().unwrap()[0] = 0.0;
    /// assert_eq!(memory.to_vec(), [0.0, 2.5]);
    /// ```
    #[inline]
    pub fn get_mut(&mut self) -> Option<&mut [T]> {
        let items = Arc::get_mut(&mut self.0)?;
        // SAFETY: an Item is its number and nothing else; the borrow is exclusive.
        Some(unsafe { core::slice::from_raw_parts_mut(items.as_mut_ptr().cast(), items.len()) })
    }

    /// A copy of the items.
    ///
    /// ```
    /// let memory = hpy::Memory::from(vec![1u8, 2]);
    /// assert_eq!(memory.to_vec(), [1, 2]);
    /// ```
    pub fn to_vec(&self) -> Vec<T> {
        self.0.iter().map(Item::get).collect()
    }

    /// A writable view of all items in one dimension.
    ///
    /// ```
    /// let memory = hpy::Memory::from(vec![1.5, 2.5]);
    /// let view: hpy::Export = memory.export();
    /// ```
    pub fn export(&self) -> Export {
        let start = self.0.as_ptr().cast_mut().cast();
        Export::new::<T>(Box::new(self.clone()), start, self.len(), false)
    }
}
