//! Damages files without a second copy: the daemon refuses to start, says what to do, and changes
//! nothing.

use super::damage::{Damage, Undo};
use super::kind::{DamageKind, FileKind};
use super::rig::Rig;
use super::sentence;
use super::tally::Outcome;
use crate::cluster::{Said, walk};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const MASTER: &str = "master-1";
/// The kinds of files of a master.
const MASTER_KINDS: [FileKind; 6] = [
    FileKind::Segment,
    FileKind::Spare,
    FileKind::Vote,
    FileKind::LogRecord,
    FileKind::Snapshot,
    FileKind::MasterRecord,
];
/// The kinds of files of a datanode other than replicas.
const DATANODE_KINDS: [FileKind; 4] =
    [FileKind::Format, FileKind::DatanodeRecord, FileKind::Incoming, FileKind::Quarantined];
/// The number of consecutive draws without a file or without a change.
const DRAWS_MAX: usize = 100;

/// A damage that was applied.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) file: FileKind,
    pub(super) damage: DamageKind,
    pub(super) path: PathBuf,
    pub(super) undo: Undo,
    /// The current path of a renamed file, under a name that no daemon uses.
    aside: Option<PathBuf>,
}

impl Done {
    /// Deletes a renamed file that is not needed under its old name.
    pub(super) fn sweep(&self) {
        if let Some(aside) = &self.aside {
            let _ = std::fs::remove_file(aside);
        }
    }
}

/// Damages up to `count` files of the master, while it is stopped and while it runs.
pub fn damage_master(rig: &mut Rig, count: usize) {
    // An earlier state than the present one, for damages that age a file.
    rig.keep_ages();
    rig.change_something();
    let end = rig.tally.total() + count as u64;
    let mut misses = 0;
    while rig.tally.total() < end && misses < DRAWS_MAX {
        let done = match rig.random.u32(0..4) {
            0 => damage_running(rig, MASTER, &MASTER_KINDS),
            1 => {
                rig.cluster.kill(MASTER);
                rig.note(format!("{MASTER} killed"));
                damage_stopped(rig, MASTER, &MASTER_KINDS)
            }
            _ => {
                rig.cluster.dfsd_ok(&["stop", MASTER]);
                rig.note(format!("{MASTER} stopped"));
                damage_stopped(rig, MASTER, &MASTER_KINDS)
            }
        };
        misses = if done { 0 } else { misses + 1 };
    }
}

/// Damages up to `count` files of a datanode other than replicas, while it is stopped.
pub fn damage_datanode_records(rig: &mut Rig, count: usize) {
    let nodes: Vec<String> = rig.replicas.nodes().iter().map(|(node, _)| node.clone()).collect();
    let node = rig.random.choice(nodes).expect("a datanode");
    let end = rig.tally.total() + count as u64;
    let mut misses = 0;
    while rig.tally.total() < end && misses < DRAWS_MAX {
        rig.cluster.dfsd_ok(&["stop", &node]);
        rig.note(format!("{node} stopped"));
        let left = rig.cluster.home().join("data").join(&node).join("incoming/0000000000000fff_7.part");
        std::fs::write(left, [7; 9_000]).expect("leave a half-written chunk");
        misses = if damage_stopped(rig, &node, &DATANODE_KINDS) { 0 } else { misses + 1 };
    }
}

/// Damages files of a stopped daemon, one after another until a start succeeds; the daemon runs
/// afterwards.
fn damage_stopped(rig: &mut Rig, id: &str, kinds: &[FileKind]) -> bool {
    for _ in 0..4 {
        let Some(done) = draw_and_do(rig, id, kinds, |_, _| true) else { break };
        let before = tree(rig, id);
        let said = rig.cluster.dfsd(&["start", id]);
        if said.code == 0 {
            accepted(rig, &done);
            return true;
        }
        expect_unchanged(rig, id, &before);
        refused(rig, done, &said);
    }
    start_whole(rig, id);
    rig.check();
    true
}

/// Damages a file of a running daemon, ends the daemon, and starts it again.
fn damage_running(rig: &mut Rig, id: &str, kinds: &[FileKind]) -> bool {
    let possible = |damage: DamageKind, _: &Path| {
        damage.in_place() || matches!(damage, DamageKind::Rename | DamageKind::Remove | DamageKind::Exchange)
    };
    let Some(done) = draw_and_do(rig, id, kinds, possible) else { return false };
    let killed = rig.random.bool();
    rig.note(format!("{id} {}", if killed { "killed" } else { "stopped" }));
    if killed {
        rig.cluster.kill(id);
    } else {
        rig.cluster.dfsd_ok(&["stop", id]);
    }
    let before = tree(rig, id);
    let said = rig.cluster.dfsd(&["start", id]);
    if said.code == 0 {
        accepted(rig, &done);
    } else {
        expect_unchanged(rig, id, &before);
        refused(rig, done, &said);
        start_whole(rig, id);
        rig.check();
    }
    true
}

/// Draws a file of a daemon and a `possible` damage for it, and applies it.
pub(super) fn draw_and_do(
    rig: &mut Rig,
    id: &str,
    kinds: &[FileKind],
    possible: impl Fn(DamageKind, &Path) -> bool,
) -> Option<Done> {
    let home = rig.cluster.home().join("data").join(id);
    for _ in 0..DRAWS_MAX {
        let all = rig.files_of(kinds);
        let own: Vec<_> = all.iter().filter(|(_, path)| path.starts_with(&home)).cloned().collect();
        let kind = rig.deal(if id == MASTER { "files of masters" } else { "files of datanodes" }, kinds.len());
        let own: Vec<_> = own.into_iter().filter(|(file, _)| *file == kinds[kind]).collect();
        let Some((file, path)) = rig.random.choice(own) else { continue };
        let damage = rig.deal_damage("damages of metadata");
        if !possible(damage, &path) {
            continue;
        }
        if let Some(done) = do_one(rig, file, damage, path, &all) {
            return Some(done);
        }
    }
    None
}

/// Applies one damage. Returns `None` if it would change nothing.
pub(super) fn do_one(
    rig: &mut Rig,
    file: FileKind,
    damage: DamageKind,
    path: PathBuf,
    all: &[(FileKind, PathBuf)],
) -> Option<Done> {
    let others: Vec<PathBuf> =
        all.iter().filter(|(other, at)| *other == file && *at != path).map(|(_, at)| at.clone()).collect();
    let older = rig.ages.get(&path).cloned().unwrap_or_default();
    let drawn: Damage = damage.draw(&mut rig.random, &path, &others, &older)?;
    let undo = drawn.apply(&path, &rig.stash).ok()?;
    let what = format!("  {}: {}", rig.shown(&path), drawn.describe());
    rig.note(what);
    let aside = match drawn {
        Damage::Rename { to } => Some(to).filter(|to| to.extension().is_some_and(|extension| extension == "old")),
        _ => None,
    };
    Some(Done { file, damage, path, undo, aside })
}

/// Handles a start with the damaged file: no acknowledged data may be missing, and no id may be
/// assigned again.
fn accepted(rig: &mut Rig, done: &Done) {
    rig.note("  it started".to_owned());
    rig.check();
    rig.change_something();
    rig.tally.add(done.file, done.damage, Outcome::Harmless);
    done.sweep();
}

/// Handles a refused start: the daemon must give the reason, and the original content is restored.
pub(super) fn refused(rig: &mut Rig, done: Done, said: &Said) {
    // If the local cluster's own files are missing, there is no file that could be named.
    let gone = matches!(done.damage, DamageKind::Remove | DamageKind::Rename);
    let nameless = gone && matches!(done.file, FileKind::Spec | FileKind::RunFile);
    // The record says which directory is expected, and that one is named.
    let nameless = nameless || done.file == FileKind::DatanodeRecord;
    let path = Some(done.path.as_path()).filter(|_| !nameless);
    match sentence::check(&said.stderr, path) {
        Ok(sentence) => rig.tally.sentence(done.file, done.damage, &without_home(rig, &sentence)),
        Err(lack) => {
            let lack = format!("{}, {}: {}", done.file.name(), done.damage.name(), without_home(rig, &lack));
            rig.complain(lack);
        }
    }
    done.undo.apply();
    rig.note("  it was refused, and put back".to_owned());
    rig.tally.add(done.file, done.damage, Outcome::Refused);
}

pub(super) fn without_home(rig: &Rig, text: &str) -> String {
    text.replace(&format!("{}/", rig.cluster.home().display()), "")
}

/// Starts a daemon whose files are intact.
fn start_whole(rig: &Rig, id: &str) {
    let said = rig.cluster.dfsd(&["start", id]);
    if said.code != 0 {
        rig.fail(&format!("{id} does not start with the original bytes put back: {}", said.stderr));
    }
}

/// Returns all files of a daemon, without locks and files that each start deletes.
fn tree(rig: &Rig, id: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut tree = BTreeMap::new();
    walk(&rig.cluster.home().join("data").join(id), &mut |path| {
        let kind = path.strip_prefix(rig.cluster.home()).ok().and_then(FileKind::of);
        if kind.is_some_and(|kind| kind != FileKind::Incoming) {
            tree.insert(path.to_owned(), std::fs::read(path).unwrap_or_default());
        }
    });
    tree
}

/// Checks that a daemon that refuses to start changes nothing.
fn expect_unchanged(rig: &Rig, id: &str, before: &BTreeMap<PathBuf, Vec<u8>>) {
    let after = tree(rig, id);
    let changed = before.iter().find(|(path, bytes)| after.get(*path) != Some(bytes)).map(|(path, _)| path);
    let made = after.keys().find(|path| !before.contains_key(*path));
    if let Some(path) = changed.or(made) {
        rig.fail(&format!("{id} refused to start, and changed {}", rig.shown(path)));
    }
}
