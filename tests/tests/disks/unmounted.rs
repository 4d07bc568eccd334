//! Missing data directories: disks that were not mounted, or disappeared.

use dfs_tests::{Cluster, Spec, content};

#[test]
fn an_empty_directory_in_place_of_a_datanodes_data_is_accepted_only_explicitly() {
    let cluster = Cluster::start(Spec::default());
    let local = cluster.scratch().join("file");
    content::write(1, 2_500_000, &local);
    cluster.ok(&["put", local.to_str().expect("a path"), "/file"]);
    // The record is with the cluster's own state, so that two clusters of one user do not share it.
    assert!(cluster.home().join("state/datanode-2.directories.json").is_file());
    cluster.dfsd_ok(&["stop", "datanode-2"]);
    let data = cluster.daemon("datanode-2").data_dir;
    let away = data.with_extension("away");
    std::fs::rename(&data, &away).expect("rename");
    std::fs::create_dir(&data).expect("make");
    let said = cluster.dfsd(&["start", "datanode-2"]);
    assert_ne!(said.code, 0, "{said:?}");
    assert!(said.stderr.contains("mount its disk") && said.stderr.contains("--accept-empty"), "{said:?}");
    assert_eq!(std::fs::read_dir(&data).expect("list").count(), 0, "something was created in it");
    // The disk is mounted again.
    std::fs::remove_dir(&data).expect("remove");
    std::fs::rename(&away, &data).expect("rename");
    cluster.start_daemon("datanode-2");
    cluster.wait_for("all replicas are back", || cluster.is_healthy());
    // The disk is lost, and an empty one replaces it.
    cluster.dfsd_ok(&["stop", "datanode-2"]);
    std::fs::remove_dir_all(&data).expect("remove");
    cluster.dfsd_ok(&["start", "datanode-2", "--accept-empty"]);
    cluster.wait_for("the replicas were made again", || {
        cluster.is_healthy() && cluster.chunk_files("datanode-2").len() == 3
    });
    cluster.dfsd_ok(&["restart", "datanode-2"]);
    let refused = cluster.dfsd(&["start", "master-1", "--accept-empty"]);
    assert_eq!(refused.code, 2, "{refused:?}");
}

#[test]
fn a_directory_that_disappears_under_a_running_datanode_is_reported_and_its_chunks_are_copied() {
    let cluster = Cluster::start(Spec::default().datanodes(3).replication(2));
    let local = cluster.scratch().join("file");
    content::write(1, 9_500_000, &local);
    cluster.ok(&["put", local.to_str().expect("a path"), "/file"]);
    let data = cluster.daemon("datanode-3").data_dir;
    assert!(!cluster.chunk_files("datanode-3").is_empty());
    std::fs::rename(&data, data.with_extension("away")).expect("rename");
    cluster.wait_for("the directory is failed", || cluster.ok(&["nodes", "-v"]).contains("its format file is missing"));
    cluster.wait_for("its chunks are on the others", || {
        cluster.is_healthy() && cluster.chunk_files("datanode-1").len() + cluster.chunk_files("datanode-2").len() == 20
    });
    let back = cluster.scratch().join("back");
    cluster.ok(&["get", "/file", back.to_str().expect("a path")]);
    assert!(content::is_same(&local, &back));
    cluster.ok(&["put", local.to_str().expect("a path"), "/more"]);
}
