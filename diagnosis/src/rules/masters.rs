//! Masters, safe mode, and the time after a start.

use crate::finding::{Finding, Kind};
use crate::observation::{Local, LocalDaemon, Observation, Process};
use crate::rules::nodes::start_missing;
use crate::severity::Severity;
use crate::words::names;
use dfs_term::figures::{plural, size};
use dfs_types::{DatanodeId, MasterId};

/// The command that ends a safe mode.
pub(crate) const LEAVE: &str = "safemode leave";

pub(crate) fn findings(seen: &Observation<'_>) -> impl Iterator<Item = Finding> {
    [no_leader(seen), full_disk(seen), safe_mode(seen), waiting(seen)].into_iter().flatten()
}

/// Returns the finding for a cluster of which no master answers: `error` is the reason that the
/// client has, `local` the local cluster if it is that one.
pub fn unreachable(error: &str, local: Option<&Local>) -> Finding {
    let daemons = local.map_or(&[][..], |local| &local.daemons);
    let is_master = |daemon: &&LocalDaemon| daemon.id.parse::<MasterId>().is_ok();
    let broken: Vec<&LocalDaemon> =
        daemons.iter().filter(is_master).filter(|daemon| daemon.process != Process::Running).collect();
    let gone = daemons.iter().filter(|daemon| daemon.process.is_gone()).count();
    let (impact, run) = match broken.as_slice() {
        [] if local.is_some() => (error.to_owned(), "dfsd restart".to_owned()),
        [] => (error.to_owned(), "doctor".to_owned()),
        [first, ..] => {
            let state = match first.process {
                Process::Crashed => "has crashed",
                Process::Suspended => "is suspended",
                Process::Stopped | Process::Running => "was stopped",
            };
            let run = match first.process {
                Process::Suspended => format!("dfsd restart {}", first.id),
                _ if gone > 1 => "dfsd up".to_owned(),
                _ => format!("dfsd start {}", first.id),
            };
            (format!("{} {state}", first.id), run)
        }
    };
    let meanwhile = "datanodes keep their data; clients try again until their timeout";
    Finding::new(Kind::NoMasterAnswers, Severity::Critical, ("no master answers", impact), meanwhile, run)
}

fn no_leader(seen: &Observation<'_>) -> Option<Finding> {
    // Right after a start an election is normal.
    let severity = if seen.status.awaited().is_some() { Severity::Warning } else { Severity::Critical };
    seen.status.leader.is_none().then(|| {
        Finding::new(
            Kind::NoLeader,
            severity,
            ("no master leads", "nothing can be changed"),
            "the masters elect a leader as soon as a majority of them can reach each other",
            if seen.local.is_some() { "dfsd up" } else { "masters" },
        )
    })
}

fn full_disk(seen: &Observation<'_>) -> Option<Finding> {
    let full = seen.status.full.as_ref()?;
    let needed = format!("nothing can be changed until {} are free in {}", size(full.needed), full.directory);
    Some(Finding::new(
        Kind::MasterDiskFull,
        Severity::Critical,
        (format!("the disk of {} is full", full.master), needed),
        "reads continue; changes are accepted again as soon as there is room",
        if seen.local.is_some() { "doctor" } else { "masters" },
    ))
}

/// Returns how many of the expected datanodes have reported.
fn reported((reported, expected): (u32, u32), absent: &[DatanodeId]) -> String {
    let missing = if absent.is_empty() { String::new() } else { format!("; not yet: {}", names(absent)) };
    let have = plural(expected.into(), "datanode has reported", "datanodes have reported");
    format!("waiting: {reported} of {have}{missing}")
}

fn safe_mode(seen: &Observation<'_>) -> Option<Finding> {
    let mode = seen.status.safe_mode.as_ref()?;
    let (what, meanwhile, run) = match (&mode.by, seen.status.awaited()) {
        (Some(by), _) => {
            let reason = if mode.reason.is_empty() { String::new() } else { format!(" ({})", mode.reason) };
            let what = format!("safe mode, entered by {by}{reason}");
            (what, "reads and repair continue; safe mode lasts until it is left", LEAVE.to_owned())
        }
        (None, awaited) => {
            let what = match awaited {
                Some(awaited) => reported(awaited, &seen.status.absent),
                None => format!("safe mode: {}", mode.reason),
            };
            (what, "safe mode ends when the datanodes have reported their chunks", start_missing(seen, "nodes"))
        }
    };
    let impact = if mode.by.is_some() { "nothing can be changed" } else { "nothing can be changed (safe mode)" };
    let finding = Finding::new(Kind::SafeMode, Severity::Warning, (what, impact), meanwhile, run);
    Some(finding.since(seen.status.lasting.safe_mode))
}

/// Outside safe mode: not all datanodes have had the time to report to this master.
fn waiting(seen: &Observation<'_>) -> Option<Finding> {
    let status = seen.status;
    let awaited = status.awaited().filter(|_| status.safe_mode.as_ref().is_none_or(|mode| mode.by.is_some()))?;
    Some(Finding::new(
        Kind::Waiting,
        Severity::Warning,
        (reported(awaited, &status.absent), "the state of the chunks is not known yet"),
        "datanodes report within seconds; those that do not are declared dead",
        start_missing(seen, "status"),
    ))
}
