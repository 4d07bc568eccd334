//! Orders re-replication, replacements of corrupt replicas, removals of surplus ones, and
//! verifications.

use super::{Job, Master};
use crate::random;
use dfs_logic::cluster::Event;
use dfs_logic::jobs::Step;

#[derive(Debug, Default)]
pub(super) struct Repair {
    /// The number of replicas that its status already includes.
    noted: u64,
}

impl Job for Repair {
    const NAME: &'static str = "repair";

    async fn step(&mut self, master: &Master) -> Result<Step, String> {
        let version = master.published.get();
        if !master.is_behind() {
            master.observe_with(Event::CheckDeletions, &version.namespace);
        }
        master.observe_with(Event::Repair { seed: random::number() }, &version.namespace);
        let work = master.cluster_state().repair_work(&version.namespace, master.clock.now());
        let noted = std::mem::replace(&mut self.noted, work.done);
        Ok(Step::of(work, noted))
    }
}
