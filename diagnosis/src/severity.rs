//! The severity of a finding.

use dfs_term::Tone;
use schemars::JsonSchema;
use serde::Serialize;

/// The severity of a finding. The worst is the smallest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something does not work, or one more failure loses data.
    Critical,
    /// Redundancy, space or time is short: it becomes critical if nothing is done.
    Warning,
    /// Nothing is wrong: an operation that was requested is running, or waits for an operator.
    Info,
}

impl Severity {
    /// Returns the glyph that stands before the finding, and its tone.
    pub fn sign(self) -> (&'static str, Tone) {
        match self {
            Self::Critical => ("✗", Tone::Bad),
            Self::Warning => ("!", Tone::Warning),
            Self::Info => ("»", Tone::Command),
        }
    }
}
