//! Formats the background jobs of masters.

use dfs_client::{JobState, JobStatus};
use dfs_term::figures::{age, count, plural};
use dfs_term::report::Tone;
use dfs_types::Timestamp;

/// A job as a row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    pub name: String,
    pub state: &'static str,
    pub tone: Tone,
    /// The units of work done since the start of the master, and those that are left.
    pub done: String,
    /// The time since the last run.
    pub last_run: String,
    /// The reason why the last run failed, otherwise the purpose of the job.
    pub note: String,
}

/// The header of the table.
pub const HEAD: [&str; 5] = ["JOB", "STATE", "DONE SINCE ITS START", "LAST RUN", ""];

/// A job that is known here.
struct Known<'n> {
    /// Its name on the wire and in JSON.
    name: &'n str,
    shown: &'n str,
    /// The unit of its work.
    one: &'n str,
    many: &'n str,
    purpose: &'n str,
}

const fn known<'n>(name: &'n str, shown: &'n str, one: &'n str, many: &'n str, purpose: &'n str) -> Known<'n> {
    Known { name, shown, one, many, purpose }
}

const KNOWN: [Known<'static>; 8] = [
    known("chunk-ids", "chunk ids", "id", "ids", "reserves ids for new chunks"),
    known("collect", "garbage collection", "replica", "replicas", "deletes replicas of chunks that no file references"),
    known(
        "floor",
        "oldest write in flight",
        "change",
        "changes",
        "records the oldest chunk that is still being written",
    ),
    known("keys", "keys", "key", "keys", "replaces the keys that seal capabilities"),
    known("members", "datanode list", "datanode noted", "datanodes noted", "keeps the list of datanodes"),
    known("repair", "repair", "replica", "replicas", "makes missing replicas and removes surplus ones"),
    known("survey", "replica count", "count", "counts", "counts the replicas of all chunks"),
    known("writes", "writes", "chunk", "chunks", "abandons writes whose clients are gone"),
];

/// Returns the word for a state.
fn word(state: JobState) -> &'static str {
    match state {
        JobState::Idle => "idle",
        JobState::Running => "running",
        JobState::Waiting => "waiting",
        JobState::Failed => "failed",
        JobState::Follower => "not leading",
    }
}

/// Returns the row of a job at the time `now`.
pub fn row(job: &JobStatus, now: Timestamp) -> JobRow {
    let unknown = known("", &job.name, "step", "steps", "");
    let Known { shown, one, many, purpose, .. } = KNOWN.iter().find(|known| known.name == job.name).unwrap_or(&unknown);
    let tone = match job.state {
        JobState::Failed => Tone::Bad,
        JobState::Running | JobState::Waiting => Tone::Command,
        JobState::Idle | JobState::Follower => Tone::Plain,
    };
    let done = plural(job.done, one, many);
    let left = job.total.map_or(0, |total| total.saturating_sub(job.done));
    let done = if left == 0 { done } else { format!("{done}, {} left", count(left)) };
    let last_run = job.last_run.map_or_else(|| "never".to_owned(), |at| age(now.since(at)));
    let note = match &job.last_error {
        Some(error) => dfs_term::text::sanitise(error).into_owned(),
        None => (*purpose).to_owned(),
    };
    JobRow { name: dfs_term::text::sanitise(shown).into_owned(), state: word(job.state), tone, done, last_run, note }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(name: &str, state: JobState) -> JobStatus {
        JobStatus { name: name.to_owned(), state, done: 1, total: None, last_run: None, last_error: None }
    }

    #[test]
    fn a_row_has_units_and_what_the_job_does() {
        let repair = row(&job("repair", JobState::Idle), Timestamp(0));
        assert_eq!((repair.done.as_str(), repair.last_run.as_str(), repair.state), ("1 replica", "never", "idle"));
        assert!(repair.note.starts_with("makes missing replicas"));
        let shown = |name| row(&job(name, JobState::Idle), Timestamp(0)).name;
        assert_eq!((shown("floor"), shown("of the future")), ("oldest write in flight".into(), "of the future".into()));
    }

    #[test]
    fn a_failure_has_its_reason() {
        let failed = JobStatus {
            done: 1_500,
            total: Some(3_000),
            last_run: Some(Timestamp(1_000)),
            last_error: Some("no\nroom".to_owned()),
            ..job("of the future", JobState::Failed)
        };
        let row = row(&failed, Timestamp(6_000));
        assert_eq!(row.note, "no\\nroom");
        assert_eq!(
            (row.done.as_str(), row.last_run.as_str(), row.tone),
            ("1,500 steps, 1,500 left", "5 s ago", Tone::Bad)
        );
    }
}
