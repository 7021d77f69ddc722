//! Pseudorandom numbers that are equal for equal seeds, on every machine and in every version.

use uuid::Builder;

/// Mixes bits (the finalizer of splitmix64).
fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A series of numbers.
pub(super) struct Random(u64);

impl Random {
    /// The series of a record: its kind and number decide, and the seed.
    pub(super) fn of(seed: u64, kind: u64, number: u32) -> Self {
        Self(
            mixed(seed ^ kind.wrapping_mul(STEP))
                ^ mixed(u64::from(number).wrapping_add(1).wrapping_mul(STEP)),
        )
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// A number below another one.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(1);
        usize::try_from(self.next() % bound).unwrap_or_default()
    }

    /// Whether something happens that does so in so many of a hundred cases.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    /// One of a list.
    pub(super) fn of_list<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list.get(self.below(list.len()))
            .copied()
            .unwrap_or_default()
    }

    /// A random UUID.
    pub(super) fn uuid(&mut self) -> uuid::Uuid {
        let (high, low) = (self.next().to_be_bytes(), self.next().to_be_bytes());
        let mut bytes = [0; 16];
        let all = high.iter().chain(&low);
        bytes
            .iter_mut()
            .zip(all)
            .for_each(|(byte, random)| *byte = *random);
        Builder::from_random_bytes(bytes).into_uuid()
    }
}
