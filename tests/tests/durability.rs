//! `kill -9` of everything, under load, at random moments: nothing that was acknowledged is lost or torn.

use dfs_client::{CancellationToken, Client, Progress, PutOptions, Source};
use dfs_tests::oracle::{Oracle, State};
use dfs_tests::{Cluster, Spec, content, seed};
use dfs_types::{DfsPath, ErrorCode};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Rounds of the test suite; `DFS_TEST_ROUNDS` asks for more.
const ROUNDS: u64 = 50;
const WRITERS: u64 = 6;
/// Paths that each writer works on.
const PATHS: u64 = 12;

fn path(text: &str) -> DfsPath {
    DfsPath::parse(text).expect("valid path")
}

/// One operation of a writer, on its own folder.
async fn operate(client: &Client, oracle: &Mutex<Oracle>, writer: u64, random: &mut fastrand::Rng) {
    let name = |random: &mut fastrand::Rng| format!("/w{writer}/f{}", random.u64(0..PATHS));
    let at = name(random);
    match random.u32(0..10) {
        0 => {
            lock(oracle).begin(&at, State::Absent);
            let done = client.delete(&path(&at), false).await;
            if done.is_ok() || done.is_err_and(|error| error.code == ErrorCode::NotFound) {
                lock(oracle).acknowledge(&at, State::Absent);
            }
        }
        1 | 2 => {
            let to = name(random);
            let certain = lock(oracle).certain(&at).filter(|state| *state != State::Absent && to != at);
            let Some(moved) = certain else { return };
            lock(oracle).begin_rename(&at, &to, moved);
            if client.rename(&path(&at), &path(&to), true).await.is_ok() {
                lock(oracle).acknowledge_rename(&at, &to, moved);
            }
        }
        _ => {
            // Mostly small; some of several chunks.
            let length = if random.u32(0..8) == 0 { random.u64(1 << 20..3 << 20) } else { random.u64(0..9_000) };
            let state = State::File { seed: random.u64(..), length };
            lock(oracle).begin(&at, state);
            if put(client, &at, state).await.is_ok() {
                lock(oracle).acknowledge(&at, state);
            }
        }
    }
}

async fn put(client: &Client, at: &str, state: State) -> dfs_types::Result<dfs_types::Stat> {
    let State::File { seed, length } = state else { unreachable!("only files are put") };
    let source = Source::Bytes(content::bytes(seed, length as usize).into());
    let options = PutOptions { overwrite: true, ..PutOptions::default() };
    client.put(source, &path(at), options, &Progress::new(), &CancellationToken::new()).await
}

fn lock(oracle: &Mutex<Oracle>) -> std::sync::MutexGuard<'_, Oracle> {
    oracle.lock().expect("no writer panicked")
}

/// What the cluster holds at a path, whole and checked.
async fn look(client: &Client, at: &str, expected: &[State]) -> State {
    let stat = match client.stat(&path(at)).await {
        Ok(stat) => stat,
        Err(error) if error.code == ErrorCode::NotFound => return State::Absent,
        Err(error) => panic!("{at}: {error}"),
    };
    let bytes = client.read_range(&path(at), 0, stat.size.max(1)).await.unwrap_or_else(|error| panic!("{at}: {error}"));
    assert_eq!(bytes.len() as u64, stat.size, "{at}");
    let same = |state: &&State| match state {
        State::File { seed, length } => *length == stat.size && bytes == content::bytes(*seed, *length as usize),
        State::Absent => false,
    };
    *expected
        .iter()
        .find(same)
        .unwrap_or_else(|| panic!("{at}: {} bytes that nobody wrote; expected {expected:?}", stat.size))
}

async fn verify(client: &Client, oracle: &Mutex<Oracle>, paths: Vec<String>) {
    for at in paths {
        let expected = lock(oracle).expected(&at);
        let state = look(client, &at, &expected).await;
        assert!(expected.contains(&state), "{at} is {state:?}; expected one of {expected:?}");
        lock(oracle).found(&at, state);
    }
    lock(oracle).check_moves();
}

#[test]
fn acknowledged_work_survives_the_death_of_every_process() {
    let rounds = std::env::var("DFS_TEST_ROUNDS").map_or(ROUNDS, |text| text.parse().expect("a number"));
    let mut random = fastrand::Rng::with_seed(seed());
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    let cluster = Cluster::start(Spec::default());
    let oracle = Arc::new(Mutex::new(Oracle::default()));
    for writer in 0..WRITERS {
        cluster.ok(&["mkdir", &format!("/w{writer}")]);
    }
    for round in 0..rounds {
        let mut load = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            let client = runtime.block_on(cluster.client());
            let (oracle, mut random) = (oracle.clone(), random.fork());
            let work = async move {
                loop {
                    operate(&client, &oracle, writer, &mut random).await;
                }
            };
            load.spawn_on(work, runtime.handle());
        }
        // The moment is part of the seed; how far the load has come by then is not.
        std::thread::sleep(Duration::from_millis(random.u64(30..500)));
        cluster.kill_all();
        // Each writer is dropped in the middle of an operation, which so stays unknown.
        runtime.block_on(load.shutdown());
        cluster.start_all();
        let client = runtime.block_on(cluster.client());
        let touched = lock(&oracle).take_touched();
        runtime.block_on(verify(&client, &oracle, touched));
        let (acknowledged, unknown) = lock(&oracle).counts();
        eprintln!("round {round}: {acknowledged} operations acknowledged so far, {unknown} unknown");
    }
    let client = runtime.block_on(cluster.client());
    let paths = lock(&oracle).paths();
    runtime.block_on(verify(&client, &oracle, paths));
    let (acknowledged, unknown) = lock(&oracle).counts();
    assert!(
        acknowledged > rounds && unknown > 0,
        "{acknowledged} acknowledged, {unknown} unknown: no load, or no fault"
    );
}

#[test]
fn a_put_that_was_acknowledged_survives() {
    let cluster = Cluster::start(Spec::default());
    let (local, back) = (cluster.scratch().join("in"), cluster.scratch().join("out"));
    std::fs::write(&local, content::bytes(11, 20 << 20)).expect("write");
    cluster.ok(&["put", local.to_str().expect("UTF-8"), "/f"]);
    cluster.kill_all();
    cluster.start_all();
    cluster.ok(&["get", "/f", back.to_str().expect("UTF-8")]);
    assert!(std::fs::read(&local).expect("read") == std::fs::read(&back).expect("read"));
}
