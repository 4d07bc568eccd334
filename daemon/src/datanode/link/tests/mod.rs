//! Tests of a complete datanode with a simulated master, and of its orders with other datanodes.

mod links;
mod orders;
mod reconstruct;

use crate::authority::Authority;
use crate::datanode::{DatanodeOptions, clock, run};
use bytes::Bytes;
use dfs_config::DatanodeSettings;
use dfs_rpc::capability::{Capability, KeyRing, Operation};
use dfs_rpc::conn::DataConn;
use dfs_rpc::data::{FinishWrite, OpenWrite};
use dfs_rpc::frame::{FrameHeader, FrameKind, table_checksum};
use dfs_rpc::hello::Service;
use dfs_rpc::services::NodeService;
use dfs_rpc::tls::{Expected, Identity};
use dfs_rpc::transport;
use dfs_rpc::wire::{self, Heartbeat, HeartbeatReply, NodeAddress, Order, Register, Registered, ReportPage, TokenKey};
use dfs_types::{
    ByteSize, ChunkId, ChunkRef, ClusterId, DatanodeId, Generation, MasterId, Principal, Protection, ReplicaState,
};
use futures::StreamExt;
use parking_lot::{Condvar, Mutex};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};
use tarpc::context::Context;
use tarpc::server::{BaseChannel, Channel};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

const CLUSTER: ClusterId = ClusterId(*b"0123456789abcdef");
const ONE: Generation = Generation(1);
const PATIENCE: Duration = Duration::from_secs(60);

/// The messages that the master has received, and the answers that it will give.
#[derive(Default)]
struct Received {
    nodes: HashMap<DatanodeId, Known>,
    orders: HashMap<DatanodeId, Vec<Order>>,
    /// The number of heartbeats to refuse, as a master does that has lost its state.
    refuse: u32,
}

#[derive(Default)]
struct Known {
    registered: u32,
    address: Option<SocketAddr>,
    /// True after the last page of the full report: the datanode has the keys by then.
    reported: bool,
    chunks: Vec<u64>,
    suspect: Vec<u64>,
    copies_ended: Vec<u64>,
}

#[derive(Clone, Default)]
struct Master {
    received: Arc<(Mutex<Received>, Condvar)>,
}

#[derive(Clone)]
struct Served {
    master: Master,
    node: DatanodeId,
}

fn key() -> TokenKey {
    TokenKey { id: 1, secret: [9; 32] }
}

impl Master {
    fn change<T>(&self, change: impl FnOnce(&mut Received) -> T) -> T {
        let result = change(&mut self.received.0.lock());
        self.received.1.notify_all();
        result
    }

    /// Waits until the received messages are as expected.
    fn wait(&self, what: &str, mut expected: impl FnMut(&Received) -> bool) {
        let mut received = self.received.0.lock();
        self.received.1.wait_while_for(&mut received, |received| !expected(received), PATIENCE);
        assert!(expected(&received), "{what}");
    }

    async fn serve(self, identity: Identity, listener: TcpListener) {
        while let Ok((tcp, _)) = listener.accept().await {
            let Ok(connected) = transport::accept(&identity, tcp, &[Service::Node], Protection::Private).await else {
                continue;
            };
            let Principal::Datanode(node) = connected.peer else { continue };
            let served = Served { master: self.clone(), node };
            let channel = BaseChannel::with_defaults(transport::framed(connected.stream));
            tokio::spawn(channel.execute(served.serve()).for_each(|call| call));
        }
    }
}

impl NodeService for Served {
    async fn register(self, _: Context, register: Register) -> wire::Result<Registered> {
        self.master.change(|received| {
            let known = received.nodes.entry(self.node).or_default();
            known.registered += 1;
            known.reported = false;
            known.address = Some(register.address);
        });
        Ok(Registered { master: MasterId(1), keys: vec![key()], heartbeat_ms: 50 })
    }

    async fn heartbeat(self, _: Context, heartbeat: Heartbeat) -> wire::Result<HeartbeatReply> {
        self.master.change(|received| {
            if received.refuse > 0 {
                received.refuse -= 1;
                return Err(dfs_types::Error::new(dfs_types::ErrorCode::NotFound, "unknown datanode").into());
            }
            let known = received.nodes.entry(self.node).or_default();
            for stored in &heartbeat.added {
                let (chunk, state) = (stored.key.chunk.0, stored.state);
                let list = if state == ReplicaState::Suspect { &mut known.suspect } else { &mut known.chunks };
                list.push(chunk);
                let other = if state == ReplicaState::Suspect { &mut known.chunks } else { &mut known.suspect };
                other.retain(|known| *known != chunk);
            }
            for list in [&mut known.chunks, &mut known.suspect] {
                list.retain(|chunk| heartbeat.removed.iter().all(|key| key.chunk.0 != *chunk));
            }
            known.suspect.sort_unstable();
            known.suspect.dedup();
            known.copies_ended.extend(heartbeat.copies_ended.iter().map(|chunk| chunk.0));
            known.chunks.sort_unstable();
            known.chunks.dedup();
            let orders = received.orders.remove(&self.node).unwrap_or_default();
            Ok(HeartbeatReply { orders, keys: vec![key()] })
        })
    }

    async fn chunk_report(self, _: Context, page: ReportPage) -> wire::Result<()> {
        self.master.change(|received| {
            let known = received.nodes.entry(self.node).or_default();
            if page.first {
                known.chunks.clear();
            }
            known.reported = page.last;
            known.chunks.extend(page.chunks.iter().map(|stored| stored.key.chunk.0));
        });
        Ok(())
    }
}

struct Cluster {
    runtime: Runtime,
    authority: Authority,
    master: Master,
    at: SocketAddr,
}

struct Node {
    stop: CancellationToken,
    thread: Option<JoinHandle<anyhow::Result<()>>>,
    address: NodeAddress,
}

impl Cluster {
    fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
        let authority = Authority::create(CLUSTER, SystemTime::now()).expect("authority");
        let master = Master::default();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("listen");
        let at = listener.local_addr().expect("address");
        let cluster = Self { runtime, authority, master, at };
        let identity = cluster.identity(&Principal::Master(MasterId(1)));
        cluster.runtime.spawn(cluster.master.clone().serve(identity, listener));
        cluster
    }

    fn identity(&self, principal: &Principal) -> Identity {
        Identity::from_pem(self.authority.issue(principal, SystemTime::now()).expect("issue").as_bytes())
            .expect("credential")
    }

    fn options(&self, id: u16, directory: &Path, ready: impl FnOnce(SocketAddr) + Send + 'static) -> DatanodeOptions {
        let id = DatanodeId(id);
        DatanodeOptions {
            id,
            identity: self.identity(&Principal::Datanode(id)),
            data_dirs: vec![directory.to_owned()],
            record: None,
            accept_empty: false,
            listen: "127.0.0.1:0".parse().expect("address"),
            masters: vec![self.at],
            settings: DatanodeSettings { reserve: ByteSize(0), ..DatanodeSettings::default() },
            on_ready: Box::new(ready),
        }
    }

    fn node(&self, id: u16, directory: &Path) -> Node {
        let (ready, is_ready) = std::sync::mpsc::channel();
        let options = self.options(id, directory, move |address| ready.send(address).expect("waits"));
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        let thread = std::thread::spawn(move || run(options, stopping));
        let address = NodeAddress { id: DatanodeId(id), address: is_ready.recv_timeout(PATIENCE).expect("ready") };
        self.master.wait("registered and reported", |received| {
            let known = received.nodes.get(&address.id);
            known.is_some_and(|known| known.reported && known.address == Some(address.address))
        });
        Node { stop, thread: Some(thread), address }
    }

    /// Returns a capability to write a chunk: with its checksum as masters issue it for a copy,
    /// without as for a put.
    fn capability(&self, chunk: u64, checksum: Option<u32>, principal: Principal, pipeline: &[&Node]) -> Bytes {
        self.capability_to(Operation::Write, chunk, checksum, principal, pipeline)
    }

    fn capability_to(
        &self,
        operation: Operation,
        chunk: u64,
        checksum: Option<u32>,
        principal: Principal,
        pipeline: &[&Node],
    ) -> Bytes {
        let capability = Capability {
            cluster: CLUSTER,
            chunk: ChunkId(chunk),
            generation: ONE,
            operation,
            principal,
            pipeline: pipeline.iter().map(|node| node.address).collect(),
            length_max: 200_000,
            checksum,
            expires: clock::now().plus(Duration::from_secs(600)),
        };
        KeyRing::new(&[key()]).seal(&capability).expect("has a key").into()
    }

    /// Stores a chunk on one datanode, as a user would.
    fn put(&self, node: &Node, chunk: u64, data: &[u8]) {
        let user = Principal::User("ann".to_owned());
        let identity = self.identity(&user);
        let expected = Expected::Datanode(node.address.id);
        let opening =
            transport::connect(&identity, node.address.address, expected, Service::Data, Protection::Auto, PATIENCE);
        let connected = self.runtime.block_on(opening).expect("connect");
        let conn = {
            let _entered = self.runtime.enter();
            DataConn::new(connected).expect("take over")
        };
        let open =
            OpenWrite { capability: self.capability(chunk, None, user, &[node]), length: Some(data.len() as u32) };
        conn.send_message(FrameKind::OpenWrite, 1, &open).expect("open");
        let header = FrameHeader::data(1, 0, data);
        conn.send(&header, data).expect("data");
        let checksum = table_checksum(&header.crcs[..header.blocks()]);
        let finish = FinishWrite { length: data.len() as u32, checksum };
        conn.send_message(FrameKind::FinishWrite, 1, &finish).expect("finish");
        let answer = conn.receive_header().expect("receive").expect("open");
        assert_eq!(answer.kind, FrameKind::WriteDone);
    }

    fn order(&self, node: &Node, orders: Vec<Order>) {
        self.master.change(|received| received.orders.insert(node.address.id, orders));
    }

    /// Has a datanode verify its replica of chunk 7, which it finds corrupt.
    fn find_suspect(&self, node: &Node) {
        self.order(node, vec![Order::Verify { key: chunk(7).key() }]);
        self.wait_for(node, "suspect", |known| known.suspect == [7]);
    }

    /// Has a datanode reconstruct its replica of chunk 7 with the help of others, and checks that
    /// it is good afterwards.
    fn reconstructs(&self, node: &Node, others: &[&Node]) {
        let holder = Principal::Datanode(node.address.id);
        let capability = self.capability_to(Operation::Read, 7, Some(checksum()), holder, others);
        let sources = others.iter().map(|other| other.address).collect();
        self.order(node, vec![Order::Reconstruct { chunk: chunk(7), sources, capability }]);
        self.wait_for(node, "reconstructed", |known| known.chunks == [7] && known.copies_ended.contains(&7));
        self.order(node, vec![Order::Verify { key: chunk(7).key() }]);
        self.wait_for(node, "still good", |known| known.chunks == [7] && known.suspect.is_empty());
    }

    fn wait_for(&self, node: &Node, what: &str, expected: impl Fn(&Known) -> bool) {
        self.master.wait(what, |received| received.nodes.get(&node.address.id).is_some_and(&expected));
    }
}

impl Node {
    fn stop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            thread.join().expect("no panic").expect("clean stop");
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop();
    }
}

fn data() -> Vec<u8> {
    (0..200_000).map(|at| (at / 3) as u8).collect()
}

/// Returns the checksum of every chunk in these tests.
fn checksum() -> u32 {
    let header = FrameHeader::data(1, 0, &data());
    table_checksum(&header.crcs[..header.blocks()])
}

fn chunk(id: u64) -> ChunkRef {
    ChunkRef { id: ChunkId(id), generation: ONE, length: 200_000, checksum: checksum() }
}

/// Flips a bit at each of these offsets in the file of a chunk.
fn flip(directory: &Path, id: u64, places: &[usize]) {
    let path = directory.join(format!("chunks/{id:02x}")).join(dfs_logic::chunk_file::file_name(chunk(id).key()));
    let mut bytes = std::fs::read(&path).expect("read");
    places.iter().for_each(|place| bytes[*place] ^= 1);
    std::fs::write(&path, bytes).expect("write");
}
