//! A hostile client and a hostile datanode, each with a valid credential: their attacks and the
//! outcomes, row by row. After each row, another user's file can be read correctly, nothing is
//! missing, and every daemon runs.

mod control;
mod data;
mod datanode;

use dfs_tests::hostile::{Outcome, World};
use dfs_tests::{Cluster, Spec, content};
use dfs_types::{DfsPath, ErrorCode};
use std::fmt::Write;
use std::time::Instant;

/// An attempt and its allowed outcomes.
#[derive(Debug)]
pub(crate) struct Row<W = World> {
    pub tries: &'static str,
    /// The allowed outcomes.
    pub expected: &'static [Outcome],
    pub run: fn(&W) -> Outcome,
}

/// The outcomes of most attempts.
const CLOSED: &[Outcome] = &[Outcome::Closed];
const DENIED: &[Outcome] = &[Outcome::Refused(ErrorCode::PermissionDenied)];
const EXISTS: &[Outcome] = &[Outcome::Refused(ErrorCode::AlreadyExists)];
const INVALID: &[Outcome] = &[Outcome::Refused(ErrorCode::InvalidArgument)];
const MISMATCH: &[Outcome] = &[Outcome::Refused(ErrorCode::ChecksumMismatch)];
const NOTHING: &[Outcome] = &[Outcome::Nothing];

/// The seed and length of the file that must not change: three chunks of 1 MiB, the last not full.
const REFERENCE: (u64, usize) = (12, 2_500_000);

/// Returns the common outcome, or the first one that differs.
fn same<const N: usize>(outcomes: [Outcome; N]) -> Outcome {
    outcomes.into_iter().find(|outcome| *outcome != outcomes[0]).unwrap_or(outcomes[0])
}

pub(crate) fn path(text: &str) -> DfsPath {
    DfsPath::parse(text).expect("a path")
}

/// Checks the conditions that must hold after any attempt. Returns those that are violated.
fn harm(world: &World, pids: &[i32]) -> Option<String> {
    let (seed, length) = REFERENCE;
    let is_alive = |pid: &&i32| std::path::Path::new(&format!("/proc/{pid}")).exists();
    let status = world.run(world.library.status());
    let reasons = [
        (!world.holds(&path("/reference"), &content::bytes(seed, length))).then(|| "the reference file".to_owned()),
        (pids.iter().filter(is_alive).count() < pids.len()).then(|| "a daemon is gone".to_owned()),
        match status {
            Ok(status) if status.replication.missing > 0 => Some(format!("missing: {:?}", status.replication)),
            Ok(status) => status.safe_mode.map(|safe_mode| format!("{safe_mode:?}")),
            Err(error) => Some(format!("status: {error}")),
        },
    ];
    reasons.into_iter().flatten().reduce(|all, reason| format!("{all}; {reason}"))
}

/// Runs all rows, prints their outcomes, and fails if one is not an expected one.
fn try_all<W>(subject: &W, world: &World, who: &str, rows: &[Row<W>]) {
    let pids: Vec<i32> = world.cluster.daemons().iter().filter_map(|daemon| daemon.pid).collect();
    let (mut report, mut failed) = (String::new(), 0);
    for row in rows {
        let begun = Instant::now();
        let outcome = (row.run)(subject);
        let harm = harm(world, &pids);
        let good = row.expected.contains(&outcome) && harm.is_none();
        failed += usize::from(!good);
        let sign = if good { "  " } else { "!!" };
        let outcome = format!("{outcome:?}");
        let _ = write!(report, "{sign} {who} | {} | {outcome} | {} ms", row.tries, begun.elapsed().as_millis());
        let _ = writeln!(report, "{}", harm.map(|harm| format!(" | HARM: {harm}")).unwrap_or_default());
    }
    eprintln!("   who | what it tries | what came of it\n{report}");
    assert_eq!(failed, 0, "rows marked with !! came to something else than expected:\n{report}");
}

fn world() -> World {
    // One datanode more than replicas, so that there is one outside each pipeline.
    let world = World::new(Cluster::start(Spec::default().datanodes(4)));
    let local = world.cluster.scratch().join("reference");
    content::write(REFERENCE.0, REFERENCE.1 as u64, &local);
    world.cluster.ok(&["put", local.to_str().expect("UTF-8"), "/reference"]);
    world.cluster.ok(&["mkdir", "/open"]);
    world.cluster.ok(&["chmod", "777", "/open"]);
    world
}

#[test]
fn a_hostile_client_achieves_nothing() {
    let world = world();
    try_all(&world, &world, "client, data", &data::ROWS);
    try_all(&world, &world, "client, control", &control::ROWS);
}

#[test]
fn a_hostile_datanode_achieves_nothing() {
    let world = world();
    try_all(&world, &world, "datanode, not registered", &datanode::STRANGER_ROWS);
    let evil = datanode::Evil::new(world);
    try_all(&evil, &evil.world, "datanode", &datanode::ROWS);
    datanode::ids_ahead(&evil);
}
