//! How the bytes of a chunk lie on datanodes.

/// How the bytes of a chunk lie on datanodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// So many datanodes hold all of it.
    Replicated { replicas: u8 },
}

impl Layout {
    /// Whole copies that are wanted of each chunk.
    pub fn replicas(self) -> u8 {
        match self {
            Self::Replicated { replicas } => replicas,
        }
    }
}
