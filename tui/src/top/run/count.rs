//! Counts the bytes below local directories in the background.

use crate::top::message::Message;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Interval between reports of the count of a directory.
const TELL_EVERY: Duration = Duration::from_millis(500);
/// The count does not descend into further directories after this number of entries.
const ENTRIES_MAX: u64 = 1_000_000;

/// The directories that are being counted. Dropping it stops the count.
#[derive(Debug, Default)]
pub(super) struct Counting(Option<(PathBuf, Arc<AtomicBool>)>);

impl Counting {
    /// Counts these directories, which are in `path`, and stops the previous count.
    pub(super) fn begin(&mut self, path: PathBuf, names: Vec<String>, messages: mpsc::Sender<Message>) {
        self.stop();
        let stopped = Arc::new(AtomicBool::new(false));
        self.0 = Some((path.clone(), stopped.clone()));
        tokio::task::spawn_blocking(move || count(&path, &names, &stopped, &messages));
    }

    /// Notes that a directory is shown, possibly the same one as before.
    pub(super) fn shown(&mut self, path: &Path) {
        if self.0.as_ref().is_some_and(|(counted, _)| counted != path) {
            self.stop();
        }
    }

    pub(super) fn stop(&mut self) {
        if let Some((_, stopped)) = self.0.take() {
            stopped.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.stop();
    }
}

fn count(path: &Path, names: &[String], stopped: &AtomicBool, messages: &mpsc::Sender<Message>) {
    for (at, name) in names.iter().enumerate() {
        let tell = |bytes, whole| {
            let left = names.len() - at - usize::from(whole);
            let (path, name) = (path.to_owned(), name.clone());
            // The channel is closed when the dashboard has been left.
            messages.blocking_send(Message::CountedLocal { path, name, bytes, whole, left }).is_ok()
        };
        if !below(&path.join(name), stopped, &tell) {
            return;
        }
    }
}

/// Counts one directory; returns false if it was stopped. Symbolic links are not followed, and
/// other file systems are left out.
fn below(directory: &Path, stopped: &AtomicBool, tell: &impl Fn(u64, bool) -> bool) -> bool {
    let Ok(device) = fs::metadata(directory).map(|data| data.dev()) else { return tell(0, true) };
    let (mut open, mut bytes, mut entries) = (vec![directory.to_owned()], 0u64, 0u64);
    let mut told = Instant::now();
    while let Some(directory) = open.pop() {
        // An unreadable directory has no bytes that could be uploaded.
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            if stopped.load(Ordering::Relaxed) {
                return false;
            }
            entries += 1;
            match entry.metadata() {
                Ok(data) if data.is_dir() && data.dev() == device && entries < ENTRIES_MAX => open.push(entry.path()),
                Ok(data) if data.is_file() => bytes = bytes.saturating_add(data.len()),
                _ => {}
            }
            if told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                if !tell(bytes, false) {
                    return false;
                }
            }
        }
    }
    tell(bytes, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn directories_are_counted_until_another_one_is_shown() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(directory.path().join("a/deep")).expect("made");
        fs::create_dir(directory.path().join("b")).expect("made");
        fs::write(directory.path().join("a/deep/file"), [0; 700]).expect("written");
        fs::write(directory.path().join("a/file"), [0; 300]).expect("written");
        std::os::unix::fs::symlink(directory.path(), directory.path().join("b/loop")).expect("a link");
        let (messages, mut counted) = mpsc::channel(9);
        let mut counting = Counting::default();
        let names = vec!["a".to_owned(), "b".to_owned(), "gone".to_owned()];
        counting.begin(directory.path().to_owned(), names, messages.clone());
        for (expected, of, still) in [("a", 1000, 2), ("b", 0, 1), ("gone", 0, 0)] {
            let Some(Message::CountedLocal { name, bytes, whole: true, left, .. }) = counted.recv().await else {
                panic!("{expected} is not counted")
            };
            assert_eq!((name.as_str(), bytes, left), (expected, of, still));
        }
        let stopped = AtomicBool::new(true);
        assert!(!below(&directory.path().join("a"), &stopped, &|_, _| true));
        counting.begin(directory.path().to_owned(), vec!["a".to_owned()], messages);
        counting.shown(directory.path());
        assert!(counting.0.is_some());
        counting.shown(Path::new("/"));
        assert!(counting.0.is_none());
    }
}
