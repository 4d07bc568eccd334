//! Measures the stall of a put when a datanode stops responding (SIGSTOP) in the middle of it:
//! `stall ROUNDS MIB AFTER_MS`.
//!
//! It prints one line for each put: the datanode, the duration of the put, and its longest time
//! without progress.

// An example may panic, and works with files, clocks and sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

use dfs_client::{CancellationToken, Progress, PutOptions, Source};
use dfs_tests::cluster::Daemon;
use dfs_tests::{Cluster, Spec, content};
use dfs_types::DfsPath;
use rustix::process::Signal;
use std::path::Path;
use std::time::{Duration, Instant};

const DATANODES: u32 = 3;
/// The interval at which progress is checked.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Returns the longest time without progress, the total time, and whether the put succeeded.
async fn put(cluster: &Cluster, local: &Path, victim: &Daemon, after: Duration) -> (Duration, Duration, bool) {
    let client = cluster.client().await;
    let path = DfsPath::parse("/stall").expect("a path");
    let (progress, cancel) = (Progress::with_listener(|event| eprintln!("  {event:?}")), CancellationToken::new());
    let options = PutOptions { overwrite: true, ..PutOptions::default() };
    let putting = client.put(Source::File(local.to_owned()), &path, options, &progress, &cancel);
    let mut putting = std::pin::pin!(putting);
    let begun = Instant::now();
    let (mut bytes, mut moved, mut longest, mut frozen) = (0, begun, Duration::ZERO, false);
    loop {
        let ended = tokio::select! {
            result = &mut putting => Some(result),
            () = tokio::time::sleep(LOOK_EVERY) => None,
        };
        longest = longest.max(moved.elapsed());
        if progress.bytes() != bytes {
            (bytes, moved) = (progress.bytes(), Instant::now());
        }
        if !frozen && begun.elapsed() >= after {
            victim.signal(Signal::STOP);
            frozen = true;
        }
        if let Some(result) = ended {
            return (longest, begun.elapsed(), frozen && result.is_ok());
        }
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>().expect("a number"));
    let mut next = |default| arguments.next().unwrap_or(default);
    let (rounds, mib, after) = (next(2), next(1024), Duration::from_millis(next(300)));
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    // The default timeouts of a cluster, not those of the tests.
    let spec = Spec { environment: Vec::new(), ..Spec::default() };
    let cluster = Cluster::start(spec.datanodes(DATANODES).chunk_size("64MiB"));
    let local = cluster.scratch().join("in");
    content::write(1, mib << 20, &local);
    let daemons = (1..=DATANODES).map(|node| cluster.daemon(&format!("datanode-{node}")));
    let daemons: Vec<_> = daemons.collect();
    for round in 1..=rounds {
        for victim in &daemons {
            let (longest, whole, good) = runtime.block_on(put(&cluster, &local, victim, after));
            victim.signal(Signal::CONT);
            let verdict = if good { "" } else { " (failed, or ended too early)" };
            println!("round {round}: {}: stood still {longest:.2?}, took {whole:.2?}{verdict}", victim.id);
            cluster.wait_for("all copies", || cluster.is_healthy());
        }
    }
}
