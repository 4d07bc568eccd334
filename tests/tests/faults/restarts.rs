//! Daemons that stop and start, and whose files were changed in between.

use dfs_daemon::master::log::record;
use dfs_daemon::master::log::segment::{Head, RECORDS_AT};
use dfs_tests::{Cluster, Spec};
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// The number of bytes before the first record of a segment.
const HEAD_BYTES: u64 = 4096;

fn segments(cluster: &Cluster) -> Vec<PathBuf> {
    let directory = cluster.daemon("master-1").data_dir.join("log");
    let files = std::fs::read_dir(directory).expect("log directory").map(|entry| entry.expect("entry").path());
    let mut files: Vec<PathBuf> = files
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("segment-")))
        .collect();
    files.sort();
    files
}

/// Returns the segment with the most records, and the end of its last record.
fn end_of_log(cluster: &Cluster) -> (PathBuf, u64) {
    let written = |path: &PathBuf| {
        let bytes = std::fs::read(path).expect("read segment");
        let mark = Head::decode(path, &bytes).expect("a good head").mark;
        let mut end = RECORDS_AT as usize;
        while let Some(found) = record::find(&bytes[end..], mark) {
            end += found.bytes;
        }
        end as u64
    };
    segments(cluster)
        .into_iter()
        .map(|path| (path.clone(), written(&path)))
        .max_by_key(|(_, end)| *end)
        .expect("a segment")
}

#[test]
fn everything_stops_and_starts_again() {
    let cluster = Cluster::start(Spec::default());
    cluster.ok(&["mkdir", "-p", "/a/b"]);
    let before = cluster.daemons();
    cluster.dfsd_ok(&["down"]);
    assert!(cluster.daemons().iter().all(|daemon| daemon.pid.is_none()));
    assert_eq!(cluster.shell(&["--no-start", "ls", "/"]).code, 3);
    cluster.dfsd_ok(&["up"]);
    assert_eq!(cluster.ok(&["ls", "/a"]).trim(), "b");
    let after = cluster.daemons();
    assert_eq!(after.len(), before.len());
    for (old, new) in before.iter().zip(&after) {
        assert_eq!(old.address, new.address, "ports are remembered");
        assert_ne!(old.pid, new.pid);
    }
    assert!(cluster.dfsd_ok(&["up"]).contains("running") || cluster.dfsd(&["up"]).stderr.contains("running"));
    cluster.dfsd_ok(&["up", "--datanodes", "4"]);
    assert_eq!(cluster.daemons().len(), 5);
    cluster.dfsd_ok(&["restart", "datanode-2"]);
    cluster.dfsd_ok(&["stop", "datanode-2"]);
    assert!(cluster.daemon("datanode-2").pid.is_none());
    cluster.dfsd_ok(&["start", "datanode-2"]);
    assert!(cluster.daemon("datanode-2").pid.is_some());
}

#[test]
fn a_torn_tail_of_the_log_is_truncated() {
    let cluster = Cluster::start(Spec::default());
    cluster.ok(&["mkdir", "/kept"]);
    cluster.kill("master-1");
    let (segment, end) = end_of_log(&cluster);
    // Half a record, as a power cut leaves it.
    let file = OpenOptions::new().write(true).open(segment).expect("open");
    file.write_all_at(&[0x5a; 37], end).expect("write");
    cluster.start_daemon("master-1");
    cluster.ok(&["stat", "/kept"]);
    cluster.wait_for("writes", || cluster.shell(&["mkdir", "-p", "/more"]).code == 0);
}

#[test]
fn corruption_in_the_middle_of_the_log_stops_the_master() {
    let cluster = Cluster::start(Spec::default());
    for name in ["/a", "/b", "/c", "/d"] {
        cluster.ok(&["mkdir", name]);
    }
    cluster.kill("master-1");
    let (segment, end) = end_of_log(&cluster);
    let file = OpenOptions::new().read(true).write(true).open(&segment).expect("open");
    // After the header of the segment, in a record that is followed by others.
    let at = HEAD_BYTES + (end - HEAD_BYTES) / 2;
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).expect("read");
    file.write_all_at(&[byte[0] ^ 0x10], at).expect("write");
    let said = cluster.dfsd(&["start", "master-1"]);
    assert_ne!(said.code, 0, "{said:?}");
    let name = segment.file_name().expect("name").to_string_lossy().into_owned();
    assert!(said.stderr.contains(&name), "it names the file: {said:?}");
    // Restored, it starts again, and nothing was lost.
    file.write_all_at(&byte, at).expect("write");
    cluster.start_daemon("master-1");
    assert_eq!(cluster.ok(&["ls", "/"]).split_whitespace().collect::<Vec<_>>(), ["a", "b", "c", "d"]);
}

#[test]
fn a_data_directory_is_used_by_one_process() {
    let cluster = Cluster::start(Spec::default());
    for id in ["master-1", "datanode-1"] {
        let daemon = cluster.daemon(id);
        let role = id.split('-').next().expect("role");
        let credentials = cluster.home().join("credentials").join(format!("{id}.pem"));
        let data = daemon.data_dir.to_str().expect("UTF-8");
        let masters = cluster.daemon("master-1").address;
        let mut args = vec![role, "--id", id, "--listen", "127.0.0.1:0", "--data-dir", data];
        args.extend(["--credential", credentials.to_str().expect("UTF-8")]);
        if role == "datanode" {
            args.extend(["--masters", &masters]);
        }
        let said = cluster.dfsd(&args);
        assert_ne!(said.code, 0, "{said:?}");
        assert!(said.stderr.contains("in use"), "{said:?}");
    }
}
