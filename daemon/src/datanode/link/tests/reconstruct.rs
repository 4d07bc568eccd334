//! Tests that corrupt replicas are reconstructed from each other.

use super::*;

/// Three corrupt replicas that together hold every block, one of them with a corrupt header, are
/// all reconstructed.
#[test]
fn corrupt_replicas_are_reconstructed_from_each_other() {
    let cluster = Cluster::start();
    let directories: Vec<_> = (0..3).map(|_| tempfile::tempdir().expect("temp directory")).collect();
    let nodes: Vec<_> = (1..).zip(&directories).map(|(id, directory)| cluster.node(id, directory.path())).collect();
    nodes.iter().for_each(|node| cluster.put(node, 7, &data()));
    // Data begins at 4,096; blocks are 65,536 bytes long.
    for (directory, places) in directories.iter().zip([&[5_000, 70][..], &[80_000, 140_000], &[140_100, 5_100]]) {
        flip(directory.path(), 7, places);
    }
    nodes.iter().for_each(|node| cluster.find_suspect(node));
    cluster.reconstructs(&nodes[0], &[&nodes[1], &nodes[2]]);
}

/// The datanode with the order has lost its file, another replica has a corrupt header, the third
/// one is cut off: together they hold all blocks.
#[test]
fn what_is_left_is_served_for_reconstruction() {
    let cluster = Cluster::start();
    let directories: Vec<_> = (0..3).map(|_| tempfile::tempdir().expect("temp directory")).collect();
    let nodes: Vec<_> = (1..).zip(&directories).map(|(id, directory)| cluster.node(id, directory.path())).collect();
    nodes.iter().for_each(|node| cluster.put(node, 7, &data()));
    let name = dfs_logic::chunk_file::file_name(chunk(7).key());
    let files: Vec<_> = directories.iter().map(|directory| directory.path().join("chunks/07").join(&name)).collect();
    std::fs::remove_file(&files[0]).expect("remove");
    flip(directories[1].path(), 7, &[70, 5_000]);
    std::fs::OpenOptions::new().write(true).open(&files[2]).expect("open").set_len(4_096 + 65_536).expect("cut");
    nodes.iter().for_each(|node| cluster.find_suspect(node));
    cluster.reconstructs(&nodes[0], &[&nodes[1], &nodes[2]]);
}

/// All bytes are there; the file ends after the last of them, before the end of its last 4 KiB.
#[test]
fn a_replica_that_has_lost_its_padding_is_reconstructed_from_itself() {
    let cluster = Cluster::start();
    let directory = tempfile::tempdir().expect("temp directory");
    let node = cluster.node(1, directory.path());
    cluster.put(&node, 7, &data());
    let file = directory.path().join("chunks/07").join(dfs_logic::chunk_file::file_name(chunk(7).key()));
    let begin = std::fs::metadata(&file).expect("file").len() - data().len().next_multiple_of(4_096) as u64;
    let file = std::fs::OpenOptions::new().write(true).open(&file).expect("open");
    file.set_len(begin + data().len() as u64).expect("cut");
    cluster.find_suspect(&node);
    cluster.reconstructs(&node, &[]);
}

/// The masters had a replica quarantined because there were enough verified ones on other
/// datanodes; then those became corrupt.
#[test]
fn what_is_in_quarantine_is_served_for_reconstruction() {
    let cluster = Cluster::start();
    let directories: Vec<_> = (0..2).map(|_| tempfile::tempdir().expect("temp directory")).collect();
    let nodes: Vec<_> = (1..).zip(&directories).map(|(id, directory)| cluster.node(id, directory.path())).collect();
    nodes.iter().for_each(|node| cluster.put(node, 7, &data()));
    flip(directories[1].path(), 7, &[5_000]);
    cluster.find_suspect(&nodes[1]);
    cluster.order(&nodes[1], vec![Order::Delete { key: chunk(7).key() }]);
    cluster.wait_for(&nodes[1], "quarantined", |known| known.suspect.is_empty() && known.chunks.is_empty());
    // The header, too.
    flip(directories[0].path(), 7, &[70, 200_000]);
    cluster.find_suspect(&nodes[0]);
    cluster.reconstructs(&nodes[0], &[&nodes[1]]);
}

/// If no replica has a good version of a block, nothing is replaced.
#[test]
fn a_replica_that_cannot_be_reconstructed_stays_unchanged() {
    let cluster = Cluster::start();
    let directories: Vec<_> = (0..2).map(|_| tempfile::tempdir().expect("temp directory")).collect();
    let nodes: Vec<_> = (1..).zip(&directories).map(|(id, directory)| cluster.node(id, directory.path())).collect();
    nodes.iter().for_each(|node| cluster.put(node, 7, &data()));
    directories.iter().for_each(|directory| flip(directory.path(), 7, &[5_000]));
    for node in &nodes {
        cluster.order(node, vec![Order::Verify { key: chunk(7).key() }]);
        cluster.wait_for(node, "suspect", |known| known.suspect == [7]);
    }
    let before =
        std::fs::read(directories[0].path().join("chunks/07").join(dfs_logic::chunk_file::file_name(chunk(7).key())));
    let holder = Principal::Datanode(DatanodeId(1));
    let capability = cluster.capability_to(Operation::Read, 7, Some(checksum()), holder, &[&nodes[1]]);
    cluster.order(&nodes[0], vec![Order::Reconstruct { chunk: chunk(7), sources: vec![nodes[1].address], capability }]);
    cluster.wait_for(&nodes[0], "ended", |known| known.copies_ended.contains(&7) && known.suspect == [7]);
    let after =
        std::fs::read(directories[0].path().join("chunks/07").join(dfs_logic::chunk_file::file_name(chunk(7).key())));
    assert!(before.expect("there") == after.expect("still there"));
}
