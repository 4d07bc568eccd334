//! Bytes generated from a seed: equal for the same seed, different at every offset, and fast to
//! generate and to check.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

/// Returns `length` bytes of the stream `seed`.
pub fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut out = vec![0; length];
    fill(seed, 0, &mut out);
    out
}

/// The number of bytes generated or compared at once.
const PIECE_BYTES: usize = 1 << 20;

/// Writes a local file of `length` bytes of the stream `seed`.
pub fn write(seed: u64, length: u64, path: &Path) {
    let mut file = File::create(path).expect("make a local file");
    let mut piece = vec![0; PIECE_BYTES];
    for offset in (0..length).step_by(PIECE_BYTES) {
        let part = &mut piece[..usize::try_from(length - offset).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES))];
        fill(seed, offset, part);
        file.write_all(part).expect("write a local file");
    }
}

/// Returns true if two local files have the same content.
pub fn is_same(one: &Path, other: &Path) -> bool {
    let [mut one, mut other] = [one, other].map(|path| File::open(path).expect("open a local file"));
    let (mut piece, mut beside) = (Vec::new(), Vec::new());
    loop {
        for (file, piece) in [(&mut one, &mut piece), (&mut other, &mut beside)] {
            piece.clear();
            Read::take(&mut *file, PIECE_BYTES as u64).read_to_end(piece).expect("read a local file");
        }
        if piece != beside || piece.is_empty() {
            return piece == beside;
        }
    }
}

/// Fills `out` with the bytes of the stream `seed` from `offset` on.
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
    fn a_part_equals_the_same_part_of_the_whole() {
        let whole = super::bytes(7, 1000);
        let mut part = [0; 100];
        super::fill(7, 333, &mut part);
        assert_eq!(part, whole[333..433]);
        assert_ne!(super::bytes(8, 1000), whole);
    }

    #[test]
    fn files_are_compared() {
        let directory = tempfile::tempdir().expect("directory");
        let [a, b, c] = ["a", "b", "c"].map(|name| directory.path().join(name));
        let length = super::PIECE_BYTES as u64 + 5;
        super::write(7, length, &a);
        assert_eq!(std::fs::read(&a).expect("read"), super::bytes(7, length as usize));
        super::write(7, length, &b);
        super::write(7, length - 1, &c);
        assert!(super::is_same(&a, &b));
        assert!(!super::is_same(&a, &c));
    }
}
