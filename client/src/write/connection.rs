//! A connection to the head of a pipeline, with chunks in flight on it.

use super::source::{Content, Input};
use super::stall::StallDetector;
use crate::pool::Lease;
use crate::transfer::{NodeFailure, Transfer};
use dfs_rpc::conn::ConnError;
use dfs_rpc::data::{FinishWrite, OpenWrite, StreamError, WriteDone};
use dfs_rpc::frame::{BLOCK_BYTES, FrameHeader, FrameKind, encode_message, table_checksum};
use dfs_rpc::wire::{NodeAddress, PlannedChunk};
use dfs_types::{DatanodeId, Error};
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// The time to look for an error that the head may have sent before it closed the connection.
const FINAL_ERROR_WAIT: Duration = Duration::from_millis(200);
/// The maximum number of frames read for it.
const FINAL_ERROR_FRAMES_MAX: usize = 64;

/// A leased connection, shared by the chunks in flight on it.
#[derive(Debug)]
pub(super) struct PipelineConnection {
    lease: RefCell<Lease>,
    /// Answers to chunks that were not requested yet: at most one per chunk in flight.
    answers: RefCell<Vec<(u32, Result<WriteDone, StreamError>)>>,
    broken: Cell<bool>,
    /// It has received an answer since it was leased, so it was alive then.
    answered: Cell<bool>,
}

/// A chunk to be sent, with everything needed for it.
pub(super) struct Outgoing<'a> {
    pub transfer: &'a Transfer,
    pub stalls: &'a StallDetector,
    pub planned: &'a PlannedChunk,
    pub input: &'a Input,
    pub content: &'a Content,
    /// A buffer for a frame.
    pub buffer: &'a mut Vec<u8>,
}

/// The reason why a chunk was not sent.
pub(super) enum SendError {
    /// A retry would not help: the source failed, or the put was stopped.
    Fatal(Error),
    Node(NodeFailure),
}

impl<E: Into<NodeFailure>> From<E> for SendError {
    fn from(error: E) -> Self {
        Self::Node(error.into())
    }
}

impl PipelineConnection {
    pub(super) fn new(lease: Lease) -> Self {
        Self {
            lease: RefCell::new(lease),
            answers: RefCell::default(),
            broken: Cell::new(false),
            answered: Cell::new(false),
        }
    }

    /// Returns true if this connection serves pipelines with this head.
    pub(super) fn serves(&self, head: Option<DatanodeId>) -> bool {
        !self.broken.get() && self.lease.borrow().pipeline.first().copied() == head
    }

    /// Returns true if the connection failed while it was idle and has not answered since: this
    /// says nothing about its datanodes.
    pub(super) fn is_stale(&self, failure: &NodeFailure) -> bool {
        failure.is_loss() && self.lease.borrow().reused && !self.answered.get()
    }

    /// Sends a whole chunk. Returns its stream number and checksum. On failure, the progress
    /// counted for it is taken back.
    pub(super) fn send(&self, chunk: Outgoing<'_>) -> Result<(u32, u32), SendError> {
        let (mut sent, transfer) = (0, chunk.transfer);
        let result = self.send_counted(chunk, &mut sent);
        if result.is_err() {
            transfer.progress.take_back(u64::from(sent));
            self.broken.set(true);
        }
        result
    }

    fn send_counted(&self, chunk: Outgoing<'_>, sent: &mut u32) -> Result<(u32, u32), SendError> {
        let Outgoing { transfer, stalls, planned, input, content, buffer } = chunk;
        let stream = self.lease.borrow_mut().next_stream();
        let lease = self.lease.borrow();
        let open = OpenWrite { capability: planned.capability.clone(), length: Some(content.length) };
        let open = encode_message(&open);
        let mut opening = Some(FrameHeader::message(FrameKind::OpenWrite, stream, &open));
        let mut table = Vec::with_capacity((content.length as usize).div_ceil(BLOCK_BYTES));
        while *sent < content.length {
            transfer.check().map_err(SendError::Fatal)?;
            let frame = input.frame(content, *sent, buffer).map_err(SendError::Fatal)?;
            let header = FrameHeader::data(stream, u64::from(*sent), frame);
            table.extend(header.crcs.iter().take(header.blocks()));
            stalls.during(&planned.pipeline, &lease.conn, || match opening.take() {
                Some(first) => lease.conn.send_two((&first, &open), (&header, frame)),
                None => lease.conn.send(&header, frame),
            })?;
            *sent += header.length;
            transfer.progress.add(u64::from(header.length));
        }
        let checksum = table_checksum(&table);
        let finish = FinishWrite { length: content.length, checksum };
        let finishing = || lease.conn.send_message(FrameKind::FinishWrite, stream, &finish);
        stalls.during(&planned.pipeline, &lease.conn, finishing)?;
        Ok((stream, checksum))
    }

    /// Waits for the answer of the pipeline to a chunk.
    pub(super) fn answer(
        &self,
        stream: u32,
        pipeline: &[NodeAddress],
        stalls: &StallDetector,
    ) -> Result<WriteDone, NodeFailure> {
        let result = loop {
            let mut answers = self.answers.borrow_mut();
            if let Some(place) = answers.iter().position(|(other, _)| *other == stream) {
                let answer = answers.swap_remove(place).1.map_err(NodeFailure::Said);
                let is_whole = |done: &WriteDone| done.is_of(pipeline.iter().map(|node| node.id));
                break answer.and_then(|done| if is_whole(&done) { Ok(done) } else { Err(NodeFailure::Receipts) });
            }
            drop(answers);
            if self.broken.get() {
                break Err(NodeFailure::Abandoned);
            }
            let conn = self.lease.borrow().conn.clone();
            if let Err(failure) = stalls.during(pipeline, &conn, || self.receive()) {
                break Err(failure);
            }
        };
        if result.is_err() {
            self.broken.set(true);
        }
        result
    }

    fn receive(&self) -> Result<(), NodeFailure> {
        let lease = self.lease.borrow();
        let header = lease.conn.receive_header()?.ok_or(NodeFailure::Closed)?;
        let answer = match header.kind {
            FrameKind::WriteDone => Ok(lease.conn.receive_message(&header)?),
            FrameKind::Error => Err(lease.conn.receive_message(&header)?),
            other => return Err(ConnError::Unexpected(other).into()),
        };
        self.answered.set(true);
        self.answers.borrow_mut().push((header.stream, answer));
        Ok(())
    }

    /// Reads the messages that the head sent before sending to it failed; an error among them is
    /// the reason. Chunks that were acknowledged in the meantime stay acknowledged.
    pub(super) fn final_error(&self) -> Option<StreamError> {
        {
            let mut lease = self.lease.borrow_mut();
            lease.limits = None;
            lease.conn.set_read_timeout(Some(FINAL_ERROR_WAIT)).ok()?;
        }
        for _ in 0..FINAL_ERROR_FRAMES_MAX {
            if self.receive().is_err() {
                break;
            }
        }
        let answers = self.answers.borrow();
        answers.iter().rev().find_map(|(_, answer)| answer.as_ref().err().cloned())
    }

    /// Returns the connection if another transfer can use it.
    pub(super) fn into_lease(self) -> Option<Lease> {
        let clean = !self.broken.get() && self.answers.borrow().is_empty();
        clean.then(|| self.lease.into_inner())
    }
}
