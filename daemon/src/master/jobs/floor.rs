//! Raises the collection floor as far as allowed.

use super::{Job, Master, applied};
use dfs_logic::command::ChunkOp;
use dfs_logic::jobs::Step;
use dfs_types::Timestamp;

/// The floor is raised at most this many times per `collect_after`.
const RAISES_PER_SPAN: u32 = 16;

#[derive(Debug, Default)]
pub(super) struct RaiseFloor {
    raised_at: Option<Timestamp>,
}

impl Job for RaiseFloor {
    const NAME: &'static str = "floor";

    async fn step(&mut self, master: &Master) -> Result<Step, String> {
        let now = master.clock.now();
        let (next, floor) = {
            let version = master.published.look();
            (version.namespace.next_chunk(), version.namespace.floor())
        };
        let unused = master.pool.lowest().unwrap_or(next);
        let lowest = master.writes().lowest();
        let highest = {
            let mut held = master.floor();
            held.sample(unused, now);
            held.highest(lowest, now)
        };
        if master.is_behind() {
            return Ok(Step::default());
        }
        let rest = master.settings.collect_after / RAISES_PER_SPAN;
        let rested = self.raised_at.is_none_or(|at| now.since(at) >= rest);
        let Some(highest) = highest.filter(|highest| *highest > floor && rested) else { return Ok(Step::default()) };
        if !master.proposer.has_room() {
            return Ok(Step::default());
        }
        self.raised_at = Some(now);
        let done = applied(master.propose_own(ChunkOp::RaiseFloor { floor: highest }).await)?.is_some();
        Ok(Step::done(done.into()))
    }

    fn lead(&mut self) {
        self.raised_at = None;
    }
}
