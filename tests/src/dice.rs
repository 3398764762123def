//! Chance that can be repeated: one seed, one run.

/// A generator of numbers (splitmix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// From a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below a bound (0 for 0).
    pub const fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        if below == 0 { 0 } else { mixed % below }
    }

    /// An index into something of a length.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.roll(length as u64)).unwrap_or(0)
    }

    /// True once in so many.
    pub const fn once_in(&mut self, times: u64) -> bool {
        self.roll(times) == 0
    }
}

/// A seed for a run that names none: printed, so that it can be named next time.
pub fn fresh_seed() -> u64 {
    uuid::Uuid::now_v7().as_u64_pair().1
}
