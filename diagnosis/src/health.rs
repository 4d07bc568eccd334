//! The state of a cluster in one word, with the reason.

use crate::finding::Finding;
use crate::severity::Severity;
use dfs_term::Tone;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt;
use strum::IntoStaticStr;

/// The state in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Grade {
    /// Every chunk is known to have its replicas, and nothing else is wrong.
    Healthy,
    /// Everything can be read, but redundancy, space, time or knowledge is short.
    Degraded,
    /// Something cannot be read or changed, or one more failure loses data.
    Critical,
}

/// The state of a cluster and its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    pub grade: Grade,
    /// The worst finding; none for a healthy cluster.
    pub reason: Option<String>,
}

/// Returns the health that the findings amount to. Info findings do not count.
pub fn health(findings: &[Finding]) -> Health {
    let worst = findings.iter().filter(|finding| finding.severity < Severity::Info).min_by_key(|found| found.severity);
    let grade = match worst.map(|finding| finding.severity) {
        Some(Severity::Critical) => Grade::Critical,
        Some(Severity::Warning) => Grade::Degraded,
        Some(Severity::Info) | None => Grade::Healthy,
    };
    Health { grade, reason: worst.map(|finding| finding.what.clone()) }
}

impl Grade {
    /// Returns the tone in which it is shown.
    pub fn tone(self) -> Tone {
        match self {
            Self::Healthy => Tone::Good,
            Self::Degraded => Tone::Warning,
            Self::Critical => Tone::Bad,
        }
    }

    /// Returns the word with its glyph: `! degraded`.
    pub fn sign(self) -> String {
        let glyph = match self {
            Self::Healthy => "·",
            Self::Degraded => "!",
            Self::Critical => "✗",
        };
        format!("{glyph} {self}")
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.into())
    }
}
