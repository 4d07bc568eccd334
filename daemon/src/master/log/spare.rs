//! Spare segments: files that are there, written and synced before they are needed. A thread makes them, so that the log
//! meets neither a full disk nor the cost of a new file while somebody waits for it.

use crate::durable;
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;

/// Spares that are kept when segments become free; more are deleted.
const SPARES_MAX: usize = 4;
/// How long to wait before trying again to make a spare on a full disk.
const RETRY: Duration = Duration::from_secs(1);
/// Zeros are written in pieces of this many bytes.
const ZEROS_BYTES: usize = 1 << 20;

/// The disk, as far as it can fail in ways that the log must bear.
pub trait Disk: Send + Sync + std::fmt::Debug + 'static {
    /// Makes a file of `bytes` zeros that are on the disk, not only promised.
    ///
    /// # Errors
    /// When the disk is full or broken; nothing is left behind.
    fn allocate(&self, path: &Path, bytes: u64) -> io::Result<()>;

    /// Brings what was written to `file` onto the disk.
    ///
    /// # Errors
    /// When it fails; what is on the disk is then unknown.
    fn sync(&self, file: &File) -> io::Result<()>;
}

/// The real one.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn allocate(&self, path: &Path, bytes: u64) -> io::Result<()> {
        let made = write_zeros(path, bytes);
        if made.is_err() {
            // A spare that is not whole is worth nothing; it would keep the space that somebody is about to free.
            let _ = fs::remove_file(path);
        }
        made
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        durable::sync_data(file)
    }
}

fn write_zeros(path: &Path, bytes: u64) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    let mut zeros = vec![0; ZEROS_BYTES];
    let mut left = bytes;
    while left > 0 {
        // Only the last piece is shorter.
        zeros.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        file.write_all(&zeros)?;
        left -= zeros.len() as u64;
    }
    file.sync_all()
}

/// Whether the log can go on when its segment is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outlook {
    /// There is a spare.
    Ready,
    /// One is being made; nobody knows yet whether the disk has room for it.
    #[default]
    Making,
    /// The disk had no room for one.
    Full,
}

#[derive(Debug, Default)]
struct State {
    ready: Vec<PathBuf>,
    /// Why the last attempt to make one failed.
    problem: Option<String>,
    next_name: u64,
    stopping: bool,
}

impl State {
    fn outlook(&self) -> Outlook {
        match (self.ready.is_empty(), &self.problem) {
            (false, _) => Outlook::Ready,
            (true, None) => Outlook::Making,
            (true, Some(_)) => Outlook::Full,
        }
    }
}

#[derive(Debug)]
struct Shared {
    directory: PathBuf,
    segment_bytes: u64,
    disk: Arc<dyn Disk>,
    state: Mutex<State>,
    changed: Condvar,
    /// What the state comes to, for those who may not block.
    outlook: watch::Sender<Outlook>,
}

/// The spares of one log, and the thread that makes them. Dropping it ends the thread.
#[derive(Debug)]
pub struct Spares {
    shared: Arc<Shared>,
    maker: Option<JoinHandle<()>>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Wakes whoever waits for another state. To be called with each change, and the lock still held.
    fn tell(&self, state: &State) {
        self.outlook.send_replace(state.outlook());
        self.changed.notify_all();
    }
}

impl Spares {
    /// Takes over `found` files and sees to it that there is always one.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn new(directory: &Path, segment_bytes: u64, found: Vec<PathBuf>, disk: Arc<dyn Disk>) -> io::Result<Self> {
        let next_name = found.iter().filter_map(|path| number(path)).max().map_or(0, |number| number + 1);
        let state = State { ready: found, next_name, ..State::default() };
        let (outlook, state) = (state.outlook(), Mutex::new(state));
        let (directory, changed, outlook) = (directory.to_owned(), Condvar::new(), watch::Sender::new(outlook));
        let shared = Arc::new(Shared { directory, segment_bytes, disk, state, changed, outlook });
        let ours = shared.clone();
        let maker = std::thread::Builder::new().name("log-spare".to_owned()).spawn(move || make_spares(&ours))?;
        Ok(Self { shared, maker: Some(maker) })
    }

    /// What is to be expected, now and from now on.
    pub fn outlook(&self) -> watch::Receiver<Outlook> {
        self.shared.outlook.subscribe()
    }

    /// Why there is no spare.
    pub fn problem(&self) -> Option<String> {
        self.shared.lock().problem.clone()
    }

    /// A spare; waits for one that is being made.
    ///
    /// # Errors
    /// When there is none and none can be made.
    pub fn take(&self) -> io::Result<PathBuf> {
        let mut state = self.shared.lock();
        loop {
            if let Some(path) = state.ready.pop() {
                self.shared.tell(&state);
                return Ok(path);
            }
            if let Some(problem) = &state.problem {
                return Err(io::Error::new(io::ErrorKind::StorageFull, problem.clone()));
            }
            self.shared.changed.wait(&mut state);
        }
    }

    /// Makes a spare of a segment that is needed no more, or deletes it when there are enough.
    ///
    /// # Errors
    /// When it can be neither renamed nor deleted.
    pub fn give(&self, segment: &Path, size: u64) -> io::Result<()> {
        let mut state = self.shared.lock();
        if state.ready.len() >= SPARES_MAX || size != self.shared.segment_bytes {
            return fs::remove_file(segment);
        }
        let path = self.shared.name(&mut state);
        fs::rename(segment, &path)?;
        state.ready.push(path);
        state.problem = None;
        self.shared.tell(&state);
        Ok(())
    }
}

impl Drop for Spares {
    fn drop(&mut self) {
        self.shared.lock().stopping = true;
        self.shared.changed.notify_all();
        if let Some(maker) = self.maker.take() {
            let _ = maker.join();
        }
    }
}

/// The number in `spare-N.log`.
pub fn number(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix("spare-")?.strip_suffix(".log")?.parse().ok()
}

impl Shared {
    fn name(&self, state: &mut State) -> PathBuf {
        state.next_name += 1;
        self.directory.join(format!("spare-{}.log", state.next_name))
    }
}

fn make_spares(shared: &Shared) {
    let mut state = shared.lock();
    while !state.stopping {
        if !state.ready.is_empty() {
            shared.changed.wait(&mut state);
            continue;
        }
        let path = shared.name(&mut state);
        drop(state);
        let made = shared.disk.allocate(&path, shared.segment_bytes);
        state = shared.lock();
        match made {
            Ok(()) => {
                if state.problem.take().is_some() {
                    tracing::info!("the log has a spare segment again; commands are taken");
                }
                state.ready.push(path);
                shared.tell(&state);
            }
            Err(error) => {
                if state.problem.is_none() {
                    tracing::error!(path = %path.display(), %error, "no spare log segment can be made; commands are refused");
                }
                state.problem = Some(error.to_string());
                shared.tell(&state);
                shared.changed.wait_for(&mut state, RETRY);
            }
        }
    }
}
