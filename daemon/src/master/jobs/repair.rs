//! Orders copies, mends, trims and verifications.

use super::{Job, Master};
use crate::random;
use dfs_logic::cluster::Event;
use dfs_logic::jobs::Step;

#[derive(Debug, Default)]
pub(super) struct Repair;

impl Job for Repair {
    const NAME: &'static str = "repair";

    async fn step(&mut self, master: &Master) -> Result<Step, String> {
        let ordered = || master.cluster_state().monitor().copies_ordered;
        let before = ordered();
        let version = master.published.get();
        if !master.is_behind() {
            master.observe_with(Event::CheckDeletions, &version.namespace);
        }
        master.observe_with(Event::Repair { seed: random::number() }, &version.namespace);
        Ok(Step::done(ordered().saturating_sub(before)))
    }
}
