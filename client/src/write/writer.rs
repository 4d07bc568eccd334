//! The thread of a put: sends chunks, receives their receipts, and resends those that failed.

use super::allocator::{ChunkAllocator, Shape};
use super::connection::{Outgoing, PipelineConnection, SendError};
use super::source::{Content, Input};
use super::split::{check_count, count};
use super::stall::StallDetector;
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

/// The maximum number of attempts to send one chunk.
const CHUNK_TRIES_MAX: u32 = 8;
/// The number of stall times after which a head that accepts no data counts as failed. The
/// datanodes of a pipeline use one stall time for each other, so that a stalled datanode is
/// reported by its neighbour before the head is blamed.
const SEND_STALLS: u32 = 3;
/// The same for the answer to a chunk, which waits for the disks of the whole pipeline.
const ANSWER_STALLS: u32 = 4;
/// The increase of both limits for each datanode beyond three.
const LONGER_PIPELINE: Duration = Duration::from_secs(2);
/// The memory for chunks of a source that cannot be read again, unless a single chunk is larger.
const KEPT_BYTES_MAX: u64 = 80 << 20;
/// If a source needs this long for a chunk, idle connections may expire; none is held while waiting
/// for more.
const SLOW_SOURCE: Duration = Duration::from_secs(5);

/// Writes the chunks of one file, and keeps their state until the file is committed.
pub(super) struct Writer {
    transfer: Arc<Transfer>,
    input: Input,
    allocator: ChunkAllocator,
    /// `None` before the first plan, and if the source is empty.
    shape: Option<Shape>,
    stalls: Arc<StallDetector>,
    /// Chunks that are sent and not yet acknowledged.
    flight: VecDeque<InFlight>,
    /// Acknowledged chunks, by position in the file.
    done: Vec<Option<CommittedChunk>>,
    buffer: Vec<u8>,
    /// The maximum number of chunks in flight, including the one being sent.
    window: usize,
}

struct InFlight {
    index: usize,
    connection: Rc<PipelineConnection>,
    stream: u32,
    checksum: u32,
    planned: PlannedChunk,
    content: Content,
    tries: u32,
}

impl Writer {
    pub(super) fn new(
        transfer: Arc<Transfer>,
        input: Input,
        allocator: ChunkAllocator,
        stalls: Arc<StallDetector>,
    ) -> Self {
        let window = transfer.client.settings().parallel_chunks.max(1) as usize;
        let (flight, done, buffer) = (VecDeque::new(), Vec::new(), Vec::new());
        Self { transfer, input, allocator, shape: None, stalls, flight, done, buffer, window }
    }

    /// Writes all chunks.
    pub(super) fn run(&mut self) -> Result<()> {
        if self.input.is_empty()? {
            return Ok(());
        }
        let length = self.input.length();
        self.transfer.progress.expect(length.unwrap_or(0));
        let shape = self.allocator.shape(length)?;
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
    /// `insufficient_datanodes` if the source can be read only once; `internal` if a chunk does not
    /// belong to this file.
    pub(super) fn rewrite(&mut self, lost: &[ChunkId]) -> Result<()> {
        let lost: BTreeSet<ChunkId> = lost.iter().copied().collect();
        let mut again = Vec::new();
        for (index, chunk) in self.done.iter().enumerate() {
            let Some(id) = chunk.as_ref().map(|chunk| chunk.chunk.id).filter(|id| lost.contains(id)) else { continue };
            let known = self.shape.and_then(|shape| self.input.known(index as u64, shape.chunk_size));
            again.push((index, id, known.ok_or_else(|| self.lost(id))?));
        }
        if again.is_empty() || again.len() != lost.len() {
            return Err(Error::new(
                ErrorCode::Internal,
                "the master reports lost chunks that do not belong to this file",
            ));
        }
        for (index, ..) in &again {
            self.done.get_mut(*index).into_iter().for_each(|chunk| *chunk = None);
        }
        // Chunks planned before may be on the datanodes that were lost.
        self.allocator.renew();
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

    /// Returns the error of a put that cannot write this chunk again.
    pub(super) fn lost(&self, chunk: ChunkId) -> Error {
        let what = format!("chunk {chunk} lost its replicas while the file was being written");
        Error::new(ErrorCode::InsufficientDatanodes, what).at(&self.transfer.path).hint("write the file again")
    }

    /// Returns the chunks in the order of the file.
    pub(super) fn chunks(&self) -> Result<Vec<CommittedChunk>> {
        let done: Option<Vec<_>> = self.done.iter().cloned().collect();
        done.ok_or_else(|| Error::new(ErrorCode::Internal, "a chunk has no result"))
    }

    /// Returns the chunk size and the replication; `None` if the source is empty.
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

    /// Sends a chunk, and retries with other pipelines while attempts are left.
    fn send(&mut self, index: usize, content: Content, mut tries: u32) -> Result<()> {
        loop {
            self.transfer.check()?;
            let planned = self.place(index)?;
            match self.try_send(&planned, &content) {
                Ok((connection, stream, checksum)) => {
                    self.flight.push_back(InFlight { index, connection, stream, checksum, planned, content, tries });
                    return Ok(());
                }
                Err((SendError::Fatal(error), _)) => return Err(error),
                Err((SendError::Node(failure), stale)) => self.failed(&planned, &failure, stale, &mut tries)?,
            }
        }
    }

    fn place(&mut self, index: usize) -> Result<PlannedChunk> {
        let left = self.left(index);
        match self.allocator.next(left) {
            // A datanode that failed before is better than none.
            Err(error) if error.code == ErrorCode::InsufficientDatanodes && self.allocator.readmit() => {
                self.allocator.next(left)
            }
            result => result,
        }
    }

    /// Returns the number of chunks from `index` on that are not acknowledged; 1 if the source does
    /// not know its length.
    fn left(&self, index: usize) -> u64 {
        let (Some(length), Some(shape)) = (self.input.length(), self.shape) else { return 1 };
        let acknowledged = self.done.iter().skip(index).flatten().count();
        count(shape.chunk_size, length).saturating_sub((index + acknowledged) as u64)
    }

    /// Sends a chunk once. On failure, the flag is true if only an idle connection had failed.
    fn try_send(
        &mut self,
        planned: &PlannedChunk,
        content: &Content,
    ) -> Result<(Rc<PipelineConnection>, u32, u32), (SendError, bool)> {
        let head = planned.pipeline.first().map(|node| node.id);
        let open =
            self.flight.iter().rev().map(|chunk| &chunk.connection).find(|connection| connection.serves(head)).cloned();
        let connection = match open {
            Some(connection) => connection,
            None => {
                let lease = self.transfer.lease(&planned.pipeline, self.limits(planned.pipeline.len()));
                Rc::new(PipelineConnection::new(lease.map_err(|failure| (SendError::Node(failure), false))?))
            }
        };
        let (transfer, stalls, input, buffer) = (&*self.transfer, &*self.stalls, &self.input, &mut self.buffer);
        match connection.send(Outgoing { transfer, stalls, planned, input, content, buffer }) {
            Ok((stream, checksum)) => Ok((connection, stream, checksum)),
            Err(SendError::Node(failure @ NodeFailure::Silent(_))) => Err((SendError::Node(failure), false)),
            Err(SendError::Node(failure)) => match connection.final_error() {
                Some(said) => Err((SendError::Node(NodeFailure::Said(said)), false)),
                None => {
                    let stale = connection.is_stale(&failure);
                    Err((SendError::Node(failure), stale))
                }
            },
            Err(fatal) => Err((fatal, false)),
        }
    }

    /// Returns the limits for the answer and for sending to the head.
    fn limits(&self, datanodes: usize) -> Limits {
        let stall = self.transfer.client.settings().stall_timeout;
        let longer = LONGER_PIPELINE * u32::try_from(datanodes.saturating_sub(3)).unwrap_or_default();
        (stall * ANSWER_STALLS + longer, stall * SEND_STALLS + longer)
    }

    /// Waits for the answers to all chunks in flight.
    fn settle_all(&mut self) -> Result<()> {
        while !self.flight.is_empty() {
            self.settle()?;
        }
        Ok(())
    }

    /// Waits for the answer to the oldest chunk in flight, and sends the chunk again on failure.
    fn settle(&mut self) -> Result<()> {
        let Some(chunk) = self.flight.pop_front() else { return Ok(()) };
        let InFlight { index, connection, stream, checksum, planned, content, mut tries } = chunk;
        let answer = connection.answer(stream, &planned.pipeline, &self.stalls);
        let stale = answer.as_ref().is_err_and(|failure| connection.is_stale(failure));
        if let Ok(connection) = Rc::try_unwrap(connection) {
            connection.into_lease().into_iter().for_each(|lease| self.transfer.give_back(lease));
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
                self.failed(&planned, &failure, stale, &mut tries)?;
                self.send(index, content, tries)
            }
        }
    }

    /// Handles a failure: excludes datanodes, pauses, and returns an error if this was the last
    /// attempt.
    fn failed(&mut self, planned: &PlannedChunk, failure: &NodeFailure, stale: bool, tries: &mut u32) -> Result<()> {
        self.transfer.check()?;
        // Stall detections are heuristic and do not count as attempts; they have their own limit.
        *tries += u32::from(!matches!(failure, NodeFailure::Silent(_)));
        let blamed = if stale { Vec::new() } else { blame(planned, failure) };
        let reason = match blamed.first() {
            // An error reported by a datanode already begins with its name.
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
        pool.forget(&planned.pipeline.iter().map(|node| node.id).collect::<Vec<_>>());
        self.allocator.renew();
        for node in blamed {
            pool.forget(&[node]);
            self.allocator.exclude(node);
        }
        self.transfer.retried(reason);
        if *tries > 1 { self.transfer.pause(pause(*tries)) } else { Ok(()) }
    }
}

/// Returns the failure with the name of its datanode as a prefix, once.
fn named(node: DatanodeId, failure: &NodeFailure) -> String {
    let (node, failure) = (format!("{node}: "), failure.to_string());
    if failure.starts_with(&node) { failure } else { node + &failure }
}

/// Returns the datanodes to exclude from this put. Returns none if no datanode is at fault.
fn blame(planned: &PlannedChunk, failure: &NodeFailure) -> Vec<DatanodeId> {
    let head = planned.pipeline.first().map(|node| node.id);
    let blamed = match failure {
        NodeFailure::Abandoned => None,
        NodeFailure::Silent(nodes) => return nodes.clone(),
        NodeFailure::Said(said) => match said.error.code {
            // These concern the capability, which a new plan renews.
            ErrorCode::Unauthenticated | ErrorCode::PermissionDenied | ErrorCode::InvalidArgument
                if !failure.is_expiry() =>
            {
                None
            }
            _ => said.node.filter(|node| planned.pipeline.iter().any(|other| other.id == *node)).or(head),
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
            pipeline: vec![node(1), node(2)],
            capability: Default::default(),
        }
    }

    fn said(node: Option<u16>, code: ErrorCode) -> NodeFailure {
        NodeFailure::Said(StreamError { node: node.map(DatanodeId), error: Error::new(code, "no") })
    }

    #[test]
    fn the_name_of_a_datanode_is_not_repeated() {
        let said = |text: &str| {
            NodeFailure::Said(StreamError { node: None, error: Error::new(ErrorCode::InsufficientDatanodes, text) })
        };
        assert_eq!(named(DatanodeId(2), &said("datanode-2: no space left")), "datanode-2: no space left");
        assert_eq!(named(DatanodeId(2), &said("no space left")), "datanode-2: no space left");
        assert_eq!(named(DatanodeId(1), &said("datanode-12: gone")), "datanode-1: datanode-12: gone");
    }

    #[test]
    fn the_datanode_that_failed_is_blamed() {
        assert_eq!(blame(&planned(), &NodeFailure::Closed), [DatanodeId(1)]);
        assert_eq!(blame(&planned(), &said(Some(2), ErrorCode::LocalIo)), [DatanodeId(2)]);
        assert_eq!(blame(&planned(), &said(None, ErrorCode::LocalIo)), [DatanodeId(1)]);
        // A head cannot blame a datanode outside the pipeline.
        assert_eq!(blame(&planned(), &said(Some(9), ErrorCode::LocalIo)), [DatanodeId(1)]);
        assert_eq!(blame(&planned(), &said(Some(1), ErrorCode::PermissionDenied)), []);
        assert_eq!(blame(&planned(), &NodeFailure::Abandoned), []);
        // Its clock is ahead, and a new capability would be rejected too.
        let expired = Error::of(ErrorCode::PermissionDenied, Detail::CapabilityExpired { node: DatanodeId(2) });
        let said = NodeFailure::Said(StreamError { node: Some(DatanodeId(2)), error: expired });
        assert_eq!(blame(&planned(), &said), [DatanodeId(2)]);
        let silent = vec![DatanodeId(1), DatanodeId(2)];
        assert_eq!(blame(&planned(), &NodeFailure::Silent(silent.clone())), silent);
    }
}
