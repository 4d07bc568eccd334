//! The end of a put, as the masters observe it.

use crate::cluster::{Cluster, content, path};
use dfs_client::{CancellationToken, Client, Progress, PutOptions, Source};
use dfs_types::{Detail, ErrorCode, Result, Stat};
use std::io::Read;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Longer than anything in these tests takes; reaching it is a failure.
const PATIENCE: Duration = Duration::from_secs(30);

async fn put(client: &Client, source: Source, cancel: &CancellationToken) -> Result<Stat> {
    client.put(source, &path("/f"), PutOptions::default(), &Progress::new(), cancel).await
}

/// Returns a source that delivers two chunks and then blocks until the other end of the pipe is
/// closed.
fn stalls() -> (Source, std::io::PipeWriter) {
    let (rest, held) = std::io::pipe().expect("pipe");
    (Source::Reader(Box::new(std::io::Cursor::new(content(2 << 20)).chain(rest))), held)
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "{what}: not within {PATIENCE:?}");
}

fn abandoned(cluster: &Cluster) -> usize {
    cluster.table.abandoned.lock().expect("lock").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_successful_put_abandons_nothing() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    put(&client, Source::Bytes(content(3 << 20).into()), &CancellationToken::new()).await.expect("put");
    dfs_client::settle().await;
    assert_eq!(abandoned(&cluster), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_put_abandons_its_write() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    let torn = std::io::Cursor::new(content(2 << 20)).chain(Torn);
    let error = put(&client, Source::Reader(Box::new(torn)), &CancellationToken::new()).await.expect_err("torn");
    assert_eq!((error.code, abandoned(&cluster)), (ErrorCode::LocalIo, 1));

    let cancel = CancellationToken::new();
    let (source, _held) = stalls();
    let before = cluster.table.plans.load(Ordering::Relaxed);
    let cancelling = async {
        until("a plan", || cluster.table.plans.load(Ordering::Relaxed) > before).await;
        cancel.cancel();
    };
    let (error, ()) = tokio::join!(put(&client, source, &cancel), cancelling);
    assert_eq!((error.expect_err("cancelled").code, abandoned(&cluster)), (ErrorCode::Interrupted, 2));

    // Nothing was planned, so there is no notification.
    let error = put(&client, Source::File("/nowhere/at/all".into()), &CancellationToken::new()).await;
    assert_eq!((error.expect_err("no file").code, abandoned(&cluster)), (ErrorCode::LocalIo, 2));
}

struct Torn;
impl Read for Torn {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::Error::other("read error"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_that_is_dropped_abandons_its_write_in_the_background() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    let (source, _held) = stalls();
    let cancel = CancellationToken::new();
    tokio::select! {
        ended = put(&client, source, &cancel) => panic!("{ended:?}"),
        () = until("a plan", || cluster.table.plans.load(Ordering::Relaxed) >= 1) => {}
    }
    dfs_client::settle().await;
    assert_eq!(abandoned(&cluster), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_is_renewed_while_it_runs_and_fails_when_its_write_has_expired() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    let (source, held) = stalls();
    let cancel = CancellationToken::new();
    let giving_up = async {
        until("renewals", || cluster.table.renewals.load(Ordering::Relaxed) >= 3).await;
        cluster.table.given_up.store(true, Ordering::Relaxed);
    };
    let (ended, ()) = tokio::join!(put(&client, source, &cancel), giving_up);
    let error = ended.expect_err("the write has expired");
    assert_eq!((error.code, error.detail.as_deref()), (ErrorCode::Timeout, Some(&Detail::WriteGivenUp)));
    drop(held);
}
