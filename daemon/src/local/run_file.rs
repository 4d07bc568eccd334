//! The run file `run/ID.json`: identifies the process of a daemon, and shows whether it still runs.
//!
//! The daemon writes it at its start, again when it listens, and removes it when it ends cleanly. A
//! process id alone is not enough, because ids are reused; together with the start time of the
//! process, and the boot that this time counts from, it is.

use serde::{Deserialize, Serialize};
use std::io;
use std::net::SocketAddr;
use std::path::Path;

/// A unique key of a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessKey {
    pub pid: u32,
    /// The start time, in clock ticks since boot.
    pub started_ticks: u64,
    /// The id of the boot of the machine.
    pub boot: String,
}

/// The content of the run file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFile {
    pub process: ProcessKey,
    /// The address on which it listens; none while it is starting.
    pub address: Option<SocketAddr>,
}

impl ProcessKey {
    /// Returns the key of a process.
    ///
    /// # Errors
    /// Returns an error if there is no such process.
    pub fn of(pid: u32) -> io::Result<Self> {
        let stat = read_stat(pid)?;
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned();
        Ok(Self { pid, started_ticks: stat.started_ticks, boot })
    }

    /// Returns true if this process exists and was not killed.
    pub fn is_alive(&self) -> bool {
        self.stage() == Stage::Alive
    }

    /// Returns true if nothing is left of this process: its files, locks and ports are free.
    pub fn is_gone(&self) -> bool {
        self.stage() == Stage::Gone
    }

    /// Returns true while the process is suspended by a signal.
    pub fn is_suspended(&self) -> bool {
        const SUSPENDED: [char; 2] = ['T', 't'];
        self.is_alive() && read_stat(self.pid).is_ok_and(|stat| SUSPENDED.contains(&stat.state))
    }

    fn stage(&self) -> Stage {
        match (read_stat(self.pid), Self::of(self.pid)) {
            (Ok(stat), Ok(now)) if now == *self => stat.stage(is_killed(self.pid)),
            _ => Stage::Gone,
        }
    }
}

/// The stage of a process on its way to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Alive,
    /// Killed, or ending: it executes nothing more, but may still hold files and ports.
    Ending,
    Gone,
}

impl RunFile {
    /// Reads the file; none if it is absent or not a run file.
    pub fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    /// Writes it atomically.
    ///
    /// # Errors
    /// Returns the error of the file system.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        crate::durable::write_file(path, &serde_json::to_vec(self)?)
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Stat {
    state: char,
    flags: u64,
    threads: u64,
    started_ticks: u64,
}

/// The flag `PF_EXITING` of the kernel.
const EXITING: u64 = 0x4;

impl Stat {
    fn stage(&self, killed: bool) -> Stage {
        // The first thread may be a zombie while others still hold the shared files.
        match self.state {
            'Z' | 'X' if self.threads <= 1 => Stage::Gone,
            'Z' | 'X' => Stage::Ending,
            _ if killed || self.flags & EXITING != 0 => Stage::Ending,
            _ => Stage::Alive,
        }
    }
}

fn read_stat(pid: u32) -> io::Result<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    parse_stat(&text).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

/// Parses the line. The program name is in parentheses and may itself contain blanks and
/// parentheses. After the last one come the state (field 3 of proc(5)), and later flags (9), number
/// of threads (20) and start time (22).
fn parse_stat(text: &str) -> Option<Stat> {
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let flags = fields.nth(5)?.parse().ok()?;
    let threads = fields.nth(10)?.parse().ok()?;
    let started_ticks = fields.nth(1)?.parse().ok()?;
    Some(Stat { state, flags, threads, started_ticks })
}

/// Returns true if a SIGKILL is pending for the process: it executes no more code, but has not
/// ended yet.
fn is_killed(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/status")).is_ok_and(|text| has_pending_kill(&text))
}

/// Checks the pending signals, which are hexadecimal masks of the thread (`SigPnd`) and of the
/// process (`ShdPnd`); signal 9 is bit 8.
fn has_pending_kill(status: &str) -> bool {
    let masks = status.lines().filter_map(|line| line.strip_prefix("SigPnd:").or(line.strip_prefix("ShdPnd:")));
    masks.filter_map(|mask| u64::from_str_radix(mask.trim(), 16).ok()).any(|mask| mask & (1 << 8) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_of_programs_do_not_confuse() {
        let tail = "S 1 2 2 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 31 0 98765 1 2 3";
        for name in ["dfsd", "a b", "a) R 1 (b", ")))", ""] {
            let stat = parse_stat(&format!("123 ({name}) {tail}"));
            assert_eq!(stat, Some(Stat { state: 'S', flags: 4_194_560, threads: 31, started_ticks: 98765 }), "{name}");
        }
        for text in ["", "123", "123 (a)", "123 (a) S 1 2"] {
            assert_eq!(parse_stat(text), None);
        }
    }

    #[test]
    fn the_stages_of_an_end_are_distinguished() {
        for (state, flags, threads, killed, stage) in [
            ('S', 0x400, 8, false, Stage::Alive),
            ('T', 0, 8, false, Stage::Alive),
            ('R', 0, 8, true, Stage::Ending),
            ('R', 0x404, 8, false, Stage::Ending),
            ('Z', 0x404, 3, false, Stage::Ending),
            ('Z', 0x404, 1, false, Stage::Gone),
            ('X', 0x404, 0, true, Stage::Gone),
        ] {
            assert_eq!(Stat { state, flags, threads, started_ticks: 1 }.stage(killed), stage, "{state} {flags:x}");
        }
        assert!(has_pending_kill("Name:\tdfsd\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000100\n"));
        assert!(has_pending_kill("SigPnd:\t0000000000004100\n"));
        assert!(!has_pending_kill("SigPnd:\t0000000000004000\nSigBlk:\t0000000000000100\nShdPnd:\tjunk\n"));
    }

    #[test]
    fn a_stale_pid_is_distinguished_from_a_live_process() {
        let this = ProcessKey::of(std::process::id()).expect("this process");
        assert!(this.is_alive());
        assert!(!ProcessKey { started_ticks: this.started_ticks + 1, ..this.clone() }.is_alive());
        assert!(!ProcessKey { boot: "another".to_owned(), ..this }.is_alive());
        let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("a child");
        let key = ProcessKey::of(child.id()).expect("its key");
        assert!(key.is_alive());
        child.kill().expect("killed");
        assert!(!key.is_alive());
        child.wait().expect("ended");
        assert!(key.is_gone());
    }

    #[test]
    fn run_files_read_back_and_others_do_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("master-1.json");
        assert_eq!(RunFile::read(&path), None);
        let process = ProcessKey::of(std::process::id()).expect("this process");
        let run = RunFile { process, address: Some("127.0.0.1:9".parse().expect("an address")) };
        run.write(&path).expect("written");
        assert_eq!(RunFile::read(&path), Some(run));
        std::fs::write(&path, "{\"pid\":").expect("written");
        assert_eq!(RunFile::read(&path), None);
    }
}
