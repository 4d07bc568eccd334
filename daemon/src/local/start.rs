//! Starting daemons and waiting until they are well.

use super::daemon_id::DaemonId;
use super::health::{self, Health};
use super::layout::{Layout, io_error};
use super::ports;
use super::process::{KILL_PATIENCE, LOOK_EVERY, ends_within, live, spawn_daemon};
use super::run_file::RunFile;
use super::spec::Spec;
use super::stop;
use crate::authority::Authority;
use dfs_config::Settings;
use dfs_types::{DatanodeId, Error, ErrorCode, Result};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant, SystemTime};

/// How long a daemon may take to listen; a master reads its log before.
const LISTEN_PATIENCE: Duration = Duration::from_secs(120);
/// How long the cluster may take to be well once its daemons listen.
const HEALTH_PATIENCE: Duration = Duration::from_secs(120);
const HEALTH_LOOK_EVERY: Duration = Duration::from_millis(20);
/// Lines of a log that are shown when a daemon does not start.
const LOG_LINES: usize = 20;
/// Bytes at the end of a log that these lines are looked for in.
const LOG_BYTES: u64 = 32 << 10;

/// What is needed to start daemons.
pub(super) struct Starter<'a> {
    pub(super) layout: &'a Layout,
    pub(super) settings: &'a Settings,
    pub(super) spec: Spec,
    /// Those that are to run.
    wanted: BTreeSet<DaemonId>,
    /// Those that we started ourselves.
    started: BTreeSet<DaemonId>,
    /// Datanodes take a data folder although it is empty, or another than before.
    pub(super) accept_empty: bool,
}

impl<'a> Starter<'a> {
    pub(super) fn new(layout: &'a Layout, settings: &'a Settings, spec: Spec) -> Self {
        Self { layout, settings, spec, wanted: BTreeSet::new(), started: BTreeSet::new(), accept_empty: false }
    }

    /// Those that were started so far.
    pub(super) fn started(&self) -> Vec<DaemonId> {
        self.started.iter().copied().collect()
    }

    /// Starts those of `ids` that do not run, masters before datanodes, and remembers their addresses.
    /// Datanodes that run but look for a master at its old address are started again.
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
            stop::stop_all(self.layout, &lost, stop::TERM_PATIENCE)?;
            idle.extend(lost);
        }
        let datanodes: Vec<DaemonId> = self.spec.datanodes().filter(|id| idle.contains(id)).collect();
        self.start_all(&datanodes)
    }

    fn live(&self, id: DaemonId) -> Option<RunFile> {
        live(&self.layout.run_file(id))
    }

    /// Whether a daemon runs. If it is still starting, it is waited for; its address is taken note of.
    fn adopt(&mut self, id: DaemonId) -> Result<bool> {
        let begun = Instant::now();
        while let Some(run) = self.live(id) {
            if run.address.is_some() {
                self.spec.daemons.insert(id, run.address);
                return Ok(true);
            }
            if begun.elapsed() >= LISTEN_PATIENCE {
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
                    // Somebody took the port in the blink since we looked.
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

    /// Waits until nothing is left of a daemon that was killed: until then its port looks as if somebody else had it.
    fn bury(&self, id: DaemonId) -> Result<()> {
        let run_file = self.layout.run_file(id);
        if let Some(last) = RunFile::read(&run_file)
            && !ends_within(&last.process, KILL_PATIENCE)
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

    /// The remembered address if it is free, else another one.
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
            // The daemon does not see DFS_HOME, and would look in the folder of another cluster.
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

    /// Whether this master begins a new cluster: it never listened before. One that did must find its data: with an empty
    /// folder it would take every chunk on the datanodes for garbage.
    fn begins(&self, id: DaemonId) -> Result<bool> {
        let ran_before = self.spec.daemons.get(&id).copied().flatten().is_some();
        let data = self.layout.data(id);
        if !matches!(id, DaemonId::Master(_)) {
            return Ok(false);
        }
        if ran_before && !data.exists() {
            let error = Error::new(ErrorCode::LocalIo, "the data folder of this master is gone").at(data.display());
            return Err(error.hint("bring it back, or begin anew with dfsd down --purge"));
        }
        Ok(!ran_before)
    }

    fn wait_to_listen(&self, id: DaemonId, mut child: Child) -> Result<SocketAddr> {
        let begun = Instant::now();
        loop {
            let run = RunFile::read(&self.layout.run_file(id)).filter(|run| run.process.pid == child.id());
            if let Some(address) = run.and_then(|run| run.address) {
                // Somebody must take note of its end, or it would stay as a zombie for as long as this process lives.
                let _ = std::thread::Builder::new().name(format!("reap {id}")).spawn(move || child.wait());
                return Ok(address);
            }
            if let Ok(Some(ended)) = child.try_wait() {
                return Err(self.did_not_start(id, &format!("it ended with {ended} before it listened")));
            }
            if begun.elapsed() >= LISTEN_PATIENCE {
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
        let message = format!("{what}; the end of its log:\n{}", end_of_log(&log));
        Error::new(ErrorCode::Internal, message).at(id).hint(format!("the whole log is {}", log.display()))
    }

    /// Waits until a master answers, knows all of `datanodes` as live, and `well` says so as well.
    pub(super) fn wait_until_well(
        &mut self,
        datanodes: &[DatanodeId],
        well: fn(&Health, &[DatanodeId]) -> Option<String>,
    ) -> Result<()> {
        let identity = health::identity(&self.layout.user_credential(&self.spec.superuser))?;
        let begun = Instant::now();
        loop {
            let lack = match health::ask(&identity, &self.spec.master_addresses()) {
                Ok(health) => match well(&health, datanodes) {
                    None => return Ok(()),
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
                // It was on its last breath when we saw it run.
                self.start(&[dead])?;
            }
            if begun.elapsed() >= HEALTH_PATIENCE {
                let what = format!("the cluster is not well after {} s: {lack}", HEALTH_PATIENCE.as_secs());
                return Err(Error::new(ErrorCode::Timeout, what).hint("dfsd logs shows what its daemons say"));
            }
            std::thread::sleep(HEALTH_LOOK_EVERY);
        }
    }
}

/// The authority of this user's cluster.
pub(super) fn load_authority(layout: &Layout) -> Result<Authority> {
    let path = layout.authority();
    let pem = std::fs::read(&path).map_err(io_error("read authority", &path))?;
    Authority::from_pem(&pem).map_err(|error| Error::new(ErrorCode::LocalIo, error.to_string()).at(path.display()))
}

fn ensure_credential(layout: &Layout, id: DaemonId) -> Result<()> {
    let path = layout.credential(id);
    if path.exists() {
        return Ok(());
    }
    issue(&load_authority(layout)?, &id.principal(), &path)
}

/// Writes a new credential, readable for its owner alone.
pub(super) fn issue(authority: &Authority, principal: &dfs_types::Principal, path: &Path) -> Result<()> {
    let issued = authority.issue(principal, SystemTime::now());
    let pem = issued.map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))?;
    crate::durable::write_file(path, pem.as_bytes()).map_err(io_error("write credential", path))
}

/// The last lines of a log.
fn end_of_log(path: &Path) -> String {
    use std::io::{Read, Seek, SeekFrom};
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|mut file| {
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LOG_BYTES)))?;
        file.take(LOG_BYTES).read_to_end(&mut bytes)
    });
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    match read {
        Ok(0) | Err(_) => "  (nothing)".to_owned(),
        Ok(_) => lines
            .iter()
            .skip(lines.len().saturating_sub(LOG_LINES))
            .map(|line| format!("  {line}"))
            .collect::<Vec<_>>()
            .join("\n"),
    }
}
