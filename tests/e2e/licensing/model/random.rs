//! Choices that a seed decides.

/// A generator of numbers (SplitMix64), the same ones for the same seed.
pub(super) struct Random(u64);

impl Random {
    /// For a step of a story: what other steps chose, or had no need to choose, changes nothing.
    pub(super) fn of(seed: u64, step: u32) -> Self {
        Self((seed << 32) | u64::from(step))
    }

    /// A number below another one.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % bound as u64).unwrap_or_default()
    }

    /// One of several.
    pub(super) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}
