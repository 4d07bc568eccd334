//! Links to masters: starts, reports, refusals.

use super::*;

#[test]
fn what_is_stored_is_told_at_once_and_again_after_a_restart() {
    let (cluster, folder) = (Cluster::start(), tempfile::tempdir().expect("temp folder"));
    let mut node = cluster.node(1, folder.path());
    cluster.put(&node, 7, &data());
    cluster.wait_for(&node, "told", |known| known.chunks == [7]);
    node.stop();
    cluster.master.change(|heard| heard.nodes.clear());
    let node = cluster.node(1, folder.path());
    cluster.wait_for(&node, "reported", |known| known.chunks == [7]);
}

#[test]
fn a_link_that_is_refused_is_made_anew_with_a_full_report() {
    let (cluster, folder) = (Cluster::start(), tempfile::tempdir().expect("temp folder"));
    let node = cluster.node(1, folder.path());
    cluster.put(&node, 7, &data());
    cluster.wait_for(&node, "told", |known| known.chunks == [7]);
    cluster.master.change(|heard| {
        heard.nodes.clear();
        heard.refuse = 1;
    });
    cluster.wait_for(&node, "registered again and reported", |known| known.registered == 1 && known.chunks == [7]);
}

#[test]
fn a_datanode_starts_only_as_itself_and_once() {
    let (cluster, folder) = (Cluster::start(), tempfile::tempdir().expect("temp folder"));
    let options = |id, folder: &Path| cluster.options(id, folder, |_| ());
    let posing = DatanodeOptions { id: DatanodeId(2), ..options(1, folder.path()) };
    let error = run(posing, CancellationToken::new()).expect_err("another's credential");
    assert_eq!(error.to_string(), "the credential is of datanode-1, not of datanode-2");
    let _node = cluster.node(1, folder.path());
    let error = run(options(1, folder.path()), CancellationToken::new()).expect_err("twice");
    assert!(error.to_string().contains("is in use by another process (pid "), "{error}");
}
