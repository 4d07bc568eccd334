//! Bytes from a seed: the same for the same seed, different at every place, and quick to make and to check.

/// `length` bytes of the stream `seed`.
pub fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut out = vec![0; length];
    fill(seed, 0, &mut out);
    out
}

/// Fills `out` with what the stream `seed` holds from `offset` on.
pub fn fill(seed: u64, offset: u64, out: &mut [u8]) {
    for (index, byte) in out.iter_mut().enumerate() {
        let at = offset + index as u64;
        let word = mix(seed ^ mix(at / 8));
        *byte = word.to_le_bytes()[(at % 8) as usize];
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_part_is_a_part_of_the_whole() {
        let whole = super::bytes(7, 1000);
        let mut part = [0; 100];
        super::fill(7, 333, &mut part);
        assert_eq!(part, whole[333..433]);
        assert_ne!(super::bytes(8, 1000), whole);
    }
}
