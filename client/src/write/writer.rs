//! The thread of a put: sends chunks, takes their receipts, sends again what failed.

use super::line::{Line, Outgoing, SendError};
use super::places::{Places, Shape};
use super::source::{Content, Input};
use super::split::{check_count, count};
use super::watch::Watch;
use crate::clock;
use crate::control::pause;
use crate::pool::Limits;
use crate::transfer::{NodeFailure, Transfer};
use dfs_rpc::data::WriteDone;
use dfs_rpc::wire::{CommittedChunk, PlannedChunk};
use dfs_types::{ChunkId, ChunkRef, DatanodeId, Error, ErrorCode, Result};
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// How often one chunk is sent before the put gives up.
const CHUNK_TRIES_MAX: u32 = 8;
/// A head that takes no byte for this many stall times is given up. The datanodes of a chain give each other up after
/// one, so that the one that stalls is named by its neighbour before we blame the head.
const SEND_STALLS: u32 = 3;
/// The same for the answer to a chunk, which waits for the disks of the whole chain.
const ANSWER_STALLS: u32 = 4;
/// Both limits grow by this with each datanode beyond three.
const LONGER_CHAIN: Duration = Duration::from_secs(2);
/// Bytes kept in memory of a source that cannot be read again, where a single chunk is not more than that.
const KEPT_BYTES_MAX: u64 = 80 << 20;
/// A source that takes this long for a chunk may outlast idle connections; none is held while waiting for more.
const SLOW_SOURCE: Duration = Duration::from_secs(5);

/// Writes the chunks of one file, and keeps what it knows of them until the file is committed.
pub(super) struct Writer {
    transfer: Arc<Transfer>,
    input: Input,
    places: Places,
    /// None before the first plan, and where there was nothing to write.
    shape: Option<Shape>,
    watch: Arc<Watch>,
    /// Sent and not yet acknowledged.
    flight: VecDeque<InFlight>,
    /// Acknowledged, by place in the file.
    done: Vec<Option<CommittedChunk>>,
    buffer: Vec<u8>,
    /// Chunks in flight at most, with the one that is being sent.
    window: usize,
}

struct InFlight {
    index: usize,
    line: Rc<Line>,
    stream: u32,
    checksum: u32,
    planned: PlannedChunk,
    content: Content,
    tries: u32,
}

impl Writer {
    pub(super) fn new(transfer: Arc<Transfer>, input: Input, places: Places, watch: Arc<Watch>) -> Self {
        let window = transfer.client.settings().parallel_chunks.max(1) as usize;
        let (flight, done, buffer) = (VecDeque::new(), Vec::new(), Vec::new());
        Self { transfer, input, places, shape: None, watch, flight, done, buffer, window }
    }

    /// Writes everything.
    pub(super) fn run(&mut self) -> Result<()> {
        if self.input.is_empty()? {
            return Ok(());
        }
        let length = self.input.length();
        self.transfer.progress.expect(length.unwrap_or(0));
        let shape = self.places.shape(length)?;
        self.shape = Some(shape);
        check_count(length.map_or(1, |length| count(shape.chunk_size, length)), shape.chunk_size)?;
        let mut index = 0;
        loop {
            while self.flight.len() >= self.window {
                self.settle()?;
            }
            let Some(content) = self.content(index, shape.chunk_size)? else { break };
            check_count(index as u64 + 1, shape.chunk_size)?;
            self.done.push(None);
            self.send(index, content, 0)?;
            index += 1;
        }
        self.settle_all()
    }

    /// Writes these chunks again, under new ids: they lost replicas since they were acknowledged.
    ///
    /// # Errors
    /// `insufficient_datanodes` where the source can be read only once; `internal` when a chunk is not of this file.
    pub(super) fn rewrite(&mut self, lost: &[ChunkId]) -> Result<()> {
        let lost: BTreeSet<ChunkId> = lost.iter().copied().collect();
        let mut again = Vec::new();
        for (index, chunk) in self.done.iter().enumerate() {
            let Some(id) = chunk.as_ref().map(|chunk| chunk.chunk.id).filter(|id| lost.contains(id)) else { continue };
            let known = self.shape.and_then(|shape| self.input.known(index as u64, shape.chunk_size));
            again.push((index, id, known.ok_or_else(|| self.lost(id))?));
        }
        if again.is_empty() || again.len() != lost.len() {
            return Err(Error::new(ErrorCode::Internal, "the master names lost chunks that are none of this file"));
        }
        for (index, ..) in &again {
            self.done.get_mut(*index).into_iter().for_each(|chunk| *chunk = None);
        }
        // Places planned before may name the datanodes that were lost.
        self.places.renew();
        for (index, id, content) in again {
            while self.flight.len() >= self.window {
                self.settle()?;
            }
            self.transfer.progress.take_back(u64::from(content.length));
            self.transfer.retried(self.lost(id).message);
            self.send(index, content, 0)?;
        }
        self.settle_all()
    }

    /// The error of a put that cannot write this chunk again.
    pub(super) fn lost(&self, chunk: ChunkId) -> Error {
        let what = format!("chunk {chunk} lost its replicas while the file was being written");
        Error::new(ErrorCode::InsufficientDatanodes, what).at(&self.transfer.path).hint("write the file again")
    }

    /// The chunks in the order of the file.
    pub(super) fn chunks(&self) -> Result<Vec<CommittedChunk>> {
        let done: Option<Vec<_>> = self.done.iter().cloned().collect();
        done.ok_or_else(|| Error::new(ErrorCode::Internal, "a chunk was lost from sight"))
    }

    /// None: there was nothing to write.
    pub(super) fn shape(&self) -> Option<Shape> {
        self.shape
    }

    fn content(&mut self, index: usize, chunk_size: u32) -> Result<Option<Content>> {
        let Input::Stream(stream) = &self.input else { return Ok(self.input.known(index as u64, chunk_size)) };
        let began = clock::now();
        let mut content = stream.begin();
        loop {
            self.transfer.check()?;
            while !self.flight.is_empty() && self.kept_bytes() + u64::from(content.length) >= KEPT_BYTES_MAX {
                self.settle()?;
            }
            let Input::Stream(stream) = &mut self.input else { break };
            if !stream.fill(&mut content, chunk_size)? {
                break;
            }
        }
        if clock::since(began) > SLOW_SOURCE {
            self.settle_all()?;
        }
        self.transfer.progress.expect(u64::from(content.length));
        Ok(Some(content).filter(|content| content.length > 0))
    }

    fn kept_bytes(&self) -> u64 {
        self.flight.iter().map(|chunk| u64::from(chunk.content.length)).sum()
    }

    /// Sends a chunk, to other places while it fails and tries are left.
    fn send(&mut self, index: usize, content: Content, mut tries: u32) -> Result<()> {
        loop {
            self.transfer.check()?;
            let planned = self.place(index)?;
            match self.try_send(&planned, &content) {
                Ok((line, stream, checksum)) => {
                    self.flight.push_back(InFlight { index, line, stream, checksum, planned, content, tries });
                    return Ok(());
                }
                Err((SendError::Fatal(error), _)) => return Err(error),
                Err((SendError::Node(failure), outworn)) => self.failed(&planned, &failure, outworn, &mut tries)?,
            }
        }
    }

    fn place(&mut self, index: usize) -> Result<PlannedChunk> {
        let left = self.left(index);
        match self.places.next(left) {
            // Better a datanode that failed before than none.
            Err(error) if error.code == ErrorCode::InsufficientDatanodes && self.places.forgive() => {
                self.places.next(left)
            }
            result => result,
        }
    }

    /// How many chunks from `index` on have still to be acknowledged; 1 where the source does not tell.
    fn left(&self, index: usize) -> u64 {
        let (Some(length), Some(shape)) = (self.input.length(), self.shape) else { return 1 };
        let acknowledged = self.done.iter().skip(index).flatten().count();
        count(shape.chunk_size, length).saturating_sub((index + acknowledged) as u64)
    }

    /// On failure also whether only an idle connection had died.
    fn try_send(
        &mut self,
        planned: &PlannedChunk,
        content: &Content,
    ) -> Result<(Rc<Line>, u32, u32), (SendError, bool)> {
        let head = planned.chain.first().map(|node| node.id);
        let open = self.flight.iter().rev().map(|chunk| &chunk.line).find(|line| line.serves(head)).cloned();
        let line = match open {
            Some(line) => line,
            None => {
                let lease = self.transfer.lease(&planned.chain, self.limits(planned.chain.len()));
                Rc::new(Line::new(lease.map_err(|failure| (SendError::Node(failure), false))?))
            }
        };
        let (transfer, watch, input, buffer) = (&*self.transfer, &*self.watch, &self.input, &mut self.buffer);
        match line.send(Outgoing { transfer, watch, planned, input, content, buffer }) {
            Ok((stream, checksum)) => Ok((line, stream, checksum)),
            Err(SendError::Node(failure @ NodeFailure::Silent(_))) => Err((SendError::Node(failure), false)),
            Err(SendError::Node(failure)) => match line.last_words() {
                Some(said) => Err((SendError::Node(NodeFailure::Said(said)), false)),
                None => {
                    let outworn = line.is_outworn(&failure);
                    Err((SendError::Node(failure), outworn))
                }
            },
            Err(fatal) => Err((fatal, false)),
        }
    }

    /// How long to wait for an answer and for the head to take data.
    fn limits(&self, chain: usize) -> Limits {
        let stall = self.transfer.client.settings().stall_timeout;
        let longer = LONGER_CHAIN * u32::try_from(chain.saturating_sub(3)).unwrap_or_default();
        (stall * ANSWER_STALLS + longer, stall * SEND_STALLS + longer)
    }

    /// Takes the answers to all chunks in flight.
    fn settle_all(&mut self) -> Result<()> {
        while !self.flight.is_empty() {
            self.settle()?;
        }
        Ok(())
    }

    /// Takes the answer to the chunk that was sent first, and sends the chunk again if it is bad.
    fn settle(&mut self) -> Result<()> {
        let Some(chunk) = self.flight.pop_front() else { return Ok(()) };
        let InFlight { index, line, stream, checksum, planned, content, mut tries } = chunk;
        let answer = line.answer(stream, &planned.chain, &self.watch);
        let outworn = answer.as_ref().is_err_and(|failure| line.is_outworn(failure));
        if let Ok(line) = Rc::try_unwrap(line) {
            line.into_lease().into_iter().for_each(|lease| self.transfer.give_back(lease));
        }
        match answer {
            Ok(WriteDone { receipts }) => {
                let PlannedChunk { id, generation, .. } = planned;
                let chunk = ChunkRef { id, generation, length: content.length, checksum };
                if let Some(place) = self.done.get_mut(index) {
                    *place = Some(CommittedChunk { chunk, receipts });
                }
                self.input.recycle(content);
                Ok(())
            }
            Err(failure) => {
                self.transfer.progress.take_back(u64::from(content.length));
                self.failed(&planned, &failure, outworn, &mut tries)?;
                self.send(index, content, tries)
            }
        }
    }

    /// Draws the conclusions from a failure: who gets no more chunks, how long to wait; an error when it was the last try.
    fn failed(&mut self, planned: &PlannedChunk, failure: &NodeFailure, outworn: bool, tries: &mut u32) -> Result<()> {
        self.transfer.check()?;
        // Silence is a guess, and a wrong one shall not fail the put; the guesses have a bound of their own.
        *tries += u32::from(!matches!(failure, NodeFailure::Silent(_)));
        let blamed = if outworn { Vec::new() } else { blame(planned, failure) };
        let reason = match blamed.first() {
            // What a datanode says of itself begins with its name already.
            Some(node) => format!("chunk {}: {}", planned.id, named(*node, failure)),
            None => format!("chunk {}: {failure}", planned.id),
        };
        if *tries >= CHUNK_TRIES_MAX {
            let code = match failure {
                NodeFailure::Said(said) => said.error.code,
                _ => ErrorCode::Unreachable,
            };
            return Err(Error::new(code, format!("gave up after {tries} tries: {reason}")).at(&self.transfer.path));
        }
        let pool = &self.transfer.client.shared.pool;
        pool.forget(&planned.chain.iter().map(|node| node.id).collect::<Vec<_>>());
        self.places.renew();
        for node in blamed {
            pool.forget(&[node]);
            self.places.exclude(node);
        }
        self.transfer.retried(reason);
        if *tries > 1 { self.transfer.pause(pause(*tries)) } else { Ok(()) }
    }
}

/// A failure with the name of its datanode before it, once.
fn named(node: DatanodeId, failure: &NodeFailure) -> String {
    let (node, failure) = (format!("{node}: "), failure.to_string());
    if failure.starts_with(&node) { failure } else { node + &failure }
}

/// Which datanodes get no more chunks of this put. None when it was not the fault of one.
fn blame(planned: &PlannedChunk, failure: &NodeFailure) -> Vec<DatanodeId> {
    let head = planned.chain.first().map(|node| node.id);
    let blamed = match failure {
        NodeFailure::Abandoned => None,
        NodeFailure::Silent(nodes) => return nodes.clone(),
        NodeFailure::Said(said) => match said.error.code {
            // About our capability, which a new plan renews.
            ErrorCode::Unauthenticated | ErrorCode::PermissionDenied | ErrorCode::InvalidArgument
                if !failure.is_expiry() =>
            {
                None
            }
            _ => said.node.filter(|node| planned.chain.iter().any(|other| other.id == *node)).or(head),
        },
        _ => head,
    };
    blamed.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_rpc::data::StreamError;
    use dfs_rpc::wire::NodeAddress;
    use dfs_types::{ChunkId, Detail, Generation};

    fn planned() -> PlannedChunk {
        let node = |id| NodeAddress { id: DatanodeId(id), address: ([127, 0, 0, 1], 1).into() };
        PlannedChunk {
            id: ChunkId(1),
            generation: Generation(1),
            chain: vec![node(1), node(2)],
            capability: Default::default(),
        }
    }

    fn said(node: Option<u16>, code: ErrorCode) -> NodeFailure {
        NodeFailure::Said(StreamError { node: node.map(DatanodeId), error: Error::new(code, "no") })
    }

    #[test]
    fn the_name_of_a_datanode_is_not_said_twice() {
        let said = |text: &str| {
            NodeFailure::Said(StreamError { node: None, error: Error::new(ErrorCode::InsufficientDatanodes, text) })
        };
        assert_eq!(named(DatanodeId(2), &said("datanode-2: no space left")), "datanode-2: no space left");
        assert_eq!(named(DatanodeId(2), &said("no space left")), "datanode-2: no space left");
        assert_eq!(named(DatanodeId(1), &said("datanode-12: gone")), "datanode-1: datanode-12: gone");
    }

    #[test]
    fn the_one_that_failed_is_blamed() {
        assert_eq!(blame(&planned(), &NodeFailure::Closed), [DatanodeId(1)]);
        assert_eq!(blame(&planned(), &said(Some(2), ErrorCode::LocalIo)), [DatanodeId(2)]);
        assert_eq!(blame(&planned(), &said(None, ErrorCode::LocalIo)), [DatanodeId(1)]);
        // A head cannot put the blame on a stranger.
        assert_eq!(blame(&planned(), &said(Some(9), ErrorCode::LocalIo)), [DatanodeId(1)]);
        assert_eq!(blame(&planned(), &said(Some(1), ErrorCode::PermissionDenied)), []);
        assert_eq!(blame(&planned(), &NodeFailure::Abandoned), []);
        // Its clock is ahead, and another plan would find it so again.
        let expired = Error::of(ErrorCode::PermissionDenied, Detail::CapabilityExpired { node: DatanodeId(2) });
        let said = NodeFailure::Said(StreamError { node: Some(DatanodeId(2)), error: expired });
        assert_eq!(blame(&planned(), &said), [DatanodeId(2)]);
        let silent = vec![DatanodeId(1), DatanodeId(2)];
        assert_eq!(blame(&planned(), &NodeFailure::Silent(silent.clone())), silent);
    }
}
