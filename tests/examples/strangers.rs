//! Measures the rates of put and get with many silent callers, alternating with none: `strangers
//! ROUNDS IDLE EACH_SECOND`.
//!
//! In each round 1,000 files of 64 KiB and one of 512 MiB are put and read back, first without such
//! callers, then with IDLE silent connections to each daemon and EACH_SECOND new ones a second. It
//! prints one line for each: files a second, and MB a second, of put and get.

// An example may panic, and works with files, clocks and sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

use dfs_tests::crowd::Crowd;
use dfs_tests::{Cluster, Spec, content};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

const SMALL_FILES: u64 = 1_000;
const SMALL_BYTES: u64 = 64 << 10;
const LARGE_BYTES: u64 = 512 << 20;

fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

/// Returns the seconds that a command takes, which must succeed.
fn seconds(cluster: &Cluster, args: &[&str]) -> f64 {
    let begun = Instant::now();
    cluster.ok(args);
    begun.elapsed().as_secs_f64()
}

fn round(cluster: &Cluster, name: &str, what: &str) {
    let (small, large) = (cluster.scratch().join("small"), cluster.scratch().join("large"));
    let (back, large_back) = (cluster.scratch().join(format!("back-{name}")), cluster.scratch().join("large-back"));
    let (remote, remote_large) = (format!("/small-{name}"), format!("/large-{name}"));
    let put_small = seconds(cluster, &["put", "-r", "-j", "8", text(&small), &remote]);
    let get_small = seconds(cluster, &["get", "-r", "-j", "8", &remote, text(&back)]);
    let put_large = seconds(cluster, &["put", text(&large), &remote_large]);
    let get_large = seconds(cluster, &["get", "-f", &remote_large, text(&large_back)]);
    let (files, megabytes) = (SMALL_FILES as f64, LARGE_BYTES as f64 / 1e6);
    println!(
        "{what:<12} put {:7.1} files/s {:7.1} MB/s   get {:7.1} files/s {:7.1} MB/s",
        files / put_small,
        megabytes / put_large,
        files / get_small,
        megabytes / get_large
    );
    cluster.ok(&["rm", "-r", "--yes", &remote, &remote_large]);
    std::fs::remove_dir_all(back).expect("remove what came back");
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>().expect("a number"));
    let mut next = |default| arguments.next().unwrap_or(default);
    let (rounds, idle, each_second) = (next(5), next(2_000), next(500));
    // The default timeouts of a cluster, not those of the tests.
    let spec = Spec { environment: Vec::new(), ..Spec::default() };
    let cluster = Cluster::start(spec.chunk_size("64MiB"));
    let small = cluster.scratch().join("small");
    std::fs::create_dir(&small).expect("make a directory");
    (0..SMALL_FILES).for_each(|number| content::write(number, SMALL_BYTES, &small.join(number.to_string())));
    content::write(SMALL_FILES, LARGE_BYTES, &cluster.scratch().join("large"));
    let addresses: Vec<SocketAddr> =
        cluster.daemons().iter().map(|daemon| daemon.address.parse().expect("address")).collect();
    round(&cluster, "warm", "warm-up");
    for number in 1..=rounds {
        round(&cluster, &format!("alone-{number}"), "alone");
        let crowd = Crowd::gather(&addresses, idle as usize, each_second);
        round(&cluster, &format!("crowd-{number}"), "with a crowd");
        println!("             {} silent connections, {} new ones since", crowd.idle(), crowd.made());
    }
}
