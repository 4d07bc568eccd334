//! Attacks of a hostile datanode on the master, and on its readers and writers.

use super::{DENIED, EXISTS, INVALID, MISMATCH, NOTHING, Row, path, same};
use dfs_rpc::CHUNKS_PER_REPORT_MAX;
use dfs_rpc::capability::{Capability, KeyRing, Operation};
use dfs_rpc::request::next_write;
use dfs_rpc::services::NodeServiceClient;
use dfs_rpc::tls::Identity;
use dfs_rpc::wire::{
    DirectoryLoad, Heartbeat, HeartbeatReply, LocatedChunk, NodeAddress, NodeLoad, Order, PlanWrite, Register,
    ReportPage,
};
use dfs_tests::content;
use dfs_tests::hostile::liar::Liar;
use dfs_tests::hostile::{Outcome, Party, Reply, World, checksum, context, node_calls, outcome, plan};
use dfs_types::{ChunkId, DatanodeId, Generation, Principal, ReplicaKey, ReplicaState, StoredReplica, Timestamp};
use std::sync::atomic::Ordering;

/// The hostile datanode.
const NAME: &str = "datanode-4";
const NODE: DatanodeId = DatanodeId(4);
const BOOT: u64 = 4_444;
/// The maximum number of replicas that it claims.
const CLAIMS: usize = 1 << 20;
/// The number of heartbeats of a row that repeats the same claim: each gives the master the time to
/// react.
const TURNS: usize = 40;

/// Attempts while the real datanode runs, before the hostile one is registered.
pub(super) const STRANGER_ROWS: [Row; 2] = [
    Row { tries: "register beside the real one, with another boot", expected: EXISTS, run: rival },
    Row {
        tries: "heartbeat and report beside the real one, with ids never handed out",
        expected: INVALID,
        run: beside,
    },
];

/// Attempts after it has registered in place of the real one.
pub(super) const ROWS: [Row<Evil>; 17] = [
    Row { tries: "heartbeat and report of another boot", expected: INVALID, run: other_boot },
    Row { tries: "heartbeat and report on a connection that did not register", expected: INVALID, run: unregistered },
    Row { tries: "pages of a report out of order", expected: INVALID, run: disorder },
    Row { tries: "more replicas in a message than are allowed", expected: INVALID, run: too_many },
    Row { tries: "megabytes of directories, reasons and version", expected: INVALID, run: words },
    Row { tries: "a crazy clock, load and free space", expected: NOTHING, run: crazy },
    Row {
        tries: "replicas of a committed chunk with other checksums and generations",
        expected: NOTHING,
        run: other_keys,
    },
    Row { tries: "2^20 replicas with other checksums of one chunk", expected: NOTHING, run: million },
    Row { tries: "the end of copies that nobody ordered", expected: NOTHING, run: copies },
    Row { tries: "the removal of all its replicas, again and again", expected: NOTHING, run: removals },
    Row { tries: "each committed replica as suspect, again and again", expected: NOTHING, run: suspects },
    Row { tries: "a capability of its own making: other bytes over a stored chunk", expected: EXISTS, run: overwrite },
    Row {
        tries: "a capability of its own making: other bytes beside a stored chunk, under their own checksum",
        expected: NOTHING,
        run: beside_it,
    },
    Row {
        tries: "a capability of its own making: other bytes under the committed checksum",
        expected: MISMATCH,
        run: other_bytes,
    },
    Row { tries: "somebody else's capability", expected: DENIED, run: stolen },
    Row { tries: "wrong bytes with right checksums to readers", expected: NOTHING, run: wrong_bytes },
    Row { tries: "receipts for chunks that it has not stored", expected: NOTHING, run: false_receipts },
];

/// A hostile datanode that has registered.
#[derive(Debug)]
pub(super) struct Evil {
    pub world: World,
    who: Party,
    calls: NodeServiceClient,
    ring: KeyRing,
    liar: Liar,
}

fn credential(world: &World) -> Identity {
    let pem = std::fs::read(world.cluster.home().join(format!("credentials/{NAME}.pem"))).expect("read");
    Identity::from_pem(&pem).expect("credential")
}

fn load() -> NodeLoad {
    let disk = 1 << 40;
    let directory =
        DirectoryLoad { path: "/lies".into(), capacity: disk, free: disk, disk_free: disk, ..Default::default() };
    NodeLoad { directories: vec![directory], clock: now(), ..NodeLoad::default() }
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    Timestamp(since.as_millis() as u64)
}

fn register(
    world: &World,
    address: std::net::SocketAddr,
    calls: &NodeServiceClient,
    boot: u64,
) -> dfs_types::Result<KeyRing> {
    let register = Register { boot, address, load: load(), version: "hostile".into() };
    world.call(calls.register(context(), register)).map(|registered| KeyRing::new(&registered.keys))
}

fn news() -> Heartbeat {
    Heartbeat::new(BOOT, load())
}

fn page(chunks: Vec<StoredReplica>) -> ReportPage {
    ReportPage { boot: BOOT, first: true, last: true, chunks }
}

fn key(chunk: u64, checksum: u32) -> ReplicaKey {
    ReplicaKey { chunk: ChunkId(chunk), generation: Generation(1), checksum }
}

fn verified(key: ReplicaKey) -> StoredReplica {
    StoredReplica { key, state: ReplicaState::Verified }
}

impl Evil {
    /// Stops the real datanode and registers in its place.
    pub(super) fn new(world: World) -> Self {
        world.cluster.dfsd_ok(&["stop", NAME]);
        let identity = credential(&world);
        let liar = Liar::start(&world.runtime, &identity, NODE, BOOT);
        let calls = world.run(node_calls(&identity, world.master));
        let mut ring = None;
        world.cluster.wait_for("the place of the real datanode", || {
            ring = register(&world, liar.address, &calls, BOOT).ok();
            ring.is_some()
        });
        let ring = ring.expect("registered");
        *liar.ring.lock().expect("no panic") = ring.clone();
        let who = Party { identity, master: world.master, calls: world.mallory.calls.clone() };
        let evil = Self { world, who, calls, ring, liar };
        evil.report(Vec::new());
        evil
    }

    fn beat(&self, heartbeat: Heartbeat) -> HeartbeatReply {
        self.world.call(self.calls.heartbeat(context(), heartbeat)).expect("taken")
    }

    fn report(&self, chunks: Vec<StoredReplica>) {
        self.world.call(self.calls.chunk_report(context(), page(chunks))).expect("taken");
    }

    /// Returns the chunks of the reference file.
    fn chunks(&self) -> Vec<LocatedChunk> {
        self.world.reading(&self.world.superuser, &path("/reference")).chunks
    }

    /// Returns true if the master sends readers to it for any chunk.
    fn is_read_from(&self) -> bool {
        self.chunks().iter().any(|chunk| chunk.replicas.iter().any(|replica| replica.id == NODE))
    }

    /// Returns an honest datanode that has a chunk.
    fn honest(chunk: &LocatedChunk) -> NodeAddress {
        *chunk.replicas.iter().find(|replica| replica.id != NODE).expect("an honest one")
    }

    /// Seals a capability for a write to an honest datanode, with itself as the previous one in the
    /// pipeline.
    fn forged(&self, chunk: &LocatedChunk, checksum: Option<u32>) -> bytes::Bytes {
        let here = NodeAddress { id: NODE, address: self.liar.address };
        let fields = Capability {
            cluster: self.who.identity.cluster,
            chunk: chunk.chunk.id,
            generation: chunk.chunk.generation,
            operation: Operation::Write,
            principal: Principal::Datanode(NODE),
            pipeline: vec![here, Self::honest(chunk)],
            length_max: chunk.chunk.length,
            checksum,
            expires: Timestamp(now().0 + 600_000),
        };
        self.ring.seal(&fields).expect("it has the key").into()
    }
}

fn rival(world: &World) -> Outcome {
    let calls = world.run(node_calls(&credential(world), world.master));
    outcome(register(world, "127.0.0.1:9".parse().expect("address"), &calls, BOOT))
}

/// Makes the two calls of a datanode on a connection that has no right to them.
fn both(world: &World, calls: &NodeServiceClient, boot: u64) -> Outcome {
    let far = vec![verified(key(u64::MAX, 1))];
    let heartbeat = Heartbeat { boot, added: far.clone(), ..news() };
    let page = ReportPage { boot, ..page(far) };
    same([
        outcome(world.call(calls.heartbeat(context(), heartbeat))),
        outcome(world.call(calls.chunk_report(context(), page))),
    ])
}

fn beside(world: &World) -> Outcome {
    both(world, &world.run(node_calls(&credential(world), world.master)), BOOT)
}

fn other_boot(evil: &Evil) -> Outcome {
    both(&evil.world, &evil.calls, BOOT ^ 1)
}

fn unregistered(evil: &Evil) -> Outcome {
    both(&evil.world, &evil.world.run(node_calls(&evil.who.identity, evil.world.master)), BOOT)
}

fn disorder(evil: &Evil) -> Outcome {
    let (one, other) = (verified(key(1, 1)), verified(key(2, 1)));
    let pages = [ReportPage { first: false, ..page(vec![one]) }, page(vec![other, one]), page(vec![one, one])];
    same(pages.map(|page| outcome(evil.world.call(evil.calls.chunk_report(context(), page)))))
}

fn too_many(evil: &Evil) -> Outcome {
    let many = |count: usize| (0..count).map(|at| verified(key(1, at as u32))).collect::<Vec<_>>();
    let heartbeat = Heartbeat { added: many(3 * CHUNKS_PER_REPORT_MAX + 1), ..news() };
    same([
        outcome(evil.world.call(evil.calls.heartbeat(context(), heartbeat))),
        outcome(evil.world.call(evil.calls.chunk_report(context(), page(many(CHUNKS_PER_REPORT_MAX + 1))))),
    ])
}

fn words(evil: &Evil) -> Outcome {
    let directories = |count, directory: DirectoryLoad| NodeLoad { directories: vec![directory; count], ..load() };
    let long = || "x".repeat(1 << 20);
    let loads = [
        directories(100_000, DirectoryLoad::default()),
        directories(1, DirectoryLoad { path: long(), ..DirectoryLoad::default() }),
        directories(1, DirectoryLoad { failed: true, reason: Some(long()), ..DirectoryLoad::default() }),
    ];
    let address = evil.liar.address;
    let registers = Register { boot: BOOT, address, load: load(), version: long() };
    let refused = outcome(evil.world.call(evil.calls.register(context(), registers)));
    let beat = |load| outcome(evil.world.call(evil.calls.heartbeat(context(), Heartbeat { load, ..news() })));
    let [one, two, three] = loads.map(beat);
    same([refused, one, two, three])
}

fn crazy(evil: &Evil) -> Outcome {
    let directory =
        DirectoryLoad { capacity: u64::MAX, used: u64::MAX, free: u64::MAX, disk_free: u64::MAX, ..Default::default() };
    for clock in [Timestamp(u64::MAX), Timestamp(0)] {
        let load = NodeLoad {
            directories: vec![directory.clone(); 3],
            reads_in_flight: u32::MAX,
            writes_in_flight: u32::MAX,
            disk_errors: u64::MAX,
            bytes_read: u64::MAX,
            bytes_written: u64::MAX,
            reads: u64::MAX,
            writes: u64::MAX,
            clock,
        };
        let heartbeat = Heartbeat { load, ..news() };
        if !matches!(evil.world.run(evil.calls.heartbeat(context(), heartbeat)), Ok(Ok(_))) {
            return Outcome::Through("the master does not answer");
        }
        for words in [&["status"][..], &["nodes"], &["df"]] {
            evil.world.cluster.shell(words);
        }
        evil.world.call(evil.world.superuser.calls.cluster.nodes(context())).expect("nodes");
        let planned = plan(next_write(), &path("/open/never"));
        if evil.world.call(evil.world.mallory.calls.files.plan_write(context(), planned)).is_err() {
            return Outcome::Through("nobody can write");
        }
    }
    evil.beat(news());
    Outcome::Nothing
}

fn other_keys(evil: &Evil) -> Outcome {
    let mut claims = Vec::new();
    for chunk in evil.chunks() {
        let right = chunk.chunk.key();
        claims.push(verified(ReplicaKey { checksum: right.checksum ^ 1, ..right }));
        claims.push(verified(ReplicaKey { generation: Generation(0), ..right }));
        claims.push(verified(ReplicaKey { generation: Generation(2), ..right }));
        claims.push(verified(ReplicaKey { generation: Generation(u32::MAX), ..right }));
    }
    claims.sort_unstable();
    evil.beat(Heartbeat { added: claims.clone(), ..news() });
    evil.report(claims);
    if evil.is_read_from() { Outcome::Through("they count") } else { Outcome::Nothing }
}

fn million(evil: &Evil) -> Outcome {
    let chunk = evil.chunks()[0].chunk;
    let pages = CLAIMS / CHUNKS_PER_REPORT_MAX;
    for number in 0..pages {
        let checksums = number * CHUNKS_PER_REPORT_MAX..(number + 1) * CHUNKS_PER_REPORT_MAX;
        let chunks = checksums.map(|at| verified(key(chunk.id.0, at as u32)));
        let page = ReportPage {
            boot: BOOT,
            first: number == 0,
            last: number + 1 == pages,
            chunks: chunks.filter(|stored| stored.key != chunk.key()).collect(),
        };
        evil.world.call(evil.calls.chunk_report(context(), page)).expect("taken");
    }
    if evil.is_read_from() { Outcome::Through("they count") } else { Outcome::Nothing }
}

fn copies(evil: &Evil) -> Outcome {
    let ended = (0..CHUNKS_PER_REPORT_MAX as u64).map(ChunkId).collect();
    evil.beat(Heartbeat { copies_ended: ended, ..news() });
    Outcome::Nothing
}

/// Returns the correct keys, of which it has no replicas.
fn claims(evil: &Evil, state: ReplicaState) -> Vec<StoredReplica> {
    evil.chunks().iter().map(|chunk| StoredReplica { key: chunk.chunk.key(), state }).collect()
}

fn removals(evil: &Evil) -> Outcome {
    let added = claims(evil, ReplicaState::Stored);
    let removed: Vec<ReplicaKey> = added.iter().map(|stored| stored.key).collect();
    for _ in 0..TURNS {
        evil.beat(Heartbeat { added: added.clone(), ..news() });
        evil.beat(Heartbeat { removed: removed.clone(), ..news() });
    }
    evil.report(Vec::new());
    if evil.is_read_from() { Outcome::Through("removed ones count") } else { Outcome::Nothing }
}

/// Honest datanodes are never ordered to delete the only good replicas.
fn suspects(evil: &Evil) -> Outcome {
    let (suspect, stored) = (claims(evil, ReplicaState::Suspect), claims(evil, ReplicaState::Stored));
    for _ in 0..TURNS {
        evil.beat(Heartbeat { added: suspect.clone(), ..news() });
        evil.beat(Heartbeat { added: stored.clone(), ..news() });
    }
    evil.report(Vec::new());
    Outcome::Nothing
}

fn overwrite(evil: &Evil) -> Outcome {
    let chunk = evil.chunks().swap_remove(0);
    let data = content::bytes(66, chunk.chunk.length as usize);
    evil.world.data(&evil.who, Evil::honest(&chunk)).write(1, &evil.forged(&chunk, None), &data).outcome()
}

/// It creates another replica, which does not count; the existing one can be read as before.
fn beside_it(evil: &Evil) -> Outcome {
    let (world, chunk) = (&evil.world, evil.chunks().swap_remove(0));
    let (seed, length) = super::REFERENCE;
    let right = content::bytes(seed, length);
    let data = content::bytes(66, chunk.chunk.length as usize);
    let honest = Evil::honest(&chunk);
    let forged = evil.forged(&chunk, Some(checksum(&data)));
    if !matches!(world.data(&evil.who, honest).write(1, &forged, &data), Reply::Done(_)) {
        return Outcome::Through("it was not even stored: the row shows nothing");
    }
    match world.data(&world.superuser, honest).read(1, &chunk.capability, 0, 1_000) {
        Reply::Bytes(bytes) if right.starts_with(&bytes) && bytes.len() >= 1_000 => Outcome::Nothing,
        _ => Outcome::Through("the datanode gives other bytes"),
    }
}

fn other_bytes(evil: &Evil) -> Outcome {
    let chunk = evil.chunks().swap_remove(0);
    // On a chunk that the honest datanode does not have: with a generation that does not exist.
    let mut absent = chunk.clone();
    absent.chunk.generation = Generation(9);
    let peer = evil.world.data(&evil.who, Evil::honest(&chunk));
    let data = content::bytes(66, chunk.chunk.length as usize);
    peer.write(1, &evil.forged(&absent, Some(chunk.chunk.checksum)), &data).outcome()
}

fn stolen(evil: &Evil) -> Outcome {
    let (world, chunk) = (&evil.world, evil.chunks().swap_remove(0));
    // In a pipeline that it belongs to it may forward what the previous one sent.
    let plan = PlanWrite { exclude: vec![NODE], ..plan(next_write(), &path("/open/never")) };
    let planned =
        world.call(world.mallory.calls.files.plan_write(context(), plan)).expect("a plan").chunks.swap_remove(0);
    same([
        world.data(&evil.who, Evil::honest(&chunk)).read(1, &chunk.capability, 0, 100).outcome(),
        world.data(&evil.who, planned.pipeline[0]).write(1, &planned.capability, &[1; 100]).outcome(),
    ])
}

/// It claims all chunks, as verified, and sends arbitrary bytes to readers, which never return any
/// of them.
fn wrong_bytes(evil: &Evil) -> Outcome {
    let (seed, length) = super::REFERENCE;
    let (right, before) = (content::bytes(seed, length), evil.liar.lies[0].load(Ordering::SeqCst));
    evil.report(claims(evil, ReplicaState::Verified));
    for _ in 0..TURNS {
        let reply = evil.beat(news());
        let gone = |order: &Order| matches!(order, Order::Delete { .. });
        if reply.orders.iter().any(gone) {
            // It still claims the replicas that it was ordered to delete.
            evil.report(claims(evil, ReplicaState::Verified));
        }
        if !evil.world.holds(&path("/reference"), &right) {
            return Outcome::Through("a reader got other bytes, or none");
        }
    }
    let asked = evil.liar.lies[0].load(Ordering::SeqCst) > before;
    evil.report(Vec::new());
    if asked { Outcome::Nothing } else { Outcome::Through("nobody asked it: the row shows nothing") }
}

/// A file of which it claims to have stored a replica is read from the others.
fn false_receipts(evil: &Evil) -> Outcome {
    let before = evil.liar.lies[1].load(Ordering::SeqCst);
    let local = evil.world.cluster.scratch().join("false");
    for turn in 0..TURNS {
        evil.beat(news());
        let (name, data) = (format!("/open/false-{turn}"), content::bytes(turn as u64, 300_000));
        std::fs::write(&local, &data).expect("write");
        evil.world.cluster.ok(&["put", local.to_str().expect("UTF-8"), &name]);
        if !evil.world.holds(&path(&name), &data) {
            return Outcome::Through("an acknowledged file cannot be read");
        }
        if evil.liar.lies[1].load(Ordering::SeqCst) > before {
            return Outcome::Nothing;
        }
    }
    Outcome::Through("nobody wrote to it: the row shows nothing")
}

/// Last: ids that were never assigned. They block all changes until a user ends that, and no
/// replica is deleted.
pub(super) fn ids_ahead(evil: &Evil) {
    let world = &evil.world;
    evil.beat(Heartbeat { added: vec![verified(key(u64::MAX, 1)), verified(key(500_000, 1))], ..news() });
    world.cluster.wait_for("safe mode", || world.run(world.library.status()).expect("status").safe_mode.is_some());
    let (seed, length) = super::REFERENCE;
    assert!(world.holds(&path("/reference"), &content::bytes(seed, length)), "reads go on");
    world.cluster.ok(&["safemode", "leave"]);
    world.cluster.ok(&["mkdir", "/afterwards"]);
    eprintln!("   datanode | ids that were never handed out | safe mode, reads go on, a user ended it");
}
