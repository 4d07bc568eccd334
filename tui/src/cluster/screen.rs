//! The status screen.

use super::{Finding, Health, Picture, findings, health, names};
use crate::nodes;
use dfs_rpc::wire::{ClusterStatus, Unfinished};
use dfs_term::figures::{age, count, minute_by, percent, plural, size, time_seconds};
use dfs_term::report::{Tone, View};
use dfs_term::text::{sanitise, wrap};
use dfs_types::Timestamp;
use jiff::tz::TimeZone;
use std::fmt::Write as _;
use std::time::Duration;

/// Where the values stand.
const INDENT: usize = 12;

impl Health {
    /// How it looks.
    pub fn tone(self) -> Tone {
        match self {
            Self::Well => Tone::Good,
            Self::Broken => Tone::Bad,
            Self::NeedsALook | Self::Short | Self::Healing | Self::Waiting | Self::Unknown => Tone::Warning,
        }
    }

    /// The word with its glyph.
    pub fn glance(self) -> String {
        format!("{} {self}", self.glyph())
    }

    fn glyph(self) -> &'static str {
        match self {
            Self::Well => "·",
            Self::Broken => "✗",
            Self::NeedsALook | Self::Short | Self::Healing | Self::Waiting | Self::Unknown => "!",
        }
    }
}

/// The whole screen.
pub fn screen(picture: &Picture<'_>, zone: &TimeZone, view: &View) -> String {
    let status = picture.status;
    let found = findings(picture);
    let mut text = String::new();
    let health = health(picture);
    let glance = health.glance();
    let glance = view.paint(health.tone(), &glance);
    let known = match health {
        Health::Well if picture.silent().is_empty() => ": every chunk has all its copies, every datanode is heard from",
        Health::Well => ": every chunk has all its copies",
        _ => "",
    };
    line(&mut text, "health", &format!("{glance}{known}"), view);
    line(&mut text, "seen", &trust(picture, zone), view);
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
    line(&mut text, "names", &format!("{files}, {directories}, {}", size(status.bytes)), view);
    line(&mut text, "chunks", &chunks(picture), view);
    let (live, stale, dead) = (status.nodes_live, status.nodes_stale, status.nodes_dead);
    let drains = drains(picture).map(|drains| format!(", {drains}")).unwrap_or_default();
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

/// The room for files with their replicas; none where the master does not say.
pub fn room(status: &ClusterStatus) -> Option<String> {
    let replicas = status.room_replicas;
    (replicas > 0)
        .then(|| format!("room for {} at {}", size(status.room), plural(replicas.into(), "replica", "replicas")))
}

/// What unfinished writes hold, and until when; none where they hold nothing.
pub fn unfinished(held: &Unfinished, zone: &TimeZone) -> Option<String> {
    let Unfinished { bytes, silent_bytes, until, .. } = *held;
    let until = until.filter(|_| silent_bytes > 0).map(|until| minute_by(until, zone));
    match until {
        _ if bytes == 0 => None,
        None => Some(format!("unfinished writes hold {}", size(bytes))),
        Some(until) if silent_bytes == bytes => Some(format!("unfinished writes hold {} until {until}", size(bytes))),
        Some(until) => {
            Some(format!("unfinished writes hold {}, {} of it until {until}", size(bytes), size(silent_bytes)))
        }
    }
}

/// How many drain, and how far they are where they were asked for.
fn drains(picture: &Picture<'_>) -> Option<String> {
    let wished = picture.status.nodes_draining;
    nodes::drains(picture.nodes).or_else(|| (wished > 0).then(|| format!("{wished} to be drained")))
}

fn line(text: &mut String, name: &str, value: &str, view: &View) {
    let padded = format!("{name:<INDENT$}");
    let _ = writeln!(text, "{}{}", view.paint(Tone::Dim, &padded), wrap(value, view.cells, INDENT));
}

/// Whose data this is, how old, and who has had no say in it.
fn trust(picture: &Picture<'_>, zone: &TimeZone) -> String {
    let status = picture.status;
    let leader = status.leader.map_or_else(|| "no leader".to_owned(), |leader| format!("leader {leader}"));
    let mut text = format!("cluster {}, {leader}, term {}", status.cluster, status.term);
    let _ = write!(text, "; data of {}, {}", time_seconds(status.taken_at, zone), age(picture.age));
    match status.counted_ms {
        Some(ms) => {
            let _ = write!(text, "; chunks counted {}", age(Duration::from_millis(ms)));
        }
        None => text.push_str("; chunks not counted yet"),
    }
    let silent: Vec<_> = picture.silent().iter().map(|node| node.id).collect();
    if !silent.is_empty() {
        let _ = write!(text, "; not heard from: {}", names(&silent));
    }
    text
}

fn chunks(picture: &Picture<'_>) -> String {
    let (status, chunks) = (picture.status, &picture.status.replication);
    if status.counted_ms.is_none() {
        return format!("{}; their copies have not been counted yet", count(chunks.chunks));
    }
    format!(
        "{}; {} {}, {} with one copy left, {} under, {} over, {} being copied",
        count(chunks.chunks),
        count(chunks.missing),
        if picture.reporting() { "not reported yet" } else { "missing" },
        count(chunks.endangered),
        count(chunks.under),
        count(chunks.over),
        count(chunks.copying)
    )
}

/// A finding in four lines.
fn tell(finding: &Finding, taken_at: Timestamp, zone: &TimeZone, view: &View) -> String {
    let (glyph, tone) = finding.severity.sign();
    let what = sanitise(&finding.what).into_owned();
    let mut text = format!("{} {}\n", view.paint(tone, glyph), wrap(&what, view.cells, 2));
    let since = match finding.since_ms {
        None => "not known".to_owned(),
        Some(ms) => {
            let since = Timestamp(taken_at.0.saturating_sub(ms));
            format!("{}, {}", time_seconds(since, zone), age(Duration::from_millis(ms)))
        }
    };
    line(&mut text, "  since", &since, view);
    line(&mut text, "  by itself", &finding.doing, view);
    line(&mut text, "  next", &view.paint(Tone::Command, &finding.next), view);
    text
}
