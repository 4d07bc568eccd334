//! Background work: a list of jobs, each of which makes short steps and has a status.
//!
//! | job | work | unit |
//! |---|---|---|
//! | [`survey`] | counts the replicas of all chunks; on followers too | surveys |
//! | [`repair`] | re-replicates, reconstructs, trims, verifies | replicas made or removed |
//! | [`collect`] | orders the deletion of garbage | replicas deleted |
//! | [`members`] | records datanodes in the log | commands |
//! | [`ids`] | reserves chunk ids | ids |
//! | [`keys`] | replaces the key that seals capabilities | keys |
//! | [`writes`] | gives up abandoned and expired writes | chunks |
//! | [`floor`] | raises the collection floor | commands |
//!
//! The decisions are pure code ([`dfs_logic::cluster`], [`dfs_logic::writes`]); a job requests them
//! and carries them out. [`Runner`] runs the jobs one after the other, so no two of them propose
//! commands at the same time.

mod collect;
mod floor;
mod ids;
mod keys;
mod members;
mod repair;
mod runner;
mod survey;
mod writes;

pub use runner::{Runner, statuses};

use super::raft::proposer::ProposeError;
use super::state::Master;
use dfs_logic::command::{Outcome, Refusal};
use dfs_logic::jobs::Step;

/// One kind of background work.
pub(super) trait Job {
    /// The name under which its status is shown.
    const NAME: &'static str;
    /// True if only the leader runs it.
    const LEADER_ONLY: bool = true;
    /// The maximum number of steps in one run. Between two steps the other tasks of the thread can
    /// run.
    const STEPS_MAX: usize = 1;

    /// Makes one step.
    ///
    /// # Errors
    /// Returns the reason why the step failed; the next run tries again.
    async fn step(&mut self, master: &Master) -> Result<Step, String>;

    /// Discards the state of an earlier leadership.
    fn lead(&mut self) {}
}

/// Returns the outcome of a command of the master itself. If another master leads, this is not a
/// failure: none is returned.
///
/// # Errors
/// Returns the reason why the command was refused or not applied.
fn applied(result: Result<Result<Outcome, Refusal>, ProposeError>) -> Result<Option<Outcome>, String> {
    match result {
        Ok(Ok(outcome)) => Ok(Some(outcome)),
        Ok(Err(refusal)) => Err(format!("refused: {refusal:?}")),
        Err(ProposeError::NotLeader { .. } | ProposeError::Stopping) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_another_master_leads_is_no_failure() {
        assert_eq!(applied(Err(ProposeError::Stopping)), Ok(None));
        assert_eq!(applied(Ok(Ok(Outcome::Done))), Ok(Some(Outcome::Done)));
        assert!(applied(Err(ProposeError::DiskFull)).is_err());
        assert!(applied(Ok(Err(Refusal::NotFound))).is_err());
    }
}
