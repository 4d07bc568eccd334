//! The whole directory of a master, replaced by an older copy of it: a backup that is put back.

use super::rig::Rig;
use super::sentence;
use crate::cluster::walk;
use std::path::Path;

const MASTER: &str = "master-1";
/// Changes between the copy and the moment at which it is put back.
const CHANGES: usize = 6;

impl Rig {
    /// Puts an older copy of a master's directory back, and afterwards the present one. In between nothing that was
    /// acknowledged since the copy may be destroyed, and no chunk id handed out again.
    pub fn put_backup_back(&mut self) {
        let data = self.cluster.daemon(MASTER).data_dir;
        let (older, present) = (self.cluster.home().join("older"), self.cluster.home().join("present"));
        self.cluster.dfsd_ok(&["stop", MASTER]);
        copy_tree(&data, &older);
        self.cluster.start_daemon(MASTER);
        for _ in 0..CHANGES {
            self.change_something();
        }
        self.cluster.dfsd_ok(&["stop", MASTER]);
        std::fs::rename(&data, &present).expect("move the present directory away");
        copy_tree(&older, &data);
        let said = self.cluster.dfsd(&["start", MASTER]);
        self.note(format!("an older copy of {MASTER} was started: exit {}", said.code));
        if said.code != 0 {
            let reason = sentence::reason(&said.stderr);
            if let Err(lack) = sentence::check(&reason, Some(&data)) {
                self.fail(&lack);
            }
        }
        self.judge_backup(said.code);
        if said.code == 0 {
            self.cluster.dfsd_ok(&["stop", MASTER]);
        }
        std::fs::remove_dir_all(&data).expect("remove the older copy");
        std::fs::rename(&present, &data).expect("move the present directory back");
        std::fs::remove_dir_all(&older).expect("remove the copy");
        self.cluster.start_daemon(MASTER);
        self.check();
        let lacking: Vec<u64> = self.replicas.lacking().into_iter().map(|(id, _)| id).collect();
        if !lacking.is_empty() {
            self.fail(&format!("an older copy of {MASTER} destroyed replicas of chunks {lacking:x?}"));
        }
    }

    /// A master that starts on an older state must not take part in writing: it would hand out chunk ids again.
    fn judge_backup(&self, code: i32) {
        if code != 0 {
            return;
        }
        // Every datanode has reported when the masters have counted all chunks, and with that what they know no file of.
        self.cluster.wait_for("all datanodes to report", || {
            let nodes = self.cluster.json(&["nodes"]);
            nodes.as_array().is_some_and(|nodes| nodes.iter().all(|node| node["state"] == "live"))
        });
        let local = self.cluster.scratch().join("probe");
        std::fs::write(&local, b"probe").expect("write");
        let said = self.cluster.shell(&["put", local.to_str().expect("UTF-8"), "/probe"]);
        if said.code == 0 {
            let text = self.cluster.ok(&["--json", "stat", "/probe"]);
            self.fail(&format!("a master with an older state took a write: {text}"));
        }
        eprintln!("a put while an older copy of {MASTER} runs: {}", said.stderr.trim());
        if !sentence::instructs(&said.stderr) {
            self.fail(&format!("a put is refused, but not told what to do: {}", said.stderr));
        }
    }
}

fn copy_tree(from: &Path, to: &Path) {
    walk(from, &mut |path| {
        let target = to.join(path.strip_prefix(from).expect("below"));
        std::fs::create_dir_all(target.parent().expect("a directory")).expect("make a directory");
        std::fs::copy(path, target).expect("copy a file");
    });
}
