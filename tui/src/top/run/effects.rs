//! Runs the effects of the dashboard, except for those that concern the terminal.

use super::count::Counting;
use super::preferences::PreferencesWriter;
use crate::top::message::{Effect, LocalEntry, Message};
use crate::top::playback::Play;
use crate::top::world::World;
use dfs_client::{Client, ListDirectory};
use dfs_types::{DfsPath, Error, ErrorCode, Result, Timestamp};
use parking_lot::Mutex;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use tokio::sync::{mpsc, watch};

/// Names per request.
const NAMES_PER_PAGE: u32 = 500;
/// The timeout for a directory. One attempt may take a third of it, as for snapshots: a slow master
/// is not unreachable.
const PATIENCE: Duration = Duration::from_secs(30);
/// Maximum number of names of a local directory that are shown.
const LOCAL_NAMES_MAX: usize = 20_000;

/// Runs effects; the results come back as messages.
pub(super) struct EffectRunner {
    /// `None` for a recording.
    pub client: Option<Client>,
    pub world: Arc<dyn World>,
    pub messages: mpsc::Sender<Message>,
    /// The interval between requests for snapshots.
    pub every: watch::Sender<u64>,
    pub preferences: Option<PreferencesWriter>,
    /// The local directories that are being counted.
    pub counting: Mutex<Counting>,
    /// The player, if a recording is shown.
    pub player: Option<mpsc::UnboundedSender<Play>>,
}

/// Returns the error for requests to the cluster of a recording.
pub(super) fn no_cluster() -> Error {
    Error::new(ErrorCode::Unreachable, "this is a recording: there is no cluster to ask")
}

impl EffectRunner {
    /// Performs an effect in the background; returns at once.
    pub(super) fn perform(&self, effect: Effect) {
        match effect {
            Effect::List { path, after } => drop(tokio::spawn(self.list(path, after))),
            Effect::Traffic { path } => drop(tokio::spawn(self.traffic(path))),
            Effect::Jobs => drop(tokio::spawn(self.jobs())),
            Effect::CountLocal { path, names } => self.counting.lock().begin(path, names, self.messages.clone()),
            Effect::StopCounting => self.counting.lock().stop(),
            Effect::ListLocal { path } => {
                self.counting.lock().shown(&path);
                let messages = self.messages.clone();
                tokio::task::spawn_blocking(move || {
                    let result = local(&path);
                    // The channel is closed when the dashboard has been left.
                    let _ = messages.blocking_send(Message::ListedLocal { path, result });
                });
            }
            Effect::Refresh { every_ms } => drop(self.every.send(every_ms)),
            Effect::Keep(preferences) => self.preferences.iter().for_each(|writer| writer.write(preferences.clone())),
            effect @ (Effect::Daemons
            | Effect::Run { .. }
            | Effect::Cancel { .. }
            | Effect::Look { .. }
            | Effect::Complete { .. }
            | Effect::ReadLog { .. }) => self.world.perform(effect, &self.messages),
            Effect::Play(play) => {
                let _ = self.player.as_ref().map(|player| player.send(play));
            }
            // The event loop performs these on the terminal.
            Effect::Quit | Effect::Context(_) | Effect::Suspend | Effect::Copy(_) | Effect::Mouse(_) => {}
        }
    }

    fn patient(&self) -> Result<Client> {
        let client = self.client.clone().ok_or_else(no_cluster)?;
        Ok(client.fail_fast().with_timeout(PATIENCE))
    }

    fn traffic(&self, path: DfsPath) -> impl Future<Output = ()> + use<> {
        let (client, messages) = (self.patient(), self.messages.clone());
        async move {
            let result = match client {
                Ok(client) => client.traffic(&path).await,
                Err(error) => Err(error),
            };
            let _ = messages.send(Message::Traffic { path, result }).await;
        }
    }

    fn jobs(&self) -> impl Future<Output = ()> + use<> {
        let (client, messages) = (self.patient(), self.messages.clone());
        async move {
            let result = match client {
                Ok(client) => client.jobs().await,
                Err(error) => Err(error),
            };
            let _ = messages.send(Message::Jobs(result)).await;
        }
    }

    fn list(&self, path: DfsPath, after: Option<String>) -> impl Future<Output = ()> + use<> {
        let (client, messages) = (self.patient(), self.messages.clone());
        async move {
            let list = ListDirectory {
                path: path.clone(),
                after: after.clone(),
                prefix: String::new(),
                limit: NAMES_PER_PAGE,
            };
            let result = match client {
                Ok(client) => client.list(list).await,
                Err(error) => Err(error),
            };
            let _ = messages.send(Message::Listed { path, after, result }).await;
        }
    }
}

fn local(path: &Path) -> Result<Vec<LocalEntry>> {
    let failed = |error: std::io::Error| Error::new(ErrorCode::LocalIo, error.to_string()).at(path.display());
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)?.take(LOCAL_NAMES_MAX) {
        let entry = entry.map_err(failed)?;
        // A put would follow the link, so the target counts.
        let Ok(data) = fs::metadata(entry.path()).or_else(|_| entry.metadata()) else { continue };
        let modified = data.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        entries.push(LocalEntry {
            name: entry.file_name().to_string_lossy().into_owned(),
            directory: data.is_dir(),
            size: data.len(),
            modified: modified.and_then(|since| u64::try_from(since.as_millis()).ok()).map(Timestamp),
        });
    }
    entries.sort_by(|one, other| (!one.directory, &one.name).cmp(&(!other.directory, &other.name)));
    Ok(entries)
}
