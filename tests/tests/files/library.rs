//! The example of the client library's docs, on a real cluster.

use dfs_client::{CancellationToken, Client, Dest, GetOptions, Progress, PutOptions, Source};
use dfs_tests::{Cluster, Spec};
use dfs_types::DfsPath;
use std::path::Path;

/// The example in the docs of `dfs_client`, with another destination of the file.
async fn copy_there_and_back(client: &Client, local: &Path) -> dfs_types::Result<()> {
    let (directory, file) = (DfsPath::parse("/notes")?, DfsPath::parse("/notes/today")?);
    client.mkdir(&directory, true).await?;

    let (progress, cancel) = (Progress::new(), CancellationToken::new());
    let source = Source::Bytes("buy milk".into());
    let stat = client.put(source, &file, PutOptions::default(), &progress, &cancel).await?;
    assert_eq!((stat.size, progress.bytes()), (8, 8));

    assert_eq!(client.read_range(&file, 4, 100).await?, b"milk");
    let dest = Dest::File(local.to_owned());
    client.get(&file, dest, GetOptions::default(), &progress, &cancel).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_the_docs_works() {
    let cluster = Cluster::start(Spec::default());
    let local = cluster.scratch().join("today.txt");
    copy_there_and_back(&cluster.client().await, &local).await.expect("there and back");
    assert_eq!(std::fs::read(local).expect("read"), b"buy milk");
}

/// A cancelled transfer leaves no file, neither local nor remote.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_put_leaves_nothing() {
    let cluster = Cluster::start(Spec::default());
    let client = cluster.client().await;
    let file = DfsPath::parse("/never").expect("valid");
    let cancel = CancellationToken::new();
    cancel.cancel();
    let source = Source::Bytes(vec![7; 5 << 20].into());
    let put = client.put(source, &file, PutOptions::default(), &Progress::new(), &cancel).await;
    assert_eq!(put.expect_err("cancelled").code, dfs_types::ErrorCode::Interrupted);
    assert_eq!(client.stat(&file).await.expect_err("nothing there").code, dfs_types::ErrorCode::NotFound);
}
