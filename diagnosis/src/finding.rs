//! One finding.

use crate::severity::Severity;
use schemars::JsonSchema;
use serde::Serialize;
use strum::VariantArray;

/// The subject of a finding. Programs tell findings apart by it; its names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema, VariantArray)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    NoMasterAnswers,
    NoLeader,
    MasterDiskFull,
    DatanodeDead,
    DatanodeAbsent,
    DatanodeStale,
    DirectoryFailed,
    NoDatanode,
    SafeMode,
    Waiting,
    NotCounted,
    ChunksMissing,
    ChunksAtRisk,
    ChunksUnderReplicated,
    TooManyReplicasWanted,
    WritesRefused,
    LowSpace,
    ClockAhead,
    ClockSkew,
    Draining,
    Drained,
    DrainedDead,
}

/// One thing that is wrong, or that an operator should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    pub kind: Kind,
    pub severity: Severity,
    /// The fact: `12 chunks have one replica left`.
    pub what: String,
    /// What it means: `one more failure loses them`. Empty if the fact says it all.
    pub impact: String,
    /// Its duration in milliseconds, as observed by the master that answered; null: not known.
    pub since_ms: Option<u64>,
    /// The fact that causes it, which is a finding of its own; null: none is known.
    pub because: Option<String>,
    /// What the cluster does about it without intervention.
    pub meanwhile: String,
    /// The command to run. A consequence has the command of its cause.
    pub run: String,
}

impl Finding {
    /// Returns the fact and what it means, as one clause without a full stop.
    pub fn sentence(&self) -> String {
        match self.impact.as_str() {
            "" => self.what.clone(),
            impact => format!("{}: {impact}", self.what),
        }
    }

    /// Returns a finding without duration and cause.
    pub(crate) fn new(
        kind: Kind,
        severity: Severity,
        (what, impact): (impl Into<String>, impl Into<String>),
        meanwhile: impl Into<String>,
        run: impl Into<String>,
    ) -> Self {
        let (what, impact, meanwhile, run) = (what.into(), impact.into(), meanwhile.into(), run.into());
        Self { kind, severity, what, impact, since_ms: None, because: None, meanwhile, run }
    }

    /// Returns the finding with its duration in milliseconds.
    pub(crate) fn since(self, since_ms: Option<u64>) -> Self {
        Self { since_ms, ..self }
    }
}
