//! Full disks. Each daemon under test gets its own small file system (needs root for mounting).

use dfs_tests::cluster::Said;
use dfs_tests::{Cluster, Spec, content};
use std::path::Path;
use std::process::Command;

/// A small file system, unmounted at the end.
struct Small(std::path::PathBuf);

impl Small {
    /// Returns `None` if this user may not mount.
    fn mount(at: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(at).expect("make mount point");
        let option = format!("size={size}");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &option, "tmpfs"]).arg(at).output();
        mount.is_ok_and(|output| output.status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

/// Moves a daemon's data onto a small file system.
fn squeeze(cluster: &Cluster, id: &str, size: &str) -> Option<Small> {
    let data = cluster.daemon(id).data_dir;
    cluster.dfsd_ok(&["stop", id]);
    let aside = data.with_extension("aside");
    std::fs::rename(&data, &aside).expect("set aside");
    let small = Small::mount(&data, size);
    let copied = Command::new("cp").arg("-a").arg(aside.join(".")).arg(&data).status().expect("run cp");
    assert!(copied.success());
    cluster.start_daemon(id);
    small
}

#[test]
fn a_full_datanode_is_skipped() {
    let cluster = Cluster::start(Spec::default().datanodes(4).set("DFS_DATANODE_RESERVE", "0B"));
    let Some(_small) = squeeze(&cluster, "datanode-1", "6m") else {
        eprintln!("skipped: mounting is not allowed here");
        return;
    };
    let (local, back) = (cluster.scratch().join("in"), cluster.scratch().join("out"));
    std::fs::write(&local, content::bytes(6, 24 << 20)).expect("write");
    cluster.ok(&["put", local.to_str().expect("UTF-8"), "/big"]);
    cluster.ok(&["get", "/big", back.to_str().expect("UTF-8")]);
    assert!(std::fs::read(&local).expect("read") == std::fs::read(&back).expect("read"));
    assert!(cluster.daemon("datanode-1").pid.is_some(), "a full disk does not kill a datanode");
}

#[test]
fn a_full_master_still_serves_reads_and_recovers() {
    let cluster = Cluster::start(Spec::default().set("DFS_MASTER_LOG_SEGMENT", "1MiB"));
    cluster.ok(&["mkdir", "/before"]);
    let Some(_small) = squeeze(&cluster, "master-1", "12m") else {
        eprintln!("skipped: mounting is not allowed here");
        return;
    };
    cluster.wait_for("writes", || cluster.shell(&["mkdir", "-p", "/well"]).code == 0);
    let data = cluster.daemon("master-1").data_dir;
    let filler = data.join("filler");
    // Fill the disk completely; cp fails at the end, as expected.
    let _ = Command::new("dd").args(["if=/dev/zero", "bs=64k"]).arg(format!("of={}", filler.display())).output();
    let said = fill_the_log(&cluster);
    assert_eq!(said.code, 6, "{said:?}");
    assert!(said.stderr.contains("full"), "{said:?}");
    let status = cluster.json(&["status"]);
    let findings = status["findings"].to_string();
    assert_eq!(status["health"], "critical", "{status}");
    assert!(findings.contains("the disk of master-1 is full"), "{findings}");
    assert!(findings.contains(&format!("until 2.0 MiB are free in {}", data.display())), "{findings}");
    cluster.ok(&["stat", "/before"]);
    assert!(cluster.daemon("master-1").pid.is_some(), "a full disk does not kill a master");
    std::fs::remove_file(&filler).expect("make room");
    cluster.wait_for("writes", || cluster.shell(&["mkdir", "-p", "/after"]).code == 0);
    cluster.wait_for("health", || cluster.json(&["status"])["health"] != "critical");
    cluster.kill("master-1");
    cluster.start_daemon("master-1");
    cluster.ok(&["stat", "/after"]);
}

/// Runs long commands, one after another, until one is refused.
fn fill_the_log(cluster: &Cluster) -> Said {
    let lines: Vec<_> = (0..20_000).map(|index| format!("mkdir /{index}-{}\n", "y".repeat(230))).collect();
    let path = cluster.scratch().join("fill.dfs");
    std::fs::write(&path, lines.concat()).expect("write");
    cluster.shell(&["--timeout", "2s", "-f", path.to_str().expect("UTF-8")])
}
