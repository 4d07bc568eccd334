//! Checks everything that can keep this machine and its cluster from being healthy.
//!
//! * [`machine`]: the resources of this machine.
//! * [`config`]: the settings and the credential.
//! * [`network`]: reachability, latency and clocks.
//! * [`findings`]: the findings of the cluster diagnosis, with the processes and addresses known on
//!   this machine.
//!
//! Each examination returns [`Check`]s: a verdict, the reason, and the fix. It never fails:
//! information that cannot be obtained is reported as a finding. Each problem is one check; a check
//! that is only a consequence names its cause.

pub(crate) mod config;
pub(crate) mod findings;
pub(crate) mod machine;
pub(crate) mod network;

use schemars::JsonSchema;
use serde::Serialize;

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Ok,
    /// It works now, but may stop working soon.
    Warning,
    /// It does not work.
    Bad,
}

/// The area of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Area {
    Machine,
    Config,
    Network,
    Cluster,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Check {
    pub area: Area,
    /// The subject of the check, such as `open files`.
    pub name: String,
    pub verdict: Verdict,
    /// The result in words.
    pub why: String,
    /// The command to run or the action to take; null if there is nothing to fix.
    pub fix: Option<String>,
    /// The finding that causes this one and is listed before it; null if there is none.
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
