//! The criteria of a search.

use crate::state::Met;
use dfs_types::{Glob, Kind, Timestamp};
use std::ops::RangeInclusive;

/// The criteria that an entry must meet; an absent one is met by all.
#[derive(Debug, Clone, Default)]
pub struct Criteria {
    pub name: Option<Glob>,
    /// A text that the name contains, ignoring case. In lower case.
    pub text: Option<String>,
    pub kind: Option<Kind>,
    /// The size of a file in bytes. Directories have no size of their own and are not found.
    pub size: Option<RangeInclusive<u64>>,
    pub modified: Option<RangeInclusive<Timestamp>>,
}

impl Criteria {
    pub fn matches(&self, met: &Met<'_>) -> bool {
        self.kind.is_none_or(|kind| met.kind() == kind)
            && self.size.as_ref().is_none_or(|range| met.kind() == Kind::File && range.contains(&met.size()))
            && self.modified.as_ref().is_none_or(|range| range.contains(&met.modified()))
            && self.name.as_ref().is_none_or(|glob| glob.matches(met.name()))
            && self.text.as_ref().is_none_or(|text| has_text(met.name(), text))
    }
}

fn has_text(name: &str, lower: &str) -> bool {
    if name.is_ascii() {
        // Most names are in lower case already, and need no copy.
        let (name, lower) = (name.as_bytes(), lower.as_bytes());
        return lower.is_empty() || name.windows(lower.len()).any(|window| window.eq_ignore_ascii_case(lower));
    }
    name.to_lowercase().contains(lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_regard_to_case() {
        for (name, text, found) in [
            ("Report.PDF", "port.p", true),
            ("ÉTÉ", "été", true),
            ("a", "ab", false),
            ("été", "T", false),
            ("x", "", true),
        ] {
            assert_eq!(has_text(name, text), found, "{name} {text}");
        }
    }
}
