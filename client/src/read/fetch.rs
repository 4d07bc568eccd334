//! Fetches one part of a chunk from any of its replicas.

use super::plan::{Piece, Pieces};
use super::range::{blocks, wanted};
use super::sink::Sink;
use super::table::Table;
use crate::control::pauses;
use crate::transfer::{NodeFailure, Transfer};
use dfs_rpc::conn::{ConnError, DataConn};
use dfs_rpc::data::Read;
use dfs_rpc::frame::{BLOCK_BYTES, DATA_BYTES_MAX, FrameHeader, FrameKind, MESSAGE_BYTES_MAX};
use dfs_rpc::wire::{LocatedChunk, NodeAddress};
use dfs_types::{DatanodeId, Error, ErrorCode, Result};
use parking_lot::Mutex;
use std::sync::atomic::Ordering;

/// The number of rounds over all replicas without progress before the read fails. The locations of
/// the replicas are requested again for each round.
const ROUNDS_MAX: u32 = 6;
/// The maximum number of datanodes that one read remembers as slow or unreachable.
const FAILED_NODES_MAX: usize = 16;

/// The number of consecutive stale connections after which the datanode counts as failed; others
/// may refill the pool.
const STALE_MAX: u32 = 3;

/// The state that the threads of a read share.
pub(super) struct Fetcher<'a> {
    pub transfer: &'a Transfer,
    pub pieces: &'a Pieces,
    pub sink: &'a dyn Sink,
    /// Datanodes that failed during this read; they are tried last.
    failed_nodes: Mutex<Vec<DatanodeId>>,
}

/// The reason why a read from a replica failed.
enum ReplicaError {
    /// Other replicas would not help: the sink failed, or the read was stopped.
    Fatal(Error),
    /// The replica sent bytes that do not match the chunk.
    Corrupt,
    Node(NodeFailure),
}

impl<E: Into<NodeFailure>> From<E> for ReplicaError {
    fn from(error: E) -> Self {
        Self::Node(error.into())
    }
}

impl<'a> Fetcher<'a> {
    pub(super) fn new(transfer: &'a Transfer, pieces: &'a Pieces, sink: &'a dyn Sink) -> Self {
        Self { transfer, pieces, sink, failed_nodes: Mutex::default() }
    }

    /// Fetches pieces until none are left.
    pub(super) fn run(&self) -> Result<()> {
        let mut frame = Vec::new();
        while let Some(piece) = self.pieces.next()? {
            self.fetch(piece, &mut frame)?;
        }
        Ok(())
    }

    fn fetch(&self, mut piece: Piece, frame: &mut Vec<u8>) -> Result<()> {
        // Each round has tried every replica, so every second pause is enough.
        let spaced = || pauses().skip(1).step_by(2);
        let (mut round, mut pauses) = (0, spaced());
        loop {
            let before = piece.part.start;
            let failed = match self.round(&mut piece, frame)? {
                None => return Ok(()),
                Some(failed) => failed,
            };
            // A slow reader may lose many connections; only rounds without progress count.
            round += 1;
            if piece.part.start > before {
                (round, pauses) = (1, spaced());
            }
            if round >= ROUNDS_MAX {
                return Err(failed.at(&self.transfer.path));
            }
            self.transfer.pause(pauses.next().unwrap_or_default())?;
            piece.located = self.pieces.locate(&piece)?;
        }
    }

    /// Tries each replica once. Returns the last error if no replica delivered everything.
    fn round(&self, piece: &mut Piece, frame: &mut Vec<u8>) -> Result<Option<Error>> {
        let chunk = piece.located.chunk;
        let missing = format!("chunk {} has no live replica", chunk.id);
        let mut failed = Error::new(ErrorCode::NoHealthyReplica, missing);
        for replica in self.in_order(&piece.located) {
            self.transfer.check()?;
            let error = match self.try_replica(replica, piece, frame) {
                Ok(()) => return Ok(None),
                Err(ReplicaError::Fatal(error)) => return Err(error),
                Err(error) => error,
            };
            self.transfer.check()?;
            let reason = match error {
                ReplicaError::Node(failure) => {
                    self.note_failed(replica.id);
                    let reason = format!("chunk {}: {} ({}): {failure}", chunk.id, replica.id, replica.address);
                    failed = Error::new(ErrorCode::NoHealthyReplica, format!("no replica can be read; last {reason}"));
                    reason
                }
                _ => {
                    self.report(piece, replica);
                    let reason = format!("chunk {}: the replica on {}  is corrupt", chunk.id, replica.id);
                    failed = Error::new(ErrorCode::ChecksumMismatch, format!(" no replica is intact; last {reason}"));
                    reason
                }
            };
            // All received bytes were verified and the piece is complete: an error after them does
            // not matter.
            if piece.part.is_empty() {
                return Ok(None);
            }
            self.transfer.retried(reason);
        }
        Ok(Some(failed))
    }

    /// Returns the replicas in the order of the master, except that those that failed during this
    /// read come last.
    fn in_order(&self, located: &LocatedChunk) -> Vec<NodeAddress> {
        let failed_nodes = self.failed_nodes.lock();
        let mut replicas = located.replicas.clone();
        replicas.sort_by_key(|replica| failed_nodes.contains(&replica.id));
        replicas
    }

    fn note_failed(&self, node: DatanodeId) {
        let mut failed_nodes = self.failed_nodes.lock();
        if !failed_nodes.contains(&node) && failed_nodes.len() < FAILED_NODES_MAX {
            failed_nodes.push(node);
        }
    }

    fn report(&self, piece: &Piece, replica: NodeAddress) {
        let (client, chunk) = (self.transfer.client.clone(), piece.located.chunk.id);
        let capability = piece.located.capability.clone();
        self.transfer.spawn(async move {
            if let Err(error) = client.report_corrupt(replica.id, capability).await {
                tracing::warn!(%chunk, node = %replica.id, %error, "a corrupt replica could not be reported");
            }
        });
    }

    /// Reads from the current position of `piece`. Verified data is removed from the piece, also on
    /// failure.
    fn try_replica(&self, replica: NodeAddress, piece: &mut Piece, frame: &mut Vec<u8>) -> Result<(), ReplicaError> {
        let before = piece.part.start;
        let stall = self.transfer.client.settings().stall_timeout;
        for left in (0..STALE_MAX).rev() {
            let mut lease = self.transfer.lease(&[replica], (stall, stall))?;
            let stream = lease.next_stream();
            match self.receive(&lease.conn, stream, piece, frame) {
                Ok(()) => {
                    self.transfer.give_back(lease);
                    break;
                }
                // The connection may have failed while it was idle: the others to this datanode are
                // closed too, and the next one is new.
                Err(ReplicaError::Node(failure))
                    if left > 0 && lease.reused && failure.is_loss() && piece.part.start == before =>
                {
                    self.transfer.check().map_err(ReplicaError::Fatal)?;
                    self.transfer.client.shared.pool.forget(&lease.pipeline);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Requests the rest of `piece`, verifies the table of the chunk, and accepts each block that
    /// matches the table.
    fn receive(
        &self,
        conn: &DataConn,
        stream: u32,
        piece: &mut Piece,
        frame: &mut Vec<u8>,
    ) -> Result<(), ReplicaError> {
        let held = blocks(&piece.part, piece.located.chunk.length);
        let capability = piece.located.capability.clone();
        let read = Read { capability, offset: held.start, length: piece.part.end - held.start };
        conn.send_message(FrameKind::Read, stream, &read)?;
        let mut table = None;
        let mut reached = held.start;
        loop {
            self.transfer.check().map_err(ReplicaError::Fatal)?;
            let header = conn.receive_header()?.ok_or(NodeFailure::Closed)?;
            if header.stream != stream {
                return Err(ConnError::Unexpected(header.kind).into());
            }
            match (header.kind, &table) {
                (FrameKind::Table, None) => {
                    receive_payload(conn, &header, frame)?;
                    let proven = Table::prove(&piece.located.chunk, frame);
                    table = Some(proven.ok_or(ReplicaError::Corrupt)?);
                }
                (FrameKind::Data, Some(table)) if fits(&header, reached, held.end) => {
                    self.receive_data(conn, &header, table, piece, frame)?;
                    reached += header.length;
                }
                (FrameKind::ReadDone, Some(_)) if reached == held.end && header.length == 0 => return Ok(()),
                (FrameKind::Error, _) => {
                    let said: dfs_rpc::data::StreamError = conn.receive_message(&header)?;
                    let corrupt = said.error.code == ErrorCode::ChecksumMismatch;
                    return Err(if corrupt { ReplicaError::Corrupt } else { NodeFailure::Said(said).into() });
                }
                (other, _) => return Err(ConnError::Unexpected(other).into()),
            }
        }
    }

    fn receive_data(
        &self,
        conn: &DataConn,
        header: &FrameHeader,
        table: &Table,
        piece: &mut Piece,
        frame: &mut Vec<u8>,
    ) -> Result<(), ReplicaError> {
        if !table.has(header) {
            return Err(ReplicaError::Corrupt);
        }
        receive_payload(conn, header, frame)?;
        let start = header.offset as u32;
        let part = wanted(&(start..start + header.length), &piece.part);
        let bytes = part.len() as u32;
        if bytes > 0 {
            self.sink.take(piece.position, frame, part).map_err(ReplicaError::Fatal)?;
            piece.part.start += bytes;
            piece.position += u64::from(bytes);
            self.transfer.progress.add(u64::from(bytes));
            self.transfer.fetched.fetch_add(u64::from(bytes), Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Receives the payload of a table or data frame and verifies it against the checksums of its
/// header.
fn receive_payload(conn: &DataConn, header: &FrameHeader, frame: &mut Vec<u8>) -> Result<(), ReplicaError> {
    // The header was checked: the payload is never longer than allowed for the kind of frame.
    let most = if header.kind == FrameKind::Data { DATA_BYTES_MAX } else { MESSAGE_BYTES_MAX };
    frame.resize((header.length as usize).min(most), 0);
    conn.receive_payload(frame)?;
    header.verify(frame).map_err(|_| ReplicaError::Corrupt)
}

/// Returns true if a data frame continues where the last one ended, stays within the requested
/// range, and has whole blocks.
fn fits(header: &FrameHeader, reached: u32, end: u32) -> bool {
    let whole = |next: u32| next == end || next.is_multiple_of(BLOCK_BYTES as u32);
    header.offset == u64::from(reached)
        && reached.checked_add(header.length).is_some_and(|next| next <= end && whole(next))
}
