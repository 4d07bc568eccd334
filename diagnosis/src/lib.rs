//! What is wrong with a cluster: since when, why, what happens meanwhile, and what to run.
//!
//! [`findings`] is a pure function from an [`Observation`] to a list of [`Finding`]s: causes stand
//! before their consequences, and a consequence advises the command of its cause. `status`, `why`,
//! `doctor`, the prompt and the dashboard show the same findings; none of them judges on its own.
//!
//! * [`rules`](mod@rules): one file per subject, one function per finding.
//! * [`explain`]: the state of one file, chunk or node in sentences.
//! * [`health`]: the state of the cluster in one word, with the reason.
//! * [`reasons`]: the reasons for which chunks get no more replicas.

#![cfg_attr(test, allow(clippy::disallowed_methods))]

pub mod explain;
mod finding;
mod health;
mod observation;
mod order;
pub mod rules;
mod severity;
#[cfg(test)]
mod tests;
mod words;

pub use explain::Explanation;
pub use finding::{Finding, Kind};
pub use health::{Grade, Health, health};
pub use observation::{Affected, Local, LocalDaemon, Observation, Process};
pub use order::findings;
pub use rules::clock::SKEW_MAX_MS;
pub use rules::masters::unreachable;
pub use rules::replication::{Reason, awaited, reason, reasons};
pub use severity::Severity;
pub use words::{names, room, unfinished};
