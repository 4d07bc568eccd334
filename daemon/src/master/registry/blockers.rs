//! What keeps chunks from having their replicas: of all chunks at each survey, and of one file when somebody asks.

use super::nodes::Registry;
use dfs_logic::repair::{Blocked, Blocker, Inquiry, View};
use dfs_logic::state::State;
use dfs_types::{ChunkId, DatanodeId, Timestamp};
use std::collections::BTreeMap;

impl Registry {
    /// Finds what keeps the chunks that the survey found from having their replicas.
    pub(super) fn find_blockers(&mut self, namespace: &State, now: Timestamp) {
        let nodes = self.views(namespace, now);
        let in_flight = self.healing.in_flight();
        let inquiry = Inquiry::new(View { namespace, locations: &self.locations, nodes: &nodes }, &in_flight);
        let (survey, health) = (self.healing.survey(), self.healing.health());
        let mut all = Blocked::default();
        let mut leaving: BTreeMap<DatanodeId, Blocked> = BTreeMap::new();
        for id in survey.needs() {
            let Some(blocker) = inquiry.blocker(id) else { continue };
            all.note(blocker, 1);
            for node in inquiry.leaving_holders(id) {
                leaving.entry(node).or_default().note(blocker, 1);
            }
        }
        all.note(Blocker::Waiting, survey.short_unlisted());
        // One that has missed heartbeats may have what is missing.
        all.note(if inquiry.has_stale() { Blocker::Waiting } else { Blocker::NoSource }, health.missing);
        let may_begin = self.may_repair(namespace, now);
        let held = |blocked: Blocked| if may_begin { blocked } else { blocked.held() };
        self.healing.blocked = held(all);
        for (id, drain) in &mut self.drains {
            drain.blocked = held(leaving.get(id).copied().unwrap_or_default());
        }
    }

    /// What keeps the chunks of one file from having their replicas, now.
    pub fn blockers_of(&self, chunks: impl Iterator<Item = ChunkId>, namespace: &State, now: Timestamp) -> Blocked {
        let nodes = self.views(namespace, now);
        let in_flight = self.healing.in_flight();
        let inquiry = Inquiry::new(View { namespace, locations: &self.locations, nodes: &nodes }, &in_flight);
        let mut blocked = Blocked::default();
        chunks.filter_map(|id| inquiry.blocker(id)).for_each(|blocker| blocked.note(blocker, 1));
        if self.may_repair(namespace, now) { blocked } else { blocked.held() }
    }
}
