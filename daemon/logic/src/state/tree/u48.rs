//! Numbers of 48 bits: ten million files are held in memory, and two bytes less each save twenty
//! megabytes.

/// A number up to 2^48 − 1: milliseconds up to the year 10889, bytes up to 256 TiB, commands and
/// entries for 89 years at 100,000 a second.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct U48([u8; 6]);

/// The greatest number that fits.
const MAX: u64 = (1 << 48) - 1;

impl U48 {
    /// Returns the number, or the greatest one that fits.
    pub(crate) fn clamped(number: u64) -> Self {
        let number = number.min(MAX);
        let [a, b, c, d, e, f, _, _] = number.to_le_bytes();
        Self([a, b, c, d, e, f])
    }

    pub(crate) fn get(self) -> u64 {
        let [a, b, c, d, e, f] = self.0;
        u64::from_le_bytes([a, b, c, d, e, f, 0, 0])
    }
}

impl std::fmt::Debug for U48 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back_up_to_the_greatest() {
        for number in [0, 1, 0xffff, 0x1_0000, 0x1234_5678_9abc, MAX] {
            assert_eq!(U48::clamped(number).get(), number);
        }
        assert_eq!(U48::clamped(u64::MAX).get(), MAX);
        assert_eq!(size_of::<U48>(), 6);
    }
}
