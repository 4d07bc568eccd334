//! Runs the jobs one after the other, and keeps their status.

use super::collect::Collect;
use super::floor::RaiseFloor;
use super::ids::ReserveIds;
use super::keys::RotateKeys;
use super::members::NoteMembers;
use super::repair::Repair;
use super::survey::Survey;
use super::writes::GiveUpWrites;
use super::{Job, Master};
use dfs_logic::jobs::JobStatus;

/// All jobs of a master.
#[derive(Debug, Default)]
pub struct Runner {
    survey: Survey,
    repair: Repair,
    collect: Collect,
    members: NoteMembers,
    ids: ReserveIds,
    keys: RotateKeys,
    writes: GiveUpWrites,
    floor: RaiseFloor,
}

impl Runner {
    /// Discards the state that the jobs keep of an earlier leadership.
    pub fn lead(&mut self) {
        self.floor.lead();
    }

    /// Runs the job that followers run, too.
    pub async fn survey(&mut self, master: &Master, leads: bool) {
        run(&mut self.survey, master, leads).await;
    }

    /// Runs the jobs of the leader; on a follower, sets their state to `Follower`.
    pub async fn run(&mut self, master: &Master, leads: bool) {
        run(&mut self.repair, master, leads).await;
        run(&mut self.collect, master, leads).await;
        run(&mut self.members, master, leads).await;
        run(&mut self.ids, master, leads).await;
        run(&mut self.keys, master, leads).await;
        run(&mut self.writes, master, leads).await;
        run(&mut self.floor, master, leads).await;
    }
}

async fn run<J: Job>(job: &mut J, master: &Master, leads: bool) {
    if J::LEADER_ONLY && !leads {
        return with_status::<J>(master, JobStatus::rest);
    }
    let now = master.clock.calendar();
    with_status::<J>(master, |status| status.begin(now));
    for _ in 0..J::STEPS_MAX {
        let step = job.step(master).await;
        let more = step.as_ref().is_ok_and(|step| step.more);
        if let Err(error) = &step {
            tracing::warn!(job = J::NAME, error, "a job failed");
        }
        with_status::<J>(master, |status| status.note(step));
        if !more {
            break;
        }
        tokio::task::yield_now().await;
    }
}

fn with_status<J: Job>(master: &Master, change: impl FnOnce(&mut JobStatus)) {
    let mut jobs = master.jobs.lock();
    change(jobs.entry(J::NAME).or_insert_with(|| JobStatus::new(J::NAME)));
}

/// Returns the status of each job that was run or left to the leader since the start, sorted by
/// name.
pub fn statuses(master: &Master) -> Vec<JobStatus> {
    master.jobs.lock().values().cloned().collect()
}
