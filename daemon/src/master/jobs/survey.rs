//! Counts the replicas of all chunks.

use super::{Job, Master};
use crate::master::raft::published::Version;
use dfs_logic::cluster::{Effect, Event};
use dfs_logic::jobs::Step;
use std::sync::Arc;

/// Each survey counts the chunks of one version of the namespace from beginning to end.
#[derive(Debug, Default)]
pub(super) struct Survey {
    version: Option<Arc<Version>>,
}

impl Job for Survey {
    const NAME: &'static str = "survey";
    const LEADER_ONLY: bool = false;
    const STEPS_MAX: usize = usize::MAX;

    /// Counts one slice, if a survey is due. The lock of the cluster state is released between two
    /// slices.
    async fn step(&mut self, master: &Master) -> Result<Step, String> {
        let version = self.version.take().unwrap_or_else(|| master.published.get());
        let began = master.cluster_state().monitor().counted_at();
        let more = master.observe_with(Event::Survey, &version.namespace).contains(&Effect::Continue);
        let ended = master.cluster_state().monitor().counted_at() != began;
        self.version = more.then_some(version);
        Ok(Step { done: u64::from(ended), more, ..Step::default() })
    }
}
