//! Spare segments: files that are created, written and synced before they are needed. A thread
//! makes them, so that no command has to wait for a new file, and a full disk is noticed in
//! advance.

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

/// The number of spares that are kept when segments become free; further ones are deleted.
const SPARES_MAX: usize = 4;
/// The time to wait before trying again to make a spare on a full disk.
const RETRY: Duration = Duration::from_secs(1);
/// Zeros are written in pieces of this many bytes.
const ZEROS_BYTES: usize = 1 << 20;

/// The operations of a disk whose failures the log must handle; tests replace it.
pub trait Disk: Send + Sync + std::fmt::Debug + 'static {
    /// Creates a file of `bytes` zeros with its space allocated on the disk.
    ///
    /// # Errors
    /// Returns an error if the disk is full or fails; no file is left behind.
    fn allocate(&self, path: &Path, bytes: u64) -> io::Result<()>;

    /// Syncs `file`.
    ///
    /// # Errors
    /// Returns an error if it fails; the content of the disk is then unknown.
    fn sync(&self, file: &File) -> io::Result<()>;
}

/// The real disk.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn allocate(&self, path: &Path, bytes: u64) -> io::Result<()> {
        let made = write_zeros(path, bytes);
        if made.is_err() {
            // An incomplete spare is of no use, and would keep space that an administrator is about
            // to free.
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

/// Says whether the log can continue when its segment is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outlook {
    /// There is a spare.
    Ready,
    /// A spare is being made; it is unknown yet whether the disk has room for it.
    #[default]
    Making,
    /// The disk had no room for a spare.
    Full,
}

#[derive(Debug, Default)]
struct State {
    ready: Vec<PathBuf>,
    /// The reason why the last attempt to make one failed.
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
    /// The outlook that follows from the state, for callers that must not block.
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

    /// Publishes the outlook of the current state. Call it with each change, while the lock is
    /// still held.
    fn publish(&self, state: &State) {
        self.outlook.send_replace(state.outlook());
        self.changed.notify_all();
    }
}

impl Spares {
    /// Takes over the spare files `found`, and makes sure that there is always one.
    ///
    /// # Errors
    /// Returns an error if no thread can be started.
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

    /// Returns a receiver of the current outlook and of its changes.
    pub fn outlook(&self) -> watch::Receiver<Outlook> {
        self.shared.outlook.subscribe()
    }

    /// Returns the reason why there is no spare.
    pub fn problem(&self) -> Option<String> {
        self.shared.lock().problem.clone()
    }

    /// Returns a spare; waits for one that is being made.
    ///
    /// # Errors
    /// Returns an error if there is none and none can be made.
    pub fn take(&self) -> io::Result<PathBuf> {
        let mut state = self.shared.lock();
        loop {
            if let Some(path) = state.ready.pop() {
                self.shared.publish(&state);
                return Ok(path);
            }
            if let Some(problem) = &state.problem {
                return Err(io::Error::new(io::ErrorKind::StorageFull, problem.clone()));
            }
            self.shared.changed.wait(&mut state);
        }
    }

    /// Turns a segment that is no longer needed into a spare, or deletes it if there are enough.
    ///
    /// # Errors
    /// Returns an error if it can be neither renamed nor deleted.
    pub fn give(&self, segment: &Path, size: u64) -> io::Result<()> {
        let mut state = self.shared.lock();
        if state.ready.len() >= SPARES_MAX || size != self.shared.segment_bytes {
            return fs::remove_file(segment);
        }
        let path = self.shared.name(&mut state);
        fs::rename(segment, &path)?;
        state.ready.push(path);
        state.problem = None;
        self.shared.publish(&state);
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

/// Returns the number in `spare-N.log`.
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
                    tracing::info!("the log has a spare segment again; commands are accepted");
                }
                state.ready.push(path);
                shared.publish(&state);
            }
            Err(error) => {
                if state.problem.is_none() {
                    tracing::error!(path = %path.display(), %error, "no spare log segment can be created; commands are refused");
                }
                state.problem = Some(error.to_string());
                shared.publish(&state);
                shared.changed.wait_for(&mut state, RETRY);
            }
        }
    }
}
