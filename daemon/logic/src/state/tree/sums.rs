//! Sums over the content of a directory.

/// The sums over the entries below a directory, at any depth, without itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    pub files: u64,
    pub directories: u64,
    /// The bytes of the files.
    pub bytes: u64,
    /// The bytes of the files times the replicas wanted of each.
    pub replica_bytes: u64,
}

impl Sums {
    /// Adds with wrap-around: addition and subtraction are then exact inverses, whatever the log
    /// holds.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            files: self.files.wrapping_add(other.files),
            directories: self.directories.wrapping_add(other.directories),
            bytes: self.bytes.wrapping_add(other.bytes),
            replica_bytes: self.replica_bytes.wrapping_add(other.replica_bytes),
        }
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self {
            files: self.files.wrapping_sub(other.files),
            directories: self.directories.wrapping_sub(other.directories),
            bytes: self.bytes.wrapping_sub(other.bytes),
            replica_bytes: self.replica_bytes.wrapping_sub(other.replica_bytes),
        }
    }
}
