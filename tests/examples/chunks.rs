//! Counts the descriptors of an idle datanode, with more and more chunks: `chunks CHUNKS STEP`.
//!
//! Files of 100 bytes are put on one datanode, one replica each, 64 at a time. After every STEP of
//! them, when the client has disconnected, the open files of the datanode are counted once their
//! number no longer decreases; again after a restart; and again after some of the files were read.

// An example may panic, and works with files, clocks and sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

use dfs_client::{CancellationToken, Client, Progress, PutOptions, Source};
use dfs_tests::{Cluster, Spec, content};
use dfs_types::DfsPath;
use std::time::{Duration, Instant};

const AT_A_TIME: u64 = 64;
const BYTES: usize = 100;
/// The number of files in one directory.
const DIRECTORY: u64 = 10_000;
/// One of this many files is read.
const READ: u64 = 2_000;
/// The time for which the number of open files must be constant: idle connections and files are
/// closed within seconds.
const REST: Duration = Duration::from_secs(15);
const LOOK: Duration = Duration::from_millis(500);

fn path(number: u64) -> DfsPath {
    DfsPath::parse(&format!("/d{}/f{number}", number / DIRECTORY)).expect("valid")
}

/// Runs one future for each number, some at a time, with a client of its own.
async fn each<W: Future<Output = ()> + Send + 'static>(
    numbers: Vec<u64>,
    cluster: &Cluster,
    work: fn(Client, u64) -> W,
) {
    let client = cluster.client().await;
    let mut running = tokio::task::JoinSet::new();
    for number in numbers {
        if running.len() as u64 == AT_A_TIME {
            running.join_next().await.expect("there is one").expect("no panic");
        }
        running.spawn(work(client.clone(), number));
    }
    while let Some(ended) = running.join_next().await {
        ended.expect("no panic");
    }
}

async fn put(client: Client, number: u64) {
    let source = Source::Bytes(content::bytes(number, BYTES).into());
    let (progress, cancel) = (Progress::new(), CancellationToken::new());
    client.put(source, &path(number), PutOptions::default(), &progress, &cancel).await.expect("put");
}

async fn get(client: Client, number: u64) {
    let read = client.read_range(&path(number), 0, BYTES as u64).await.expect("get");
    assert!(read == content::bytes(number, BYTES), "{number} is another file");
}

fn open_files(cluster: &Cluster) -> usize {
    let pid = cluster.daemon("datanode-1").pid.expect("it runs");
    std::fs::read_dir(format!("/proc/{pid}/fd")).expect("process lives").count()
}

/// Returns the number of open files once it no longer decreases.
fn at_rest(cluster: &Cluster) -> usize {
    let (mut least, mut since) = (open_files(cluster), Instant::now());
    while since.elapsed() < REST {
        std::thread::sleep(LOOK);
        let now = open_files(cluster);
        if now < least {
            (least, since) = (now, Instant::now());
        }
    }
    open_files(cluster)
}

fn resident(cluster: &Cluster) -> u64 {
    let pid = cluster.daemon("datanode-1").pid.expect("it runs");
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("process lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("resident memory");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") >> 10
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>().expect("a number"));
    let (chunks, step) = (arguments.next().unwrap_or(1_000_000), arguments.next().unwrap_or(250_000));
    let cluster = Cluster::start(Spec { environment: Vec::new(), ..Spec::default().datanodes(1).replication(1) });
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    println!(
        "   chunks   puts/s  open after the load  after a start  after 2,000 reads  seconds to start  MiB resident"
    );
    for first in (0..chunks).step_by(step as usize) {
        let last = chunks.min(first + step);
        (first / DIRECTORY..last.div_ceil(DIRECTORY))
            .for_each(|directory| drop(cluster.shell(&["mkdir", &format!("/d{directory}")])));
        let begun = Instant::now();
        runtime.block_on(each((first..last).collect(), &cluster, put));
        let rate = (last - first) as f64 / begun.elapsed().as_secs_f64();
        let loaded = at_rest(&cluster);
        let begun = Instant::now();
        cluster.dfsd_ok(&["restart", "datanode-1"]);
        let start = begun.elapsed().as_secs_f64();
        let started = at_rest(&cluster);
        let some = (0..READ).map(|turn| turn * (last / READ).max(1) % last).collect();
        runtime.block_on(each(some, &cluster, get));
        let read = at_rest(&cluster);
        println!("{last:9} {rate:8.0} {loaded:20} {started:14} {read:18} {start:17.1} {:13}", resident(&cluster));
    }
}
