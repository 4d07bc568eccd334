//! A cluster of real processes with its own home directory.

use crate::programs;
use crate::turn::Turn;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The longest time that a test waits for an expected condition.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The specification of a cluster.
#[derive(Debug, Clone)]
pub struct Spec {
    pub datanodes: u32,
    pub replication: u32,
    pub chunk_size: &'static str,
    /// The environment of every process: settings such as `DFS_MASTER_DEAD_AFTER`.
    pub environment: Vec<(String, String)>,
    /// The hard limit of open files of every daemon; none: that of the test process.
    pub open_files_max: Option<u32>,
}

impl Default for Spec {
    /// Three datanodes, three replicas, chunks of 1 MiB, and fast detection of faults.
    fn default() -> Self {
        let spec =
            Self { datanodes: 3, replication: 3, chunk_size: "1MiB", environment: Vec::new(), open_files_max: None };
        spec.set("DFS_MASTER_HEARTBEAT", "500ms")
            .set("DFS_MASTER_DEAD_AFTER", "3s")
            .set("DFS_CLIENT_RPC_TIMEOUT", "20s")
    }
}

impl Spec {
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn datanodes(mut self, datanodes: u32) -> Self {
        self.datanodes = datanodes;
        self
    }

    #[must_use]
    pub fn open_files_max(mut self, most: u32) -> Self {
        self.open_files_max = Some(most);
        self
    }

    #[must_use]
    pub fn replication(mut self, replication: u32) -> Self {
        self.replication = replication;
        self
    }

    #[must_use]
    pub fn chunk_size(mut self, size: &'static str) -> Self {
        self.chunk_size = size;
        self
    }
}

/// Returns the seed of this test run: `DFS_TEST_SEED`, or a random one. It is printed, so that a
/// failure can be reproduced.
pub fn seed() -> u64 {
    let seed = match std::env::var("DFS_TEST_SEED") {
        Ok(text) => text.parse().expect("DFS_TEST_SEED is a number"),
        Err(_) => fastrand::u64(..),
    };
    eprintln!("seed: run again with DFS_TEST_SEED={seed}");
    seed
}

/// One daemon, as reported by `dfsd status --json`.
#[derive(Debug, Clone)]
pub struct Daemon {
    pub id: String,
    pub pid: Option<i32>,
    pub address: String,
    pub data_dir: PathBuf,
    pub log: PathBuf,
}

impl Daemon {
    /// Sends a signal to its process.
    #[track_caller]
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = self.pid.unwrap_or_else(|| panic!("{} is not running", self.id));
        let pid = rustix::process::Pid::from_raw(pid).expect("a pid");
        rustix::process::kill_process(pid, signal).expect("send signal");
    }
}

/// A running cluster. Dropping it ends its processes; a failing test prints their logs.
#[derive(Debug)]
pub struct Cluster {
    home: TempDir,
    spec: Spec,
    _turn: Turn,
}

/// The exit code and the output of a program.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Cluster {
    /// Starts a cluster and waits until it accepts writes. Waits first while [too
    /// many](crate::turn) clusters run.
    pub fn start(spec: Spec) -> Self {
        Self::start_under(spec, &std::env::temp_dir(), |_| {})
    }

    /// Starts a cluster whose home is created in `directory` and prepared by `prepare` before
    /// anything runs, and waits until it accepts writes.
    pub fn start_under(spec: Spec, directory: &Path, prepare: impl FnOnce(&Path)) -> Self {
        let turn = Turn::take();
        let home = TempDir::with_prefix_in("dfs-test-", directory).expect("temporary directory");
        prepare(home.path());
        let cluster = Self { home, spec, _turn: turn };
        let datanodes = cluster.spec.datanodes.to_string();
        let replication = cluster.spec.replication.to_string();
        let args =
            ["up", "--datanodes", &datanodes, "--replication", &replication, "--chunk-size", cluster.spec.chunk_size];
        let said = cluster.dfsd(&args);
        assert_eq!(said.code, 0, "up: {said:?}\n{}", cluster.logs());
        cluster
    }

    /// Returns the specification of the cluster.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Returns the home directory, which contains all files of the cluster.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Returns a directory for the local files of the test.
    pub fn scratch(&self) -> PathBuf {
        let directory = self.home().join("scratch");
        std::fs::create_dir_all(&directory).expect("make scratch directory");
        directory
    }

    /// Returns a `dfs-shell` command for this cluster that is not started yet.
    pub fn shell_command(&self) -> Command {
        self.command(programs::dfs_shell())
    }

    /// A command of this cluster's `dfs-top`, not yet run.
    pub fn top_command(&self) -> Command {
        self.command(programs::dfs_top())
    }

    fn command(&self, mut command: Command) -> Command {
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DFS_")) {
            command.env_remove(name);
        }
        // Glyphs are those of a UTF-8 locale, wherever the tests run.
        command.env("LC_ALL", "C.UTF-8");
        command.env("DFS_HOME", self.home()).envs(self.spec.environment.iter().cloned());
        command.current_dir(self.home()).stdin(Stdio::null());
        command
    }

    /// Runs `dfs-shell` with these arguments.
    pub fn shell<S: AsRef<std::ffi::OsStr>>(&self, args: &[S]) -> Said {
        said(self.shell_command().args(args).output())
    }

    /// Runs `dfs-shell`, which must succeed, and returns its standard output.
    #[track_caller]
    pub fn ok<S: AsRef<std::ffi::OsStr> + std::fmt::Debug>(&self, args: &[S]) -> String {
        let said = self.shell(args);
        assert_eq!(said.code, 0, "dfs-shell {args:?}: {said:?}");
        said.stdout
    }

    /// Runs `dfs-shell --json`, which must succeed, and returns its document.
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Value {
        let text = self.ok(&[&["--json"], args].concat());
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("dfs-shell --json {args:?}: {error}: {text}"))
    }

    /// Returns a `dfsd` command for this cluster that is not started yet.
    pub fn dfsd_command(&self) -> Command {
        let program = programs::dfsd();
        let Some(most) = self.spec.open_files_max else { return self.command(program) };
        // The limit of the shell process is inherited by `dfsd` and by all daemons that it starts.
        let mut limited = Command::new("sh");
        limited.args(["-c", &format!("ulimit -n {most} && exec \"$0\" \"$@\"")]);
        limited.arg(program.get_program()).args(program.get_args());
        self.command(limited)
    }

    /// Runs `dfsd`.
    pub fn dfsd(&self, args: &[&str]) -> Said {
        said(self.dfsd_command().args(args).output())
    }

    /// Runs `dfsd`, which must succeed, and returns its standard output.
    #[track_caller]
    pub fn dfsd_ok(&self, args: &[&str]) -> String {
        let said = self.dfsd(args);
        assert_eq!(said.code, 0, "dfsd {args:?}: {said:?}\n{}", self.logs());
        said.stdout
    }

    /// Returns all daemons.
    pub fn daemons(&self) -> Vec<Daemon> {
        let text = self.dfsd_ok(&["status", "--json"]);
        let document: Value = serde_json::from_str(&text).expect("status is JSON");
        let text = |daemon: &Value, key: &str| daemon[key].as_str().unwrap_or_default().to_owned();
        let read = |daemon: &Value| Daemon {
            id: text(daemon, "id"),
            pid: daemon["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok()),
            address: text(daemon, "address"),
            data_dir: text(daemon, "data_dir").into(),
            log: text(daemon, "log").into(),
        };
        document["daemons"].as_array().expect("a list of daemons").iter().map(read).collect()
    }

    /// Returns one daemon.
    #[track_caller]
    pub fn daemon(&self, id: &str) -> Daemon {
        self.daemons().into_iter().find(|daemon| daemon.id == id).unwrap_or_else(|| panic!("no daemon {id}"))
    }

    /// Sends a signal to a daemon's process.
    #[track_caller]
    pub fn signal(&self, id: &str, signal: rustix::process::Signal) {
        self.daemon(id).signal(signal);
    }

    /// Kills one daemon (SIGKILL).
    #[track_caller]
    pub fn kill(&self, id: &str) {
        self.signal(id, rustix::process::Signal::KILL);
    }

    /// Suspends a process (SIGSTOP): its connections stay open without an answer.
    #[track_caller]
    pub fn freeze(&self, id: &str) {
        self.signal(id, rustix::process::Signal::STOP);
    }

    /// Resumes a suspended process (SIGCONT).
    #[track_caller]
    pub fn thaw(&self, id: &str) {
        self.signal(id, rustix::process::Signal::CONT);
    }

    /// Kills every daemon at once (SIGKILL).
    pub fn kill_all(&self) {
        let pids =
            self.daemons().into_iter().filter_map(|daemon| daemon.pid).filter_map(rustix::process::Pid::from_raw);
        for pid in pids.collect::<Vec<_>>() {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }

    /// Starts one daemon and waits for it.
    #[track_caller]
    pub fn start_daemon(&self, id: &str) {
        self.dfsd_ok(&["start", id]);
    }

    /// Starts every daemon that is not running and waits until the cluster accepts writes.
    #[track_caller]
    pub fn start_all(&self) {
        self.dfsd_ok(&["up"]);
    }

    /// Waits until `condition` holds.
    #[track_caller]
    pub fn wait_for(&self, what: &str, mut condition: impl FnMut() -> bool) {
        let start = Instant::now();
        while !condition() {
            assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} for: {what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Creates a client of this cluster, in this process.
    pub async fn client(&self) -> dfs_client::Client {
        let masters = self.daemons().into_iter().filter(|daemon| daemon.id.starts_with("master"));
        let masters = masters.map(|daemon| daemon.address.parse().expect("an address")).collect();
        let pem = std::fs::read(self.credential()).expect("read credential");
        let identity = dfs_rpc::tls::Identity::from_pem(&pem).expect("load credential");
        let settings = dfs_config::ClientSettings { rpc_timeout: Duration::from_secs(20), ..Default::default() };
        dfs_client::Client::connect(dfs_client::ClientOptions { masters, identity, settings }).await.expect("connect")
    }

    /// Returns the path of the superuser's credential.
    pub fn credential(&self) -> PathBuf {
        let directory = self.home().join("credentials");
        let is_user = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("user"));
        let files =
            std::fs::read_dir(&directory).expect("credentials directory").map(|entry| entry.expect("entry").path());
        files.into_iter().find(is_user).expect("a user's credential")
    }

    /// Returns true if every chunk has all its replicas.
    pub fn is_healthy(&self) -> bool {
        let status = self.json(&["status"]);
        let short = |key: &str| status["replication"][key].as_u64();
        [short("missing"), short("at_risk"), short("under")] == [Some(0); 3]
    }

    /// Returns the chunk files of a datanode.
    pub fn chunk_files(&self, id: &str) -> Vec<PathBuf> {
        let mut files = Vec::new();
        walk(&self.daemon(id).data_dir.join("chunks"), &mut |path| {
            if path.extension().is_some_and(|extension| extension == "chunk") {
                files.push(path.to_owned());
            }
        });
        files.sort();
        files
    }

    /// Returns the end of every daemon's log.
    pub fn logs(&self) -> String {
        let mut text = String::new();
        walk(&self.home().join("logs"), &mut |path| {
            if path.extension().is_some_and(|extension| extension == "log") {
                let bytes = std::fs::read(path).unwrap_or_default();
                let log = String::from_utf8_lossy(&bytes);
                let lines: Vec<&str> = log.lines().collect();
                let tail = lines.iter().skip(lines.len().saturating_sub(60));
                text += &format!("--- {}\n", path.display());
                tail.for_each(|line| text += &format!("{line}\n"));
            }
        });
        text
    }
}

pub(crate) fn walk(directory: &Path, visit: &mut impl FnMut(&Path)) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&entry.path(), visit),
            _ => visit(&entry.path()),
        }
    }
}

fn said(output: std::io::Result<Output>) -> Said {
    use std::os::unix::process::ExitStatusExt;
    let output = output.expect("run a program under test");
    Said {
        code: output.status.code().unwrap_or_else(|| -output.status.signal().unwrap_or(0)),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.logs());
        }
        // No process may be left running, whatever state the test left the cluster in.
        let _ = self.command(programs::dfsd()).args(["down", "--purge", "--yes"]).output();
        if std::env::var_os("DFS_TEST_KEEP").is_some() {
            eprintln!("the files are kept in {}", self.home().display());
            self.home.disable_cleanup(true);
        }
    }
}
