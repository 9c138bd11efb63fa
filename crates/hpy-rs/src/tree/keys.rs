//! Which texts were keys of a tree already.

use hpy_sys::HPy;

/// Longest key that is remembered.
const LONGEST_KEY: usize = 64;
const SLOTS: usize = 1024;
/// How many slots a key may be in.
const PROBES: usize = 4;

pub(super) enum Found {
    Known(u32),
    New,
    NoRoom,
}

/// A text that was a key. Texts of up to 16 bytes are equal where their ends and lengths are.
#[derive(Clone, Copy)]
struct Slot<'t> {
    ends: [u64; 2],
    text: &'t str,
    index: u32,
}

/// Which texts were keys already.
#[derive(Default)]
pub(super) struct Keys<'t> {
    /// By hash; allocated by the first key.
    slots: Vec<Option<Slot<'t>>>,
    count: u32,
    /// The handles of keys, where the runtime does not keep them.
    pub(super) made: Vec<HPy>,
}

impl<'t> Keys<'t> {
    #[inline(always)]
    pub(super) fn find(&mut self, text: &'t str) -> Found {
        if text.len() > LONGEST_KEY {
            return Found::NoRoom;
        }
        let ends = ends(text.as_bytes());
        let start = hash(ends, text.len());
        // Until there are slots there is none.
        match self.slots.get(start) {
            Some(Some(slot)) if slot.is(ends, text) => Found::Known(slot.index),
            _ => self.find_elsewhere(ends, start, text),
        }
    }

    #[inline(never)]
    fn find_elsewhere(&mut self, ends: [u64; 2], start: usize, text: &'t str) -> Found {
        if self.slots.is_empty() {
            self.slots = vec![None; SLOTS];
        }
        for probe in 0..PROBES {
            let slot = &mut self.slots[(start + probe) % SLOTS];
            match slot {
                Some(slot) if slot.is(ends, text) => return Found::Known(slot.index),
                Some(_) => {}
                None => {
                    *slot = Some(Slot { ends, text, index: self.count });
                    self.count += 1;
                    return Found::New;
                }
            }
        }
        Found::NoRoom
    }
}

impl Slot<'_> {
    #[inline(always)]
    fn is(&self, ends: [u64; 2], text: &str) -> bool {
        self.ends == ends
            && self.text.len() == text.len()
            && (text.len() <= 16 || self.text == text)
    }
}

/// The first and the last eight bytes of a key, which may overlap; of a shorter one all of it.
#[inline(always)]
fn ends(key: &[u8]) -> [u64; 2] {
    if let (Some(first), Some(last)) = (key.first_chunk(), key.last_chunk()) {
        return [u64::from_le_bytes(*first), u64::from_le_bytes(*last)];
    }
    if let (Some(first), Some(last)) = (key.first_chunk(), key.last_chunk()) {
        return [u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last))];
    }
    match key {
        [] => [0, 0],
        // Of up to three bytes the first, the last and the one between are all.
        [first, ..] => {
            let byte = |at: usize| key.get(at).map_or(0, |byte| u64::from(*byte));
            [u64::from(*first), byte(1) << 8 | byte(2)]
        }
    }
}

/// Where a key may be.
#[inline(always)]
fn hash(ends: [u64; 2], length: usize) -> usize {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mixed = (ends[0] ^ ends[1].rotate_left(23) ^ length as u64).wrapping_mul(FACTOR);
    (mixed >> 40) as usize % SLOTS
}
