//! Orders the deletion of garbage.

use super::{Job, Master};
use dfs_logic::cluster::{Effect, Event};
use dfs_logic::jobs::Step;

#[derive(Debug, Default)]
pub(super) struct Collect {
    /// The number of deletions that its status already includes.
    noted: u64,
}

impl Job for Collect {
    const NAME: &'static str = "collect";
    const STEPS_MAX: usize = 16;

    /// Searches one slice of all chunks. Garbage remains garbage, so each slice may use the newest
    /// version of the namespace.
    async fn step(&mut self, master: &Master) -> Result<Step, String> {
        if master.is_behind() {
            return Ok(Step::default());
        }
        let more = master.observe(Event::CollectGarbage).contains(&Effect::Continue);
        let work = master.cluster_state().collect_work();
        let noted = std::mem::replace(&mut self.noted, work.done);
        Ok(Step { more, ..Step::of(work, noted) })
    }
}
