//! Everything that keeps this machine and its cluster from being healthy, looked for one thing after another.
//!
//! * [`machine`]: what this machine gives us.
//! * [`config`]: what we were told, and who we are.
//! * [`network`]: who answers, how quickly, and by which clock.
//! * [`findings`]: what the diagnosis of the cluster says, with what is known here of the processes and addresses.
//!
//! Each look gives [`Check`]s: a verdict, why, and what fixes it. A look never fails: what cannot be found out is a finding.
//! Each problem is one check; what is only its consequence names it.

pub(crate) mod config;
pub(crate) mod findings;
pub(crate) mod machine;
pub(crate) mod network;

use schemars::JsonSchema;
use serde::Serialize;

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Ok,
    /// It works, and may soon not.
    Warning,
    /// It does not work.
    Bad,
}

/// Where something was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Area {
    Machine,
    Config,
    Network,
    Cluster,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Check {
    pub area: Area,
    /// What was looked at, as in `open files`.
    pub name: String,
    pub verdict: Verdict,
    /// What was found.
    pub why: String,
    /// What to type, or to do; null where there is nothing to fix.
    pub fix: Option<String>,
    /// The finding that causes it, and is told before it; null: it is a problem of its own.
    pub because: Option<String>,
}

impl Check {
    pub(crate) fn ok(area: Area, name: impl Into<String>, why: impl Into<String>) -> Self {
        Self { area, name: name.into(), verdict: Verdict::Ok, why: why.into(), fix: None, because: None }
    }

    pub(crate) fn warning(area: Area, name: impl Into<String>, why: impl Into<String>, fix: impl Into<String>) -> Self {
        let verdict = Verdict::Warning;
        Self { area, name: name.into(), verdict, why: why.into(), fix: Some(fix.into()), because: None }
    }

    pub(crate) fn bad(area: Area, name: impl Into<String>, why: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { verdict: Verdict::Bad, ..Self::warning(area, name, why, fix) }
    }
}
