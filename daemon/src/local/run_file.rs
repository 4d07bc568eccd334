//! `run/ID.json`: the process of a daemon, and whether it still is that process.
//!
//! The daemon writes it itself: once when it starts, again when it listens, and takes it away when it ends well. A
//! process id alone proves nothing, as ids are used again; with the time the process started, and the boot that this
//! time counts from, it does.

use serde::{Deserialize, Serialize};
use std::io;
use std::net::SocketAddr;
use std::path::Path;

/// A process that will not be taken for another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessKey {
    pub pid: u32,
    /// When it started, in clock ticks since boot.
    pub started_ticks: u64,
    /// The boot of the machine.
    pub boot: String,
}

/// What a daemon says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFile {
    pub process: ProcessKey,
    /// Where it listens; none while it is starting.
    pub address: Option<SocketAddr>,
}

impl ProcessKey {
    /// The key of a process.
    ///
    /// # Errors
    /// When there is no such process.
    pub fn of(pid: u32) -> io::Result<Self> {
        let stat = read_stat(pid)?;
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned();
        Ok(Self { pid, started_ticks: stat.started_ticks, boot })
    }

    /// Whether this process is still there and has not ended.
    pub fn is_alive(&self) -> bool {
        let ended = |state| matches!(state, 'Z' | 'X');
        read_stat(self.pid).is_ok_and(|stat| !ended(stat.state)) && Self::of(self.pid).is_ok_and(|now| now == *self)
    }
}

impl RunFile {
    /// Reads the file; none if it is absent or no run file.
    pub fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        crate::durable::write_file(path, &serde_json::to_vec(self)?)
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Stat {
    state: char,
    started_ticks: u64,
}

fn read_stat(pid: u32) -> io::Result<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    parse_stat(&text).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

/// The name of the program stands in parentheses and may itself hold blanks and parentheses. Behind the last one come
/// the state (field 3 of proc(5)) and later the start time (field 22).
fn parse_stat(text: &str) -> Option<Stat> {
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let started_ticks = fields.nth(18)?.parse().ok()?;
    Some(Stat { state, started_ticks })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_of_programs_do_not_confuse() {
        let tail = "S 1 2 2 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2 3";
        for name in ["dfsd", "a b", "a) R 1 (b", ")))", ""] {
            let stat = parse_stat(&format!("123 ({name}) {tail}"));
            assert_eq!(stat, Some(Stat { state: 'S', started_ticks: 98765 }), "{name}");
        }
        for text in ["", "123", "123 (a)", "123 (a) S 1 2"] {
            assert_eq!(parse_stat(text), None);
        }
    }

    #[test]
    fn a_stale_pid_is_told_from_a_live_process() {
        let this = ProcessKey::of(std::process::id()).expect("this process");
        assert!(this.is_alive());
        assert!(!ProcessKey { started_ticks: this.started_ticks + 1, ..this.clone() }.is_alive());
        assert!(!ProcessKey { boot: "another".to_owned(), ..this }.is_alive());
        let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("a child");
        let key = ProcessKey::of(child.id()).expect("its key");
        assert!(key.is_alive());
        child.kill().expect("killed");
        child.wait().expect("ended");
        assert!(!key.is_alive());
    }

    #[test]
    fn run_files_read_back_and_others_do_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("master-1.json");
        assert_eq!(RunFile::read(&path), None);
        let process = ProcessKey::of(std::process::id()).expect("this process");
        let run = RunFile { process, address: Some("127.0.0.1:9".parse().expect("an address")) };
        run.write(&path).expect("written");
        assert_eq!(RunFile::read(&path), Some(run));
        std::fs::write(&path, "{\"pid\":").expect("written");
        assert_eq!(RunFile::read(&path), None);
    }
}
