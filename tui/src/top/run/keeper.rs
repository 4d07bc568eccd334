//! What is kept for the next start: one writer, so that of two quick changes the newer one is what is found.

use crate::top::message::Preferences;
use std::fs;
use std::path::{Path, PathBuf};
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};

/// Writes what is to be kept, one at a time.
pub(super) struct Keeper {
    newest: watch::Sender<Preferences>,
    writing: JoinHandle<()>,
}

impl Keeper {
    /// Must be called inside the runtime.
    pub(super) fn new(file: PathBuf) -> Self {
        let (newest, mut waiting) = watch::channel(Preferences::default());
        let writing = tokio::spawn(async move {
            // What is still unseen when nobody keeps anything any more is seen first.
            while waiting.changed().await.is_ok() {
                let (file, preferences) = (file.clone(), waiting.borrow_and_update().clone());
                let _ = spawn_blocking(move || keep(&file, &preferences)).await;
            }
        });
        Self { newest, writing }
    }

    /// Returns at once. What is not written yet and older than this never will be.
    pub(super) fn keep(&self, preferences: Preferences) {
        self.newest.send_replace(preferences);
    }

    /// Returns when the newest is written.
    pub(super) async fn end(self) {
        drop(self.newest);
        let _ = self.writing.await;
    }
}

/// What was set the last time; nothing where that cannot be read.
pub fn kept(file: &Path) -> Preferences {
    fs::read_to_string(file).ok().and_then(|text| toml::from_str(&text).ok()).unwrap_or_default()
}

/// A setting that cannot be kept is no reason to trouble anybody.
fn keep(file: &Path, preferences: &Preferences) {
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
        keep(&file, &preferences);
        assert_eq!(kept(&file), preferences);
        fs::write(&file, "refresh_ms = \"often\"").expect("write");
        assert_eq!(kept(&file), Preferences::default());
        fs::remove_file(file).expect("remove");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_quick_changes_the_newest_is_kept() {
        let file = file("quick");
        for round in 0..50 {
            let keeper = Keeper::new(file.clone());
            for change in 0..10 {
                keeper.keep(Preferences { refresh_ms: Some(round * 10 + change), ..Preferences::default() });
                if change % 3 == 0 {
                    tokio::task::yield_now().await;
                }
            }
            keeper.end().await;
            assert_eq!(kept(&file).refresh_ms, Some(round * 10 + 9));
        }
        fs::remove_file(file).expect("remove");
    }
}
