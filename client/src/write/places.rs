//! Places for the next chunks, asked from the master some at a time.

use super::ending::Flight;
use super::put::PutOptions;
use crate::clock;
use crate::transfer::Transfer;
use dfs_rpc::wire::{PlanWrite, PlannedChunk, WritePlan};
use dfs_types::{DatanodeId, Error, ErrorCode, Result};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Chunks planned by one call, at most.
const CHUNKS_PER_CALL_MAX: u64 = 16;
/// The guess at the chunk size before the master told it, for planning neither too few nor many too many chunks.
const CHUNK_SIZE_GUESS: u64 = 64 << 20;
/// A place not used for this long is planned again, before its capability expires (which lives for minutes).
const PLACE_LIFETIME: Duration = Duration::from_secs(60);
/// Datanodes remembered as failed; more than that of one cluster at a time and the trouble is elsewhere.
const EXCLUDED_MAX: usize = 16;

/// What the cluster makes of the options.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub replication: u8,
    pub chunk_size: u32,
}

/// The planned chunks of one put.
#[derive(Debug)]
pub(super) struct Places {
    transfer: Arc<Transfer>,
    options: PutOptions,
    shape: Option<Shape>,
    free: VecDeque<PlannedChunk>,
    planned: Instant,
    excluded: Vec<DatanodeId>,
    flight: Arc<Flight>,
    /// Bytes of the whole file, if they are known.
    length: Option<u64>,
}

impl Places {
    pub(super) fn new(transfer: Arc<Transfer>, options: PutOptions, flight: Arc<Flight>) -> Self {
        let (free, excluded) = (VecDeque::new(), Vec::new());
        Self { transfer, options, shape: None, free, planned: clock::now(), excluded, flight, length: None }
    }

    /// Chunk size and replication, after a first plan for `length` bytes.
    pub(super) fn shape(&mut self, length: Option<u64>) -> Result<Shape> {
        if let Some(shape) = self.shape {
            return Ok(shape);
        }
        self.length = length;
        let guess = self.options.chunk_size.map_or(CHUNK_SIZE_GUESS, u64::from).max(1);
        let chunks = length.map_or(1, |length| length.div_ceil(guess));
        self.plan(chunks)
    }

    /// The place of the next chunk; `left` chunks are still to come, with this one.
    pub(super) fn next(&mut self, left: u64) -> Result<PlannedChunk> {
        if clock::since(self.planned) > PLACE_LIFETIME {
            self.free.clear();
        }
        if self.free.is_empty() {
            self.plan(left)?;
        }
        self.free.pop_front().ok_or_else(|| Error::new(ErrorCode::Internal, "the master planned no chunk"))
    }

    /// Plans around `node` from now on.
    pub(super) fn exclude(&mut self, node: DatanodeId) {
        self.free.clear();
        self.excluded.retain(|other| *other != node);
        if self.excluded.len() >= EXCLUDED_MAX {
            self.excluded.remove(0);
        }
        self.excluded.push(node);
    }

    /// Does not use what was planned so far.
    pub(super) fn renew(&mut self) {
        self.free.clear();
    }

    /// Gives all datanodes another chance but the one that failed last. Whether that changes anything.
    pub(super) fn forgive(&mut self) -> bool {
        let forgiven = self.excluded.len().saturating_sub(1);
        self.excluded.drain(..forgiven);
        forgiven > 0
    }

    fn plan(&mut self, chunks: u64) -> Result<Shape> {
        let plan = PlanWrite {
            write: self.flight.id,
            path: self.transfer.path.clone(),
            overwrite: self.options.overwrite,
            replication: self.shape.map(|shape| shape.replication).or(self.options.replication),
            chunk_size: self.shape.map(|shape| shape.chunk_size).or(self.options.chunk_size),
            chunks: chunks.clamp(1, CHUNKS_PER_CALL_MAX) as u32,
            exclude: self.excluded.clone(),
            begun: self.flight.has_begun(),
            length: self.length,
        };
        self.flight.asks();
        let plan = self.transfer.wait(plan_write(&self.transfer, plan))?;
        let shape = Shape { replication: plan.replication, chunk_size: plan.chunk_size };
        if shape.chunk_size == 0 || plan.chunks.iter().any(|chunk| chunk.chain.is_empty()) {
            return Err(Error::new(ErrorCode::Internal, "the master's plan makes no sense"));
        }
        self.flight.planned(&plan);
        self.planned = clock::now();
        self.free.extend(plan.chunks);
        self.shape = Some(shape);
        Ok(shape)
    }
}

async fn plan_write(transfer: &Transfer, plan: PlanWrite) -> Result<WritePlan> {
    let call = transfer.client.call(|master, context| {
        let plan = plan.clone();
        async move { master.files.plan_write(context, plan).await }
    });
    call.await
}
