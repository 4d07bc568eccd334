//! Orders the deletion of garbage.

use super::{Job, Master};
use dfs_logic::cluster::{Effect, Event};
use dfs_logic::jobs::Step;

#[derive(Debug, Default)]
pub(super) struct Collect;

impl Job for Collect {
    const NAME: &'static str = "collect";
    const STEPS_MAX: usize = 16;

    /// Searches one slice of all chunks. Garbage stays garbage, so each slice may use the newest version of the names.
    async fn step(&mut self, master: &Master) -> Result<Step, String> {
        if master.is_behind() {
            return Ok(Step::default());
        }
        let ordered = || master.cluster_state().monitor().deletes_ordered;
        let before = ordered();
        let more = master.observe(Event::CollectGarbage).contains(&Effect::Continue);
        Ok(Step { done: ordered().saturating_sub(before), total: None, more })
    }
}
