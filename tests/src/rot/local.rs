//! Damages the files by which a machine finds its local cluster, and credentials.

use super::kind::{DamageKind, FileKind};
use super::metadata::{Done, do_one, refused};
use super::rig::Rig;
use super::tally::Outcome;
use crate::cluster::Said;
use std::path::Path;

const KINDS: [FileKind; 7] = [
    FileKind::Spec,
    FileKind::Settings,
    FileKind::DatanodeRecord,
    FileKind::RunFile,
    FileKind::UserCredential,
    FileKind::DaemonCredential,
    FileKind::Authority,
];

/// Damages up to `count` such files; each is restored after a command that needs it.
pub fn damage_local_files(rig: &mut Rig, count: usize) {
    rig.keep_ages();
    for _ in 0..count {
        let kind = KINDS[rig.deal("local files", KINDS.len())];
        let damage = rig.deal_damage("damages of local files");
        damage_local_file(rig, kind, damage);
    }
    rig.check();
}

fn damage_local_file(rig: &mut Rig, kind: FileKind, damage: DamageKind) {
    // Only datanodes are stopped for it: the absence of the master is tested in another round.
    let all = rig.files_of(&[kind]);
    let nodes: Vec<String> = rig.replicas.nodes().iter().map(|(node, _)| node.clone()).collect();
    // Excludes a file that an earlier damage renamed.
    let suitable = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let node = nodes.iter().any(|node| name.split_once('.').is_some_and(|(stem, _)| stem == node));
        !restarts(kind) || (node && !name.ends_with(".old"))
    };
    let own: Vec<_> = all.iter().filter(|(_, path)| suitable(path)).cloned().collect();
    let Some((_, path)) = rig.random.choice(own) else { return };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.split('.').next().unwrap_or_default().to_owned();
    if restarts(kind) {
        // With a certificate that parses but is not accepted, a datanode runs without being
        // admitted; the start waits for that, so such bits are flipped only in the user's
        // credential.
        if kind == FileKind::DaemonCredential && damage == DamageKind::FlipBit {
            return;
        }
        rig.cluster.dfsd_ok(&["stop", &name]);
        let done = do_one(rig, kind, damage, path.clone(), &all);
        let said = rig.cluster.dfsd(&["start", &name]);
        judge(rig, done, &said);
        rig.up();
        return;
    }
    let Some(done) = do_one(rig, kind, damage, path, &all) else { return };
    let said = rig.cluster.shell(&["--no-start", "ls", "/files"]);
    judge(rig, Some(done), &said);
}

fn judge(rig: &mut Rig, done: Option<Done>, said: &Said) {
    let Some(done) = done else { return };
    if said.code != 0 {
        return refused(rig, done, said);
    }
    rig.note("  it was not needed".to_owned());
    rig.tally.add(done.file, done.damage, Outcome::Harmless);
    // These files are created again at the start of the daemon.
    if !restarts(done.file) || done.damage == DamageKind::Exchange {
        done.undo.apply();
    } else {
        done.sweep();
    }
}

/// Returns true if a datanode reads the file when it starts, and creates it if it is missing.
fn restarts(kind: FileKind) -> bool {
    matches!(kind, FileKind::Settings | FileKind::DatanodeRecord | FileKind::DaemonCredential)
}
