//! Names the views.

/// A view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PageId {
    #[default]
    Overview,
    Nodes,
    Heatmap,
    Replication,
    Files,
    Masters,
    Events,
    Commands,
}

impl PageId {
    /// In the order of their number keys, which begin at 1.
    pub const ALL: [Self; 8] = [
        Self::Overview,
        Self::Nodes,
        Self::Heatmap,
        Self::Replication,
        Self::Files,
        Self::Masters,
        Self::Events,
        Self::Commands,
    ];

    /// Returns the name for `:` and for the tab.
    pub fn word(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Nodes => "nodes",
            Self::Heatmap => "heatmap",
            Self::Replication => "replication",
            Self::Files => "files",
            Self::Masters => "masters",
            Self::Events => "events",
            Self::Commands => "commands",
        }
    }

    /// Returns the view with this name, or the only one that begins with it.
    pub fn find(word: &str) -> Option<Self> {
        let mut begun = Self::ALL.into_iter().filter(|page| !word.is_empty() && page.word().starts_with(word));
        let exact = Self::ALL.into_iter().find(|page| page.word() == word);
        exact.or_else(|| begun.next().filter(|_| begun.next().is_none()))
    }

    /// Returns the number key of the view.
    pub fn key(self) -> char {
        let at = Self::ALL.iter().position(|page| *page == self).unwrap_or(0);
        char::from_digit(at as u32 + 1, 10).unwrap_or('1')
    }
}
