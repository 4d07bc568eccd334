//! What is wrong: what, since when, how bad, what happens by itself, what to type next.

use super::{Affected, Picture, blocked, names};
use dfs_rpc::wire::{ClusterStatus, NodeState, NodeStatus};
use dfs_term::figures::{apart, percent, plural, size};
use dfs_term::report::Tone;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt;

/// Clocks further apart than this are worth a look: times of files, and the expiry of permissions, go by them.
pub const SKEW_MAX_MS: u64 = 2_000;
/// Below this part of the space, in percent, there should be more.
const FREE_MIN_PERCENT: u64 = 15;
/// From this part of the space on, in percent, a cluster counts as nearly full.
const USED_MAX_PERCENT: u64 = 85;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something does not work, or may be lost.
    Bad,
    /// It will, if nothing is done.
    Warning,
    /// Nothing is wrong: something that was asked for goes on, or waits for somebody.
    Info,
}

impl Severity {
    /// The glyph that stands before it, and how it looks.
    pub fn sign(self) -> (&'static str, Tone) {
        match self {
            Self::Bad => ("✗", Tone::Bad),
            Self::Warning => ("!", Tone::Warning),
            Self::Info => ("»", Tone::Command),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    pub severity: Severity,
    /// What is wrong, and how bad, in one sentence.
    pub what: String,
    /// For how long, in milliseconds, as far as the master that was asked has seen; null: not known.
    pub since_ms: Option<u64>,
    /// What the system does about it by itself.
    pub doing: String,
    /// What to type.
    pub next: String,
}

/// The state in a word or two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub enum Health {
    /// Nothing is wrong.
    #[serde(rename = "well")]
    Well,
    /// Every chunk has its copies, but something else wants attention.
    #[serde(rename = "needs a look")]
    NeedsALook,
    /// Chunks have too few copies, and none is being made: nobody can take one, or those that are overdue are waited for.
    #[serde(rename = "short of copies")]
    Short,
    /// Chunks have too few copies, and more are being made.
    #[serde(rename = "healing")]
    Healing,
    /// It is in safe mode.
    #[serde(rename = "waiting")]
    Waiting,
    /// Nobody has counted the copies yet.
    #[serde(rename = "unknown")]
    Unknown,
    /// Something cannot be read, or nothing can be changed.
    #[serde(rename = "broken")]
    Broken,
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Well => "well",
            Self::NeedsALook => "needs a look",
            Self::Short => "short of copies",
            Self::Healing => "healing",
            Self::Waiting => "waiting",
            Self::Unknown => "unknown",
            Self::Broken => "broken",
        })
    }
}

/// The state of the cluster. What is not known is not well.
pub fn health(picture: &Picture<'_>) -> Health {
    let status = picture.status;
    let chunks = &status.replication;
    let counted = !picture.reporting() && status.counted_ms.is_some();
    let waiting = status.awaited().is_some();
    let none_live = status.nodes_live == 0 && !waiting;
    // Right after a start it elects one.
    let no_leader = status.leader.is_none() && !waiting;
    if no_leader || status.full.is_some() || none_live || counted && chunks.missing > 0 {
        Health::Broken
    } else if status.safe_mode.is_some() || waiting {
        Health::Waiting
    } else if !counted {
        Health::Unknown
    } else if chunks.endangered > 0 || chunks.under > 0 {
        if chunks.copying > 0 { Health::Healing } else { Health::Short }
    } else if findings(picture).iter().all(|finding| finding.severity == Severity::Info) {
        Health::Well
    } else {
        Health::NeedsALook
    }
}

/// Everything that keeps the cluster from being well, worst first, and behind it what is to be known of drains.
pub fn findings(picture: &Picture<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(no_leader(picture));
    found.extend(full_disk(picture));
    found.extend(no_datanode(picture));
    found.extend(safe_mode(picture));
    found.extend(waiting(picture));
    found.extend(not_counted(picture));
    // After a start a chunk that nobody has reported yet is not a chunk that is lost.
    if !picture.reporting() {
        found.extend(missing(picture));
        found.extend(endangered(picture));
        found.extend(under(picture));
    }
    found.extend(blocked::beyond(picture));
    found.extend(dead(picture));
    found.extend(absent(picture));
    found.extend(stale(picture));
    found.extend(failed_directories(picture));
    found.extend(little_space(picture));
    found.extend(clocks_ahead(picture));
    found.extend(clocks(picture));
    found.extend(super::drains::findings(picture));
    found.sort_by_key(|finding| finding.severity);
    found
}

fn no_leader(picture: &Picture<'_>) -> Option<Finding> {
    let waiting = picture.status.awaited().is_some();
    picture.status.leader.is_none().then(|| Finding {
        severity: if waiting { Severity::Warning } else { Severity::Bad },
        what: "no master leads: nothing can be changed".into(),
        since_ms: None,
        doing: "the masters that can reach each other elect one as soon as they are a majority".into(),
        next: if picture.local { "dfsd up" } else { "masters" }.into(),
    })
}

fn full_disk(picture: &Picture<'_>) -> Option<Finding> {
    let full = picture.status.full.as_ref()?;
    Some(Finding {
        severity: Severity::Bad,
        what: format!("{}: its disk is full: nothing can be changed", full.master),
        since_ms: None,
        doing: "reading goes on, and changes are taken again as soon as there is room".into(),
        next: format!("free {} on {}", size(full.needed), full.directory),
    })
}

/// What the masters wait for, in words.
fn roll((reported, expected): (u32, u32), absent: &[dfs_types::DatanodeId]) -> String {
    let names = if absent.is_empty() { String::new() } else { format!(" (not yet: {})", names(absent)) };
    let have = plural(expected.into(), "datanode has reported", "datanodes have reported");
    format!("{reported} of {have}{names}")
}

/// Outside safe mode: the datanodes have not had the time to report since this master began to listen to them.
fn waiting(picture: &Picture<'_>) -> Option<Finding> {
    let status = picture.status;
    let awaited = status.awaited().filter(|_| status.safe_mode.as_ref().is_none_or(|mode| mode.by.is_some()))?;
    Some(Finding {
        severity: Severity::Warning,
        what: format!("waiting: {}; which copies there are is not known yet", roll(awaited, &status.absent)),
        since_ms: None,
        doing: "the datanodes report by themselves; those that stay silent count as dead then".into(),
        next: start_or(picture, "status"),
    })
}

/// Datanodes that have not come since the start of the master, when they are waited for no longer.
fn absent(picture: &Picture<'_>) -> Option<Finding> {
    let absent = &picture.status.absent;
    let first = absent.first().filter(|_| picture.status.awaited().is_none())?;
    let (has, number) = if absent.len() == 1 { ("has", "its") } else { ("have", "their") };
    Some(Finding {
        severity: Severity::Warning,
        what: format!("{} {has} not come since the master started: {number} replicas do not count", names(absent)),
        since_ms: None,
        doing: "what lacks copies is copied from other replicas; when it comes, its replicas count again".into(),
        next: if picture.local { format!("dfsd start {first}") } else { format!("node forget {first}") },
    })
}

fn no_datanode(picture: &Picture<'_>) -> Option<Finding> {
    (picture.status.nodes_live == 0 && picture.status.awaited().is_none()).then(|| Finding {
        severity: Severity::Bad,
        what: "no datanode is live: nothing can be read or written".into(),
        since_ms: None,
        doing: "nothing: datanodes are started by hand, or by what keeps them running".into(),
        next: if picture.local { "dfsd up" } else { "nodes" }.into(),
    })
}

fn safe_mode(picture: &Picture<'_>) -> Option<Finding> {
    let mode = picture.status.safe_mode.as_ref()?;
    let finding = |what, doing: &str, next| Finding {
        severity: Severity::Warning,
        what,
        since_ms: picture.status.lasting.safe_mode,
        doing: doing.into(),
        next,
    };
    Some(match &mode.by {
        Some(by) => {
            let reason = if mode.reason.is_empty() { String::new() } else { format!(": {}", mode.reason) };
            let what = format!("safe mode: {by} has entered it{reason}; nothing can be changed");
            finding(what, "nothing: reading and repair go on, and somebody must leave it", "safemode leave".into())
        }
        None => {
            let what = match picture.status.awaited() {
                Some(awaited) => {
                    format!("waiting: {}; nothing can be changed (safe mode)", roll(awaited, &picture.status.absent))
                }
                None => format!("safe mode: {}; nothing can be changed", mode.reason),
            };
            finding(what, "it ends when the datanodes have reported their chunks", start_or(picture, "nodes"))
        }
    })
}

fn not_counted(picture: &Picture<'_>) -> Option<Finding> {
    (picture.status.counted_ms.is_none() && !picture.reporting()).then(|| Finding {
        severity: Severity::Warning,
        what: "the copies of the chunks have not been counted yet: whether all are there is not known".into(),
        since_ms: None,
        doing: "they are being counted".into(),
        next: "status".into(),
    })
}

fn missing(picture: &Picture<'_>) -> Option<Finding> {
    let chunks = picture.status.replication.missing;
    (chunks > 0).then(|| Finding {
        severity: Severity::Bad,
        what: format!(
            "{}{}: {} cannot be read whole",
            plural(chunks, "chunk has no live copy", "chunks have no live copy"),
            in_files(picture),
            if chunks == 1 { "its file" } else { "their files" },
        ),
        since_ms: picture.status.lasting.missing,
        doing: "nothing can be copied from nothing; they are back as soon as a datanode that has them is".into(),
        next: start_or(picture, "fsck"),
    })
}

fn endangered(picture: &Picture<'_>) -> Option<Finding> {
    let chunks = picture.status.replication.endangered;
    (chunks > 0).then(|| Finding {
        severity: Severity::Bad,
        what: format!(
            "{}{}: one more failure and they are lost",
            plural(chunks, "chunk has one copy left", "chunks have one copy left"),
            in_files(picture)
        ),
        since_ms: picture.status.lasting.endangered,
        doing: repair(picture, "they are copied before all others"),
        next: start_or(picture, "replication --watch"),
    })
}

fn under(picture: &Picture<'_>) -> Option<Finding> {
    // Those for which there are too few datanodes are told apart.
    let status = picture.status;
    let chunks = status.replication.under.saturating_sub(blocked::too_many_wanted(status));
    (chunks > 0).then(|| Finding {
        severity: Severity::Warning,
        what: format!(
            "{}{}: all can be read",
            plural(chunks, "chunk has too few copies", "chunks have too few copies"),
            in_files(picture)
        ),
        since_ms: picture.status.lasting.under,
        doing: repair(picture, "they are copied"),
        next: start_or(picture, "replication --watch"),
    })
}

/// What repair does now, or what it waits for.
fn repair(picture: &Picture<'_>, rule: &str) -> String {
    match picture.status.replication.copying {
        0 => match super::reason(&picture.status.blocked, picture.status.nodes_serving) {
            Some((what, _)) if picture.status.blocked.is_final() => format!("nothing can be copied: {what}"),
            _ => format!("{rule} {}", awaited(picture.status)),
        },
        copying => format!("{rule}; {} now", plural(copying, "copy is being made", "copies are being made")),
    }
}

/// When chunks that lack copies are copied, where no copy is being made.
pub fn awaited(status: &ClusterStatus) -> &'static str {
    if status.nodes_stale > 0 {
        "when the overdue datanodes are given up as dead"
    } else {
        "as soon as enough live datanodes with space are there"
    }
}

fn in_files(picture: &Picture<'_>) -> String {
    match picture.affected {
        None => String::new(),
        Some(Affected { files, more }) => {
            let least = if more { "at least " } else { "" };
            format!(", in {least}{}", plural(files, "file", "files"))
        }
    }
}

/// In the local cluster a datanode that is down is started by one command.
fn start_or(picture: &Picture<'_>, otherwise: &str) -> String {
    match picture.silent().first() {
        Some(_) if picture.local => "dfsd up".into(),
        Some(node) => format!("why {}", node.id),
        None => otherwise.into(),
    }
}

/// The datanodes in a state, and their number, which is known also where they were not asked for. One that was drained
/// before is no trouble.
fn in_state<'p>(picture: &Picture<'p>, state: NodeState, number: u32) -> (Vec<&'p NodeStatus>, u32) {
    let (drained, nodes): (Vec<_>, Vec<_>) =
        picture.nodes.iter().filter(|node| node.state == state).partition(|node| node.is_drained());
    (nodes, number.saturating_sub(drained.len() as u32))
}

fn named(nodes: &[&NodeStatus], number: u32, one: &str, many: &str) -> String {
    let ids: Vec<_> = nodes.iter().map(|node| node.id).collect();
    let (are, number) = (if number == 1 { one } else { many }, u64::from(number));
    match ids.is_empty() {
        true => format!("{} {are}", plural(number, "datanode", "datanodes")),
        false => format!("{} {are}", names(&ids)),
    }
}

fn dead(picture: &Picture<'_>) -> Option<Finding> {
    let (nodes, number) = in_state(picture, NodeState::Dead, picture.status.nodes_dead);
    (number > 0).then(|| Finding {
        severity: Severity::Warning,
        what: format!("{}: what lay there does not count as a copy", named(&nodes, number, "is dead", "are dead")),
        since_ms: picture.status.lasting.dead,
        doing: "its chunks are copied from the other replicas; if it comes back, its replicas count again".into(),
        next: node_command(picture, &nodes, "start"),
    })
}

fn stale(picture: &Picture<'_>) -> Option<Finding> {
    let (nodes, number) = in_state(picture, NodeState::Stale, picture.status.nodes_stale);
    // While they are waited for, that is said already.
    (number > 0 && picture.status.awaited().is_none()).then(|| Finding {
        severity: Severity::Warning,
        what: format!("{}, not heard from in time", named(&nodes, number, "is overdue", "are overdue")),
        since_ms: picture.status.lasting.stale,
        doing: "it gets no new chunks and is read from last; it is given up as dead if it stays silent".into(),
        next: node_command(picture, &nodes, "start"),
    })
}

fn node_command(picture: &Picture<'_>, nodes: &[&NodeStatus], verb: &str) -> String {
    match nodes {
        [] => "nodes".into(),
        [node, ..] if picture.local => format!("dfsd {verb} {}", node.id),
        [node, ..] => format!("why {}", node.id),
    }
}

fn failed_directories(picture: &Picture<'_>) -> Option<Finding> {
    let failed: Vec<String> = picture
        .nodes
        .iter()
        .flat_map(|node| {
            node.load.directories.iter().filter(|directory| directory.failed).map(move |directory| (node.id, directory))
        })
        .map(|(id, directory)| match &directory.reason {
            Some(reason) => format!("{id} {} ({reason})", directory.path),
            None => format!("{id} {}", directory.path),
        })
        .collect();
    (!failed.is_empty()).then(|| Finding {
        severity: Severity::Warning,
        what: format!(
            "{}: {}",
            plural(failed.len() as u64, "data directory has failed", "data directories have failed"),
            names(&failed)
        ),
        since_ms: None,
        doing: "it takes no more chunks; those on it are copied from the other replicas".into(),
        next: "nodes -v".into(),
    })
}

fn little_space(picture: &Picture<'_>) -> Option<Finding> {
    let status = picture.status;
    let little = status.free.saturating_mul(100) < status.capacity.saturating_mul(FREE_MIN_PERCENT)
        || status.used.saturating_mul(100) >= status.capacity.saturating_mul(USED_MAX_PERCENT);
    (status.capacity > 0 && little).then(|| Finding {
        severity: if status.free == 0 { Severity::Bad } else { Severity::Warning },
        what: format!(
            "{} of the space is left, {}{}",
            percent(status.free, status.capacity),
            size(status.free),
            super::room(status).map(|room| format!(": {room}")).unwrap_or_default(),
        ),
        since_ms: None,
        doing: "full datanodes are passed over; when too few have room, writes are refused".into(),
        next: "nodes".into(),
    })
}

fn clocks_ahead(picture: &Picture<'_>) -> Option<Finding> {
    let ahead = picture.nodes.iter().filter(|node| node.state == NodeState::Live && node.ahead);
    let ahead: Vec<String> = ahead.map(|node| format!("{} by {}", node.id, apart(node.skew_ms))).collect();
    (!ahead.is_empty()).then(|| Finding {
        severity: Severity::Warning,
        what: format!("clocks are too far ahead: {}; no new chunks go there", names(&ahead)),
        since_ms: None,
        doing: "it takes chunks again when its clock is right: `timedatectl set-ntp true` on its machine".into(),
        next: "doctor".into(),
    })
}

fn clocks(picture: &Picture<'_>) -> Option<Finding> {
    let off: Vec<String> = picture
        .nodes
        .iter()
        .filter(|node| node.state == NodeState::Live && !node.ahead && node.skew_ms.unsigned_abs() > SKEW_MAX_MS)
        .map(|node| {
            let side = if node.skew_ms > 0 { "ahead" } else { "behind" };
            format!("{} is {} {side}", node.id, apart(node.skew_ms))
        })
        .collect();
    (!off.is_empty()).then(|| Finding {
        severity: Severity::Warning,
        what: format!("clocks differ from the master's: {}", names(&off)),
        since_ms: None,
        doing: "nothing; when they are minutes apart, permissions for chunks count as expired".into(),
        next: "doctor".into(),
    })
}
