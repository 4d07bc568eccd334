//! Fields of the heads of files, and the message about a file of another format version.

/// Returns the message that names both versions and says what to do. Callers have not changed
/// anything yet.
pub(crate) fn other_version(found: u32, known: u32) -> String {
    let advice = if found > known {
        "a newer build wrote it: start that build"
    } else {
        "a build older than the first stable format wrote it: copy the files out with that build, and put them into a new \
         cluster of this build"
    };
    format!("has format version {found}, but this build reads version {known}; {advice}; nothing was changed")
}

/// Returns the bytes at `at` of a head of fixed size; zeros beyond its end.
pub(crate) fn field<const N: usize>(head: &[u8], at: usize) -> [u8; N] {
    head.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or([0; N])
}

#[cfg(test)]
mod tests {
    use super::other_version;

    #[test]
    fn each_direction_has_its_own_advice() {
        assert!(other_version(2, 3).contains("copy the files out with that build"));
        assert!(other_version(4, 3).contains("a newer build wrote it: start that build"));
    }
}
