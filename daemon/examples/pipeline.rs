//! Measures the data path alone: three datanodes in this process, no master, a blocking writer and
//! readers, each compared with its limit on the same disk in the same run. With ONLY, measurements
//! whose line does not contain it are skipped.
//!
//! `pipeline DIRECTORY [MIB=1024] [ROUNDS=5] [auto|private] [ONLY]` prints MB/s and CPU seconds per
//! GiB, the median of all rounds.

// An example may panic, and works with files, clocks and sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use dfs_daemon::authority::Authority;
use dfs_daemon::datanode::keys::SharedKeys;
use dfs_daemon::datanode::serve::{self, Context, Room};
use dfs_daemon::datanode::store::{AlignedBuffer, BufferBudget, ChunkStore, PendingDeletion, StoreOptions, direct};
use dfs_daemon::durable;
use dfs_logic::descriptors::NodeBounds;
use dfs_rpc::capability::{Capability, KeyRing, Operation};
use dfs_rpc::conn::DataConn;
use dfs_rpc::data::{FinishWrite, OpenWrite, Read, StreamError, WriteDone};
use dfs_rpc::frame::{BLOCK_BYTES, DATA_BYTES_MAX, FrameHeader, FrameKind, block_crcs, table_checksum};
use dfs_rpc::hello::Service;
use dfs_rpc::tls::{Expected, Identity};
use dfs_rpc::transport;
use dfs_rpc::wire::{NodeAddress, TokenKey};
use dfs_types::{ChunkId, ClusterId, DatanodeId, Generation, Principal, Protection, ReplicaKey, Timestamp};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

const NODES: u16 = 3;
const CHUNK_BYTES: usize = 64 << 20;
const LIMIT_BLOCK_BYTES: usize = 1 << 20;
/// The number of small chunks in one round.
const SMALL: u64 = 600;
const SMALL_BYTES: usize = 4096;

struct Bench {
    runtime: Runtime,
    nodes: Vec<NodeAddress>,
    stores: Vec<Arc<ChunkStore>>,
    user: Identity,
    principal: Principal,
    ring: KeyRing,
    cluster: ClusterId,
    protection: Protection,
    directory: PathBuf,
    data: Vec<u8>,
    only: String,
    stop: CancellationToken,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let directory = arguments.first().context("usage: pipeline DIRECTORY [MIB] [ROUNDS] [auto|private]")?;
    let mib: usize = arguments.get(1).map_or(Ok(1024), |text| text.parse())?;
    let rounds: usize = arguments.get(2).map_or(Ok(5), |text| text.parse())?;
    let protection = match arguments.get(3).map(String::as_str) {
        None | Some("auto") => Protection::Auto,
        Some("private") => Protection::Private,
        Some(other) => bail!("{other} is neither auto nor private"),
    };
    let only = arguments.get(4).cloned().unwrap_or_default();
    let bench = Bench::start(Path::new(directory), protection, only)?;
    let chunks = (mib << 20).div_ceil(CHUNK_BYTES).max(1) as u64;
    let mut figures: Vec<(&str, Vec<Figure>)> = Vec::new();
    for round in 0..rounds as u64 {
        let first = 1 + round * (chunks + SMALL);
        bench.round(first, chunks, &mut |name, figure| match figures.iter_mut().find(|(other, _)| *other == name) {
            Some((_, all)) => all.push(figure),
            None => figures.push((name, vec![figure])),
        })?;
    }
    for (name, all) in &mut figures {
        all.sort_by(|a, b| a.rate.total_cmp(&b.rate));
        let median = &all[all.len() / 2];
        println!("{name:34} {:9.1} {}  {:6.3} CPU s/GiB", median.rate, median.unit, median.cpu);
    }
    bench.stop.cancel();
    bench.runtime.shutdown_timeout(Duration::from_secs(5));
    Ok(())
}

struct Figure {
    rate: f64,
    unit: &'static str,
    cpu: f64,
}

/// Returns the user and system time of this process so far.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default();
    (ticks(11) + ticks(12)) / 100.0
}

fn measured(bytes: u64, work: impl FnOnce() -> Result<()>) -> Result<Figure> {
    let (begun, cpu) = (Instant::now(), cpu_seconds());
    work()?;
    let (seconds, cpu) = (begun.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    Ok(Figure { rate: bytes as f64 / 1e6 / seconds, unit: "MB/s", cpu: cpu / (bytes as f64 / (1u64 << 30) as f64) })
}

impl Bench {
    fn start(directory: &Path, protection: Protection, only: String) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let cluster = ClusterId(*b"measuring-alone!");
        let authority = Authority::create(cluster, SystemTime::now())?;
        let issue = |principal: &Principal| -> Result<Identity> {
            Ok(Identity::from_pem(authority.issue(principal, SystemTime::now())?.as_bytes())?)
        };
        let key = TokenKey { id: 1, secret: [7; 32] };
        let principal = Principal::User("bench".to_owned());
        let (stop, mut nodes, mut stores) = (CancellationToken::new(), Vec::new(), Vec::new());
        for id in (1..=NODES).map(DatanodeId) {
            let store = ChunkStore::open(&StoreOptions {
                cluster,
                node: id,
                directories: vec![directory.join(id.to_string())],
                capacity: None,
                reserve: 0,
                direct_io: true,
                open_max: 64,
                record: None,
                accept_empty: false,
            })?;
            stores.push(store.clone());
            let keys = SharedKeys::default();
            keys.learn(std::slice::from_ref(&key));
            let context = Context {
                store,
                keys: Arc::new(keys),
                boot: 1,
                identity: issue(&Principal::Datanode(id))?,
                protection,
                budget: Arc::new(BufferBudget::default()),
                runtime: runtime.handle().clone(),
                room: Room::new(NodeBounds { connections: 64, strangers: 64, work: usize::MAX, hops: 4, replicas: 64 }),
            };
            let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
            nodes.push(NodeAddress { id, address: listener.local_addr()? });
            runtime.spawn(serve::serve(Arc::new(context), listener, stop.clone()));
        }
        let data = (0..CHUNK_BYTES / 8).flat_map(|_| fastrand::u64(..).to_le_bytes()).collect();
        let ring = KeyRing::new(&[key]);
        let (user, directory) = (issue(&principal)?, directory.to_owned());
        Ok(Self { runtime, nodes, stores, user, principal, ring, cluster, protection, directory, data, only, stop })
    }

    fn round(&self, first: u64, chunks: u64, note: &mut impl FnMut(&'static str, Figure)) -> Result<()> {
        let bytes = chunks * CHUNK_BYTES as u64;
        let wanted = |name: &str| name.contains(&self.only);
        note("limit: three direct writers", measured(bytes, || self.limit_write(chunks))?);
        note("put, three replicas", measured(bytes, || self.put(first, chunks))?);
        if wanted("limit: three direct readers") {
            note("limit: three direct readers", measured(bytes, || self.limit_read(chunks))?);
        }
        let gets =
            [("get, one chunk at a time", 1), ("get, two chunks at a time", 2), ("get, three chunks at a time", 3)];
        for (name, parallel) in gets {
            if wanted(name) {
                note(name, measured(bytes, || self.get(first, chunks, parallel))?);
            }
        }
        let small = first + chunks;
        let puts = [
            ("put 4 KiB chunks, one at a time", 1, small..small + SMALL / 6),
            ("put 4 KiB chunks, 16 at a time", 16, small + SMALL / 6..small + SMALL),
        ];
        for (name, parallel, range) in puts {
            if wanted(name) {
                let count = range.end - range.start;
                let begun = Instant::now();
                self.put_small(range.start, count, parallel)?;
                note(name, Figure { rate: count as f64 / begun.elapsed().as_secs_f64(), unit: "/s  ", cpu: 0.0 });
            }
        }
        for store in &self.stores {
            for id in first..first + chunks + SMALL {
                let data = if id < first + chunks { &self.data[..] } else { &self.data[..SMALL_BYTES] };
                store.strike_off(self.key(id, data))?.map_or(Ok(()), PendingDeletion::remove)?;
            }
        }
        for number in 0..NODES {
            std::fs::remove_file(self.directory.join(format!("limit-{number}")))?;
        }
        Ok(())
    }

    /// Writes three files as large as all the data, concurrently, and syncs them.
    fn limit_write(&self, chunks: u64) -> Result<()> {
        self.on_threads(usize::from(NODES), |number| {
            let file = direct::create(&self.directory.join(format!("limit-{number}")), true)?;
            direct::reserve(&file, chunks * CHUNK_BYTES as u64)?;
            let mut block = AlignedBuffer::new(LIMIT_BLOCK_BYTES);
            block.copy_from_slice(&self.data[..LIMIT_BLOCK_BYTES]);
            for at in (0..chunks * CHUNK_BYTES as u64).step_by(LIMIT_BLOCK_BYTES) {
                direct::write_at(&file, &block, at)?;
            }
            Ok(durable::sync_data(&file)?)
        })
    }

    /// Reads a third of each file, concurrently: as many bytes as the data has.
    fn limit_read(&self, chunks: u64) -> Result<()> {
        self.on_threads(usize::from(NODES), |number| {
            let file = direct::open_read(&self.directory.join(format!("limit-{number}")), true)?;
            let mut block = AlignedBuffer::new(LIMIT_BLOCK_BYTES);
            let blocks = chunks * (CHUNK_BYTES / LIMIT_BLOCK_BYTES) as u64;
            for at in (number as u64..blocks).step_by(usize::from(NODES)) {
                direct::read_at(&file, &mut block, LIMIT_BLOCK_BYTES, at * LIMIT_BLOCK_BYTES as u64)?;
            }
            Ok(())
        })
    }

    fn on_threads(&self, count: usize, work: impl Fn(usize) -> Result<()> + Sync) -> Result<()> {
        std::thread::scope(|scope| {
            let work = &work;
            let threads: Vec<_> = (0..count).map(|number| scope.spawn(move || work(number))).collect();
            threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|_| bail!("a thread panicked")))
        })
    }

    fn connect(&self, node: usize) -> Result<DataConn> {
        let NodeAddress { id, address } = self.nodes[node];
        let expected = Expected::Datanode(id);
        let limit = Duration::from_secs(5);
        let opening = transport::connect(&self.user, address, expected, Service::Data, self.protection, limit);
        let connected = self.runtime.block_on(opening)?;
        let _entered = self.runtime.enter();
        Ok(DataConn::new(connected)?)
    }

    fn key(&self, chunk: u64, data: &[u8]) -> ReplicaKey {
        let table: Vec<u32> = data.chunks(BLOCK_BYTES).map(crc32c::crc32c).collect();
        ReplicaKey { chunk: ChunkId(chunk), generation: Generation(1), checksum: table_checksum(&table) }
    }

    fn capability(
        &self,
        chunk: u64,
        operation: Operation,
        checksum: Option<u32>,
        pipeline: Vec<NodeAddress>,
    ) -> Result<Bytes> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        let capability = Capability {
            cluster: self.cluster,
            chunk: ChunkId(chunk),
            generation: Generation(1),
            operation,
            principal: self.principal.clone(),
            pipeline,
            length_max: CHUNK_BYTES as u32,
            checksum,
            expires: Timestamp::default().plus(now + Duration::from_secs(600)),
        };
        Ok(self.ring.seal(&capability).context("seal")?.into())
    }

    fn send_chunk(&self, conn: &DataConn, chunk: u64, data: &[u8]) -> Result<()> {
        let stream = chunk as u32;
        let capability = self.capability(chunk, Operation::Write, None, self.nodes.clone())?;
        let open = OpenWrite { capability, length: Some(data.len() as u32) };
        conn.send_message(FrameKind::OpenWrite, stream, &open)?;
        let mut table = Vec::new();
        for (at, payload) in data.chunks(DATA_BYTES_MAX).enumerate() {
            let header = FrameHeader::data(stream, (at * DATA_BYTES_MAX) as u64, payload);
            table.extend_from_slice(&header.crcs[..header.blocks()]);
            conn.send(&header, payload)?;
        }
        let finish = FinishWrite { length: data.len() as u32, checksum: table_checksum(&table) };
        Ok(conn.send_message(FrameKind::FinishWrite, stream, &finish)?)
    }

    fn answer(&self, conn: &DataConn) -> Result<()> {
        let header = conn.receive_header()?.context("closed")?;
        match header.kind {
            FrameKind::WriteDone => {
                let done: WriteDone = conn.receive_message(&header)?;
                ensure!(done.receipts.len() == usize::from(NODES), "receipts");
                Ok(())
            }
            _ => bail!("{:?}", conn.receive_message::<StreamError>(&header)?),
        }
    }

    /// Writes over one connection, with two chunks in flight.
    fn put(&self, first: u64, chunks: u64) -> Result<()> {
        let conn = self.connect(0)?;
        for at in 0..chunks {
            self.send_chunk(&conn, first + at, &self.data)?;
            if at > 0 {
                self.answer(&conn)?;
            }
        }
        self.answer(&conn)
    }

    fn put_small(&self, first: u64, count: u64, parallel: usize) -> Result<()> {
        self.on_threads(parallel, |number| {
            let conn = self.connect(0)?;
            for chunk in (first + number as u64..first + count).step_by(parallel) {
                self.send_chunk(&conn, chunk, &self.data[..SMALL_BYTES])?;
                self.answer(&conn)?;
            }
            Ok(())
        })
    }

    fn get(&self, first: u64, chunks: u64, parallel: usize) -> Result<()> {
        self.on_threads(parallel, |number| {
            let conn = self.connect(number % usize::from(NODES))?;
            let node = self.nodes[number % usize::from(NODES)];
            let checksum = Some(self.key(0, &self.data).checksum);
            let mut buffer = vec![0; DATA_BYTES_MAX];
            for chunk in (first + number as u64..first + chunks).step_by(parallel) {
                let capability = self.capability(chunk, Operation::Read, checksum, vec![node])?;
                let read = Read { capability, offset: 0, length: CHUNK_BYTES as u32 };
                conn.send_message(FrameKind::Read, chunk as u32, &read)?;
                self.receive_chunk(&conn, &mut buffer)?;
            }
            Ok(())
        })
    }

    fn receive_chunk(&self, conn: &DataConn, buffer: &mut [u8]) -> Result<()> {
        let mut received = 0;
        loop {
            let header = conn.receive_header()?.context("closed")?;
            match header.kind {
                FrameKind::Data => {
                    let payload = &mut buffer[..header.length as usize];
                    conn.receive_payload(payload)?;
                    ensure!(header.crcs == block_crcs(payload), "checksum");
                    received += payload.len();
                }
                FrameKind::Table => conn.receive_payload(&mut buffer[..header.length as usize])?,
                FrameKind::ReadDone => break,
                _ => bail!("{:?}", conn.receive_message::<StreamError>(&header)?),
            }
        }
        ensure!(received == CHUNK_BYTES, "{received} bytes");
        Ok(())
    }
}
