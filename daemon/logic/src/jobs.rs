//! The status of background work, as operators are shown it.

use dfs_types::Timestamp;

/// The status of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobStatus {
    pub name: &'static str,
    pub state: JobState,
    /// Units of work since the start of this master; what a unit is depends on the job.
    pub done: u64,
    /// The units of the whole, where they are known.
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
    /// A run is under way.
    Running,
    /// The last run did as much as one run may; there is more to do.
    More,
    /// The last run failed, and is tried again.
    Failed,
    /// The job is the leader's, and this master does not lead.
    Follower,
}

/// The outcome of one step of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Step {
    /// Units of work.
    pub done: u64,
    /// The units of the whole, where they are known.
    pub total: Option<u64>,
    /// There is more to do now.
    pub more: bool,
}

impl Step {
    /// A step that did so many units, after which there is nothing left to do.
    pub fn done(done: u64) -> Self {
        Self { done, ..Self::default() }
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

    /// Notes the outcome of a step. The state is that of a run which ends with it, unless another step follows.
    pub fn note(&mut self, step: Result<Step, String>) {
        match step {
            Ok(Step { done, total, more }) => {
                self.done = self.done.saturating_add(done);
                self.total = total;
                self.state = if more { JobState::More } else { JobState::Idle };
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
        status.note(Ok(Step { done: 3, total: Some(9), more: true }));
        assert_eq!((status.state, status.done, status.total), (JobState::More, 3, Some(9)));
        status.note(Err("no room".to_owned()));
        assert_eq!((status.state, status.last_error.as_deref()), (JobState::Failed, Some("no room")));
        assert_eq!(status.done, 3, "what was done before counts");
        status.note(Ok(Step::done(1)));
        assert_eq!((status.state, status.done, status.last_error.clone()), (JobState::Idle, 4, None));
        status.rest();
        assert_eq!(status.state, JobState::Follower);
    }
}
