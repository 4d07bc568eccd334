//! The status of background work, as operators are shown it.

use dfs_types::Timestamp;

/// The status of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobStatus {
    pub name: &'static str,
    pub state: JobState,
    /// Units of work since the start of this master; what a unit is depends on the job.
    pub done: u64,
    /// The units that were done and those that are left, where the latter are known.
    pub total: Option<u64>,
    /// The time of the last run, by the calendar.
    pub last_run: Option<Timestamp>,
    /// The reason why the last run failed; none after a run that did not.
    pub last_error: Option<String>,
}

/// The state of a job between two runs, or during one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// The last run ended with nothing left to do.
    Idle,
    /// A run is under way, or work is left that goes on.
    Running,
    /// Work is left, and none of it can be done now.
    Waiting,
    /// The last run failed, and is tried again.
    Failed,
    /// The job is the leader's, and this master does not lead.
    Follower,
}

/// The outcome of one step of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Step {
    /// Units of work that were done since the last step.
    pub done: u64,
    /// The units that are left, where they are known.
    pub left: Option<u64>,
    /// None of what is left can be done now.
    pub waits: bool,
    /// Another step would do more at once.
    pub more: bool,
}

/// Work that goes on between the steps of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// Units that were done since the start of this master.
    pub done: u64,
    /// Units that are left.
    pub left: u64,
    /// None of what is left can be done now.
    pub waits: bool,
}

impl Step {
    /// A step that did so many units, after which there is nothing left to do.
    pub fn done(done: u64) -> Self {
        Self { done, ..Self::default() }
    }

    /// A step that ends with this work, of which `noted` units were counted by earlier steps.
    pub fn of(work: Work, noted: u64) -> Self {
        let Work { done, left, waits } = work;
        Self { done: done.saturating_sub(noted), left: Some(left), waits, more: false }
    }
}

impl JobStatus {
    pub fn new(name: &'static str) -> Self {
        Self { name, state: JobState::Idle, done: 0, total: None, last_run: None, last_error: None }
    }

    /// Notes that a run begins.
    pub fn begin(&mut self, now: Timestamp) {
        (self.state, self.last_run) = (JobState::Running, Some(now));
    }

    /// Notes the outcome of a step. The job runs on while work is left that goes on.
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

    /// Notes that the job is left to the leader.
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
        assert_eq!(status.done, 3, "what was done before counts");
        status.note(Ok(Step::done(1)));
        assert_eq!((status.state, status.done, status.last_error.clone()), (JobState::Idle, 4, None));
        status.rest();
        assert_eq!(status.state, JobState::Follower);
    }
}
