//! Reads single blocks of a chunk from another datanode.

use crate::datanode::serve::Context;
use bytes::Bytes;
use dfs_logic::chunk_file::{BLOCK_BYTES, block_count};
use dfs_rpc::conn::{ConnError, DataConn};
use dfs_rpc::data::Read;
use dfs_rpc::frame::{FrameKind, MESSAGE_BYTES_MAX, decode_table, table_checksum};
use dfs_rpc::hello::Service;
use dfs_rpc::tls::Expected;
use dfs_rpc::transport;
use dfs_rpc::wire::NodeAddress;
use dfs_types::ChunkRef;
use std::sync::Arc;
use std::time::Duration;

/// The time limit for each operation of the other datanode.
const PATIENCE: Duration = Duration::from_secs(5);

/// Another datanode that has a replica. It is not used any more after the first failure of its
/// connection.
#[derive(Debug)]
pub(super) struct Peer {
    context: Arc<Context>,
    address: NodeAddress,
    capability: Bytes,
    conn: Option<DataConn>,
    failed: bool,
    streams: u32,
}

/// The result of a read: the table, and the bytes after it.
type Answer = (Vec<u32>, Vec<u8>);

impl Peer {
    pub(super) fn new(context: &Arc<Context>, address: NodeAddress, capability: Bytes) -> Self {
        Self { context: context.clone(), address, capability, conn: None, failed: false, streams: 0 }
    }

    /// Returns its table of the chunk; none if it has none, or one whose checksum is not that of
    /// the chunk.
    pub(super) fn table(&mut self, chunk: ChunkRef) -> Option<Vec<u32>> {
        let (table, _) = self.read(chunk, 0)?;
        (table_checksum(&table) == chunk.checksum).then_some(table)
    }

    /// Returns a block whose checksum is `crc`; none if the datanode does not have it.
    pub(super) fn block(&mut self, chunk: ChunkRef, block: usize, crc: u32) -> Option<Vec<u8>> {
        let (_, bytes) = self.read(chunk, block)?;
        (crc32c::crc32c(&bytes) == crc).then_some(bytes)
    }

    fn read(&mut self, chunk: ChunkRef, block: usize) -> Option<Answer> {
        if self.failed {
            return None;
        }
        match self.try_read(chunk, block) {
            Ok(answer) => answer,
            Err(error) => {
                tracing::debug!(node = %self.address.id, %error, "a block could not be read");
                (self.failed, self.conn) = (true, None);
                None
            }
        }
    }

    fn connect(&mut self) -> Result<&DataConn, ConnError> {
        if self.conn.is_none() {
            let context = &self.context;
            let expected = Expected::Datanode(self.address.id);
            let (identity, protection) = (&context.identity, context.protection);
            let opening =
                transport::connect(identity, self.address.address, expected, Service::Data, protection, PATIENCE);
            let connected = context.runtime.block_on(opening).map_err(std::io::Error::other)?;
            let conn = context.take_over(connected)?;
            conn.set_timeout(Some(PATIENCE))?;
            self.conn = Some(conn);
        }
        self.conn.as_ref().ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotConnected).into())
    }

    /// Makes a read. The outer error means that the connection failed; none means that the datanode
    /// refused the read.
    fn try_read(&mut self, chunk: ChunkRef, block: usize) -> Result<Option<Answer>, ConnError> {
        let stream = self.streams;
        self.streams += 1;
        let capability = self.capability.clone();
        let conn = self.connect()?;
        let offset = block as u32 * BLOCK_BYTES;
        let length = chunk.length.saturating_sub(offset).min(BLOCK_BYTES);
        conn.send_message(FrameKind::Read, stream, &Read { capability, offset, length })?;
        let (mut table, mut bytes) = (Vec::new(), Vec::new());
        loop {
            let header =
                conn.receive_header()?.ok_or(std::io::ErrorKind::UnexpectedEof).map_err(std::io::Error::from)?;
            let bounded = header.length as usize <= MESSAGE_BYTES_MAX;
            match header.kind {
                FrameKind::Table if bounded && table.is_empty() => {
                    let mut payload = vec![0; header.length as usize];
                    conn.receive_payload(&mut payload)?;
                    header.verify(&payload)?;
                    table = decode_table(&payload).unwrap_or_default();
                    if table.len() != block_count(chunk.length) {
                        return Err(ConnError::Unexpected(header.kind));
                    }
                }
                FrameKind::Data if header.length == length && bytes.is_empty() => {
                    bytes = vec![0; length as usize];
                    conn.receive_payload(&mut bytes)?;
                }
                FrameKind::ReadDone => return Ok(Some((table, bytes))),
                FrameKind::Error => {
                    let _: dfs_rpc::data::StreamError = conn.receive_message(&header)?;
                    return Ok(None);
                }
                other => return Err(ConnError::Unexpected(other)),
            }
        }
    }
}
