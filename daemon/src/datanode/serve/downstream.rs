//! The connection to the next datanode of a pipeline.
//!
//! One thread reads its answers all the time, so that a failure further down is known at once and
//! not only when the chunk is finished.

use super::context::{Context, hop_stall};
use super::limits::{ANSWER_STALL, ANSWER_STALL_STEP, CONNECT_TIMEOUT, STACK_BYTES};
use crate::descriptors::Scarcity;
use dfs_rpc::capability::Receipt;
use dfs_rpc::conn::{ConnError, DataConn};
use dfs_rpc::data::{FinishWrite, OpenWrite, StreamError, WriteDone};
use dfs_rpc::frame::{FrameHeader, FrameKind};
use dfs_rpc::hello::Service;
use dfs_rpc::tls::Expected;
use dfs_rpc::transport;
use dfs_rpc::wire::NodeAddress;
use dfs_types::{DatanodeId, Error, ErrorCode};
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// An open connection to the next datanode.
#[derive(Debug)]
pub struct Downstream {
    next: NodeAddress,
    conn: Arc<DataConn>,
    answers: Arc<Answers>,
    streams: AtomicU32,
}

/// The answers of the next datanode for each stream.
#[derive(Debug, Default)]
struct Answers {
    state: Mutex<AnswerState>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct AnswerState {
    /// One entry per stream whose answer is awaited.
    streams: HashMap<u32, Option<Result<WriteDone, StreamError>>>,
    /// The reason why there will be no more answers.
    closed: Option<StreamError>,
}

impl Answers {
    fn lock(&self) -> MutexGuard<'_, AnswerState> {
        self.state.lock()
    }

    fn deliver(&self, stream: u32, answer: Result<WriteDone, StreamError>) {
        if let Some(place) = self.lock().streams.get_mut(&stream) {
            place.get_or_insert(answer);
        }
        self.arrived.notify_all();
    }
}

fn broken(next: DatanodeId, what: impl std::fmt::Display) -> StreamError {
    StreamError { node: Some(next), error: Error::new(ErrorCode::Unreachable, format!("{next}: {what}")) }
}

impl Downstream {
    /// Connects to `next`, which is the first of `behind` datanodes that follow in the pipeline.
    ///
    /// # Errors
    /// Returns an error if it does not answer or refuses.
    pub fn connect(context: &Context, next: NodeAddress, behind: usize) -> Result<Arc<Self>, StreamError> {
        let opening = || {
            let (identity, expected) = (&context.identity, Expected::Datanode(next.id));
            transport::connect(identity, next.address, expected, Service::Data, context.protection, CONNECT_TIMEOUT)
        };
        let connected = context.patiently(|| context.runtime.block_on(opening()));
        let connected = connected.map_err(|error| match error.is_scarcity() {
            // The other datanode was not even called.
            true => context.own(Error::new(ErrorCode::LocalIo, format!("{}: {error}", context.node()))),
            false => broken(next.id, error),
        })?;
        let conn = context.take_over(connected).map_err(|error| broken(next.id, error))?;
        let limits = conn.set_timeout(Some(hop_stall(behind))).and_then(|()| conn.set_read_timeout(None));
        limits.map_err(|error| broken(next.id, error))?;
        let (conn, answers) = (Arc::new(conn), Arc::new(Answers::default()));
        let reader = std::thread::Builder::new().name(format!("answers of {}", next.id)).stack_size(STACK_BYTES);
        let (conn_read, answers_read) = (conn.clone(), answers.clone());
        let spawned = reader.spawn(move || read_answers(&conn_read, &answers_read, next.id));
        spawned.map_err(|error| broken(next.id, error))?;
        Ok(Arc::new(Self { next, conn, answers, streams: AtomicU32::new(0) }))
    }

    pub fn next(&self) -> NodeAddress {
        self.next
    }

    /// Returns true if the connection cannot be used any more.
    pub fn is_closed(&self) -> bool {
        self.answers.lock().closed.is_some()
    }

    /// Begins a chunk at the next datanode, the first of `behind`.
    ///
    /// # Errors
    /// Returns an error if the connection failed.
    pub fn open(self: &Arc<Self>, open: &OpenWrite, behind: &[NodeAddress]) -> Result<Hop, StreamError> {
        let stream = self.streams.fetch_add(1, Ordering::Relaxed);
        self.answers.lock().streams.insert(stream, None);
        // From here on, dropping the hop removes the stream.
        let behind = behind.iter().map(|node| node.id).collect();
        let hop = Hop { downstream: self.clone(), stream, behind };
        hop.sent(self.conn.send_message(FrameKind::OpenWrite, stream, open))?;
        Ok(hop)
    }
}

impl Drop for Downstream {
    fn drop(&mut self) {
        // Ends the thread that reads.
        self.conn.close();
    }
}

fn read_answers(conn: &DataConn, answers: &Answers, next: DatanodeId) {
    let reason = loop {
        match read_answer(conn) {
            Ok(Some((stream, answer))) => answers.deliver(stream, answer),
            Ok(None) => break broken(next, "it closed the connection"),
            Err(error) => break broken(next, error),
        }
    };
    answers.lock().closed = Some(reason);
    answers.arrived.notify_all();
    conn.close();
}

type Answer = (u32, Result<WriteDone, StreamError>);

fn read_answer(conn: &DataConn) -> Result<Option<Answer>, ConnError> {
    let Some(header) = conn.receive_header()? else { return Ok(None) };
    match header.kind {
        FrameKind::WriteDone => Ok(Some((header.stream, Ok(conn.receive_message(&header)?)))),
        FrameKind::Error => Ok(Some((header.stream, Err(conn.receive_message(&header)?)))),
        other => Err(ConnError::Unexpected(other)),
    }
}

/// One chunk on its way to the next datanode.
#[derive(Debug)]
pub struct Hop {
    downstream: Arc<Downstream>,
    stream: u32,
    /// The next datanode and those after it.
    behind: Vec<DatanodeId>,
}

impl Hop {
    fn next(&self) -> DatanodeId {
        self.downstream.next.id
    }

    /// Converts the result of a send: a failed send is explained by the answer that the peer sent
    /// before it closed, if any.
    fn sent(&self, result: io::Result<()>) -> Result<(), StreamError> {
        result.map_err(|error| {
            let said = self.failure();
            self.downstream.conn.close();
            said.unwrap_or_else(|| broken(self.next(), ConnError::from(error)))
        })
    }

    /// Forwards a frame of data, under the stream number of this connection.
    ///
    /// # Errors
    /// Returns an error if the connection failed or stalls.
    pub fn data(&self, header: &FrameHeader, payload: &[u8]) -> Result<(), StreamError> {
        let header = FrameHeader { stream: self.stream, ..*header };
        self.sent(self.downstream.conn.send(&header, payload))
    }

    /// Ends the chunk; [`Hop::wait`] returns the outcome.
    ///
    /// # Errors
    /// The same as for [`Hop::data`].
    pub fn finish(&self, finish: &FinishWrite) -> Result<(), StreamError> {
        self.sent(self.downstream.conn.send_message(FrameKind::FinishWrite, self.stream, finish))
    }

    /// Abandons the chunk.
    pub fn abort(self) {
        let header = FrameHeader::message(FrameKind::AbortWrite, self.stream, &[]);
        // A failed connection needs no abort message.
        let _ = self.sent(self.downstream.conn.send(&header, &[]));
    }

    /// Returns the failure that is known further down the pipeline.
    pub fn failure(&self) -> Option<StreamError> {
        let state = self.downstream.answers.lock();
        match state.streams.get(&self.stream) {
            Some(Some(Err(error))) => Some(error.clone()),
            Some(Some(Ok(_))) => None,
            _ => state.closed.clone(),
        }
    }

    /// Waits until all datanodes further down have the chunk on their disks.
    ///
    /// # Errors
    /// The error names the datanode that failed.
    pub fn wait(self) -> Result<Vec<Receipt>, StreamError> {
        let steps = u32::try_from(self.behind.len().saturating_sub(1)).unwrap_or(u32::MAX);
        self.wait_for(ANSWER_STALL + ANSWER_STALL_STEP * steps)
    }

    fn wait_for(self, limit: Duration) -> Result<Vec<Receipt>, StreamError> {
        let answers = &self.downstream.answers;
        let waiting =
            |state: &mut AnswerState| state.closed.is_none() && matches!(state.streams.get(&self.stream), Some(None));
        let mut state = answers.lock();
        answers.arrived.wait_while_for(&mut state, waiting, limit);
        let answer = state.streams.get_mut(&self.stream).and_then(Option::take);
        let closed = state.closed.clone();
        drop(state);
        match answer {
            Some(Ok(done)) if done.is_of(self.behind.iter().copied()) => Ok(done.receipts),
            Some(Ok(_)) => Err(broken(self.next(), "its answer lacks a receipt of a datanode after it")),
            Some(Err(error)) => Err(error),
            None => {
                self.downstream.conn.close();
                Err(closed.unwrap_or_else(|| broken(self.next(), "it did not store the chunk in time")))
            }
        }
    }
}

impl Drop for Hop {
    fn drop(&mut self) {
        self.downstream.answers.lock().streams.remove(&self.stream);
    }
}
