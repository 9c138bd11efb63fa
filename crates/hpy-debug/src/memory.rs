//! Allocation that can be made to fail, for the tests of what happens then.

use core::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// How many more allocations of the debug context succeed; negative: all of them.
pub struct Budget(AtomicI64);

impl Default for Budget {
    fn default() -> Self {
        Budget(AtomicI64::new(-1))
    }
}

impl Budget {
    /// Lets `count` more allocations succeed, or all of them if it is negative.
    pub fn set(&self, count: i64) {
        self.0.store(count, Relaxed);
    }

    /// Whether the next allocation may succeed.
    #[inline]
    pub fn take(&self) -> bool {
        let left = self.0.load(Relaxed);
        if left < 0 {
            return true;
        }
        if left == 0 {
            return false;
        }
        self.0.store(left - 1, Relaxed);
        true
    }
}
