//! Disks that return wrong data: flipped bits, truncated and missing chunk files.

use dfs_tests::{Cluster, Spec, content};
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;

fn flip(path: &Path, offset_from_end: u64) {
    let file = OpenOptions::new().read(true).write(true).open(path).expect("open chunk");
    let at = file.metadata().expect("stat").len() - offset_from_end;
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).expect("read");
    file.write_all_at(&[byte[0] ^ 1], at).expect("write");
}

/// Damages the replicas of one datanode after another; each time the correct bytes are returned,
/// and in the end every chunk has three good replicas again.
#[test]
fn damage_is_detected_survived_and_repaired() {
    let cluster = Cluster::start(Spec::default());
    let (local, back) = (cluster.scratch().join("in"), cluster.scratch().join("out"));
    let data = content::bytes(9, 4 << 20);
    std::fs::write(&local, &data).expect("write");
    cluster.ok(&["put", local.to_str().expect("UTF-8"), "/f"]);
    type Fault = fn(&Path);
    let faults: [(&str, Fault); 4] = [
        ("a flipped bit in the data", |path| flip(path, 100_000)),
        ("a flipped bit in the header", |path| flip(path, std::fs::metadata(path).expect("stat").len() - 40)),
        ("a truncated file", |path| {
            OpenOptions::new().write(true).open(path).expect("open").set_len(70_000).expect("truncate");
        }),
        ("a missing file", |path| std::fs::remove_file(path).expect("remove")),
    ];
    for (index, (what, fault)) in faults.into_iter().enumerate() {
        let node = format!("datanode-{}", index % 3 + 1);
        let files = cluster.chunk_files(&node);
        assert_eq!(files.len(), 4, "{what}: {files:?}");
        files.iter().for_each(|path| fault(path));
        let damaged: Vec<_> = files.iter().map(|path| std::fs::read(path).unwrap_or_default()).collect();
        // A restart drops every cache of the daemon and of its readers.
        cluster.kill(&node);
        cluster.start_daemon(&node);
        cluster.wait_for(&format!("{what}: every replica of {node} replaced"), || {
            cluster.ok(&["get", "-f", "/f", back.to_str().expect("UTF-8")]);
            assert!(std::fs::read(&back).expect("read") == data, "{what}: wrong bytes came back");
            let replaced = |(path, old): (_, &Vec<u8>)| std::fs::read(path).is_ok_and(|new| new != *old);
            let status = cluster.json(&["status"]);
            files.iter().zip(&damaged).all(replaced)
                && status["replication"]["under"] == 0
                && status["replication"]["at_risk"] == 0
        });
    }
}

/// If every replica of a chunk is corrupt, the read fails with the code for corruption and writes
/// nothing.
#[test]
fn without_a_good_replica_the_read_fails() {
    let cluster = Cluster::start(Spec::default());
    let (local, back) = (cluster.scratch().join("in"), cluster.scratch().join("out"));
    std::fs::write(&local, content::bytes(9, 100_000)).expect("write");
    cluster.ok(&["put", local.to_str().expect("UTF-8"), "/f"]);
    for node in ["datanode-1", "datanode-2", "datanode-3"] {
        cluster.chunk_files(node).iter().for_each(|path| flip(path, 5_000));
        cluster.kill(node);
        cluster.start_daemon(node);
    }
    let said = cluster.shell(&["get", "/f", back.to_str().expect("UTF-8")]);
    assert_eq!(said.code, 5, "{said:?}");
    let left: Vec<_> =
        std::fs::read_dir(cluster.scratch()).expect("list").map(|e| e.expect("entry").file_name()).collect();
    assert_eq!(left, ["in"], "a failed get leaves no half file");
}
