//! Chance that can be repeated: one seed, one run.

use uuid::Uuid;

/// A generator of numbers (splitmix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// From a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below a bound (0 for 0).
    pub const fn roll(&mut self, below: u64) -> u64 {
        if below == 0 { 0 } else { self.next() % below }
    }

    /// An index into something of a length.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.roll(length as u64)).unwrap_or(0)
    }

    /// One of a list.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.index(list.len()))
    }

    /// A number between two, both included.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        least + i64::try_from(self.roll((most - least + 1).unsigned_abs())).unwrap_or(0)
    }

    /// True so often in a hundred.
    pub const fn percent(&mut self, of_hundred: u64) -> bool {
        self.roll(100) < of_hundred
    }

    /// A random id.
    pub const fn id(&mut self) -> Uuid {
        let (high, low) = (self.next(), self.next());
        Uuid::from_u64_pair((high & 0xFFFF_FFFF_FFFF_0FFF) | 0x7000, (low >> 2) | 0x8000_0000_0000_0000)
    }
}
