//! The sources of snapshots: a cluster, optionally with a recording of it, or a recording.

use super::clock::moment;
use super::feed::{self, Answer};
use super::player::{self, NoWorld};
use super::recorder::{self, Recorder};
use crate::top::message::Message;
use crate::top::model::Model;
use crate::top::playback::{Play, Playback};
use crate::top::replay::Replay;
use crate::top::update::update;
use crate::top::world::World;
use dfs_client::Client;
use dfs_client::recording::{Damage, Recording};
use dfs_types::{Error, ErrorCode, Result};
use std::fs::File;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// The maximum number of messages of a recording that wait to be shown; each may hold a full
/// snapshot.
const PLAYED_WAITING_MAX: usize = 4;

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("playback", &self.playback()).finish_non_exhaustive()
    }
}

/// A source of snapshots.
pub enum Source {
    Cluster {
        client: Client,
        world: Arc<dyn World>,
        /// An empty file for the recording.
        record: Option<File>,
    },
    Recording {
        recording: Recording<File>,
        /// The position to begin at, in milliseconds since the beginning. Without it a printed
        /// frame shows the end of the recording.
        at_ms: Option<u64>,
    },
}

/// A source after snapshots have started to arrive.
pub(super) struct Open {
    pub client: Option<Client>,
    pub world: Arc<dyn World>,
    pub player: Option<mpsc::UnboundedSender<Play>>,
    pub feeding: JoinHandle<()>,
    pub writing: Option<JoinHandle<Result<()>>>,
}

/// A source of which one snapshot was shown.
pub(super) struct Shown {
    pub client: Option<Client>,
    pub world: Arc<dyn World>,
    /// The reason why there is no snapshot.
    pub failed: Option<Error>,
}

/// The channels of snapshots: from a cluster the newest one wins, a recording is shown one by one.
pub(super) struct News {
    pub pictures: watch::Receiver<Answer>,
    pub played: mpsc::Receiver<Message>,
}

impl Source {
    /// Returns the initial playback of a recording; `None` for a cluster.
    pub fn playback(&self) -> Option<Playback> {
        match self {
            Self::Cluster { .. } => None,
            Self::Recording { recording, .. } => Some(Playback::of(recording)),
        }
    }

    /// Returns the position at which a recording is cut off, if any.
    pub(super) fn damage(&self) -> Option<&Damage> {
        match self {
            Self::Cluster { .. } => None,
            Self::Recording { recording, .. } => recording.damage(),
        }
    }

    /// Starts the flow of snapshots, until the task is aborted.
    pub(super) fn begin(self, messages: mpsc::Sender<Message>, every_ms: watch::Receiver<u64>) -> (Open, News) {
        let (answers, pictures) = watch::channel(Answer::default());
        let (play, played) = mpsc::channel(PLAYED_WAITING_MAX);
        let open = match self {
            Self::Cluster { client, world, record } => {
                let (recorder, writing) = record.map(|file| Recorder::begin(file, messages)).unzip();
                let feeding = tokio::spawn(feed::feed(client.clone(), every_ms, answers, recorder));
                Open { client: Some(client), world, player: None, feeding, writing }
            }
            Self::Recording { recording, at_ms } => {
                let (player, wishes) = mpsc::unbounded_channel();
                let playing = player::play(Replay::new(recording), at_ms.unwrap_or(0), wishes, play);
                let feeding = tokio::spawn(playing);
                Open { client: None, world: Arc::new(NoWorld), player: Some(player), feeding, writing: None }
            }
        };
        (open, News { pictures, played })
    }

    /// Updates the model with one snapshot, or with the error if no master answers.
    ///
    /// # Errors
    /// Returns other errors of the request; `local_io` if it cannot be recorded.
    pub(super) async fn show(self, model: &mut Model, messages: mpsc::Sender<Message>) -> Result<Shown> {
        match self {
            Self::Cluster { client, world, record } => {
                let began = Instant::now();
                let (mut recorder, writing) = record.map(|file| Recorder::begin(file, messages)).unzip();
                let told = client.told(None).await;
                recorder.iter_mut().for_each(|recorder| recorder.note(began, &told));
                drop(recorder);
                if let Some(writing) = writing {
                    recorder::written(writing).await?;
                }
                update(model, Message::Tick(moment(began)));
                let failed = match told {
                    Ok(told) => {
                        update(model, Message::Picture(Arc::new(told.snapshot), 0));
                        None
                    }
                    Err(error) if matches!(error.code, ErrorCode::Unreachable | ErrorCode::Timeout) => {
                        update(model, Message::Lost(error.clone()));
                        Some(error)
                    }
                    Err(error) => return Err(error),
                };
                Ok(Shown { client: Some(client), world, failed })
            }
            Self::Recording { recording, at_ms } => {
                let at_ms = at_ms.unwrap_or(recording.length_ms());
                let sought = tokio::task::block_in_place(|| Replay::new(recording).seek(at_ms));
                update(model, sought);
                Ok(Shown { client: None, world: Arc::new(NoWorld), failed: None })
            }
        }
    }
}
