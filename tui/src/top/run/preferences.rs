//! Writes the preferences for the next start. There is one writer, so that the newer of two quick
//! changes persists.

use crate::top::message::Preferences;
use std::fs;
use std::path::{Path, PathBuf};
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};

/// Writes preferences, one at a time.
pub(super) struct PreferencesWriter {
    newest: watch::Sender<Preferences>,
    writing: JoinHandle<()>,
}

impl PreferencesWriter {
    /// Starts the writer. Must be called inside the runtime.
    pub(super) fn new(file: PathBuf) -> Self {
        let (newest, mut waiting) = watch::channel(Preferences::default());
        let writing = tokio::spawn(async move {
            // `changed` yields the last unseen value once after the sender is dropped, so that it
            // is written, too.
            while waiting.changed().await.is_ok() {
                let (file, preferences) = (file.clone(), waiting.borrow_and_update().clone());
                let _ = spawn_blocking(move || write(&file, &preferences)).await;
            }
        });
        Self { newest, writing }
    }

    /// Schedules a write and returns at once. Older preferences that are not written yet are
    /// skipped.
    pub(super) fn write(&self, preferences: Preferences) {
        self.newest.send_replace(preferences);
    }

    /// Returns when the newest preferences are written.
    pub(super) async fn end(self) {
        drop(self.newest);
        let _ = self.writing.await;
    }
}

/// Reads the preferences of the last session; returns the defaults if they cannot be read.
pub fn read_preferences(file: &Path) -> Preferences {
    fs::read_to_string(file).ok().and_then(|text| toml::from_str(&text).ok()).unwrap_or_default()
}

/// Writes the file. A failure is ignored: the dashboard works without it.
fn write(file: &Path, preferences: &Preferences) {
    let Ok(text) = toml::to_string(preferences) else { return };
    let beside = file.with_extension("toml.new");
    let _ = fs::write(&beside, text).and_then(|()| fs::rename(&beside, file));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("dfs-top-{name}-{}.toml", std::process::id()))
    }

    #[test]
    fn what_is_kept_is_read_again_and_nonsense_is_nothing() {
        let file = file("nonsense");
        let preferences = Preferences { refresh_ms: Some(500), lens: Some("fill".into()), ..Preferences::default() };
        write(&file, &preferences);
        assert_eq!(read_preferences(&file), preferences);
        fs::write(&file, "refresh_ms = \"often\"").expect("write");
        assert_eq!(read_preferences(&file), Preferences::default());
        fs::remove_file(file).expect("remove");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_quick_changes_the_newest_is_kept() {
        let file = file("quick");
        for round in 0..50 {
            let writer = PreferencesWriter::new(file.clone());
            for change in 0..10 {
                writer.write(Preferences { refresh_ms: Some(round * 10 + change), ..Preferences::default() });
                if change % 3 == 0 {
                    tokio::task::yield_now().await;
                }
            }
            writer.end().await;
            assert_eq!(read_preferences(&file).refresh_ms, Some(round * 10 + 9));
        }
        fs::remove_file(file).expect("remove");
    }
}
