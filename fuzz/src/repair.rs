//! Corrects checksums.

/// Copies `input`, padded with zeros to at least `least` bytes.
pub fn padded(input: &[u8], least: usize) -> Vec<u8> {
    let mut bytes = input.to_vec();
    bytes.resize(input.len().max(least), 0);
    bytes
}

/// Writes `value` at `at`, if there is enough space.
pub fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at + value.len()) {
        place.copy_from_slice(value);
    }
}

/// Writes the crc32c of all bytes before `at` at this offset.
pub fn seal(bytes: &mut [u8], at: usize) {
    let crc = crc32c::crc32c(bytes.get(..at).unwrap_or_default());
    put(bytes, at, &crc.to_le_bytes());
}
