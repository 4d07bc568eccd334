//! Reading: where the chunks are. And what readers found damaged.

use crate::master::refused::{invalid, refused};
use crate::master::state::Master;
use dfs_rpc::CHUNKS_PER_PLAN_MAX;
use dfs_rpc::capability::Operation;
use dfs_rpc::client::{LocatedChunk, PlanRead, ReadPlan};
use dfs_types::{ChunkId, DatanodeId, Principal, Result};

impl Master {
    pub(super) fn plan_read(&self, user: &str, plan: &PlanRead) -> Result<ReadPlan> {
        self.need_leader()?;
        let version = self.published.get();
        let found = version.namespace.chunks(&plan.path, plan.offset, plan.length, CHUNKS_PER_PLAN_MAX, user);
        let (stat, chunks) = found.map_err(|refusal| refused(refusal, &plan.path))?;
        let keys = self.keys.get(&self.published);
        let now = self.clock.now();
        let turn = fastrand::u64(..);
        let replicas: Vec<_> = {
            let registry = self.registry();
            chunks.iter().map(|(_, chunk)| registry.readers(*chunk, now, turn)).collect()
        };
        let located = chunks.into_iter().zip(replicas).map(|((offset, chunk), replicas)| {
            let pipeline = replicas.iter().map(|replica| replica.id).collect();
            let principal = Principal::User(user.to_owned());
            let capability = self.seal(&keys, Operation::Read, chunk, principal, pipeline)?;
            Ok(LocatedChunk { chunk, offset, replicas, capability })
        });
        Ok(ReadPlan { stat, chunks: located.collect::<Result<_>>()? })
    }

    /// A reader's word is not enough to give a replica up: the datanode is to look at it.
    pub(super) fn report_damage(&self, chunk: ChunkId, node: DatanodeId) -> Result<()> {
        self.need_leader()?;
        if self.registry().verify(node, chunk) {
            tracing::warn!(%chunk, %node, "a reader reports damage; the datanode will look at the replica");
            Ok(())
        } else {
            Err(invalid(format!("{node} is not known to have chunk {chunk}")))
        }
    }
}
