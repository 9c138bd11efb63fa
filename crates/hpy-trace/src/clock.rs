//! The time, in nanoseconds since some moment: what `Instant` tells, with less arithmetic between reading the clock and
//! having a number. Each call that is traced reads it twice.

#[cfg(unix)]
mod imp {
    #[inline(always)]
    pub fn now() -> u64 {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: there is room for the result. The clock is there on every system that has `Instant`, which uses it.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
        (time.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec as u64)
    }
}

#[cfg(not(unix))]
mod imp {
    use std::sync::OnceLock;
    use std::time::Instant;

    static START: OnceLock<Instant> = OnceLock::new();

    pub fn now() -> u64 {
        START.get_or_init(Instant::now).elapsed().as_nanos() as u64
    }
}

/// The time now. Later calls give the same or more.
#[inline(always)]
pub fn now() -> u64 {
    imp::now()
}

#[cfg(test)]
mod tests {
    use super::now;
    use std::time::Duration;

    #[test]
    fn it_counts_nanoseconds() {
        let before = now();
        std::thread::sleep(Duration::from_millis(2));
        assert!(now() - before >= 2_000_000);
    }
}
