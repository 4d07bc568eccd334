//! The status screen.

use dfs_diagnosis::{Finding, Observation, findings, health, names, room, unfinished};
use dfs_term::figures::{age, count, percent, plural, size, time_seconds};
use dfs_term::report::{Tone, View};
use dfs_term::text::{sanitise, wrap};
use dfs_tui::nodes;
use dfs_types::Timestamp;
use jiff::tz::TimeZone;
use std::fmt::Write as _;
use std::time::Duration;

/// The column of the values.
const INDENT: usize = 12;

/// Returns the whole screen.
pub(super) fn screen(seen: &Observation<'_>, zone: &TimeZone, view: &View) -> String {
    let status = seen.status;
    let found = findings(seen);
    let health = health(&found);
    let grade = health.grade.sign();
    let grade = view.paint(health.grade.tone(), &grade);
    let reason = match &health.reason {
        Some(reason) => sanitise(reason).into_owned(),
        None if seen.silent().is_empty() => "every chunk has all its replicas, every datanode is reporting".to_owned(),
        None => "every chunk has all its replicas".to_owned(),
    };
    let mut text = String::new();
    line(&mut text, "health", &format!("{grade}: {reason}"), view);
    line(&mut text, "view", &trust(seen, zone), view);
    let (used, capacity) = (size(status.used), size(status.capacity));
    let part = percent(status.used, status.capacity);
    line(
        &mut text,
        "space",
        &format!(
            "{used} of {capacity} used ({part}), {} free{}",
            size(status.free),
            room(status).map(|room| format!(", {room}")).unwrap_or_default()
        ),
        view,
    );
    if let Some(held) = unfinished(&status.unfinished, zone) {
        line(&mut text, "", &held, view);
    }
    let (files, directories) =
        (plural(status.files, "file", "files"), plural(status.directories, "directory", "directories"));
    line(&mut text, "namespace", &format!("{files}, {directories}, {}", size(status.bytes)), view);
    line(&mut text, "chunks", &chunks(seen), view);
    let (live, stale, dead) = (status.nodes_live, status.nodes_stale, status.nodes_dead);
    let drains = drains(seen).map(|drains| format!(", {drains}")).unwrap_or_default();
    let reported = status.awaited().map(|(reported, expected)| format!(", {reported} of {expected} have reported"));
    let reported = reported.unwrap_or_default();
    line(&mut text, "datanodes", &format!("{live} live, {stale} stale, {dead} dead{drains}{reported}"), view);
    for master in &status.masters {
        let what = format!("{} {}, log at {}", master.address, master.role, count(master.applied));
        line(&mut text, &master.id.to_string(), &what, view);
    }
    for finding in &found {
        text.push('\n');
        text.push_str(&tell(finding, status.taken_at, zone, view));
    }
    text
}

/// Returns the number of draining datanodes and their progress, if drains were requested.
fn drains(seen: &Observation<'_>) -> Option<String> {
    let draining = seen.status.nodes_draining;
    nodes::drains(seen.nodes).or_else(|| (draining > 0).then(|| format!("{draining} to drain")))
}

fn line(text: &mut String, name: &str, value: &str, view: &View) {
    let padded = format!("{name:<INDENT$}");
    let _ = writeln!(text, "{}{}", view.paint(Tone::Dim, &padded), wrap(value, view.cells, INDENT));
}

/// Returns an age in a sentence: `just now`, `4 s ago`.
fn ago(span: Duration) -> String {
    if span.as_secs() == 0 { "just now".to_owned() } else { age(span) }
}

/// Returns the master that answered, the age of the data, and the datanodes that have not reported.
fn trust(seen: &Observation<'_>, zone: &TimeZone) -> String {
    let status = seen.status;
    let leader = status.leader.map_or_else(|| "no leader".to_owned(), |leader| format!("leader {leader}"));
    let mut text = format!("cluster {}, {leader}, term {}", status.cluster, status.term);
    let _ = write!(text, "; as of {} ({})", time_seconds(status.taken_at, zone), ago(seen.age));
    match status.counted_ms {
        Some(ms) => {
            let _ = write!(text, "; chunks counted {}", ago(Duration::from_millis(ms)));
        }
        None => text.push_str("; chunks not counted yet"),
    }
    let silent: Vec<_> = seen.silent().iter().map(|node| node.id).collect();
    if !silent.is_empty() {
        let _ = write!(text, "; not reporting: {}", names(&silent));
    }
    text
}

fn chunks(seen: &Observation<'_>) -> String {
    let (status, chunks) = (seen.status, &seen.status.replication);
    if status.counted_ms.is_none() {
        return format!("{}; their replicas have not been counted yet", count(chunks.chunks));
    }
    format!(
        "{}; {} {}, {} with one replica left, {} under-replicated, {} over-replicated, {} being re-replicated",
        count(chunks.chunks),
        count(chunks.missing),
        if seen.is_incomplete() { "not reported yet" } else { "missing" },
        count(chunks.at_risk),
        count(chunks.under),
        count(chunks.over),
        count(chunks.copying)
    )
}

/// Returns a finding with its details, one line each.
fn tell(finding: &Finding, taken_at: Timestamp, zone: &TimeZone, view: &View) -> String {
    let (glyph, tone) = finding.severity.sign();
    let what = sanitise(&finding.sentence()).into_owned();
    let mut text = format!("{} {}\n", view.paint(tone, glyph), wrap(&what, view.cells, 2));
    if let Some(ms) = finding.since_ms {
        let since = Timestamp(taken_at.0.saturating_sub(ms));
        let since = format!("{} ({})", time_seconds(since, zone), ago(Duration::from_millis(ms)));
        line(&mut text, "  since", &since, view);
    }
    if let Some(cause) = &finding.because {
        line(&mut text, "  because", &sanitise(cause), view);
    }
    line(&mut text, "  meanwhile", &finding.meanwhile, view);
    // The command is shown at the cause, not at its consequences.
    if finding.because.is_none() {
        line(&mut text, "  run", &view.paint(Tone::Command, &finding.run), view);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_client::{ClusterStatus, NodeState, NodeStatus};
    use dfs_diagnosis::{Affected, Local};
    use dfs_rpc::wire::{Lasting, ReplicationStatus};
    use dfs_types::{ClusterId, DatanodeId, MasterId};

    fn healthy() -> ClusterStatus {
        ClusterStatus {
            leader: Some(MasterId(1)),
            term: 3,
            replication: ReplicationStatus { chunks: 80, ..ReplicationStatus::default() },
            counted_ms: Some(2_000),
            capacity: 100 << 30,
            used: 15 << 30,
            free: 85 << 30,
            nodes_live: 3,
            ..ClusterStatus::empty(ClusterId([0xab; 16]), Timestamp(600_000))
        }
    }

    fn seen<'o>(status: &'o ClusterStatus, nodes: &'o [NodeStatus]) -> Observation<'o> {
        Observation { status, nodes, affected: None, age: Duration::ZERO, local: None }
    }

    fn text(seen: &Observation<'_>) -> String {
        screen(seen, &TimeZone::UTC, &View::default())
    }

    #[test]
    fn a_healthy_cluster_is_told_in_one_line_and_figures() {
        let status = healthy();
        let text = text(&seen(&status, &[]));
        assert!(
            text.starts_with("health      · healthy: every chunk has all its replicas, every datanode is reporting\n")
        );
        assert!(text.contains("15.0 GiB of 100 GiB used (15 %), 85.0 GiB free"), "{text}");
        assert!(text.contains("leader master-1, term 3; as of 1970-01-01 00:10:00 (just now); chunks counted 2 s ago"));
        assert!(!text.contains("  run"), "{text}");
    }

    #[test]
    fn a_cause_has_the_command_and_its_consequence_the_cause() {
        let mut status = healthy();
        (status.nodes_live, status.nodes_dead) = (2, 1);
        status.lasting = Lasting { dead: Some(300_000), under: Some(290_000), ..Lasting::default() };
        (status.replication.under, status.replication.copying) = (12, 3);
        let dead =
            NodeStatus { state: NodeState::Dead, ..NodeStatus::new(DatanodeId(2), ([127, 0, 0, 1], 4000).into()) };
        let affected = Some(Affected { files: 4, more: false });
        let text = text(&Observation { affected, local: Some(&Local::default()), ..seen(&status, &[dead]) });
        let expected = "
! datanode-2 is dead: its replicas no longer count
  since     1970-01-01 00:05:00 (5 min ago)
  meanwhile its chunks are re-replicated from other replicas; if it comes back, its replicas count again
  run       dfsd start datanode-2

! 12 chunks are under-replicated, in 4 files: all can be read
  since     1970-01-01 00:05:10 (4 min ago)
  because   datanode-2 is dead
  meanwhile they are re-replicated; 3 replicas are being made now
";
        assert!(text.ends_with(expected), "{text}");
        assert!(text.contains("; not reporting: datanode-2\n"), "{text}");
    }

    #[test]
    fn a_narrow_screen_is_not_overrun() {
        let mut status = healthy();
        (status.nodes_live, status.nodes_dead) = (2, 1);
        let dead =
            NodeStatus { state: NodeState::Dead, ..NodeStatus::new(DatanodeId(2), ([127, 0, 0, 1], 4000).into()) };
        let nodes = [dead];
        for cells in [60, 80, 200] {
            let view = View { cells: Some(cells), ..View::default() };
            let text = screen(&seen(&status, &nodes), &TimeZone::UTC, &view);
            let wide: Vec<&str> = text.lines().filter(|line| dfs_term::text::width(line) > cells).collect();
            assert!(wide.is_empty(), "{wide:?}");
        }
    }

    #[test]
    fn what_unfinished_writes_hold_stands_below_the_space() {
        let mut status = healthy();
        status.unfinished.bytes = 500 << 20;
        assert!(text(&seen(&status, &[])).contains("unfinished writes hold 500 MiB\n"));
        (status.unfinished.silent_bytes, status.unfinished.until) = (500 << 20, Some(Timestamp(600_001)));
        assert!(text(&seen(&status, &[])).contains("unfinished writes hold 500 MiB until 00:11\n"));
        status.unfinished.silent_bytes = 100 << 20;
        let text = text(&seen(&status, &[]));
        assert!(text.contains("unfinished writes hold 500 MiB, 100 MiB of it until 00:11\n"), "{text}");
    }
}
