//! Starts daemons and waits until they are healthy.

use super::daemon_id::DaemonId;
use super::health::{self, Health};
use super::layout::{Layout, io_error};
use super::ports;
use super::process::{KILL_PATIENCE, LOOK_EVERY, ends_within, live, spawn_daemon};
use super::run_file::RunFile;
use super::spec::Spec;
use super::stop;
use super::waiting::{Say, Waiting};
use crate::authority::Authority;
use dfs_config::Settings;
use dfs_types::{DatanodeId, Error, ErrorCode, Result};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Child;
use std::time::{Duration, SystemTime};

/// The time within which a daemon must listen; a master reads its log first.
const LISTEN_PATIENCE: Duration = Duration::from_secs(120);
/// The time within which the cluster must be healthy once its daemons listen.
const HEALTH_PATIENCE: Duration = Duration::from_secs(120);
const HEALTH_LOOK_EVERY: Duration = Duration::from_millis(20);
/// The number of bytes at the end of a log that are searched for the reason of a failure.
const LOG_BYTES: u64 = 32 << 10;
/// A part of the first line in the log of each start.
const STARTED: &str = " starts version=";

/// The state for starting daemons.
pub(super) struct Starter<'a> {
    pub(super) layout: &'a Layout,
    pub(super) settings: &'a Settings,
    pub(super) spec: Spec,
    /// The daemons that should run.
    wanted: BTreeSet<DaemonId>,
    /// The daemons that were started here.
    started: BTreeSet<DaemonId>,
    /// Datanodes accept a data directory that is empty, or another than before.
    pub(super) accept_empty: bool,
    say: Say<'a>,
}

impl<'a> Starter<'a> {
    pub(super) fn new(layout: &'a Layout, settings: &'a Settings, spec: Spec, say: Say<'a>) -> Self {
        Self { layout, settings, spec, wanted: BTreeSet::new(), started: BTreeSet::new(), accept_empty: false, say }
    }

    /// Returns the daemons that were started so far.
    pub(super) fn started(&self) -> Vec<DaemonId> {
        self.started.iter().copied().collect()
    }

    /// Starts those of `ids` that do not run, masters before datanodes, and records their
    /// addresses. Restarts running datanodes that look for a master at an old address.
    pub(super) fn start(&mut self, ids: &[DaemonId]) -> Result<()> {
        self.wanted.extend(ids);
        let mut idle = Vec::new();
        for id in ids {
            if !self.adopt(*id)? {
                idle.push(*id);
            }
        }
        let before = self.spec.master_addresses();
        let masters: Vec<DaemonId> = self.spec.masters().filter(|id| idle.contains(id)).collect();
        self.start_all(&masters)?;
        if !before.is_empty() && before != self.spec.master_addresses() {
            let lost: Vec<DaemonId> = self.spec.datanodes().filter(|id| self.live(*id).is_some()).collect();
            stop::stop_all(self.layout, &lost, stop::TERM_PATIENCE, self.say)?;
            idle.extend(lost);
        }
        let datanodes: Vec<DaemonId> = self.spec.datanodes().filter(|id| idle.contains(id)).collect();
        self.start_all(&datanodes)
    }

    fn live(&self, id: DaemonId) -> Option<RunFile> {
        live(&self.layout.run_file(id))
    }

    /// Returns true if a daemon runs. If it is still starting, waits for it; records its address.
    ///
    /// # Errors
    /// Returns an error if it runs but is suspended or accepts no connection: it must be restarted.
    fn adopt(&mut self, id: DaemonId) -> Result<bool> {
        let mut waiting = Waiting::begin(self.say);
        while let Some(run) = self.live(id) {
            if let Some(suspended) = suspended(id, &run) {
                return Err(suspended);
            }
            if let Some(address) = run.address {
                self.spec.daemons.insert(id, run.address);
                let identity = health::identity(&self.layout.user_credential(&self.spec.superuser));
                return match identity {
                    // It may have been suspended since it was looked at.
                    Ok(identity) if health::is_silent(&identity, id, address) => {
                        Err(suspended(id, &run).unwrap_or_else(|| stuck(id, &run, "does not answer")))
                    }
                    _ => Ok(true),
                };
            }
            waiting.note(&format!("{id} to listen"));
            if waiting.elapsed() >= LISTEN_PATIENCE {
                return Err(
                    self.did_not_start(id, &format!("it did not listen within {} s", LISTEN_PATIENCE.as_secs()))
                );
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(false)
    }

    /// Starts all of them at once, then waits for each to listen.
    fn start_all(&mut self, ids: &[DaemonId]) -> Result<()> {
        let mut begun = Vec::new();
        for id in ids {
            self.bury(*id)?;
            let listen = self.listen(*id);
            begun.push((*id, listen, self.spawn(*id, listen)?));
        }
        for (id, listen, child) in begun {
            let address = match self.wait_to_listen(id, child) {
                Err(_) if TcpListener::bind(listen).is_err() => {
                    // Another process took the port since it was checked.
                    self.bury(id)?;
                    let child = self.spawn(id, ports::free())?;
                    self.wait_to_listen(id, child)
                }
                waited => waited,
            }?;
            self.started.insert(id);
            self.spec.daemons.insert(id, Some(address));
            self.spec.save(self.layout)?;
        }
        Ok(())
    }

    /// Waits until nothing is left of a killed daemon: until then its port is not free.
    fn bury(&self, id: DaemonId) -> Result<()> {
        let run_file = self.layout.run_file(id);
        if let Some(last) = RunFile::read(&run_file)
            && !ends_within(id, &last.process, KILL_PATIENCE, self.say)
        {
            return Err(Error::new(ErrorCode::Timeout, format!("process {} does not end", last.process.pid)).at(id));
        }
        if let Err(error) = std::fs::remove_file(&run_file)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(io_error("remove stale run file", &run_file)(error));
        }
        Ok(())
    }

    /// Returns the recorded address if it is free, otherwise another one.
    fn listen(&self, id: DaemonId) -> SocketAddr {
        let remembered = self.spec.daemons.get(&id).copied().flatten();
        remembered.filter(|address| TcpListener::bind(address).is_ok()).unwrap_or_else(ports::free)
    }

    fn spawn(&self, id: DaemonId, listen: SocketAddr) -> Result<Child> {
        ensure_credential(self.layout, id)?;
        let settings = self.spec.settings_of(id, self.settings, self.layout, listen);
        let file = self.layout.settings(id);
        let text = dfs_config::to_toml(&settings);
        crate::durable::write_file(&file, text.as_bytes()).map_err(io_error("write settings", &file))?;
        let run_file = self.layout.run_file(id);
        let log = self.layout.log(id);
        let mut args: Vec<OsString> = vec![id.role().into(), "--id".into(), id.to_string().into()];
        for (flag, path) in [("--config", &file), ("--run-file", &run_file), ("--log-file", &log)] {
            args.extend([flag.into(), path.into()]);
        }
        if matches!(id, DaemonId::Datanode(_)) {
            // The daemon does not see DFS_HOME, and would use the directory of another cluster.
            args.extend(["--record".into(), self.layout.directories(id).into()]);
            if self.accept_empty {
                args.push("--accept-empty".into());
            }
        }
        if self.begins(id)? {
            args.extend(["--superuser".into(), OsString::from(&self.spec.superuser)]);
        }
        spawn_daemon(&args, &log)
    }

    /// Returns true if this master begins a new cluster: it never listened before. A master that
    /// did must find its data: with an empty directory it would treat every chunk on the datanodes
    /// as garbage.
    fn begins(&self, id: DaemonId) -> Result<bool> {
        let ran_before = self.spec.daemons.get(&id).copied().flatten().is_some();
        let data = self.layout.data(id);
        if !matches!(id, DaemonId::Master(_)) {
            return Ok(false);
        }
        if ran_before && !data.exists() {
            let error =
                Error::new(ErrorCode::LocalIo, "the data directory of this master is missing").at(data.display());
            return Err(error.hint("restore it, or delete the whole cluster with dfsd down --purge and start again"));
        }
        Ok(!ran_before)
    }

    fn wait_to_listen(&self, id: DaemonId, mut child: Child) -> Result<SocketAddr> {
        let mut waiting = Waiting::begin(self.say);
        loop {
            waiting.note(&format!("{id} to listen"));
            let run = RunFile::read(&self.layout.run_file(id)).filter(|run| run.process.pid == child.id());
            if let Some(address) = run.and_then(|run| run.address) {
                // The child must be waited for, or it would stay a zombie as long as this process
                // lives.
                let _ = std::thread::Builder::new().name(format!("reap {id}")).spawn(move || child.wait());
                return Ok(address);
            }
            if let Ok(Some(ended)) = child.try_wait() {
                return Err(self.did_not_start(id, &format!("it ended with {ended} before it listened")));
            }
            if waiting.elapsed() >= LISTEN_PATIENCE {
                let _ = child.kill();
                let _ = child.wait();
                return Err(
                    self.did_not_start(id, &format!("it did not listen within {} s", LISTEN_PATIENCE.as_secs()))
                );
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn did_not_start(&self, id: DaemonId, what: &str) -> Error {
        let log = self.layout.log(id);
        let (reason, hint) = reason(&end_of_log(&log)).unwrap_or_else(|| (what.to_owned(), None));
        let hint = hint.map(|hint| format!("{hint}; ")).unwrap_or_default();
        Error::new(ErrorCode::Internal, reason).at(id).hint(format!("{hint}its log is {}", log.display()))
    }

    /// Waits until a master answers and counts all of `datanodes` as live, and `well` agrees.
    /// Returns the answer of the master.
    pub(super) fn wait_until_well(
        &mut self,
        datanodes: &[DatanodeId],
        well: fn(&Health, &[DatanodeId]) -> Option<String>,
    ) -> Result<Health> {
        let identity = health::identity(&self.layout.user_credential(&self.spec.superuser))?;
        let mut waiting = Waiting::begin(self.say);
        loop {
            let waited_for = datanodes.iter().map(|id| DaemonId::Datanode(*id)).chain(self.spec.masters());
            for id in waited_for {
                if let Some(suspended) = self.live(id).and_then(|run| suspended(id, &run)) {
                    return Err(suspended);
                }
            }
            let lack = match health::ask(&identity, &self.spec.master_addresses()) {
                Ok(health) => match well(&health, datanodes) {
                    None => return Ok(health),
                    Some(lack) => lack,
                },
                Err(error) => error.to_string(),
            };
            let mut waited_for = datanodes.iter().map(|id| DaemonId::Datanode(*id)).chain(self.spec.masters());
            let dead = waited_for.find(|id| self.live(*id).is_none());
            drop(waited_for);
            if let Some(dead) = dead {
                if self.started.contains(&dead) || !self.wanted.contains(&dead) {
                    return Err(self.did_not_start(dead, "it ended while the cluster was starting"));
                }
                // It was about to end when it was seen running.
                self.start(&[dead])?;
            }
            waiting.note(&format!("the cluster: {lack}"));
            if waiting.elapsed() >= HEALTH_PATIENCE {
                let what = format!("the cluster is not healthy after {} s: {lack}", HEALTH_PATIENCE.as_secs());
                return Err(Error::new(ErrorCode::Timeout, what).hint("run dfsd logs to see the logs of its daemons"));
            }
            std::thread::sleep(HEALTH_LOOK_EVERY);
        }
    }
}

/// Returns the error for a daemon that runs and is suspended.
fn suspended(id: DaemonId, run: &RunFile) -> Option<Error> {
    run.process.is_suspended().then(|| stuck(id, run, "suspended"))
}

/// Returns the error for a daemon that runs and does not serve.
fn stuck(id: DaemonId, run: &RunFile, how: &str) -> Error {
    let what = format!("{id} is running (process {}) but {how}", run.process.pid);
    Error::new(ErrorCode::InvalidArgument, what).hint(format!("dfsd restart {id}"))
}

/// Loads the authority of this user's cluster.
pub(super) fn load_authority(layout: &Layout) -> Result<Authority> {
    let path = layout.authority();
    let pem = std::fs::read(&path).map_err(io_error("read authority", &path))?;
    Authority::from_pem(&pem).map_err(|error| Error::new(ErrorCode::LocalIo, error.to_string()).at(path.display()))
}

/// Issues the credential of a daemon, unless it has one.
pub(super) fn ensure_credential(layout: &Layout, id: DaemonId) -> Result<()> {
    let path = layout.credential(id);
    if path.exists() {
        return Ok(());
    }
    issue(&load_authority(layout)?, &id.principal(), &path)
}

/// Writes a new credential, readable only by its owner.
pub(super) fn issue(authority: &Authority, principal: &dfs_types::Principal, path: &Path) -> Result<()> {
    let issued = authority.issue(principal, SystemTime::now());
    let pem = issued.map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))?;
    crate::durable::write_file(path, pem.as_bytes()).map_err(io_error("write credential", path))
}

/// Returns the last lines of a log.
fn end_of_log(path: &Path) -> String {
    use std::io::{Read, Seek, SeekFrom};
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|mut file| {
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LOG_BYTES)))?;
        file.take(LOG_BYTES).read_to_end(&mut bytes)
    });
    // A log that cannot be read holds no reason.
    read.map(|_| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// Returns the reason why a daemon ended, and its hint: the last error since its last start in the
/// last lines of its log.
fn reason(log: &str) -> Option<(String, Option<String>)> {
    let since = log.rfind(STARTED).map_or(log, |start| log.get(start..).unwrap_or_default());
    let of_line = |line: &str| {
        // Before the log is open, standard error leads there.
        let said = line.strip_prefix("dfsd: ").map(str::to_owned);
        let logged =
            || line.split_once(" ERROR ").and_then(|(_, text)| text.split_once(": ")).map(|(_, text)| text.to_owned());
        said.or_else(logged)
    };
    let mut below = None;
    for line in since.lines().rev() {
        if let Some(reason) = of_line(line) {
            let failed = reason.split_once(" failed: ").filter(|(id, _)| !id.contains(' '));
            let reason = failed.map_or(reason.clone(), |(_, why)| why.to_owned());
            return Some((reason, below.and_then(|line: &str| line.strip_prefix("  hint: ")).map(str::to_owned)));
        }
        below = Some(line);
    }
    None
}

#[cfg(test)]
mod tests {
    const BEGIN: &str =
        "2026-11-28T19:53:15.8Z  INFO dfs_daemon::cli::daemon: master-1 starts version=\"0.1.0\" pid=7\n";
    const OTHERS: &str = "2026-11-28T19:53:15.9Z  WARN dfs_daemon::disk: this ext4 has no journal\n";

    #[test]
    fn the_reason_is_the_last_error_since_the_last_start() {
        let reason = |log: &str| super::reason(log).map(|(reason, _)| reason);
        let error = |text: &str| format!("2026-11-28T19:53:15.9Z ERROR dfs_daemon::cli::daemon: {text}\n");
        let corrupt = error("master-1 failed: the master's log is corrupt: /m/log: restore it");
        let log = format!("{BEGIN}{}{BEGIN}{OTHERS}{corrupt}", error("master-1 failed: another one"));
        assert_eq!(reason(&log).as_deref(), Some("the master's log is corrupt: /m/log: restore it"));
        assert_eq!(reason(&format!("{BEGIN}{corrupt}{BEGIN}{OTHERS}")), None, "it was killed");
        assert_eq!(
            reason(&format!("{BEGIN}{}", error("thread main: panicked"))).as_deref(),
            Some("thread main: panicked")
        );
        assert_eq!(reason(&format!("{BEGIN}{corrupt}dfsd: no key\n")).as_deref(), Some("no key"), "it did not get far");
        assert_eq!(reason(""), None);
        let hinted = super::reason(&format!("{BEGIN}{corrupt}dfsd: no key\n  hint: make one\n"));
        assert_eq!(hinted, Some(("no key".to_owned(), Some("make one".to_owned()))));
    }
}
