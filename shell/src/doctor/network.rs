//! Who answers, how quickly, and by which clock.

use super::{Area, Check};
use crate::base::probe;
use dfs_client::{Identity, NodeAddress, NodeState, NodeStatus};
use dfs_daemon::local::{self, DaemonStatus};
use dfs_term::figures::{apart, latency, plural};
use dfs_types::{DatanodeId, Error, Protection, Result};
use futures::StreamExt;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Datanodes that are asked at the same time.
const PROBES_MAX: usize = 32;
/// Clocks further apart than this are worth a look: times of files go by them.
const SKEW_WARNING: Duration = Duration::from_secs(2);
/// Permissions for chunks live for minutes: with clocks this far apart they are refused.
const SKEW_BAD: Duration = Duration::from_secs(60);
/// An empty call that takes longer makes every command slow.
const SLOW: Duration = Duration::from_millis(250);

/// The daemons of the local cluster: all should run, but for datanodes that were drained.
pub(crate) fn daemons(daemons: &[DaemonStatus], nodes: &[NodeStatus]) -> Vec<Check> {
    let check = |daemon: &DaemonStatus| {
        let (id, state) = (daemon.id.to_string(), daemon.state.as_str());
        let drained = nodes.iter().any(|node| node.is_drained() && node.id.to_string() == id);
        match daemon.pid {
            Some(pid) => Check::ok(Area::Network, id, format!("{state}, process {pid}")),
            None if drained => Check::ok(Area::Network, id, format!("{state}; it was drained before")),
            None => {
                let why = format!("{state}; its log is {}", daemon.log.display());
                Check::bad(Area::Network, &id, why, format!("dfsd start {id}"))
            }
        }
    };
    daemons.iter().map(check).collect()
}

/// Whether the local cluster knows this address, and what starts what listens there.
fn starts(daemons: &[DaemonStatus], address: SocketAddr) -> Option<String> {
    daemons.iter().find(|daemon| daemon.address == Some(address)).map(|daemon| format!("dfsd start {}", daemon.id))
}

/// Each master: whether and how quickly it answers, and its clock. Also whether any did.
pub(crate) async fn masters(
    identity: &Identity,
    addresses: &[SocketAddr],
    daemons: &[DaemonStatus],
) -> (Vec<Check>, bool) {
    let probes =
        addresses.iter().map(|address| async move { (*address, probe::master(identity, &address.to_string()).await) });
    let answers: Vec<_> = futures::stream::iter(probes).buffered(PROBES_MAX).collect().await;
    let mut checks = Vec::new();
    let mut any = false;
    for (address, answer) in answers {
        let name = format!("master {address}");
        match answer {
            Ok(answer) => {
                any = true;
                checks.push(round_trip(name, answer.round_trip));
                // The answer was written half a round trip ago.
                let theirs = UNIX_EPOCH + Duration::from_millis(answer.status.taken_at.0) + answer.round_trip / 2;
                checks.push(clock(&format!("master {address}"), signed_ms(theirs, SystemTime::now())));
            }
            Err(error) => {
                let mend = starts(daemons, address);
                checks.push(silent(
                    name,
                    &error,
                    mend.unwrap_or_else(|| "start it on its machine: dfsd master".into()),
                ));
            }
        }
    }
    (checks, any)
}

/// How far `theirs` is ahead of `ours`, in milliseconds.
fn signed_ms(theirs: SystemTime, ours: SystemTime) -> i64 {
    let ms = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    theirs.duration_since(ours).map_or_else(|behind| -ms(behind.duration()), ms)
}

fn silent(name: String, error: &Error, mend: String) -> Check {
    Check::bad(Area::Network, name, error.message.clone(), mend)
}

fn round_trip(name: String, took: Duration) -> Check {
    let why = format!("answers in {}", latency(took));
    if took < SLOW {
        Check::ok(Area::Network, name, why)
    } else {
        Check::warning(Area::Network, name, format!("{why}: every command waits for that"), "ping its machine")
    }
}

fn clock(whose: &str, ahead_ms: i64) -> Check {
    let name = format!("clock of {whose}");
    let off = Duration::from_millis(ahead_ms.unsigned_abs());
    let side = if ahead_ms < 0 { "behind" } else { "ahead" };
    let why = format!("{} {side}", apart(ahead_ms));
    let mend = "timedatectl set-ntp true, on the machine whose clock is wrong";
    match off {
        _ if off < SKEW_WARNING => Check::ok(Area::Network, name, why),
        _ if off < SKEW_BAD => Check::warning(Area::Network, name, why, mend),
        _ => Check::bad(Area::Network, name, format!("{why}: permissions for chunks count as expired"), mend),
    }
}

/// The datanodes: those that do not answer, or whose clock is off, one by one; the others in a line.
pub(crate) async fn datanodes(
    identity: &Identity,
    nodes: &[NodeStatus],
    protection: Protection,
    daemons: &[DaemonStatus],
) -> Vec<Check> {
    // One that was drained and stopped is not expected to answer.
    let expected: Vec<&NodeStatus> =
        nodes.iter().filter(|node| node.state != NodeState::Dead || !node.is_drained()).collect();
    let probes = expected.iter().copied().map(|node| async move {
        let address = NodeAddress { id: node.id, address: node.address };
        (node, probe::datanode(identity, address, protection).await)
    });
    let answers: Vec<_> = futures::stream::iter(probes).buffered(PROBES_MAX).collect().await;
    let mut checks: Vec<Check> = summary(expected.len(), &answers).into_iter().collect();
    for (node, answer) in &answers {
        if let Err(error) = answer {
            let mend = starts(daemons, node.address).unwrap_or_else(|| format!("why {}", node.id));
            checks.push(silent(node.id.to_string(), error, mend));
        }
    }
    let live = nodes.iter().filter(|node| node.state == NodeState::Live);
    let clocks: Vec<Check> = live.map(|node| clock(&node.id.to_string(), node.skew_ms)).collect();
    match clocks.iter().all(|check| check.mend.is_none()) {
        true if clocks.is_empty() => {}
        true => {
            let why = format!("within {} of the master's", latency(SKEW_WARNING));
            checks.push(Check::ok(Area::Network, "clocks of datanodes", why));
        }
        false => checks.extend(clocks.into_iter().filter(|check| check.mend.is_some())),
    }
    checks
}

fn summary(all: usize, answers: &[(&NodeStatus, Result<Duration>)]) -> Option<Check> {
    let took = |(node, answer): &(&NodeStatus, Result<Duration>)| Some((*answer.as_ref().ok()?, node.id));
    let slowest: Option<(Duration, DatanodeId)> = answers.iter().filter_map(took).max();
    let answered = answers.iter().filter(|(_, answer)| answer.is_ok()).count();
    let (took, id) = slowest?;
    let of = plural(all as u64, "datanode", "datanodes");
    let why = format!("{answered} of {of} take a connection, the slowest in {} ({id})", latency(took));
    Some(Check::ok(Area::Network, "datanodes", why))
}

/// The daemons of the local cluster of this user.
pub(crate) fn local_daemons(directories: &dfs_config::Directories) -> Vec<DaemonStatus> {
    local::status(directories).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn clocks_and_round_trips_are_judged() {
        let verdicts = [0, -1_900, 2_100, -59_000, 61_000].map(|ms| clock("x", ms).verdict);
        assert_eq!(verdicts, [Verdict::Ok, Verdict::Ok, Verdict::Warning, Verdict::Warning, Verdict::Bad]);
        assert!(clock("x", -3_000).why.ends_with("behind"));
        assert_eq!(round_trip("x".into(), Duration::from_millis(1)).verdict, Verdict::Ok);
        assert_eq!(round_trip("x".into(), Duration::from_secs(1)).verdict, Verdict::Warning);
    }

    #[test]
    fn signs_of_skew() {
        let now = SystemTime::now();
        assert_eq!(signed_ms(now + Duration::from_millis(5), now), 5);
        assert_eq!(signed_ms(now - Duration::from_millis(7), now), -7);
    }
}
