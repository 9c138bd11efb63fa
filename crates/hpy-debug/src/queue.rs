//! The closed handles that are remembered, in the order in which they were closed, and the records for new ones.
//!
//! The queue goes through the records and is cut into segments. A long queue gives up its oldest segment as a whole when
//! the newest is full: then that many handles can be opened and closed with a few instructions each ([`AtOnce`]). A
//! short one is exact: in it the oldest makes room for the one that was closed last.

use crate::records::{MORE, Record};
use core::mem::replace;
use core::ptr;
use core::sync::atomic::Ordering::Relaxed;
use std::collections::VecDeque;

/// What opening and closing a handle looks at in the usual case.
pub struct AtOnce {
    /// Records that remember nothing, linked; null: there is none, or the slow ways are taken.
    pub ready: *mut Record,
    /// The handle that was closed last.
    pub tail: *mut Record,
    /// How many more may be put behind the tail at once: then there is one. Below 0: one was counted and not put there.
    pub room: isize,
    /// How many handles have been opened.
    pub sequence: u64,
}

/// Closed handles: a part of the queue.
struct Segment {
    head: *mut Record,
    tail: *mut Record,
    len: usize,
    /// How many of them have more than the record, which has to be freed.
    more: usize,
}

/// See the module's text.
pub struct Queue {
    pub at_once: AtOnce,
    /// What `room` was when those added at once were counted last.
    given: usize,
    /// Oldest first. Those added at once are not yet counted in the last.
    segments: VecDeque<Segment>,
    /// How many wait, but for those added at once.
    len: usize,
    most: usize,
    slow: bool,
    /// Where records are that would be ready if the slow ways were not taken.
    aside: *mut Record,
    /// Bytes lent for handles that are closed and remembered.
    pub raw: usize,
}

/// Shorter queues are exact.
const LONG: usize = 1000;
/// Segments of a long queue.
const SEGMENTS: usize = 8;

impl Queue {
    /// A queue with which nothing is done at once.
    pub const fn never() -> Self {
        Queue {
            at_once: AtOnce { ready: ptr::null_mut(), tail: ptr::null_mut(), room: 0, sequence: 0 },
            given: 0,
            segments: VecDeque::new(),
            len: 0,
            most: 0,
            slow: true,
            aside: ptr::null_mut(),
            raw: 0,
        }
    }

    /// An empty queue for this many handles.
    pub fn new(most: usize) -> Self {
        let segments = VecDeque::with_capacity(2 * SEGMENTS);
        Queue { most, slow: false, segments, ..Queue::never() }
    }

    /// How many may wait.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Sets how many may wait. If more do the queue gets shorter with the handles that are opened and closed.
    pub fn set_most(&mut self, most: usize) {
        self.change(|queue| queue.most = most);
    }

    /// Has nothing done at once, or again what can be.
    pub fn set_slow(&mut self, slow: bool) {
        self.change(|queue| queue.slow = slow);
    }

    fn change(&mut self, change: impl FnOnce(&mut Self)) {
        self.settle();
        let list = replace(self.list(), ptr::null_mut());
        change(self);
        *self.list() = list;
        self.make_room();
    }

    fn is_exact(&self) -> bool {
        self.slow || self.most < LONG
    }

    /// The length of a segment.
    fn step(&self) -> usize {
        self.most.max(LONG) / SEGMENTS
    }

    /// The records that remember nothing.
    fn list(&mut self) -> &mut *mut Record {
        if self.is_exact() { &mut self.aside } else { &mut self.at_once.ready }
    }

    /// Counts what was added at once.
    fn settle(&mut self) {
        let room = usize::try_from(self.at_once.room).unwrap_or(0);
        let added = self.given.saturating_sub(room);
        self.given = room;
        self.len += added;
        if let Some(newest) = self.segments.back_mut()
            && added > 0
        {
            newest.len += added;
            newest.tail = self.at_once.tail;
        }
    }

    /// Says how many can be added at once. All that were are counted.
    fn make_room(&mut self) {
        let mut room = 0;
        if let Some(newest) = self.segments.back()
            && !self.is_exact()
        {
            self.at_once.tail = newest.tail;
            room = self.step().saturating_sub(newest.len);
            room = room.min(self.most.saturating_sub(self.len));
        }
        self.given = room;
        self.at_once.room = room.cast_signed();
    }

    /// A record for a new handle that remembers nothing; null if there is none.
    ///
    /// # Safety
    /// The records are live. As everywhere here: the calling thread is attached, and no other one runs or
    /// holds the lock.
    pub unsafe fn take(&mut self) -> *mut Record {
        let list = self.list();
        let record = *list;
        if let Some(first) = record.as_ref() {
            *list = first.next.load(Relaxed);
        }
        record
    }

    /// Sees to a record for a new handle, where the queue is nearly full. How many of the oldest have to be popped and given
    /// for that.
    ///
    /// # Safety
    /// As [`Queue::take`].
    pub unsafe fn overdue(&mut self) -> usize {
        self.settle();
        if self.is_exact() {
            return usize::from(self.len > 0 && self.len >= self.most);
        }
        let enough = self.len < self.most || !self.at_once.ready.is_null();
        let overdue = if enough || self.release() {
            0
        } else if self.segments.len() < 2 {
            1
        } else {
            self.segments.front().map_or(0, |oldest| oldest.len)
        };
        self.make_room();
        overdue
    }

    /// Puts a record where new handles are made of them.
    ///
    /// # Safety
    /// As [`Queue::take`]; the record remembers nothing and is in no list.
    pub unsafe fn give(&mut self, record: &Record) {
        let list = self.list();
        record.next.store(*list, Relaxed);
        *list = ptr::from_ref(record).cast_mut();
    }

    /// Adds one that was closed just now if that can be done at once.
    ///
    /// # Safety
    /// As [`Queue::take`]; the record is in no list.
    pub unsafe fn add_at_once(&mut self, record: &Record) -> bool {
        if self.at_once.room <= 0 {
            return false;
        }
        if let Some(newest) = self.segments.back_mut() {
            newest.more += usize::from(record.has(MORE));
        }
        self.at_once.room -= 1;
        let record = ptr::from_ref(record).cast_mut();
        (*self.at_once.tail).next.store(record, Relaxed);
        self.at_once.tail = record;
        true
    }

    /// Makes place for one more. How many of the oldest have to be popped and given for that.
    ///
    /// # Safety
    /// As [`Queue::take`].
    pub unsafe fn surplus(&mut self) -> usize {
        self.settle();
        if self.is_exact() {
            // One for one, even if there are too many.
            return usize::from(self.len >= self.most);
        }
        let step = self.step();
        let full = self.segments.back().is_none_or(|newest| newest.len >= step);
        let over = (self.len + step).saturating_sub(self.most);
        if over == 0 || !full && self.len < self.most || self.release() {
            return 0;
        }
        self.segments.front().map_or(0, |oldest| oldest.len.min(over))
    }

    /// Gives the oldest segment at once, if nothing in it has to be freed and it is not the newest as well.
    unsafe fn release(&mut self) -> bool {
        if self.segments.len() < 2 || self.segments.front().is_none_or(|oldest| oldest.more > 0) {
            return false;
        }
        let Some(oldest) = self.segments.pop_front() else { return false };
        self.len -= oldest.len;
        let list = self.list();
        (*oldest.tail).next.store(*list, Relaxed);
        *list = oldest.head;
        true
    }

    /// Takes the oldest; null if none waits.
    ///
    /// # Safety
    /// As [`Queue::take`]; what was added at once is counted.
    pub unsafe fn pop(&mut self) -> *mut Record {
        let Some(oldest) = self.segments.front_mut() else { return ptr::null_mut() };
        let record = oldest.head;
        oldest.head = (*record).next.load(Relaxed);
        oldest.len -= 1;
        oldest.more -= usize::from((*record).has(MORE));
        self.len -= 1;
        if oldest.len == 0 {
            self.segments.pop_front();
            if self.segments.is_empty() {
                self.make_room();
            }
        }
        record
    }

    /// Adds one that was closed just now.
    ///
    /// # Safety
    /// As [`Queue::take`]; what was added at once is counted; the record is in no list.
    pub unsafe fn push(&mut self, record: &Record) {
        let step = self.step();
        let more = usize::from(record.has(MORE));
        let record = ptr::from_ref(record).cast_mut();
        // Without memory the last segment is a long one.
        let another = self.segments.try_reserve(1).is_ok();
        match self.segments.back_mut() {
            Some(newest) if newest.len < step || !another => {
                (*newest.tail).next.store(record, Relaxed);
                newest.tail = record;
                newest.len += 1;
                newest.more += more;
            }
            _ if another => {
                self.segments.push_back(Segment { head: record, tail: record, len: 1, more });
            }
            // It is lost.
            _ => return,
        }
        self.len += 1;
        self.make_room();
    }

    /// Calls `each` with those that wait, oldest first.
    ///
    /// # Safety
    /// As [`Queue::take`].
    pub unsafe fn each(&mut self, mut each: impl FnMut(&Record)) {
        self.settle();
        self.make_room();
        for segment in &self.segments {
            let mut record = segment.head;
            for _ in 0..segment.len {
                each(&*record);
                record = (*record).next.load(Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Records;

    /// Closes a handle as the shelf does; says whether at once.
    unsafe fn close(queue: &mut Queue, record: &Record) -> bool {
        if queue.add_at_once(record) {
            return true;
        }
        for _ in 0..queue.surplus() {
            let oldest = queue.pop();
            queue.give(&*oldest);
        }
        queue.push(record);
        false
    }

    /// Takes a record as the shelf does; 0 if there is none.
    unsafe fn open(queue: &mut Queue, records: &Records) -> u32 {
        for _ in 0..queue.overdue() {
            let oldest = queue.pop();
            queue.give(&*oldest);
        }
        queue.take().as_ref().map_or(0, |record| records.offset(record) / 64)
    }

    unsafe fn waiting(queue: &mut Queue, records: &Records) -> Vec<u32> {
        let mut found = Vec::new();
        queue.each(|record| found.push(records.offset(record) / 64));
        found
    }

    #[test]
    fn a_short_queue_is_exact() {
        let records = Records::new();
        let mut queue = Queue::new(3);
        // SAFETY: the records live as long as the queue; there is one thread.
        unsafe {
            for _ in 0..5 {
                assert!(!close(&mut queue, records.grow().unwrap()));
            }
            assert_eq!(waiting(&mut queue, &records), [3, 4, 5]);
            // The oldest of a full queue first, then what was given.
            let taken: Vec<u32> = (0..4).map(|_| open(&mut queue, &records)).collect();
            assert_eq!(taken, [3, 2, 1, 0]);
            queue.set_most(0);
            assert_eq!(queue.surplus(), 1);
        }
    }

    #[test]
    fn a_long_queue_gives_its_oldest_segment() {
        let records = Records::new();
        let mut queue = Queue::new(1000);
        // SAFETY: as above.
        unsafe {
            let slowly = (0..1000).filter(|_| !close(&mut queue, records.grow().unwrap())).count();
            assert_eq!(slowly, SEGMENTS);
            assert!(queue.at_once.ready.is_null());
            close(&mut queue, records.grow().unwrap());
            let left = waiting(&mut queue, &records);
            assert_eq!((left.len(), left[0], left[875]), (876, 126, 1001));
            assert_eq!(records.offset(&*queue.at_once.ready) / 64, 1);
            let given: Vec<u32> = (0..126).map(|_| open(&mut queue, &records)).collect();
            assert_eq!(given, (1..126).chain([0]).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_is_ready_is_kept_aside_while_nothing_is_done_at_once() {
        let records = Records::new();
        let mut queue = Queue::new(1000);
        // SAFETY: as above.
        unsafe {
            for _ in 0..1001 {
                close(&mut queue, records.grow().unwrap());
            }
            queue.set_slow(true);
            assert!(queue.at_once.ready.is_null() && queue.at_once.room == 0);
            assert_eq!(open(&mut queue, &records), 1);
            queue.set_slow(false);
            assert_eq!(records.offset(&*queue.at_once.ready) / 64, 2);
            assert!(queue.at_once.room > 0);
        }
    }

    #[test]
    fn what_has_to_be_freed_is_popped() {
        let records = Records::new();
        let mut queue = Queue::new(1000);
        // SAFETY: as above.
        unsafe {
            records.get(64).map_or_else(|| records.grow(), Some).unwrap().set(MORE);
            let first = records.get(64).unwrap();
            queue.push(first);
            for _ in 0..999 {
                close(&mut queue, records.grow().unwrap());
            }
            assert_eq!(queue.surplus(), 125);
            assert_eq!(queue.pop().cast_const(), ptr::from_ref(first));
        }
    }
}
