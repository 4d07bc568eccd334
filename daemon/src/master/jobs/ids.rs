//! Reserves chunk ids before they run out.

use super::{Job, Master, applied};
use crate::master::pool::RESERVE_COUNT;
use dfs_logic::command::{ChunkOp, Outcome};
use dfs_logic::jobs::Step;

#[derive(Debug, Default)]
pub(super) struct ReserveIds;

impl Job for ReserveIds {
    const NAME: &'static str = "chunk-ids";

    async fn step(&mut self, master: &Master) -> Result<Step, String> {
        if !master.pool.is_low() || !master.proposer.has_room() {
            return Ok(Step::default());
        }
        let term = master.term();
        let next = master.published.look().namespace.next_chunk();
        let skip = master.ahead().skip(next);
        if let Some(count) = skip {
            // Replicas written under a lost state use these ids.
            if applied(master.propose_own(ChunkOp::Reserve { count }).await)?.is_none() {
                return Ok(Step::default());
            }
            tracing::warn!(count, "chunk ids that datanodes already hold are skipped");
        }
        match applied(master.propose_own(ChunkOp::Reserve { count: RESERVE_COUNT }).await)? {
            Some(Outcome::Reserved { first, count }) => {
                master.pool.fill(first, count, term);
                Ok(Step::done(count.into()))
            }
            Some(other) => Err(format!("unexpected outcome of a reservation: {other:?}")),
            None => Ok(Step::default()),
        }
    }
}
