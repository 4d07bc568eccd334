//! The status of background work, for operators.

use dfs_types::Timestamp;

/// The status of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobStatus {
    pub name: &'static str,
    pub state: JobState,
    /// Units of work since the start of this master; the unit depends on the job.
    pub done: u64,
    /// The units that are complete and those that are left, if the latter are known.
    pub total: Option<u64>,
    /// The calendar time of the last run.
    pub last_run: Option<Timestamp>,
    /// The reason why the last run failed; none after a successful run.
    pub last_error: Option<String>,
}

/// The state of a job between two runs, or during one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// The last run ended with nothing left to do.
    Idle,
    /// A run is in progress, or remaining work is in progress.
    Running,
    /// Work is left, and none of it can be done now.
    Waiting,
    /// The last run failed, and will be tried again.
    Failed,
    /// The job runs only on the leader, and this master is a follower.
    Follower,
}

/// The outcome of one step of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Step {
    /// Units of work that were done since the last step.
    pub done: u64,
    /// The units that are left, if they are known.
    pub left: Option<u64>,
    /// True if none of the remaining work can be done now.
    pub waits: bool,
    /// True if another step would do more immediately.
    pub more: bool,
}

/// Work that continues between the steps of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// Units that were done since the start of this master.
    pub done: u64,
    /// Units that are left.
    pub left: u64,
    /// True if none of the remaining work can be done now.
    pub waits: bool,
}

impl Step {
    /// Returns a step that did `done` units, after which there is nothing left to do.
    pub fn done(done: u64) -> Self {
        Self { done, ..Self::default() }
    }

    /// Returns a step that ends with this work, of which `noted` units were counted by earlier
    /// steps.
    pub fn of(work: Work, noted: u64) -> Self {
        let Work { done, left, waits } = work;
        Self { done: done.saturating_sub(noted), left: Some(left), waits, more: false }
    }
}

impl JobStatus {
    pub fn new(name: &'static str) -> Self {
        Self { name, state: JobState::Idle, done: 0, total: None, last_run: None, last_error: None }
    }

    /// Records that a run begins.
    pub fn begin(&mut self, now: Timestamp) {
        (self.state, self.last_run) = (JobState::Running, Some(now));
    }

    /// Records the outcome of a step. The job counts as running while remaining work is in
    /// progress.
    pub fn note(&mut self, step: Result<Step, String>) {
        match step {
            Ok(Step { done, left, waits, more }) => {
                self.done = self.done.saturating_add(done);
                self.total = left.map(|left| self.done.saturating_add(left));
                self.state = match left {
                    _ if more => JobState::Running,
                    None | Some(0) => JobState::Idle,
                    Some(_) if waits => JobState::Waiting,
                    Some(_) => JobState::Running,
                };
                self.last_error = None;
            }
            Err(error) => (self.state, self.last_error) = (JobState::Failed, Some(error)),
        }
    }

    /// Records that the job is left to the leader.
    pub fn rest(&mut self) {
        self.state = JobState::Follower;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_leaves_its_state_and_its_error() {
        let mut status = JobStatus::new("repair");
        status.begin(Timestamp(5));
        assert_eq!((status.state, status.last_run), (JobState::Running, Some(Timestamp(5))));
        status.note(Ok(Step { done: 3, left: Some(6), waits: false, more: false }));
        assert_eq!((status.state, status.done, status.total), (JobState::Running, 3, Some(9)), "work is left");
        status.note(Ok(Step { done: 0, left: Some(6), waits: true, more: false }));
        assert_eq!((status.state, status.total), (JobState::Waiting, Some(9)));
        status.note(Err("no room".to_owned()));
        assert_eq!((status.state, status.last_error.as_deref()), (JobState::Failed, Some("no room")));
        assert_eq!(status.done, 3, "the units of earlier steps count");
        status.note(Ok(Step::done(1)));
        assert_eq!((status.state, status.done, status.last_error.clone()), (JobState::Idle, 4, None));
        status.rest();
        assert_eq!(status.state, JobState::Follower);
    }
}
