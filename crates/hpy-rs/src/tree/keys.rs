//! Which texts were keys of a tree already.

use hpy_sys::HPy;

/// Longest key that is remembered.
const LONGEST_KEY: usize = 64;
const SLOTS: usize = 1024;

pub(super) enum Found {
    Known(u32),
    New,
    NoRoom,
}

/// Which texts were keys already.
#[derive(Default)]
pub(super) struct Keys<'t> {
    /// The text and its index, by hash; allocated by the first key.
    slots: Vec<Option<(&'t str, u32)>>,
    count: u32,
    /// The handles of keys, where the runtime does not keep them.
    pub(super) made: Vec<HPy>,
}

impl<'t> Keys<'t> {
    #[inline]
    pub(super) fn find(&mut self, text: &'t str) -> Found {
        if text.len() > LONGEST_KEY {
            return Found::NoRoom;
        }
        if self.slots.is_empty() {
            self.slots = vec![None; SLOTS];
        }
        let start = hash(text.as_bytes());
        for probe in 0..4 {
            let slot = &mut self.slots[(start + probe) % SLOTS];
            match slot {
                Some((known, index)) if *known == text => return Found::Known(*index),
                Some(_) => {}
                None => {
                    *slot = Some((text, self.count));
                    self.count += 1;
                    return Found::New;
                }
            }
        }
        Found::NoRoom
    }
}

/// Keys differ at their ends and in length.
#[inline]
fn hash(key: &[u8]) -> usize {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let word = |bytes: &[u8]| {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    };
    let (first, last) = match key.len() {
        0..=8 => (word(key), 0),
        length => (word(&key[..8]), word(&key[length - 8..])),
    };
    let mixed = (first ^ last.rotate_left(23) ^ key.len() as u64).wrapping_mul(FACTOR);
    (mixed >> 40) as usize
}
