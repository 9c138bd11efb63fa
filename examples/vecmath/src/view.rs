//! Numbers in memory, seen as an array: where the first one is, the shape, and the strides in bytes.

use hpy::Memory;
use hpy::prelude::*;

/// The largest number of dimensions, NumPy's.
pub const MAX_DIMENSIONS: usize = 64;
const ITEM: isize = size_of::<f64>() as isize;

/// A view of float64 numbers. It does not own foreign memory: who has the view keeps that alive.
#[derive(Clone)]
pub struct View {
    start: *mut u8,
    pub shape: Vec<usize>,
    /// In bytes.
    pub strides: Vec<isize>,
    pub is_readonly: bool,
    /// The memory, where it is this crate's.
    own: Option<Memory<f64>>,
}

// SAFETY: the memory is kept by the view or by the array that has it; concurrent use is as of NumPy's memory.
unsafe impl Send for View {}
// SAFETY: as for Send.
unsafe impl Sync for View {}

/// The strides of numbers that lie one after the other in C order.
fn contiguous(shape: &[usize]) -> Vec<isize> {
    let mut strides = vec![0; shape.len()];
    let mut step = ITEM;
    for (stride, size) in strides.iter_mut().zip(shape).rev() {
        *stride = step;
        step *= (*size).max(1) as isize;
    }
    strides
}

/// How many numbers there are; ValueError where memory cannot hold as many.
pub fn count(shape: &[usize]) -> PyResult<'static, usize> {
    if shape.len() > MAX_DIMENSIONS {
        return Err(ValueError::new(format!(
            "maximum supported dimension for an array is {MAX_DIMENSIONS}, found {}",
            shape.len()
        )));
    }
    shape
        .iter()
        .try_fold(1usize, |count, size| count.checked_mul(*size))
        // With zeros in it the rest must be countable too: strides are.
        .filter(|_| {
            let all = shape.iter().try_fold(1usize, |all, size| all.checked_mul((*size).max(1)));
            all.is_some_and(|all| all <= isize::MAX as usize / ITEM as usize)
        })
        .ok_or_else(|| {
            ValueError::new("array is too big; its size is larger than the maximum possible size")
        })
}

impl View {
    /// New memory with these numbers, which are as many as the shape says.
    pub fn new(values: Vec<f64>, shape: Vec<usize>) -> Self {
        debug_assert_eq!(values.len(), shape.iter().product());
        let own = Memory::from(values);
        let start = own.cells().as_ptr().cast_mut().cast();
        View { start, strides: contiguous(&shape), shape, is_readonly: false, own: Some(own) }
    }

    /// Memory of somebody else's.
    ///
    /// # Safety
    /// Who has the view, and each one made of it, keeps the memory alive.
    pub unsafe fn foreign(
        start: *const f64,
        shape: &[usize],
        strides: &[isize],
        is_readonly: bool,
    ) -> Self {
        let start = start.cast_mut().cast();
        View { start, shape: shape.to_vec(), strides: strides.to_vec(), is_readonly, own: None }
    }

    pub fn start(&self) -> *mut f64 {
        self.start.cast()
    }

    /// How many numbers it shows.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    pub fn dimensions(&self) -> usize {
        self.shape.len()
    }

    /// Whether memory of its own keeps the numbers.
    pub fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// Another view of the same memory, `offset` bytes further on.
    ///
    /// # Safety
    /// It reaches only what `self` reaches.
    pub unsafe fn part(&self, offset: isize, shape: Vec<usize>, strides: Vec<isize>) -> Self {
        View {
            start: self.start.wrapping_offset(offset),
            shape,
            strides,
            is_readonly: self.is_readonly,
            own: self.own.clone(),
        }
    }

    /// The number at an index that is in the shape.
    pub fn get(&self, index: &[usize]) -> f64 {
        assert_eq!(index.len(), self.shape.len());
        let mut offset = 0;
        for ((index, size), stride) in index.iter().zip(&self.shape).zip(&self.strides) {
            assert!(index < size);
            offset += *index as isize * stride;
        }
        // SAFETY: the index is in the shape, all of which is valid memory; it may be unaligned.
        unsafe { self.start.wrapping_offset(offset).cast::<f64>().read_unaligned() }
    }

    /// Whether the numbers lie one after the other, in C order, aligned.
    pub fn is_contiguous(&self) -> bool {
        let mut step = ITEM;
        for (size, stride) in self.shape.iter().zip(&self.strides).rev() {
            if *size != 1 && *stride != step {
                return self.len() == 0;
            }
            step *= *size as isize;
        }
        self.start.cast::<f64>().is_aligned()
    }

    /// The numbers in C order, if they lie so: a snapshot is not taken, so nobody may write meanwhile.
    fn lane(&self) -> Option<&[f64]> {
        if self.len() == 0 {
            return Some(&[]);
        }
        // SAFETY: aligned, one after the other, all in valid memory.
        self.is_contiguous()
            .then(|| unsafe { core::slice::from_raw_parts(self.start.cast(), self.len()) })
    }

    /// A copy of the numbers in C order.
    pub fn to_vec(&self) -> Vec<f64> {
        if let Some(lane) = self.lane() {
            return lane.to_vec();
        }
        let mut values = Vec::with_capacity(self.len());
        self.for_each(|value| values.push(value));
        values
    }

    /// Calls `f` with each number in C order.
    pub fn for_each(&self, mut f: impl FnMut(f64)) {
        if let Some(lane) = self.lane() {
            return lane.iter().for_each(|value| f(*value));
        }
        walk(&self.shape, [(self.start, &self.strides)], |[start], [step], count| {
            for index in 0..count {
                // SAFETY: `walk` gives places of the view.
                f(unsafe { at(start, step, index).read_unaligned() });
            }
        });
    }

    /// Seen in a larger shape that it is broadcast to; None where it cannot be.
    pub fn broadcast(&self, shape: &[usize]) -> Option<View> {
        let more = shape.len().checked_sub(self.shape.len())?;
        let mut strides = vec![0; shape.len()];
        let places = strides[more..].iter_mut().zip(&shape[more..]);
        for ((stride, wanted), (size, own)) in places.zip(self.shape.iter().zip(&self.strides)) {
            if size == wanted {
                *stride = *own;
            } else if *size != 1 {
                return None;
            }
        }
        // SAFETY: new dimensions stay at the place they are at.
        Some(unsafe { self.part(0, shape.to_vec(), strides) })
    }

    /// Whether both may show the same memory, other than place for place.
    pub fn overlaps(&self, other: &View) -> bool {
        let (a, b) = (self.bounds(), other.bounds());
        let is_same =
            self.start == other.start && self.shape == other.shape && self.strides == other.strides;
        a.0 < b.1 && b.0 < a.1 && !is_same
    }

    /// The first byte and the one behind the last.
    fn bounds(&self) -> (isize, isize) {
        if self.len() == 0 {
            return (0, 0);
        }
        let start = self.start.addr() as isize;
        let (mut low, mut high) = (start, start + ITEM);
        for (size, stride) in self.shape.iter().zip(&self.strides) {
            let reach = (*size as isize - 1) * stride;
            if reach < 0 {
                low += reach
            } else {
                high += reach
            };
        }
        (low, high)
    }

    /// Replaces each number by `f` of it and of the one at the same place in `other`, which has the same shape
    /// and does not overlap.
    pub fn update(&self, other: &View, f: impl Fn(f64, f64) -> f64) {
        assert!(!self.is_readonly && self.shape == other.shape && !self.overlaps(other));
        let places = [(self.start, &self.strides), (other.start, &other.strides)];
        walk(&self.shape, places, |[target, source], [target_step, source_step], count| {
            for index in 0..count {
                // SAFETY: `walk` gives places of the views; this one may be written to.
                unsafe {
                    let place = at(target, target_step, index);
                    let value = at(source, source_step, index).read_unaligned();
                    place.write_unaligned(f(place.read_unaligned(), value));
                }
            }
        });
    }

    /// What `f` makes of each number, in new memory.
    pub fn map(&self, f: impl Fn(f64) -> f64) -> View {
        let mut values = Vec::with_capacity(self.len());
        match self.lane() {
            Some(lane) => values.extend(lane.iter().map(|value| f(*value))),
            None => self.for_each(|value| values.push(f(value))),
        }
        View::new(values, self.shape.clone())
    }

    /// What `f` makes of the numbers at the same places of two views of one shape.
    pub fn zip(&self, other: &View, f: impl Fn(f64, f64) -> f64) -> View {
        assert_eq!(self.shape, other.shape);
        let mut values = Vec::with_capacity(self.len());
        if let (Some(a), Some(b)) = (self.lane(), other.lane()) {
            values.extend(a.iter().zip(b).map(|(a, b)| f(*a, *b)));
        } else {
            let places = [(self.start, &self.strides), (other.start, &other.strides)];
            walk(&self.shape, places, |[a, b], [a_step, b_step], count| {
                values.extend((0..count).map(|index| {
                    // SAFETY: `walk` gives places of the views.
                    unsafe {
                        f(
                            at(a, a_step, index).read_unaligned(),
                            at(b, b_step, index).read_unaligned(),
                        )
                    }
                }));
            });
        }
        View::new(values, self.shape.clone())
    }
}

#[inline(always)]
fn at(start: *mut u8, step: isize, index: usize) -> *mut f64 {
    start.wrapping_offset(step * index as isize).cast()
}

/// Goes through views of one shape in C order: calls `lane` for each run of the last dimension with where it
/// starts in each view, the steps in bytes, and its length.
fn walk<const N: usize>(
    shape: &[usize],
    views: [(*mut u8, &Vec<isize>); N],
    mut lane: impl FnMut([*mut u8; N], [isize; N], usize),
) {
    let Some((length, outer)) = shape.split_last() else {
        return lane(views.map(|(start, _)| start), [0; N], 1);
    };
    if shape.contains(&0) {
        return;
    }
    let steps = views.map(|(_, strides)| strides[outer.len()]);
    let mut places = views.map(|(start, _)| start);
    let mut index = vec![0usize; outer.len()];
    loop {
        lane(places, steps, *length);
        let mut dimension = outer.len();
        loop {
            if dimension == 0 {
                return;
            }
            dimension -= 1;
            index[dimension] += 1;
            for (place, (_, strides)) in places.iter_mut().zip(&views) {
                *place = place.wrapping_offset(strides[dimension]);
            }
            if index[dimension] < outer[dimension] {
                break;
            }
            for (place, (_, strides)) in places.iter_mut().zip(&views) {
                *place = place.wrapping_offset(-strides[dimension] * outer[dimension] as isize);
            }
            index[dimension] = 0;
        }
    }
}

/// The shape that two shapes are broadcast to; None where there is none.
pub fn common_shape(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let length = a.len().max(b.len());
    let size = |shape: &[usize], place: usize| match (place + shape.len()).checked_sub(length) {
        Some(own) => shape[own],
        None => 1,
    };
    (0..length)
        .map(|place| match (size(a, place), size(b, place)) {
            (a, b) if a == b => Some(a),
            (1, b) => Some(b),
            (a, 1) => Some(a),
            _ => None,
        })
        .collect()
}

/// `(2, 3)`, `(4,)`: a shape as Python writes it.
pub fn shown(shape: &[usize]) -> String {
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    match sizes.as_slice() {
        [one] => format!("({one},)"),
        _ => format!("({})", sizes.join(",")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(shape: &[usize]) -> View {
        View::new((0..shape.iter().product()).map(|n: usize| n as f64).collect(), shape.to_vec())
    }

    #[test]
    fn parts_are_walked_in_order() {
        let whole = counted(&[3, 4]);
        // SAFETY: every second column from the last row up.
        let part = unsafe { whole.part(2 * 32, vec![3, 2], vec![-32, 16]) };
        assert_eq!(part.to_vec(), [8.0, 10.0, 4.0, 6.0, 0.0, 2.0]);
        assert_eq!(part.get(&[1, 1]), 6.0);
        assert!(part.overlaps(&whole) && !part.overlaps(&part));
        assert!(!part.overlaps(&counted(&[2])));
    }

    #[test]
    fn shapes_are_broadcast() {
        assert_eq!(common_shape(&[3, 1], &[4]), Some(vec![3, 4]));
        assert_eq!(common_shape(&[3], &[4]), None);
        assert_eq!(common_shape(&[], &[2]), Some(vec![2]));
        let row = counted(&[3]).broadcast(&[2, 3]).unwrap();
        assert_eq!(row.to_vec(), [0.0, 1.0, 2.0, 0.0, 1.0, 2.0]);
        let sum = row.zip(&counted(&[2, 1]).broadcast(&[2, 3]).unwrap(), |a, b| a + b);
        assert_eq!(sum.to_vec(), [0.0, 1.0, 2.0, 1.0, 2.0, 3.0]);
        assert!(counted(&[2]).broadcast(&[3]).is_none());
    }
}
