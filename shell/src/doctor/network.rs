//! Checks reachability, latency and clocks.

use super::findings::{self, Silent};
use super::{Area, Check};
use crate::base::probe;
use dfs_client::{Identity, NodeAddress, NodeState, NodeStatus};
use dfs_daemon::local::{self, DaemonStatus, State};
use dfs_diagnosis::{SKEW_MAX_MS, names};
use dfs_term::figures::{apart, latency, plural};
use dfs_types::{DatanodeId, Error, Protection, Result};
use futures::StreamExt;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The number of datanodes that are probed at the same time.
const PROBES_MAX: usize = 32;
/// Clocks that differ by more than this get a warning, because they determine the times of files.
const SKEW_WARNING: Duration = Duration::from_millis(SKEW_MAX_MS);
/// Permissions for chunks are valid for minutes: with clocks this far apart they are refused.
const SKEW_BAD: Duration = Duration::from_secs(60);
/// A longer round trip of an empty call slows down every command.
const SLOW: Duration = Duration::from_millis(250);

/// Checks the daemons of the local cluster: reports that all run or which are suspended, and lists
/// those that were drained and do not run. Other daemons that do not run are a problem that [`gone`] or the diagnosis reports.
pub(crate) fn daemons(daemons: &[DaemonStatus], nodes: &[NodeStatus]) -> Vec<Check> {
    let drained = |daemon: &DaemonStatus| {
        nodes.iter().any(|node| node.is_drained() && node.id.to_string() == daemon.id.to_string())
    };
    let idle: Vec<&DaemonStatus> = daemons.iter().filter(|daemon| daemon.pid.is_none()).collect();
    let mut checks = Vec::new();
    if !daemons.is_empty() && idle.is_empty() {
        let all = plural(daemons.len() as u64, "daemon", "daemons");
        let suspended: Vec<String> = daemons
            .iter()
            .filter(|daemon| daemon.state == State::Suspended)
            .map(|daemon| daemon.id.to_string())
            .collect();
        let how = match suspended.as_slice() {
            [] => "and all run".to_owned(),
            [_] => format!("of which {} is suspended", names(&suspended)),
            _ => format!("of which {} are suspended", names(&suspended)),
        };
        checks.push(Check::ok(Area::Network, "processes", format!("the local cluster has {all}, {how}")));
    }
    checks.extend(idle.into_iter().filter(|daemon| drained(daemon)).map(|daemon| {
        let why = format!("{}; it was drained before", daemon.state.as_str());
        Check::ok(Area::Network, daemon.id.to_string(), why)
    }));
    checks
}

/// Returns one problem, with one command that fixes it, for datanodes that the masters count as
/// live but whose processes do not run or are suspended.
pub(crate) fn gone(daemons: &[DaemonStatus], nodes: &[NodeStatus]) -> Option<Check> {
    // One that was drained was stopped on purpose.
    let is_missed = |node: &NodeStatus| !findings::is_told(node) && !node.is_drained();
    let is_live = |id: &str| nodes.iter().any(|node| node.id.to_string() == id && is_missed(node));
    let gone: Vec<&DaemonStatus> = daemons
        .iter()
        .filter(|daemon| !matches!(daemon.state, State::Running | State::Starting) && is_live(&daemon.id.to_string()))
        .collect();
    let first = gone.first()?;
    let ids: Vec<String> = gone.iter().map(|daemon| daemon.id.to_string()).collect();
    let same = gone.iter().all(|daemon| daemon.state == first.state);
    let how = match first.state {
        State::Crashed if same => "crashed",
        State::Suspended if same => "suspended",
        _ if same => "stopped",
        _ => "not running",
    };
    let what = format!("{how}; the master has not noticed yet; log {}", first.log.display());
    let fix = match (gone.as_slice(), first.state) {
        ([one], State::Suspended) => format!("dfsd restart {}", one.id),
        ([one], _) => format!("dfsd start {}", one.id),
        // `dfsd up` refuses while one of them is suspended.
        (all, _) if all.iter().any(|daemon| daemon.state == State::Suspended) => "dfsd restart".to_owned(),
        _ => "dfsd up".to_owned(),
    };
    Some(Check::bad(Area::Network, names(&ids), what, fix))
}

/// The result of probing the masters.
pub(crate) struct Masters {
    pub checks: Vec<Check>,
    /// True if a master answered.
    pub any: bool,
    /// The errors of the addresses that did not answer.
    pub silent: Vec<Error>,
}

/// Probes each master: reachability, latency and clock. If none answers, that is one problem, which
/// the caller reports.
pub(crate) async fn masters(identity: &Identity, addresses: &[SocketAddr]) -> Masters {
    let probes =
        addresses.iter().map(|address| async move { (*address, probe::master(identity, &address.to_string()).await) });
    let answers: Vec<_> = futures::stream::iter(probes).buffered(PROBES_MAX).collect().await;
    let any = answers.iter().any(|(_, answer)| answer.is_ok());
    let (mut checks, mut silent) = (Vec::new(), Vec::new());
    for (address, answer) in answers {
        let name = format!("master {address}");
        match answer {
            Ok(answer) => {
                checks.push(round_trip(name, answer.round_trip));
                // The answer was written half a round trip ago.
                let theirs = UNIX_EPOCH + Duration::from_millis(answer.status.taken_at.0) + answer.round_trip / 2;
                checks.push(clock(&format!("master {address}"), signed_ms(theirs, SystemTime::now())));
            }
            Err(error) if any => {
                checks.push(Check::bad(Area::Network, name, error.message, "start it on its machine: dfsd master"));
            }
            Err(error) => silent.push(error),
        }
    }
    Masters { checks, any, silent }
}

/// Returns by how many milliseconds `theirs` is ahead of `ours`.
fn signed_ms(theirs: SystemTime, ours: SystemTime) -> i64 {
    let ms = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    theirs.duration_since(ours).map_or_else(|behind| -ms(behind.duration()), ms)
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
    let fix = "timedatectl set-ntp true, on the machine whose clock is wrong";
    match off {
        _ if off < SKEW_WARNING => Check::ok(Area::Network, name, why),
        _ if off < SKEW_BAD => Check::warning(Area::Network, name, why, fix),
        _ => Check::bad(Area::Network, name, format!("{why}: permissions for chunks count as expired"), fix),
    }
}

/// Probes the datanodes. Counts those that accept a connection, and reports those that do not
/// although the master receives their heartbeats. Also returns the reasons of all that do not, for
/// the findings of the diagnosis.
pub(crate) async fn datanodes(
    identity: &Identity,
    nodes: &[NodeStatus],
    protection: Protection,
    daemons: &[DaemonStatus],
) -> (Vec<Check>, Silent) {
    // A datanode that was drained and stopped is not expected to answer.
    let expected: Vec<&NodeStatus> =
        nodes.iter().filter(|node| node.state != NodeState::Dead || !node.is_drained()).collect();
    let probes = expected.iter().copied().map(|node| async move {
        let address = NodeAddress { id: node.id, address: node.address };
        (node, probe::datanode(identity, address, protection).await)
    });
    let answers: Vec<_> = futures::stream::iter(probes).buffered(PROBES_MAX).collect().await;
    let mut checks: Vec<Check> = summary(expected.len(), &answers).into_iter().collect();
    let mut silent = Silent::new();
    let runs = |node: &NodeStatus| {
        let own = daemons.iter().find(|daemon| daemon.id.to_string() == node.id.to_string());
        own.is_none_or(|daemon| matches!(daemon.state, State::Running | State::Starting))
    };
    for (node, answer) in &answers {
        let Err(error) = answer else { continue };
        silent.insert(node.id, error.message.clone());
        if !findings::is_told(node) && runs(node) {
            let fix = if daemons.is_empty() { format!("why {}", node.id) } else { format!("dfsd restart {}", node.id) };
            checks.push(Check::bad(Area::Network, node.id.to_string(), error.message.clone(), fix));
        }
    }
    let live = nodes.iter().filter(|node| node.state == NodeState::Live);
    let skews: Vec<u64> = live.map(|node| node.skew_ms.unsigned_abs()).collect();
    if !skews.is_empty() && skews.iter().all(|skew_ms| *skew_ms <= SKEW_MAX_MS) {
        let why = format!("within {} of the master's", latency(SKEW_WARNING));
        checks.push(Check::ok(Area::Network, "clocks of datanodes", why));
    }
    (checks, silent)
}

fn summary(all: usize, answers: &[(&NodeStatus, Result<Duration>)]) -> Option<Check> {
    let took = |(node, answer): &(&NodeStatus, Result<Duration>)| Some((*answer.as_ref().ok()?, node.id));
    let slowest: Option<(Duration, DatanodeId)> = answers.iter().filter_map(took).max();
    let answered = answers.iter().filter(|(_, answer)| answer.is_ok()).count();
    let (took, id) = slowest?;
    let of = plural(all as u64, "datanode", "datanodes");
    let why = format!("{answered} of {of} accept connections, the slowest in {} ({id})", latency(took));
    Some(Check::ok(Area::Network, "datanodes", why))
}

/// Returns the daemons of the local cluster of this user.
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
    fn one_command_brings_back_what_the_master_still_counts_as_live() {
        use dfs_types::AdminState;
        let daemon = |(id, state): &(&str, State)| DaemonStatus {
            id: id.parse().expect("an id"),
            role: "datanode",
            pid: None,
            address: None,
            http: None,
            state: *state,
            data_dir: "/data".into(),
            log: "/log".into(),
        };
        let node = |number| NodeStatus::new(DatanodeId(number), ([127, 0, 0, 1], 4000).into());
        let mut nodes = [node(1), node(2)];
        nodes.iter_mut().for_each(|node| node.state = NodeState::Live);
        let fix = |states: &[(&str, State)], nodes: &[NodeStatus]| {
            gone(&states.iter().map(daemon).collect::<Vec<_>>(), nodes).and_then(|check| check.fix)
        };
        let (one, two) = ("datanode-1", "datanode-2");
        for (states, expected) in [
            ([(one, State::Crashed), (two, State::Running)], Some("dfsd start datanode-1")),
            ([(one, State::Suspended), (two, State::Running)], Some("dfsd restart datanode-1")),
            ([(one, State::Crashed), (two, State::Stopped)], Some("dfsd up")),
            ([(one, State::Crashed), (two, State::Suspended)], Some("dfsd restart")),
            ([(one, State::Running), (two, State::Running)], None),
        ] {
            assert_eq!(fix(&states, &nodes).as_deref(), expected, "{states:?}");
        }
        // It was drained, and stopped on purpose.
        (nodes[1].admin_state, nodes[1].left) = (AdminState::Draining, Some(0));
        assert_eq!(fix(&[(two, State::Stopped)], &nodes), None);
    }

    #[test]
    fn a_suspended_process_does_not_run() {
        let daemon = |(number, state)| DaemonStatus {
            id: format!("datanode-{number}").parse().expect("an id"),
            role: "datanode",
            pid: Some(number),
            address: None,
            http: None,
            state,
            data_dir: "/data".into(),
            log: "/log".into(),
        };
        for (states, expected) in [
            ([State::Running, State::Running], "the local cluster has 2 daemons, and all run"),
            ([State::Running, State::Suspended], "the local cluster has 2 daemons, of which datanode-2 is suspended"),
        ] {
            let all: Vec<_> = (1..).zip(states).map(daemon).collect();
            assert_eq!(daemons(&all, &[]).first().map(|check| check.why.as_str()), Some(expected));
        }
    }

    #[test]
    fn signs_of_skew() {
        let now = SystemTime::now();
        assert_eq!(signed_ms(now + Duration::from_millis(5), now), 5);
        assert_eq!(signed_ms(now - Duration::from_millis(7), now), -7);
    }
}
