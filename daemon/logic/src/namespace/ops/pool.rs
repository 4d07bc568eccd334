use crate::command::{Command, Refusal};
use crate::namespace::state::Namespace;
use crate::namespace::window::Remembered;
use dfs_types::ChunkId;

impl Namespace {
    /// Takes the next `count` ids out of the pool. They are never given again.
    pub(in crate::namespace) fn reserve_chunks(
        &mut self,
        command: &Command,
        count: u32,
    ) -> Result<Remembered, Refusal> {
        self.need_master(command)?;
        let first = self.next_chunk;
        self.next_chunk = first.checked_add(u64::from(count)).ok_or(Refusal::Malformed)?;
        Ok(Remembered::Reserved { first: ChunkId(first), count })
    }

    /// Gives up chunks that no file names. Whoever names one of them later is too late.
    pub(in crate::namespace) fn abandon_chunks(
        &mut self,
        command: &Command,
        chunks: &[ChunkId],
    ) -> Result<Remembered, Refusal> {
        self.need_master(command)?;
        self.give_up(chunks);
        Ok(Remembered::Done)
    }

    /// Raises the collection floor. It never sinks, and never rises above the ids that were handed out.
    pub(in crate::namespace) fn raise_floor(
        &mut self,
        command: &Command,
        floor: ChunkId,
    ) -> Result<Remembered, Refusal> {
        self.need_master(command)?;
        self.floor = self.floor.max(floor.0.min(self.next_chunk));
        // The floor now says of these what the set said.
        while let Some(id) = self.dropped.get_min().copied().filter(|id| *id < self.floor) {
            self.dropped.remove(&id);
        }
        Ok(Remembered::Done)
    }
}
