//! The quantities that the heatmap can show.

use std::fmt;

/// The quantity that the heatmap shows of each datanode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Lens {
    /// The fill level.
    #[default]
    Fill,
    /// The deviation of the fill level from the mean.
    Balance,
    /// The number of chunks, relative to the datanode with the most.
    Chunks,
    /// The current read and write rate, relative to the busiest datanode.
    Traffic,
    /// The number of chunks that are under-replicated or have their only live replica on the
    /// datanode.
    Risk,
}

impl Lens {
    pub const ALL: [Self; 5] = [Self::Fill, Self::Balance, Self::Chunks, Self::Traffic, Self::Risk];

    /// Returns the name for input and for preferences.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fill => "fill",
            Self::Balance => "balance",
            Self::Chunks => "chunks",
            Self::Traffic => "io",
            Self::Risk => "risk",
        }
    }

    /// Returns the name for display.
    pub fn title(self) -> &'static str {
        match self {
            Self::Fill => "fill level",
            Self::Balance => "balance",
            Self::Chunks => "chunk density",
            Self::Traffic => "I/O heat",
            Self::Risk => "replication risk",
        }
    }

    /// Returns the lens with this name.
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lens| lens.word() == word)
    }

    /// Returns the lens so many steps further, cyclically.
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
