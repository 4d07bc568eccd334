//! Allocates the next chunks: the master plans some at a time.

use super::ending::Flight;
use super::put::PutOptions;
use crate::clock;
use crate::transfer::Transfer;
use dfs_rpc::wire::{PlanWrite, PlannedChunk, WritePlan};
use dfs_types::{DatanodeId, Error, ErrorCode, Result};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The maximum number of chunks planned by one call.
const CHUNKS_PER_CALL_MAX: u64 = 16;
/// The assumed chunk size before the master has reported it, used to choose the number of chunks to
/// plan.
const CHUNK_SIZE_GUESS: u64 = 64 << 20;
/// The age at which an unused chunk is planned again, before its capability (which lives for
/// minutes) expires.
const PLACE_LIFETIME: Duration = Duration::from_secs(60);
/// The maximum number of datanodes remembered as failed; if more fail at a time, the cause is
/// elsewhere.
const EXCLUDED_MAX: usize = 16;

/// The chunk size and replication of a file, as decided by the cluster.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub replication: u8,
    pub chunk_size: u32,
}

/// The planned chunks of one put.
#[derive(Debug)]
pub(super) struct ChunkAllocator {
    transfer: Arc<Transfer>,
    options: PutOptions,
    shape: Option<Shape>,
    free: VecDeque<PlannedChunk>,
    planned: Instant,
    excluded: Vec<DatanodeId>,
    flight: Arc<Flight>,
    /// The length of the whole file in bytes, if known.
    length: Option<u64>,
}

impl ChunkAllocator {
    pub(super) fn new(transfer: Arc<Transfer>, options: PutOptions, flight: Arc<Flight>) -> Self {
        let (free, excluded) = (VecDeque::new(), Vec::new());
        Self { transfer, options, shape: None, free, planned: clock::now(), excluded, flight, length: None }
    }

    /// Returns the chunk size and the replication, after a first plan for `length` bytes.
    pub(super) fn shape(&mut self, length: Option<u64>) -> Result<Shape> {
        if let Some(shape) = self.shape {
            return Ok(shape);
        }
        self.length = length;
        let guess = self.options.chunk_size.map_or(CHUNK_SIZE_GUESS, u64::from).max(1);
        let chunks = length.map_or(1, |length| length.div_ceil(guess));
        self.plan(chunks)
    }

    /// Returns the next planned chunk; `left` chunks are still to be written, including this one.
    pub(super) fn next(&mut self, left: u64) -> Result<PlannedChunk> {
        if clock::since(self.planned) > PLACE_LIFETIME {
            self.free.clear();
        }
        if self.free.is_empty() {
            self.plan(left)?;
        }
        self.free.pop_front().ok_or_else(|| Error::new(ErrorCode::Internal, "the master planned no chunk"))
    }

    /// Excludes `node` from all further plans.
    pub(super) fn exclude(&mut self, node: DatanodeId) {
        self.free.clear();
        self.excluded.retain(|other| *other != node);
        if self.excluded.len() >= EXCLUDED_MAX {
            self.excluded.remove(0);
        }
        self.excluded.push(node);
    }

    /// Discards the chunks planned so far.
    pub(super) fn renew(&mut self) {
        self.free.clear();
    }

    /// Stops excluding datanodes, except for the one that failed last. Returns true if this changes
    /// the excluded set.
    pub(super) fn readmit(&mut self) -> bool {
        let readmitted = self.excluded.len().saturating_sub(1);
        self.excluded.drain(..readmitted);
        readmitted > 0
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
        if shape.chunk_size == 0 || plan.chunks.iter().any(|chunk| chunk.pipeline.is_empty()) {
            return Err(Error::new(ErrorCode::Internal, "the master's plan is inconsistent"));
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
