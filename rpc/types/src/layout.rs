//! The layout of the bytes of a chunk on datanodes.

/// The layout of the bytes of a chunk on datanodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// `replicas` datanodes each hold the whole chunk.
    Replicated { replicas: u8 },
}

impl Layout {
    /// Returns the number of full replicas that are wanted of each chunk.
    pub fn replicas(self) -> u8 {
        match self {
            Self::Replicated { replicas } => replicas,
        }
    }
}
