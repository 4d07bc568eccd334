//! `kill -9` of all daemons, under load, at random moments: no acknowledged data is lost or torn.

use dfs_client::Client;
use dfs_tests::load::{self, Load, Shared, lock};
use dfs_tests::{Cluster, Spec, content, seed};
use dfs_types::{AdminState, DatanodeId};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The number of rounds in the test suite; `DFS_TEST_ROUNDS` sets more.
const ROUNDS: u64 = 50;
/// One more than the number of replicas, so that each can be drained.
const DATANODES: u32 = 4;
/// A drain lasts until the next one begins: several rounds, so that some complete and some are
/// interrupted by a kill.
const DRAIN_EVERY: u64 = 4;

/// Sets all datanodes in service, and then drains one of them, which moves all its chunks and trims
/// them afterwards.
async fn drain(client: Client, drained: DatanodeId, drains: Arc<AtomicU64>) {
    for id in (1..=DATANODES as u16).map(DatanodeId).filter(|id| *id != drained) {
        let _ = client.set_admin_state(id, AdminState::InService).await;
    }
    if client.set_admin_state(drained, AdminState::Draining).await.is_ok() {
        drains.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn acknowledged_work_survives_the_death_of_every_process() {
    let rounds = std::env::var("DFS_TEST_ROUNDS").map_or(ROUNDS, |text| text.parse().expect("a number"));
    let mut random = fastrand::Rng::with_seed(seed());
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    let cluster = Cluster::start(Spec::default().datanodes(DATANODES));
    let (oracle, drains) = (Shared::default(), Arc::default());
    // Mostly small files; some with several chunks.
    let load = Load { writers: 6, paths: 12, small: 0..9_000, large: 1 << 20..3 << 20 };
    for writer in 0..load.writers {
        cluster.ok(&["mkdir", &load::directory(writer)]);
    }
    for round in 0..rounds {
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..load.writers {
            let client = runtime.block_on(cluster.client());
            let (load, oracle, mut random) = (load.clone(), oracle.clone(), random.fork());
            let work = async move {
                loop {
                    load.operate(&client, &oracle, writer, &mut random).await;
                }
            };
            writers.spawn_on(work, runtime.handle());
        }
        if round % DRAIN_EVERY == 0 {
            let client = runtime.block_on(cluster.client());
            let drained = DatanodeId(random.u16(1..=DATANODES as u16));
            writers.spawn_on(drain(client, drained, Arc::clone(&drains)), runtime.handle());
        }
        // The moment is determined by the seed; the progress of the load at that moment is not.
        std::thread::sleep(Duration::from_millis(random.u64(30..500)));
        cluster.kill_all();
        // Each writer is dropped in the middle of an operation, whose outcome is then unknown.
        runtime.block_on(writers.shutdown());
        cluster.start_all();
        let client = runtime.block_on(cluster.client());
        let touched = lock(&oracle).take_touched();
        runtime.block_on(load::verify(&client, &oracle, touched)).unwrap_or_else(|error| panic!("{error}"));
        let (acknowledged, unknown) = lock(&oracle).counts();
        let drains = drains.load(Ordering::Relaxed);
        eprintln!("round {round}: {acknowledged} operations acknowledged so far, {unknown} unknown, {drains} drains");
    }
    let client = runtime.block_on(cluster.client());
    let paths = lock(&oracle).paths();
    runtime.block_on(load::verify(&client, &oracle, paths)).unwrap_or_else(|error| panic!("{error}"));
    let (acknowledged, unknown) = lock(&oracle).counts();
    let drains = drains.load(Ordering::Relaxed);
    assert!(
        acknowledged > rounds && unknown > 0 && drains > 0,
        "{acknowledged} acknowledged, {unknown} unknown, {drains} drains: no load, or no fault"
    );
}

#[test]
fn an_acknowledged_put_survives() {
    let cluster = Cluster::start(Spec::default());
    let (local, back) = (cluster.scratch().join("in"), cluster.scratch().join("out"));
    std::fs::write(&local, content::bytes(11, 20 << 20)).expect("write");
    cluster.ok(&["put", local.to_str().expect("UTF-8"), "/f"]);
    cluster.kill_all();
    cluster.start_all();
    cluster.ok(&["get", "/f", back.to_str().expect("UTF-8")]);
    assert!(std::fs::read(&local).expect("read") == std::fs::read(&back).expect("read"));
}
