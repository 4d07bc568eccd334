//! Tests of the view of the cluster and of the events, as a dashboard requests them.

use super::harness::{Answer, Cluster, context, load, path, put, request, suspect, until};
use dfs_rpc::curve::Second;
use dfs_rpc::services::UserClient;
use dfs_rpc::view::{ClusterView, Severity, ViewVersion};
use dfs_rpc::wire::SafeModeChange;
use dfs_types::DatanodeId;
use std::cell::Cell;

/// The maximum number of changes that a master makes at its start without any caller: it sets up
/// the cluster and reserves ids.
const OWN_CHANGES_MAX: u64 = 5;

async fn view(user: &UserClient, since: Option<ViewVersion>) -> ClusterView {
    ClusterView::decode(&user.cluster.view(context(), since).await.answer().expect("a view")).expect("reads")
}

/// Returns the events of a datanode, or with none those of the cluster.
async fn texts(user: &UserClient, node: Option<u16>) -> Vec<String> {
    let events = view(user, None).await.events;
    events.into_iter().filter(|event| event.node == node.map(DatanodeId)).map(|event| event.text).collect()
}

#[tokio::test]
async fn a_second_call_carries_what_has_changed() {
    let mut cluster = Cluster::new();
    // No datanode becomes stale here, however slow the machine is.
    cluster.settings.dead_after = std::time::Duration::from_secs(600);
    cluster.settings.heartbeat = std::time::Duration::from_secs(300);
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let [_a, b, _c] = cluster.datanodes(&master).await;
    let last = Cell::new(view(&ann, None).await.version);
    until("all have registered, and their events are written", async || {
        let news = view(&ann, Some(last.get())).await;
        let quiet = news.version != last.get() && news.nodes.is_empty() && news.events.is_empty();
        assert_eq!(news.since, Some(last.replace(news.version)));
        quiet && news.status.nodes_live == 3
    })
    .await;
    let last = last.get();
    let mut news = b.news();
    news.load.bytes_read = 4711;
    b.heartbeat(news).await;
    until("the heartbeat shows", async || {
        let news = view(&ann, Some(last)).await;
        let [node] = &news.nodes[..] else { return false };
        (node.id, node.load.bytes_read) == (DatanodeId(2), 4711) && news.since == Some(last)
    })
    .await;
    assert_eq!(view(&ann, None).await.nodes.len(), 3);
    drop(master);
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let whole = view(&ann, Some(last)).await;
    assert_eq!(whole.since, None, "a version of another master, so the full view");
    assert_ne!(whole.version.epoch, last.epoch);
}

#[tokio::test]
async fn the_seconds_since_the_start_are_reported() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let nodes = cluster.datanodes(&master).await;
    let (files, read) = (Cell::new(0), Cell::new(0));
    until("the rates and the missing replicas are known", async || {
        files.set(files.get() + 1);
        put(&ann, &format!("/{}", files.get()), &nodes.each_ref()).await;
        read.set(read.get() + 1_000_000);
        for node in &nodes {
            let mut news = node.news();
            (news.load.bytes_read, news.load.directories[0].used) = (read.get(), 7);
            node.heartbeat(news).await;
        }
        let known = |second: &Second| second.rates.is_some_and(|rates| rates.read > 0.0 && rates.written == 0.0);
        let curve = view(&ann, None).await.curve;
        let changed = curve.iter().flatten().any(|second| second.changes.is_some_and(|changes| changes > 0.0));
        let last = curve.last().copied().flatten();
        changed && last.is_some_and(|last| known(&last) && (last.missing_replicas, last.used) == (Some(0), 21))
    })
    .await;
    let whole = view(&ann, None).await;
    assert_eq!(whole.curve.first().copied().flatten().map(|first| (first.rates, first.changes)), Some((None, None)));
    // A client that has earlier seconds receives only the new ones.
    until("a second passes", async || {
        let news = view(&ann, Some(whole.version)).await;
        assert!(news.since == Some(whole.version) && news.curve.len() < view(&ann, None).await.curve.len());
        !news.curve.is_empty()
    })
    .await;
}

#[tokio::test]
async fn the_log_and_the_replicas_are_reported() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let nodes = cluster.datanodes(&master).await;
    put(&ann, "/file", &nodes.each_ref()).await;
    // Chunks are counted again when something happens to datanodes.
    let _fourth = cluster.datanode(&master, 4, &[]).await;
    until("one chunk with its three replicas", async || {
        for node in &nodes {
            node.heartbeat(node.news()).await;
        }
        let cells = view(&ann, None).await.copies;
        cells.iter().map(|cell| (cell.wanted, cell.live, cell.chunks)).eq([(3, 3, 1)])
    })
    .await;
    let view = view(&ann, None).await;
    assert_eq!(view.status.leader, Some(dfs_types::MasterId(1)));
    let log = view.log;
    assert!(log.last > 0 && log.committed == log.last && log.applied == log.last, "{log:?}");
    assert!(log.changes > 0 && log.syncs > 0 && log.sync_us >= log.sync_us_max && log.sync_us_max > 0, "{log:?}");
    assert_eq!(log.elections, 0, "the first leader is the first one that this master knows");
}

#[tokio::test]
async fn what_is_replayed_at_a_start_is_not_counted_as_changes_since() {
    let cluster = Cluster::new();
    for made in 1..=3 {
        let master = cluster.start();
        let ann = cluster.user(&master, "ann").await;
        let before = view(&ann, None).await.log.changes;
        for number in 0..made {
            let path = path(&format!("/{made}-{number}"));
            assert_eq!(ann.files.mkdir(context(), request(), path, false).await.answer(), Ok(()));
        }
        until("the new changes alone", async || view(&ann, None).await.log.changes >= before + made).await;
        let log = view(&ann, None).await.log;
        assert!(log.changes <= made + OWN_CHANGES_MAX, "{log:?}");
        // More than a start makes without any caller.
        for number in 0..2 * OWN_CHANGES_MAX {
            let path = path(&format!("/{made}-more-{number}"));
            assert_eq!(ann.files.mkdir(context(), request(), path, false).await.answer(), Ok(()));
        }
        master.stop();
    }
}

#[tokio::test]
async fn a_datanode_that_dies_and_returns_has_events() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let [a, b, c] = cluster.datanodes(&master).await;
    put(&ann, "/file", &[&a, &b, &c]).await;
    drop(c);
    until("dead, and back", async || {
        for node in [&a, &b] {
            node.heartbeat(node.news()).await;
        }
        texts(&ann, Some(3)).await.len() >= 3
    })
    .await;
    let _c = cluster.datanode(&master, 3, &[]).await;
    until("the events are written", async || texts(&ann, Some(3)).await.len() >= 4).await;
    let found = texts(&ann, Some(3)).await;
    assert_eq!(found[0], "registered at 127.0.0.1:10003, version test");
    assert_eq!(found[1], "lost the connection (stale)");
    assert!(
        found[2].starts_with("declared dead: no heartbeat for ") && found[2].ends_with("; 1 chunk lost a replica"),
        "{found:?}"
    );
    assert!(found[3].starts_with("registered again after "), "{found:?}");
    let cluster = texts(&ann, None).await;
    assert!(cluster[0].starts_with("master-1 started"), "{cluster:?}");
    assert!(cluster.iter().any(|text| text.starts_with("master-1 became the leader in term ")), "{cluster:?}");
    assert!(cluster.iter().any(|text| text.starts_with("safe mode ended")), "{cluster:?}");
}

#[tokio::test]
async fn corruption_disks_and_safe_mode_are_reported_once() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let [a, b, c] = cluster.datanodes(&master).await;
    let mut chunks = Vec::new();
    for number in 0..5 {
        chunks.push(put(&ann, &format!("/{number}"), &[&a, &b, &c]).await.1);
    }
    for _ in 0..3 {
        let mut news = a.news();
        news.added = chunks.iter().map(|chunk| suspect(*chunk)).collect();
        news.load = load(1 << 40);
        news.load.directories[0].failed = true;
        a.heartbeat(news).await;
        let mut news = b.news();
        news.load.directories[0].used = 99 << 33;
        news.load.directories[0].free = 1 << 33;
        b.heartbeat(news).await;
    }
    let enter = SafeModeChange::Enter { reason: "the cooling is out".into() };
    ann.admin.set_safe_mode(context(), enter).await.answer().expect("entered");
    ann.admin.set_safe_mode(context(), SafeModeChange::Leave).await.answer().expect("left");
    ann.admin.set_safe_mode(context(), SafeModeChange::Leave).await.answer().expect("nothing to leave");
    until("all of it shows", async || texts(&ann, None).await.iter().any(|text| text == "ann ended safe mode")).await;
    let events = view(&ann, None).await.events;
    let found = |severity: Severity, text: &str| {
        let same = events.iter().filter(|event| event.text == text && event.severity == severity);
        same.map(|event| event.node.map(|id| id.0)).collect::<Vec<_>>()
    };
    let damage = format!("found its replicas of 5 chunks corrupt, among them chunk {}", chunks[0]);
    assert_eq!(found(Severity::Warning, &damage), [Some(1)]);
    assert_eq!(found(Severity::Error, "data directory /data failed"), [Some(1)]);
    assert_eq!(found(Severity::Warning, "99 % full: data directory /data"), [Some(2)]);
    assert_eq!(found(Severity::Warning, "ann entered safe mode: the cooling is out"), [None]);
    assert_eq!(found(Severity::Info, "ann ended safe mode"), [None]);
    assert!(events.windows(2).all(|pair| pair[1].number == pair[0].number + 1), "{events:?}");
}
