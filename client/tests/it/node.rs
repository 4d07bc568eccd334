//! A datanode in memory. The head of a pipeline stores for all of it.

use dfs_client::{Identity, NodeAddress};
use dfs_rpc::capability::{Capability, Operation, Receipt};
use dfs_rpc::conn::{ConnError, DataConn};
use dfs_rpc::data::{FinishWrite, OpenWrite, Read, StreamError, WriteDone};
use dfs_rpc::frame::{
    BLOCK_BYTES, DATA_BYTES_MAX, FrameHeader, FrameKind, block_crcs, decode_message, encode_table, table_checksum,
};
use dfs_rpc::hello::Service;
use dfs_rpc::transport::accept;
use dfs_types::{ChunkId, DatanodeId, Error, ErrorCode, Protection};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;

/// A fault that lasts until it is switched off.
#[derive(Default)]
pub(crate) struct Lasting(watch::Sender<bool>);

impl Lasting {
    pub(crate) fn set(&self, on: bool) {
        self.0.send_replace(on);
    }

    fn is_on(&self) -> bool {
        *self.0.borrow()
    }

    async fn lifted(&self) {
        // The sender belongs to this value, so it exists as long as it.
        let _ = self.0.subscribe().wait_for(|on| !on).await;
    }
}

/// An invalid answer to a read. The checksums of its frames are valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lie {
    /// The table of the chunk, and blocks of other content.
    OtherBlocks,
    /// Other content of the same length, and its table.
    OtherContent,
    /// The table without its last entry.
    ShortTable,
    /// The table with an additional entry.
    LongTable,
    /// The table with an additional byte.
    OddTable,
    /// The data, without a table.
    NoTable,
    /// The table twice.
    TwoTables,
}

/// The faults of a datanode.
#[derive(Default)]
pub(crate) struct Faults {
    /// It accepts connections and bytes, and sends nothing more, like a hung process.
    pub silent: Lasting,
    /// It answers no handshake, and its pipelines make no progress, like a stopped process.
    pub stopped: Lasting,
    /// The time that its disk needs for each chunk.
    pub slow_ms: AtomicU64,
    /// It closes connections after sending or receiving this many more frames; 0: never.
    pub dies_after: AtomicU64,
    /// It flips a bit in this many next data frames that it sends.
    pub flips: AtomicU32,
    /// Reads are answered in this way.
    pub lie: Mutex<Option<Lie>>,
    /// Its disk is full.
    pub full: AtomicBool,
    /// It acknowledges what it was sent with its own receipt only.
    pub alone: AtomicBool,
    /// It refuses capabilities with any other expiry.
    pub expiry: AtomicU64,
    /// The number of times that any fault occurred.
    pub struck: AtomicU32,
}

pub(crate) struct Node {
    pub id: DatanodeId,
    address: SocketAddr,
    chunks: Mutex<BTreeMap<ChunkId, Replica>>,
    pub faults: Faults,
    conns: Mutex<Vec<Weak<DataConn>>>,
    pub connections: AtomicU32,
    pub protection: Mutex<Protection>,
    /// All datanodes of the cluster, set once they exist.
    pub peers: OnceLock<Vec<Weak<Node>>>,
    runtime: Handle,
}

/// Content and table of checksums.
type Replica = (Vec<u8>, Vec<u32>);

enum End {
    Closed,
    Failed,
}

impl From<ConnError> for End {
    fn from(_: ConnError) -> Self {
        Self::Failed
    }
}

impl From<std::io::Error> for End {
    fn from(_: std::io::Error) -> Self {
        Self::Failed
    }
}

impl Node {
    pub(crate) async fn start(id: DatanodeId, identity: Identity) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let node = Arc::new(Self {
            id,
            address: listener.local_addr().expect("address"),
            chunks: Mutex::default(),
            faults: Faults::default(),
            conns: Mutex::default(),
            connections: AtomicU32::new(0),
            protection: Mutex::default(),
            peers: OnceLock::new(),
            runtime: Handle::current(),
        });
        let serving = node.clone();
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let (node, identity) = (serving.clone(), identity.clone());
                tokio::spawn(async move { node.take(&identity, tcp).await });
            }
        });
        node
    }

    async fn take(self: Arc<Self>, identity: &Identity, tcp: tokio::net::TcpStream) {
        let protection = *self.protection.lock().expect("lock");
        self.faults.stopped.lifted().await;
        let Ok(connected) = accept(identity, tcp, &[Service::Data], protection).await else { return };
        let Ok(conn) = DataConn::new(connected) else { return };
        let conn = Arc::new(conn);
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.conns.lock().expect("lock").push(Arc::downgrade(&conn));
        std::thread::spawn(move || {
            while self.serve(&conn).is_ok() {}
            conn.close();
        });
    }

    pub(crate) fn address(&self) -> NodeAddress {
        NodeAddress { id: self.id, address: self.address }
    }

    pub(crate) fn holds(&self, chunk: ChunkId) -> bool {
        self.chunks.lock().expect("lock").contains_key(&chunk)
    }

    pub(crate) fn checksum(&self, chunk: ChunkId) -> Option<(u32, u32)> {
        let chunks = self.chunks.lock().expect("lock");
        chunks.get(&chunk).map(|(bytes, table)| (bytes.len() as u32, table_checksum(table)))
    }

    pub(crate) fn forget_all(&self) {
        self.chunks.lock().expect("lock").clear();
    }

    pub(crate) fn forget(&self, chunk: ChunkId) {
        self.chunks.lock().expect("lock").remove(&chunk);
    }

    /// Closes all connections, as a restart does.
    pub(crate) fn hang_up(&self) {
        self.conns.lock().expect("lock").drain(..).filter_map(|conn| conn.upgrade()).for_each(|conn| conn.close());
    }

    fn strike(&self) {
        self.faults.struck.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts the fault if it is on, and waits until it is switched off. Runs on a thread of the
    /// data plane, which may block.
    fn wait_out(&self, fault: &Lasting) {
        if fault.is_on() {
            self.strike();
            self.runtime.block_on(fault.lifted());
        }
    }

    /// Called for each frame; fails when it is time to die.
    fn live(&self) -> Result<(), End> {
        let left = &self.faults.dies_after;
        match left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)) {
            Ok(1) => {
                self.strike();
                left.store(1, Ordering::Relaxed);
                Err(End::Closed)
            }
            _ => Ok(()),
        }
    }

    /// Capabilities are not sealed in these tests.
    fn check(&self, capability: &[u8], operation: Operation) -> Result<Capability, Error> {
        let capability: Capability = decode_message(capability).expect("a capability of these tests");
        assert_eq!((capability.operation, capability.checksum.is_some()), (operation, operation == Operation::Read));
        if capability.expires.0 != self.faults.expiry.load(Ordering::Relaxed) {
            self.strike();
            return Err(Error::new(
                ErrorCode::PermissionDenied,
                "the capability was sealed with a key that is no longer used",
            ));
        }
        Ok(capability)
    }

    /// Serves one request.
    fn serve(&self, conn: &DataConn) -> Result<(), End> {
        let header = conn.receive_header()?.ok_or(End::Closed)?;
        self.live()?;
        self.wait_out(&self.faults.silent);
        match header.kind {
            FrameKind::OpenWrite => self.write(conn, header.stream, conn.receive_message(&header)?),
            FrameKind::Read => self.read(conn, header.stream, &conn.receive_message(&header)?),
            _ => Err(End::Failed),
        }
    }

    fn write(&self, conn: &DataConn, stream: u32, open: OpenWrite) -> Result<(), End> {
        let (mut bytes, mut table) = (Vec::new(), Vec::new());
        loop {
            let header = conn.receive_header()?.ok_or(End::Closed)?;
            assert_eq!(header.stream, stream);
            self.live()?;
            match header.kind {
                FrameKind::Data => {
                    assert_eq!(header.offset, bytes.len() as u64);
                    let mut payload = vec![0; header.length as usize];
                    conn.receive_payload(&mut payload)?;
                    header.verify(&payload).map_err(|_| End::Failed)?;
                    bytes.extend(payload);
                    table.extend(header.crcs.iter().take(header.blocks()));
                }
                FrameKind::FinishWrite => {
                    let finish: FinishWrite = conn.receive_message(&header)?;
                    assert_eq!((finish.length as usize, finish.checksum), (bytes.len(), table_checksum(&table)));
                    assert_eq!(open.length, Some(finish.length));
                    break;
                }
                _ => return Err(End::Failed),
            }
        }
        match self.store(&open, &bytes, &table) {
            Ok(receipts) => conn.send_message(FrameKind::WriteDone, stream, &WriteDone { receipts })?,
            Err(error) => conn.send_message(FrameKind::Error, stream, &error)?,
        }
        Ok(())
    }

    fn store(&self, open: &OpenWrite, bytes: &[u8], table: &[u32]) -> Result<Vec<Receipt>, StreamError> {
        let Capability { chunk, pipeline, .. } = self
            .check(&open.capability, Operation::Write)
            .map_err(|error| StreamError { node: Some(self.id), error })?;
        assert_eq!(pipeline.first().map(|head| head.id), Some(self.id));
        let mut receipts = Vec::new();
        if self.faults.alone.load(Ordering::Relaxed) {
            self.strike();
            return Ok(vec![Receipt { node: self.id, boot: 1, key: 1, seal: [0; 16] }]);
        }
        let peers = self.peers.get().into_iter().flatten().filter_map(Weak::upgrade);
        for node in peers.filter(|node| pipeline.contains(&node.address())) {
            node.wait_out(&node.faults.stopped);
            let slow = node.faults.slow_ms.load(Ordering::Relaxed);
            if slow > 0 {
                node.strike();
                std::thread::sleep(Duration::from_millis(slow));
            }
            if node.faults.full.load(Ordering::Relaxed) {
                node.strike();
                let error = Error::new(ErrorCode::LocalIo, "no space left");
                return Err(StreamError { node: Some(node.id), error });
            }
            node.chunks.lock().expect("lock").insert(chunk, (bytes.to_vec(), table.to_vec()));
            receipts.push(Receipt { node: node.id, boot: 1, key: 1, seal: [0; 16] });
        }
        Ok(receipts)
    }

    fn read(&self, conn: &DataConn, stream: u32, read: &Read) -> Result<(), End> {
        let found = self.check(&read.capability, Operation::Read).and_then(|capability| {
            let found = self.chunks.lock().expect("lock").get(&capability.chunk).cloned();
            found.ok_or_else(|| Error::new(ErrorCode::NotFound, "no such chunk"))
        });
        let (mut bytes, mut table) = match found {
            Ok(found) => found,
            Err(error) => {
                conn.send_message(FrameKind::Error, stream, &StreamError { node: Some(self.id), error })?;
                return Ok(());
            }
        };
        let lie = *self.faults.lie.lock().expect("lock");
        self.send_tables(conn, stream, lie, &mut bytes, &mut table)?;
        let mut at = read.offset as usize / BLOCK_BYTES * BLOCK_BYTES;
        let end = ((read.offset + read.length) as usize).next_multiple_of(BLOCK_BYTES).min(bytes.len());
        while at < end {
            self.live()?;
            let mut payload = bytes[at..end.min(at + DATA_BYTES_MAX)].to_vec();
            let mut crcs = block_crcs(&[]);
            let blocks = payload.len().div_ceil(BLOCK_BYTES);
            crcs[..blocks].copy_from_slice(&table[at / BLOCK_BYTES..][..blocks]);
            let flips = &self.faults.flips;
            if flips.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                self.strike();
                payload[0] ^= 1;
            }
            let header =
                FrameHeader { kind: FrameKind::Data, length: payload.len() as u32, stream, offset: at as u64, crcs };
            conn.send(&header, &payload)?;
            at += payload.len();
        }
        self.live()?;
        let done = FrameHeader { kind: FrameKind::ReadDone, length: 0, stream, offset: 0, crcs: [0; 8] };
        conn.send(&done, &[])?;
        Ok(())
    }
    /// Sends the table, or the variant of `lie`; changes the replica to the blocks that are to be
    /// sent.
    fn send_tables(
        &self,
        conn: &DataConn,
        stream: u32,
        lie: Option<Lie>,
        bytes: &mut [u8],
        table: &mut Vec<u32>,
    ) -> Result<(), End> {
        let mut tables = vec![encode_table(table)];
        if lie.is_some() {
            self.strike();
        }
        if let Some(Lie::OtherBlocks | Lie::OtherContent) = lie {
            bytes.iter_mut().for_each(|byte| *byte ^= 0x5a);
            *table = bytes.chunks(BLOCK_BYTES).map(|block| block_crcs(block)[0]).collect();
        }
        match lie {
            Some(Lie::OtherContent) => tables = vec![encode_table(table)],
            Some(Lie::ShortTable) => tables[0].truncate(table.len() * 4 - 4),
            Some(Lie::LongTable) => tables[0].extend([0; 4]),
            Some(Lie::OddTable) => tables[0].push(0),
            Some(Lie::NoTable) => tables.clear(),
            Some(Lie::TwoTables) => tables.push(tables[0].clone()),
            Some(Lie::OtherBlocks) | None => {}
        }
        for table in tables {
            conn.send(&FrameHeader::message(FrameKind::Table, stream, &table), &table)?;
        }
        Ok(())
    }
}
