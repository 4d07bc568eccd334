//! Tests of links to masters: starts, reports, refusals.

use super::*;

#[test]
fn stored_replicas_are_reported_at_once_and_again_after_a_restart() {
    let (cluster, directory) = (Cluster::start(), tempfile::tempdir().expect("temp directory"));
    let mut node = cluster.node(1, directory.path());
    cluster.put(&node, 7, &data());
    cluster.wait_for(&node, "reported", |known| known.chunks == [7]);
    node.stop();
    cluster.master.change(|received| received.nodes.clear());
    let node = cluster.node(1, directory.path());
    cluster.wait_for(&node, "reported", |known| known.chunks == [7]);
}

#[test]
fn a_link_that_is_refused_is_opened_again_with_a_full_report() {
    let (cluster, directory) = (Cluster::start(), tempfile::tempdir().expect("temp directory"));
    let node = cluster.node(1, directory.path());
    cluster.put(&node, 7, &data());
    cluster.wait_for(&node, "reported", |known| known.chunks == [7]);
    cluster.master.change(|received| {
        received.nodes.clear();
        received.refuse = 1;
    });
    cluster.wait_for(&node, "registered again and reported", |known| known.registered == 1 && known.chunks == [7]);
}

#[test]
fn a_datanode_starts_only_as_itself_and_once() {
    let (cluster, directory) = (Cluster::start(), tempfile::tempdir().expect("temp directory"));
    let options = |id, directory: &Path| cluster.options(id, directory, |_| ());
    let posing = DatanodeOptions { id: DatanodeId(2), ..options(1, directory.path()) };
    let error = run(posing, CancellationToken::new()).expect_err("another's credential");
    assert_eq!(error.to_string(), "the credential is of datanode-1, not of datanode-2");
    let _node = cluster.node(1, directory.path());
    let error = run(options(1, directory.path()), CancellationToken::new()).expect_err("twice");
    assert!(error.to_string().contains("is in use by another process (pid "), "{error}");
}
