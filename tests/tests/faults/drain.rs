//! Draining datanodes: their chunks are copied first, and clients notice nothing when they are
//! stopped.

use dfs_client::{AdminState, CancellationToken, Client, NodeState, NodeStatus, Progress, PutOptions, Source};
use dfs_tests::{Cluster, Spec, content};
use dfs_types::{DatanodeId, Detail, DfsPath, ErrorCode};
use tokio::runtime::Runtime;

const CHUNK: u64 = 64 << 10;

/// A cluster, a client of it, and its files: the seed of each file is its number.
struct Bench {
    cluster: Cluster,
    runtime: Runtime,
    client: Client,
    /// The length of each file by its number, in bytes.
    files: Vec<u64>,
}

fn path(number: usize) -> DfsPath {
    DfsPath::parse(&format!("/f{number}")).expect("valid path")
}

async fn put(client: &Client, number: usize, length: u64) {
    let source = Source::Bytes(content::bytes(number as u64, length as usize).into());
    let (progress, cancel) = (Progress::new(), CancellationToken::new());
    let stat = client.put(source, &path(number), PutOptions::default(), &progress, &cancel).await.expect("put");
    assert_eq!(stat.size, length);
}

impl Bench {
    fn new(datanodes: u32) -> Self {
        let spec = Spec::default().datanodes(datanodes).chunk_size("64KiB").set("DFS_MASTER_REPAIR_STREAMS", "1");
        let (cluster, runtime) = (Cluster::start(spec), Runtime::new().expect("runtime"));
        let client = runtime.block_on(cluster.client());
        Self { cluster, runtime, client, files: Vec::new() }
    }

    /// Puts files of `chunks` chunks each, the last one partly filled.
    fn put_files(&mut self, files: usize, chunks: u64) {
        for _ in 0..files {
            let (number, length) = (self.files.len(), chunks * CHUNK - 7);
            self.runtime.block_on(put(&self.client, number, length));
            self.files.push(length);
        }
    }

    fn read_all_back(&self) {
        for (number, length) in self.files.iter().enumerate() {
            let read = self.runtime.block_on(self.client.read_range(&path(number), 0, *length)).expect("readable");
            assert!(read == content::bytes(number as u64, *length as usize), "/f{number}");
        }
    }

    fn set_admin_state(&self, node: u16, admin_state: AdminState) -> dfs_types::Result<()> {
        self.runtime.block_on(self.client.set_admin_state(DatanodeId(node), admin_state))
    }

    fn nodes(&self) -> Vec<NodeStatus> {
        self.runtime.block_on(self.client.nodes()).expect("nodes")
    }

    fn node(&self, node: u16) -> Option<NodeStatus> {
        self.nodes().into_iter().find(|status| status.id == DatanodeId(node))
    }

    fn wait_until(&self, node: u16, what: &str, is: impl Fn(&NodeStatus) -> bool) {
        self.cluster.wait_for(what, || self.node(node).is_some_and(|status| is(&status)));
    }

    /// Waits until a datanode is drained, and requires three replicas elsewhere of every chunk.
    fn wait_until_drained(&self, node: u16) {
        self.wait_until(node, "drained", NodeStatus::is_drained);
        for number in 0..self.files.len() {
            let located = self.runtime.block_on(self.client.locate(&path(number))).expect("located");
            for chunk in located.chunks {
                let elsewhere = chunk.replicas.iter().filter(|place| place.id != DatanodeId(node)).count();
                assert!(elsewhere >= 3, "/f{number}: {chunk:?}");
            }
        }
    }

    /// Kills a drained datanode. All files can be read, and no chunk is under-replicated when it is
    /// dead.
    fn kill_and_miss_nothing(&self, node: u16) {
        self.cluster.kill(&DatanodeId(node).to_string());
        self.read_all_back();
        self.wait_until(node, "a dead datanode", |status| status.state == NodeState::Dead);
        self.cluster.wait_for("a count since then", || {
            let status = self.runtime.block_on(self.client.status()).expect("status");
            let (short, dead_after) = (status.replication, 3_000);
            let counted = status.counted_ms.zip(status.lasting.dead).is_some_and(|(ago, dead)| ago + dead_after < dead);
            counted && (short.missing, short.at_risk, short.under) == (0, 0, 0)
        });
        self.read_all_back();
        self.doctor_does_not_miss(&DatanodeId(node).to_string());
    }

    fn doctor_does_not_miss(&self, id: &str) {
        let said = self.cluster.shell(&["--json", "doctor"]);
        let diagnosis: serde_json::Value = serde_json::from_str(&said.stdout).expect("JSON");
        let checks = diagnosis["checks"].as_array().expect("checks");
        let check = checks.iter().find(|check| check["name"] == id).expect("told of");
        assert_eq!(check["verdict"], "ok", "{check}");
    }
}

#[test]
fn a_drained_datanode_is_stopped_without_a_loss_forgotten_and_accepted_again() {
    let mut bench = Bench::new(4);
    bench.put_files(20, 3);
    let held = bench.node(2).expect("there").chunks;
    assert!(held > 0, "nothing to drain");
    assert_eq!(bench.set_admin_state(2, AdminState::Draining), Ok(()));
    bench.wait_until_drained(2);
    assert_eq!(bench.node(2).expect("there").chunks, held, "it keeps what it has");
    let live = bench.set_admin_state(2, AdminState::Removed).expect_err("it is live");
    assert_eq!(
        bench.runtime.block_on(bench.client.check_admin_state(DatanodeId(2), AdminState::Removed)),
        Err(live.clone())
    );
    assert_eq!((live.code, live.path.as_deref()), (ErrorCode::InvalidArgument, Some("datanode-2")));

    bench.kill_and_miss_nothing(2);
    assert!(bench.node(2).expect("there").is_drained(), "also when it is dead");

    assert_eq!(bench.set_admin_state(2, AdminState::Removed), Ok(()));
    assert_eq!(bench.nodes().iter().map(|node| node.id.0).collect::<Vec<_>>(), [1, 3, 4]);
    bench.cluster.start_daemon("datanode-2");
    bench.wait_until(2, "welcome", |node| node.admin_state == AdminState::InService && node.state == NodeState::Live);
    bench.read_all_back();
}

#[test]
fn a_drain_continues_after_the_death_of_the_master() {
    let mut bench = Bench::new(4);
    bench.put_files(8, 64);
    let held = bench.node(3).expect("there").chunks;
    assert_eq!(bench.set_admin_state(3, AdminState::Draining), Ok(()));
    bench.cluster.wait_for("the middle of the drain", || {
        let node = bench.node(3).expect("there");
        assert!(!node.is_drained(), "it was over too soon: nothing was tested");
        node.left.is_some_and(|left| left < held)
    });
    bench.cluster.kill("master-1");
    bench.cluster.start_daemon("master-1");
    bench.wait_until_drained(3);
    bench.kill_and_miss_nothing(3);
}

#[test]
fn surplus_replicas_are_trimmed_when_the_datanode_serves_again() {
    let mut bench = Bench::new(4);
    bench.put_files(10, 4);
    assert_eq!(bench.set_admin_state(1, AdminState::Draining), Ok(()));
    bench.wait_until_drained(1);
    let copies = |bench: &Bench| bench.nodes().iter().map(|node| node.chunks).sum::<u64>();
    assert!(copies(&bench) > 3 * 40, "{}", copies(&bench));
    assert_eq!(bench.set_admin_state(1, AdminState::InService), Ok(()));
    bench.cluster.wait_for("three copies of each and no more", || copies(&bench) == 3 * 40);
    bench.cluster.wait_for("well", || bench.cluster.is_healthy());
    bench.read_all_back();
}

#[test]
fn a_datanode_that_stops_responding_does_not_delay_the_last_copies() {
    let spec = Spec::default().datanodes(4).replication(2).chunk_size("64KiB").set("DFS_MASTER_REPAIR_STREAMS", "1");
    // Repair begins this long after the start, and would otherwise continue this long after the
    // datanode stopped responding.
    let (cluster, runtime) =
        (Cluster::start(spec.set("DFS_MASTER_DEAD_AFTER", "25s")), Runtime::new().expect("runtime"));
    let client = runtime.block_on(cluster.client());
    let mut bench = Bench { cluster, runtime, client, files: Vec::new() };
    bench.put_files(6, 6);
    let held = bench.node(1).expect("there").chunks;
    assert_eq!(bench.set_admin_state(1, AdminState::Draining), Ok(()));
    bench.wait_until(1, "the first copies", |node| node.left.is_some_and(|left| left < held));
    bench.cluster.freeze("datanode-2");
    bench.wait_until(2, "a silent datanode", |node| node.state == NodeState::Stale);
    bench.cluster.wait_for("two live copies of each chunk", || {
        let status = bench.runtime.block_on(bench.client.status()).expect("status");
        let (short, stale) = (status.replication, status.nodes_stale);
        let counted = status.counted_ms.zip(status.lasting.stale).is_some_and(|(ago, silent)| ago + 2_000 < silent);
        assert_eq!(status.nodes_dead, 0, "held up until it was given up");
        stale == 1 && counted && (short.missing, short.at_risk, short.copying) == (0, 0, 0)
    });
    bench.cluster.thaw("datanode-2");
    bench.wait_until(1, "drained", NodeStatus::is_drained);
    bench.read_all_back();
}

#[test]
fn a_drain_that_would_leave_too_few_is_refused() {
    let mut bench = Bench::new(3);
    bench.put_files(1, 1);
    let refused = bench.set_admin_state(1, AdminState::Draining).expect_err("two for three copies");
    assert_eq!(refused.code, ErrorCode::InsufficientDatanodes);
    let detail = Detail::DrainLeavesTooFew { left: 2, wanted: 3, all: 3 };
    assert_eq!(refused.detail.as_deref(), Some(&detail));
    assert!(bench.nodes().iter().all(|node| node.admin_state == AdminState::InService));
    // The refusal comes before the confirmation, and a dry run prints no plan.
    for line in [&["node", "drain", "datanode-1"][..], &["--dry-run", "node", "drain", "datanode-1"]] {
        let said = bench.cluster.shell(line);
        assert_eq!((said.code, said.stdout.as_str()), (6, ""), "{said:?}");
        assert!(said.stderr.contains("2 live datanodes would be left"), "{said:?}");
    }
    bench.cluster.dfsd_ok(&["up", "--datanodes", "4"]);
    assert_eq!(bench.set_admin_state(1, AdminState::Draining), Ok(()));
    bench.wait_until_drained(1);
}

#[test]
fn writes_continue_during_a_drain_and_none_goes_to_the_datanode() {
    let mut bench = Bench::new(4);
    bench.put_files(5, 4);
    // One writer before, during and after the request is stored, and files that are begun after it.
    let client = bench.client.clone();
    let writer = bench.runtime.spawn(async move {
        for number in 35..65 {
            put(&client, number, 2 * CHUNK).await;
        }
    });
    assert_eq!(bench.set_admin_state(4, AdminState::Draining), Ok(()));
    bench.put_files(30, 2);
    for number in 5..35 {
        let located = bench.runtime.block_on(bench.client.locate(&path(number))).expect("located");
        let on = located.chunks.iter().flat_map(|chunk| &chunk.replicas).map(|place| place.id);
        assert!(on.into_iter().all(|id| id != DatanodeId(4)), "/f{number} was written to the datanode that drains");
    }
    bench.runtime.block_on(writer).expect("all were put");
    bench.files.resize(65, 2 * CHUNK);
    bench.wait_until_drained(4);
    bench.kill_and_miss_nothing(4);
}
