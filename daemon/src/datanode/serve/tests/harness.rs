//! Datanodes in this process, and a client that sends them single frames.

use crate::authority::Authority;
use crate::datanode::clock;
use crate::datanode::keys::SharedKeys;
use crate::datanode::serve::{self, Context, Room};
use crate::datanode::store::{BufferBudget, ChunkStore, StoreOptions};
use bytes::Bytes;
use dfs_logic::descriptors::NodeBounds;
use dfs_rpc::capability::{Capability, KeyRing, Operation, Stored};
use dfs_rpc::conn::DataConn;
use dfs_rpc::data::{FinishWrite, OpenWrite, Read, StreamError, WriteDone};
use dfs_rpc::frame::{BLOCK_BYTES, DATA_BYTES_MAX, FrameHeader, FrameKind, block_crcs, decode_table, table_checksum};
use dfs_rpc::hello::Service;
use dfs_rpc::tls::{Expected, Identity};
use dfs_rpc::transport;
use dfs_rpc::wire::{NodeAddress, TokenKey};
use dfs_types::{ChunkId, ClusterId, DatanodeId, Generation, Principal, Protection, ReplicaKey};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

pub(super) const CLUSTER: ClusterId = ClusterId(*b"0123456789abcdef");
pub(super) const CAPACITY: u32 = 8 << 20;
pub(super) const ONE: Generation = Generation(1);
/// The boot number of every datanode in these tests.
pub(super) const BOOT: u64 = 4;
/// Limits so high that they are never reached.
pub(super) const ROOMY: NodeBounds =
    NodeBounds { connections: 64, strangers: 64, work: usize::MAX, hops: 4, replicas: 64 };
/// Longer than any successful operation takes.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Node {
    pub address: NodeAddress,
    pub store: Arc<ChunkStore>,
    pub directory: TempDir,
    stop: CancellationToken,
    serving: Option<tokio::task::JoinHandle<()>>,
}

pub(super) struct Cluster {
    pub nodes: Vec<Node>,
    pub ring: KeyRing,
    pub user: Identity,
    pub protection: Protection,
    pub authority: Authority,
    pub runtime: Runtime,
    /// The checksums of the chunks that were put.
    pub sums: Mutex<HashMap<u64, u32>>,
}

pub(super) fn ann() -> Principal {
    Principal::User("ann".to_owned())
}

pub(super) fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at / 5) as u8 ^ (at >> 15) as u8).collect()
}

pub(super) fn table(data: &[u8]) -> Vec<u32> {
    data.chunks(BLOCK_BYTES).map(|block| block_crcs(block)[0]).collect()
}

impl Cluster {
    pub(super) fn start(count: u16) -> Self {
        Self::with(count, Protection::Auto, 64)
    }

    pub(super) fn with(count: u16, protection: Protection, connections_max: usize) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
        let authority = Authority::create(CLUSTER, SystemTime::now()).expect("authority");
        let user = identity(&authority, &ann());
        let key = TokenKey { id: 1, secret: [9; 32] };
        let ring = KeyRing::new(std::slice::from_ref(&key));
        let start = |id| {
            let directory = tempfile::tempdir().expect("temp directory");
            start_node(&runtime, &authority, DatanodeId(id), directory, &key, protection, connections_max)
        };
        let nodes = (1..=count).map(start).collect();
        Self { nodes, ring, user, protection, authority, runtime, sums: Mutex::default() }
    }

    pub(super) fn addresses(&self) -> Vec<NodeAddress> {
        self.nodes.iter().map(|node| node.address).collect()
    }

    /// Stops a datanode with all its connections.
    pub(super) fn stop(&mut self, node: usize) {
        self.nodes[node].stop.cancel();
        if let Some(serving) = self.nodes[node].serving.take() {
            self.runtime.block_on(serving).expect("no panic");
        }
    }

    pub(super) fn capability(&self, chunk: u64, operation: Operation) -> Capability {
        Capability {
            cluster: CLUSTER,
            chunk: ChunkId(chunk),
            generation: ONE,
            operation,
            principal: ann(),
            pipeline: self.addresses(),
            length_max: CAPACITY,
            checksum: (operation == Operation::Read).then(|| self.sum(chunk)),
            expires: clock::now().plus(Duration::from_secs(600)),
        }
    }

    /// Returns the checksum of a chunk that was put; zero for others.
    pub(super) fn sum(&self, chunk: u64) -> u32 {
        self.sums.lock().get(&chunk).copied().unwrap_or_default()
    }

    pub(super) fn key(&self, chunk: u64) -> ReplicaKey {
        ReplicaKey { chunk: ChunkId(chunk), generation: ONE, checksum: self.sum(chunk) }
    }

    pub(super) fn seal(&self, capability: &Capability) -> Bytes {
        self.ring.seal(capability).expect("has a key").into()
    }

    pub(super) fn connect_as(&self, who: &Identity, node: usize) -> Client {
        let NodeAddress { id, address } = self.nodes[node].address;
        let expected = Expected::Datanode(id);
        let opening = transport::connect(who, address, expected, Service::Data, self.protection, PATIENCE);
        let connected = self.runtime.block_on(opening).expect("connect");
        let _entered = self.runtime.enter();
        let conn = DataConn::new(connected).expect("take over");
        conn.set_timeout(Some(PATIENCE)).expect("set timeout");
        Client { conn }
    }

    pub(super) fn connect(&self, node: usize) -> Client {
        self.connect_as(&self.user, node)
    }

    /// Returns the request to open a chunk on the whole pipeline.
    pub(super) fn open_write(&self, chunk: u64, length: Option<u32>) -> OpenWrite {
        let capability = self.seal(&self.capability(chunk, Operation::Write));
        OpenWrite { capability, length }
    }

    /// Stores a chunk on all datanodes.
    pub(super) fn put(&self, chunk: u64, data: &[u8]) {
        let client = self.connect(0);
        client.send_chunk(1, &self.open_write(chunk, Some(data.len() as u32)), data);
        let done = client.answer(1).expect("stored");
        self.check_receipts(chunk, data, &done);
    }

    pub(super) fn check_receipts(&self, chunk: u64, data: &[u8], done: &WriteDone) {
        self.sums.lock().insert(chunk, table_checksum(&table(data)));
        assert_eq!(done.receipts.len(), self.nodes.len());
        for (receipt, node) in done.receipts.iter().zip(&self.nodes) {
            let stored = Stored {
                cluster: CLUSTER,
                node: node.address.id,
                boot: BOOT,
                chunk: ChunkId(chunk),
                generation: ONE,
                length: data.len() as u32,
                checksum: table_checksum(&table(data)),
            };
            assert!(self.ring.is_receipt(receipt, &stored), "{}", node.address.id);
        }
    }

    /// Reads a range of a chunk from one datanode.
    pub(super) fn get(&self, node: usize, chunk: u64, offset: u32, length: u32) -> Result<Vec<u8>, StreamError> {
        let client = self.connect(node);
        let capability = self.seal(&self.capability(chunk, Operation::Read));
        client.read(1, &Read { capability, offset, length })
    }

    /// Returns the chunks that each datanode holds.
    pub(super) fn held(&self) -> Vec<Vec<u64>> {
        let held = |node: &Node| node.store.page(None, 100).iter().map(|stored| stored.key.chunk.0).collect();
        self.nodes.iter().map(held).collect()
    }

    /// Counts the half-written files on a datanode.
    pub(super) fn incoming(&self, node: usize) -> usize {
        std::fs::read_dir(self.nodes[node].directory.path().join("incoming")).expect("list").count()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        (0..self.nodes.len()).for_each(|node| self.stop(node));
    }
}

pub(super) fn identity(authority: &Authority, principal: &Principal) -> Identity {
    let pem = authority.issue(principal, SystemTime::now()).expect("issue");
    Identity::from_pem(pem.as_bytes()).expect("credential")
}

fn start_node(
    runtime: &Runtime,
    authority: &Authority,
    id: DatanodeId,
    directory: TempDir,
    key: &TokenKey,
    protection: Protection,
    connections_max: usize,
) -> Node {
    let store = ChunkStore::open(&StoreOptions {
        cluster: CLUSTER,
        node: id,
        directories: vec![directory.path().to_owned()],
        capacity: Some(64 << 20),
        reserve: 0,
        direct_io: true,
        open_max: 64,
        record: None,
        accept_empty: false,
    });
    let store = store.expect("open store");
    let keys = SharedKeys::default();
    keys.learn(std::slice::from_ref(key));
    let context = Context {
        store: store.clone(),
        keys: Arc::new(keys),
        boot: BOOT,
        identity: identity(authority, &Principal::Datanode(id)),
        protection,
        budget: Arc::new(BufferBudget::default()),
        runtime: runtime.handle().clone(),
        room: Room::new(NodeBounds { connections: connections_max, ..ROOMY }),
    };
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("listen");
    let address = NodeAddress { id, address: listener.local_addr().expect("address") };
    let stop = CancellationToken::new();
    let serving = runtime.spawn(serve::serve(Arc::new(context), listener, stop.clone()));
    Node { address, store, directory, stop, serving: Some(serving) }
}

/// One data connection of a client.
pub(super) struct Client {
    pub conn: DataConn,
}

impl Client {
    pub(super) fn open(&self, stream: u32, open: &OpenWrite) {
        self.conn.send_message(FrameKind::OpenWrite, stream, open).expect("send open");
    }

    /// Sends data in frames of the usual size.
    pub(super) fn data(&self, stream: u32, data: &[u8]) {
        for (at, payload) in data.chunks(DATA_BYTES_MAX).enumerate() {
            let header = FrameHeader::data(stream, (at * DATA_BYTES_MAX) as u64, payload);
            self.conn.send(&header, payload).expect("send data");
        }
    }

    pub(super) fn finish(&self, stream: u32, data: &[u8]) {
        let finish = FinishWrite { length: data.len() as u32, checksum: table_checksum(&table(data)) };
        self.conn.send_message(FrameKind::FinishWrite, stream, &finish).expect("send finish");
    }

    pub(super) fn send_chunk(&self, stream: u32, open: &OpenWrite, data: &[u8]) {
        self.open(stream, open);
        self.data(stream, data);
        self.finish(stream, data);
    }

    /// Returns the next answer, which must be for this stream.
    pub(super) fn answer(&self, stream: u32) -> Result<WriteDone, StreamError> {
        let header = self.conn.receive_header().expect("receive").expect("still open");
        assert_eq!(header.stream, stream);
        match header.kind {
            FrameKind::WriteDone => Ok(self.conn.receive_message(&header).expect("message")),
            FrameKind::Error => Err(self.conn.receive_message(&header).expect("message")),
            other => panic!("{other:?}"),
        }
    }

    /// Returns the data received for a read, verified, in whole blocks.
    pub(super) fn read(&self, stream: u32, read: &Read) -> Result<Vec<u8>, StreamError> {
        self.conn.send_message(FrameKind::Read, stream, read).expect("send read");
        let (mut data, mut table) = (Vec::new(), Vec::new());
        let mut at = u64::from(read.offset) / BLOCK_BYTES as u64 * BLOCK_BYTES as u64;
        loop {
            let header = self.conn.receive_header().expect("receive").expect("still open");
            assert_eq!(header.stream, stream);
            match header.kind {
                FrameKind::Table => {
                    assert!(table.is_empty() && data.is_empty(), "one table, first");
                    let mut payload = vec![0; header.length as usize];
                    self.conn.receive_payload(&mut payload).expect("payload");
                    header.verify(&payload).expect("checksum");
                    table = decode_table(&payload).expect("a table");
                }
                FrameKind::Data => {
                    let mut payload = vec![0; header.length as usize];
                    self.conn.receive_payload(&mut payload).expect("payload");
                    header.verify(&payload).expect("checksums");
                    let first = at as usize / BLOCK_BYTES;
                    assert_eq!(header.crcs[..header.blocks()], table[first..first + header.blocks()]);
                    assert_eq!(header.offset, at);
                    at += payload.len() as u64;
                    data.extend(payload);
                }
                FrameKind::ReadDone => return Ok(data),
                FrameKind::Error => return Err(self.conn.receive_message(&header).expect("message")),
                other => panic!("{other:?}"),
            }
        }
    }

    /// Returns true if the datanode closed the connection, now or soon.
    pub(super) fn is_closed(&self) -> bool {
        loop {
            match self.conn.receive_header() {
                Ok(Some(header)) => {
                    let mut payload = vec![0; header.length as usize];
                    if self.conn.receive_payload(&mut payload).is_err() {
                        return true;
                    }
                }
                Ok(None) => return true,
                Err(error) => return !error.is_timeout(),
            }
        }
    }
}
