//! The feed of snapshots: one request to the cluster at a time, the newest snapshot wins, an
//! unreachable cluster is asked again.

use super::recorder::Recorder;
use crate::top::message::Message;
use dfs_client::{Client, Snapshot};
use dfs_types::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The timeout of a request. One attempt may take a third of it: a master that answers after some
/// seconds is slow, not unreachable. The age of the snapshot is displayed meanwhile.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest pause between two attempts to reach an unreachable cluster.
const PAUSE_MAX: Duration = Duration::from_secs(4);

/// The result of the last request.
#[derive(Debug, Clone, Default)]
pub(super) enum Answer {
    #[default]
    Nothing,
    /// The snapshot, and the time of its request.
    Picture(Arc<Snapshot>, Instant),
    Lost(Error),
}

impl Answer {
    pub(super) fn message(&self) -> Option<Message> {
        match self {
            Self::Nothing => None,
            Self::Picture(snapshot, asked) => {
                let waited_ms = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
                Some(Message::Picture(snapshot.clone(), waited_ms))
            }
            Self::Lost(error) => Some(Message::Lost(error.clone())),
        }
    }
}

/// Requests snapshots until the receiver is dropped, at the interval `every_ms`. The responses are
/// passed to the recorder, if there is one.
pub(super) async fn feed(
    client: Client,
    mut every_ms: watch::Receiver<u64>,
    answers: watch::Sender<Answer>,
    mut recorder: Option<Recorder>,
) {
    let client = client.fail_fast().with_timeout(PATIENCE);
    let mut snapshot: Option<Arc<Snapshot>> = None;
    let mut failures = 0u32;
    while !answers.is_closed() {
        let every = Duration::from_millis(*every_ms.borrow_and_update());
        let asked = Instant::now();
        let before = snapshot.as_deref().filter(|_| !recorder.as_ref().is_some_and(Recorder::wants_whole));
        let told = tokio::select! {
            told = client.told(before) => told,
            () = answers.closed() => return,
        };
        recorder.iter_mut().for_each(|recorder| recorder.note(asked, &told));
        let pause = match told {
            Ok(told) => {
                failures = 0;
                let new = Arc::new(told.snapshot);
                snapshot = Some(new.clone());
                answers.send_replace(Answer::Picture(new, asked));
                every
            }
            Err(error) => {
                answers.send_replace(Answer::Lost(error));
                failures += 1;
                every.max(Duration::from_millis(250) * 2u32.saturating_pow(failures.min(8))).min(PAUSE_MAX.max(every))
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            changed = every_ms.changed() => if changed.is_err() { return },
            () = answers.closed() => return,
        }
    }
}
