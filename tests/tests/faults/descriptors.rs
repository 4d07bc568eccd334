//! Daemons with few descriptors: they work, and keep none open longer than needed.

use dfs_tests::{Cluster, Spec, cluster::Daemon, content};
use rustix::process::{Resource, Rlimit, prlimit};
use std::net::TcpStream;
use std::path::Path;

/// Returns the number of open descriptors of a process.
fn open_files(daemon: &Daemon) -> usize {
    let pid = daemon.pid.unwrap_or_else(|| panic!("{} is not running", daemon.id));
    std::fs::read_dir(format!("/proc/{pid}/fd")).expect("process lives").count()
}

/// Creates files of different lengths: empty, small, and with more than one chunk.
fn make_files(directory: &Path, count: u64) {
    std::fs::create_dir_all(directory).expect("make a directory");
    for number in 0..count {
        let length = if number % 50 == 1 { 2_500_000 } else { number * 97 % 150_000 };
        content::write(number, length, &directory.join(format!("file-{number}")));
    }
}

#[test]
fn a_limit_of_256_descriptors_is_enough_for_64_transfers_at_a_time() {
    const FILES: u64 = 400;
    let cluster = Cluster::start(Spec::default().open_files_max(256));
    let directory = cluster.scratch().join("files");
    make_files(&directory, FILES);
    cluster.ok(&["put", "-r", "-j", "64", directory.to_str().expect("a path"), "/files"]);
    let back = cluster.scratch().join("back");
    cluster.ok(&["get", "-r", "-j", "64", "/files", back.to_str().expect("a path")]);
    for number in 0..FILES {
        let name = format!("file-{number}");
        assert!(content::is_same(&directory.join(&name), &back.join(&name)), "{name} came back changed");
    }
    cluster.wait_for("all replicas are there", || cluster.is_healthy());
    assert!(cluster.logs().contains("the limit of open files is 256"), "{}", cluster.logs());
}

#[test]
fn a_datanode_with_many_chunks_keeps_few_files_open() {
    let cluster = Cluster::start(Spec::default().datanodes(1).replication(1));
    let directory = cluster.scratch().join("files");
    make_files(&directory, 600);
    cluster.ok(&["put", "-r", "-j", "16", directory.to_str().expect("a path"), "/files"]);
    let back = cluster.scratch().join("back");
    cluster.ok(&["get", "-r", "-j", "16", "/files", back.to_str().expect("a path")]);
    let daemon = cluster.daemon("datanode-1");
    cluster.wait_for("at most 128 descriptors at rest", || open_files(&daemon) <= 128);
}

#[test]
fn a_datanode_without_descriptors_closes_idle_connections_and_continues() {
    let cluster = Cluster::start(Spec::default().datanodes(1).replication(1));
    let local = cluster.scratch().join("file");
    content::write(1, 300_000, &local);
    let local = local.to_str().expect("a path").to_owned();
    cluster.ok(&["put", &local, "/one"]);
    let daemon = cluster.daemon("datanode-1");
    let pid = rustix::process::Pid::from_raw(daemon.pid.expect("it runs")).expect("a pid");
    // The limit is lowered at run time, so that accept reaches it despite the bounds computed at
    // the start.
    let most = open_files(&daemon) as u64 + 16;
    prlimit(Some(pid), Resource::Nofile, Rlimit { current: Some(most), maximum: Some(most) }).expect("set the limit");
    let crowd: Vec<_> = (0..64).map(|_| TcpStream::connect(&daemon.address).expect("connect")).collect();
    for number in 0..10 {
        cluster.ok(&["put", &local, &format!("/more-{number}")]);
        cluster.ok(&["cmp", &local, &format!("/more-{number}")]);
    }
    drop(crowd);
    assert_eq!(cluster.daemon("datanode-1").pid, daemon.pid, "it was restarted");
}
