//! A number for the calling thread, in one instruction where the processor has a register for it.

/// Tells threads that run at the same time apart; never 0, and even where a thread still lives.
#[inline(always)]
pub fn id() -> usize {
    imp::id()
}

/// [`id`] xor the atomic word that is GATE bytes behind an address. (The address is one that the caller has in a register.)
///
/// # Safety
/// There is such a word.
#[inline(always)]
pub unsafe fn through<const GATE: usize>(start: *const u8) -> usize {
    imp::through::<GATE>(start)
}

#[cfg(all(target_arch = "x86_64", any(target_os = "linux", target_os = "android")))]
mod imp {
    /// As one piece: the compiler would load the word first, since it is atomic.
    #[inline(always)]
    pub unsafe fn through<const GATE: usize>(start: *const u8) -> usize {
        let through: usize;
        // The first word is as in `id`; the read of an aligned word is atomic.
        core::arch::asm!(
            "mov {through}, fs:0",
            "xor {through}, qword ptr [{start} + {gate}]",
            through = out(reg) through,
            start = in(reg) start,
            gate = const GATE,
            options(readonly, nostack),
        );
        through
    }

    #[inline(always)]
    pub fn id() -> usize {
        let id: usize;
        // SAFETY: the first word of the thread control block is its own address: the psABI says so.
        unsafe {
            core::arch::asm!("mov {}, fs:0", out(reg) id, options(pure, readonly, nostack, preserves_flags));
        }
        id
    }
}

#[cfg(all(target_arch = "aarch64", any(target_os = "linux", target_os = "android")))]
mod imp {
    use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    #[inline(always)]
    pub unsafe fn through<const GATE: usize>(start: *const u8) -> usize {
        (*start.wrapping_add(GATE).cast::<AtomicUsize>()).load(Relaxed) ^ id()
    }

    #[inline(always)]
    pub fn id() -> usize {
        let id: usize;
        // SAFETY: reading the thread pointer has no effect.
        unsafe {
            core::arch::asm!("mrs {}, tpidr_el0", out(reg) id, options(pure, nomem, nostack, preserves_flags));
        }
        id
    }
}

#[cfg(not(all(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    any(target_os = "linux", target_os = "android")
)))]
mod imp {
    use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    pub unsafe fn through<const GATE: usize>(start: *const u8) -> usize {
        (*start.wrapping_add(GATE).cast::<AtomicUsize>()).load(Relaxed) ^ id()
    }

    thread_local! {
        static HERE: u64 = const { 0 };
    }

    #[inline(always)]
    pub fn id() -> usize {
        // A thread that is being torn down runs no extension: 1 is no thread's.
        HERE.try_with(|here| core::ptr::from_ref(here) as usize).unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn threads_have_numbers_of_their_own() {
        let here = super::id();
        let there = std::thread::scope(|scope| scope.spawn(super::id).join().unwrap());
        assert!(here != 0 && there != 0 && here != there && here == super::id());
    }
}
