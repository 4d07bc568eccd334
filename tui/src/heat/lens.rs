//! What is looked at.

use std::fmt;

/// What the heatmap shows of each datanode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Lens {
    /// How full it is.
    #[default]
    Fill,
    /// How far that is from the mean.
    Balance,
    /// How many chunks it holds, against the one that holds most.
    Chunks,
    /// What it reads and writes now, against the busiest.
    Traffic,
    /// Chunks that are under-replicated, or of which it has the only live replica.
    Risk,
}

impl Lens {
    pub const ALL: [Self; 5] = [Self::Fill, Self::Balance, Self::Chunks, Self::Traffic, Self::Risk];

    /// Its name where it is typed or kept.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fill => "fill",
            Self::Balance => "balance",
            Self::Chunks => "chunks",
            Self::Traffic => "io",
            Self::Risk => "risk",
        }
    }

    /// Its name where it is read.
    pub fn title(self) -> &'static str {
        match self {
            Self::Fill => "fill level",
            Self::Balance => "balance",
            Self::Chunks => "chunk density",
            Self::Traffic => "I/O heat",
            Self::Risk => "replication risk",
        }
    }

    /// The lens of this name.
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lens| lens.word() == word)
    }

    /// The lens so many steps further.
    #[must_use]
    pub fn after(self, steps: usize) -> Self {
        let at = Self::ALL.iter().position(|lens| *lens == self).unwrap_or(0);
        Self::ALL.get((at + steps) % Self::ALL.len()).copied().unwrap_or_default()
    }
}

impl fmt::Display for Lens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}
