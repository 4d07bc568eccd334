//! The directory of a master, replaced by an older copy: the restore of a backup.

use super::rig::Rig;
use super::sentence;
use crate::cluster::walk;
use std::path::Path;

const MASTER: &str = "master-1";
/// The number of changes between the copy and its restore.
const CHANGES: usize = 6;

/// Restores an older copy of a master's directory, and afterwards the present one. In between,
/// nothing that was acknowledged since the copy may be destroyed, and no chunk id may be assigned
/// again.
pub fn put_backup_back(rig: &mut Rig) {
    let data = rig.cluster.daemon(MASTER).data_dir;
    let (older, present) = (rig.cluster.home().join("older"), rig.cluster.home().join("present"));
    rig.cluster.dfsd_ok(&["stop", MASTER]);
    copy_tree(&data, &older);
    rig.cluster.start_daemon(MASTER);
    for _ in 0..CHANGES {
        rig.change_something();
    }
    rig.cluster.dfsd_ok(&["stop", MASTER]);
    std::fs::rename(&data, &present).expect("move the present directory away");
    copy_tree(&older, &data);
    let said = rig.cluster.dfsd(&["start", MASTER]);
    rig.note(format!("an older copy of {MASTER} was started: exit {}", said.code));
    if said.code != 0
        && let Err(lack) = sentence::check(&said.stderr, Some(&data))
    {
        rig.fail(&lack);
    }
    judge_backup(rig, said.code);
    if said.code == 0 {
        rig.cluster.dfsd_ok(&["stop", MASTER]);
    }
    std::fs::remove_dir_all(&data).expect("remove the older copy");
    std::fs::rename(&present, &data).expect("move the present directory back");
    std::fs::remove_dir_all(&older).expect("remove the copy");
    rig.cluster.start_daemon(MASTER);
    rig.check();
    let without_replica: Vec<u64> = rig.replicas.without_replica().into_iter().map(|(id, _)| id).collect();
    if !without_replica.is_empty() {
        rig.fail(&format!("an older copy of {MASTER} deleted replicas of chunks {without_replica:x?}"));
    }
}

/// Checks that a master with an older state refuses writes: it would assign chunk ids again.
fn judge_backup(rig: &Rig, code: i32) {
    if code != 0 {
        return;
    }
    // When the masters have counted all chunks, every datanode has reported, including the chunks
    // of unknown files.
    rig.cluster.wait_for("all datanodes to report", || {
        let nodes = rig.cluster.json(&["nodes"]);
        nodes.as_array().is_some_and(|nodes| nodes.iter().all(|node| node["state"] == "live"))
    });
    let local = rig.cluster.scratch().join("probe");
    std::fs::write(&local, b"probe").expect("write");
    let said = rig.cluster.shell(&["put", local.to_str().expect("UTF-8"), "/probe"]);
    if said.code == 0 {
        let text = rig.cluster.ok(&["--json", "stat", "/probe"]);
        rig.fail(&format!("a master with an older state accepted a write: {text}"));
    }
    eprintln!("a put while an older copy of {MASTER} runs: {}", said.stderr.trim());
    if !sentence::instructs(&said.stderr) {
        rig.fail(&format!("a put is refused without saying what to do: {}", said.stderr));
    }
}

fn copy_tree(from: &Path, to: &Path) {
    walk(from, &mut |path| {
        let target = to.join(path.strip_prefix(from).expect("below"));
        std::fs::create_dir_all(target.parent().expect("a directory")).expect("make a directory");
        std::fs::copy(path, target).expect("copy a file");
    });
}
