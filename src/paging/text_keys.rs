//! Keys that are not UUIDs, remembered to detect repetitions.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// The maximum number of remembered keys, some 10 bytes each.
const REMEMBERED: usize = 1_000_000;

/// The received keys. Their order is unknown, so each may occur only once.
#[derive(Default)]
pub(super) struct TextKeys {
    keys: HashSet<u64>,
    hasher: RandomState,
}

impl TextKeys {
    /// Remembers a key; false if it is already known. When the memory is full, other keys count as
    /// new.
    pub(super) fn is_new(&mut self, key: &str) -> bool {
        let hash = self.hasher.hash_one(key);
        self.keys.len() < REMEMBERED && self.keys.insert(hash) || !self.keys.contains(&hash)
    }
}

#[cfg(test)]
mod tests {
    use super::TextKeys;

    #[test]
    fn a_key_is_new_once() {
        let mut keys = TextKeys::default();
        let found = ["a", "b", "a", "A"].map(|key| keys.is_new(key));
        assert_eq!(found, [true, true, false, true]);
    }
}
