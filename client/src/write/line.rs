//! A connection to the head of a chain, with chunks in flight on it.

use super::source::{Content, Input};
use super::watch::Watch;
use crate::pool::Lease;
use crate::transfer::{NodeFailure, Transfer};
use dfs_rpc::conn::ConnError;
use dfs_rpc::data::{FinishWrite, OpenWrite, StreamError, WriteDone};
use dfs_rpc::frame::{BLOCK_BYTES, FrameHeader, FrameKind, encode_message, table_checksum};
use dfs_rpc::wire::{NodeAddress, PlannedChunk};
use dfs_types::{DatanodeId, Error};
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// How long to look for the reason that the head may have sent before it went.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// Frames read at most for it.
const LAST_WORDS_MAX: usize = 64;

/// A leased connection; the chunks in flight on it share it.
#[derive(Debug)]
pub(super) struct Line {
    lease: RefCell<Lease>,
    /// Answers to chunks that nobody has asked about yet: at most one per chunk in flight.
    answers: RefCell<Vec<(u32, Result<WriteDone, StreamError>)>>,
    broken: Cell<bool>,
    /// It has answered since it was leased, so it was alive then.
    answered: Cell<bool>,
}

/// A chunk that is to be sent, and all that it takes.
pub(super) struct Outgoing<'a> {
    pub transfer: &'a Transfer,
    pub watch: &'a Watch,
    pub planned: &'a PlannedChunk,
    pub input: &'a Input,
    pub content: &'a Content,
    /// Memory for a frame.
    pub buffer: &'a mut Vec<u8>,
}

/// Why a chunk was not sent.
pub(super) enum SendError {
    /// Trying again would not help: the source failed, or the put was stopped.
    Fatal(Error),
    Node(NodeFailure),
}

impl<E: Into<NodeFailure>> From<E> for SendError {
    fn from(error: E) -> Self {
        Self::Node(error.into())
    }
}

impl Line {
    pub(super) fn new(lease: Lease) -> Self {
        Self {
            lease: RefCell::new(lease),
            answers: RefCell::default(),
            broken: Cell::new(false),
            answered: Cell::new(false),
        }
    }

    /// Whether more chunks for chains with this head can go here.
    pub(super) fn serves(&self, head: Option<DatanodeId>) -> bool {
        !self.broken.get() && self.lease.borrow().chain.first().copied() == head
    }

    /// A failure of a connection that was idle and has not spoken since tells nothing about its datanodes.
    pub(super) fn is_outworn(&self, failure: &NodeFailure) -> bool {
        failure.is_loss() && self.lease.borrow().reused && !self.answered.get()
    }

    /// Sends a whole chunk; its stream number and checksum. On failure what was counted as progress is taken back.
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
        let Outgoing { transfer, watch, planned, input, content, buffer } = chunk;
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
            watch.during(&planned.chain, &lease.conn, || match opening.take() {
                Some(first) => lease.conn.send_two((&first, &open), (&header, frame)),
                None => lease.conn.send(&header, frame),
            })?;
            *sent += header.length;
            transfer.progress.add(u64::from(header.length));
        }
        let checksum = table_checksum(&table);
        let finish = FinishWrite { length: content.length, checksum };
        let finishing = || lease.conn.send_message(FrameKind::FinishWrite, stream, &finish);
        watch.during(&planned.chain, &lease.conn, finishing)?;
        Ok((stream, checksum))
    }

    /// Waits for the answer of `chain` to a chunk.
    pub(super) fn answer(&self, stream: u32, chain: &[NodeAddress], watch: &Watch) -> Result<WriteDone, NodeFailure> {
        let result = loop {
            let mut answers = self.answers.borrow_mut();
            if let Some(place) = answers.iter().position(|(other, _)| *other == stream) {
                let answer = answers.swap_remove(place).1.map_err(NodeFailure::Said);
                let is_whole = |done: &WriteDone| done.is_of(chain.iter().map(|node| node.id));
                break answer.and_then(|done| if is_whole(&done) { Ok(done) } else { Err(NodeFailure::Receipts) });
            }
            drop(answers);
            if self.broken.get() {
                break Err(NodeFailure::Abandoned);
            }
            let conn = self.lease.borrow().conn.clone();
            if let Err(failure) = watch.during(chain, &conn, || self.receive()) {
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

    /// Reads what the head said before sending to it failed; an error among it is the reason. Chunks that were
    /// acknowledged meanwhile stay so.
    pub(super) fn last_words(&self) -> Option<StreamError> {
        {
            let mut lease = self.lease.borrow_mut();
            lease.limits = None;
            lease.conn.set_read_timeout(Some(LAST_WORDS)).ok()?;
        }
        for _ in 0..LAST_WORDS_MAX {
            if self.receive().is_err() {
                break;
            }
        }
        let answers = self.answers.borrow();
        answers.iter().rev().find_map(|(_, answer)| answer.as_ref().err().cloned())
    }

    /// The connection, if it is fit for another transfer.
    pub(super) fn into_lease(self) -> Option<Lease> {
        let clean = !self.broken.get() && self.answers.borrow().is_empty();
        clean.then(|| self.lease.into_inner())
    }
}
