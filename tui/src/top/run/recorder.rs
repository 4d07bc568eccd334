//! Records the responses of the masters in a file, on a thread of its own.

use crate::top::message::Message;
use bytes::Bytes;
use dfs_client::Told;
use dfs_client::recording::{self, When};
use dfs_types::{Error, ErrorCode, Result, Timestamp};
use std::fs::File;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

/// The maximum number of responses that wait for a slow disk; more are dropped.
const WAITING_MAX: usize = 16;
/// The maximum time between two full snapshots, so that seeking reads little.
const WHOLE_EVERY: Duration = Duration::from_secs(60);

/// Passes responses to the thread that writes them.
#[derive(Debug)]
pub(super) struct Recorder {
    began: Instant,
    notes: mpsc::Sender<(When, Note)>,
    /// The time of the last full snapshot; `None` if the last response was dropped, so that no
    /// delta can follow.
    whole: Option<Instant>,
}

#[derive(Debug)]
enum Note {
    ClusterView { whole: bool, view: Bytes },
    Lost(Error),
}

impl Recorder {
    /// Begins a recording in an empty file. If it ends before the recorder does, the error is sent
    /// to `messages` and returned by the handle. Must be called inside the runtime.
    pub(super) fn begin(file: File, messages: mpsc::Sender<Message>) -> (Self, JoinHandle<Result<()>>) {
        let (notes, waiting) = mpsc::channel(WAITING_MAX);
        let calendar = dfs_term::clock::calendar();
        let recorder = Self { began: Instant::now(), notes, whole: None };
        let writing = spawn_blocking(move || {
            write(file, calendar, waiting).inspect_err(|error| {
                // This fails after the dashboard has been left; the returned error is then reported
                // at the end.
                let _ = messages.blocking_send(Message::Unrecorded(error.clone()));
            })
        });
        (recorder, writing)
    }

    /// Returns true if the next snapshot should be a full one.
    pub(super) fn wants_whole(&self) -> bool {
        !self.notes.is_closed() && self.whole.is_none_or(|at| at.elapsed() >= WHOLE_EVERY)
    }

    /// Records a response that has just arrived. Does not block.
    pub(super) fn note(&mut self, asked: Instant, told: &Result<Told>) {
        let now = Instant::now();
        let since_ms = |at: Instant| u64::try_from(at.saturating_duration_since(self.began).as_millis()).unwrap_or(0);
        let when = When { asked_ms: since_ms(asked), came_ms: since_ms(now) };
        let note = match told {
            Ok(told) if told.whole || self.whole.is_some() => {
                Note::ClusterView { whole: told.whole, view: told.view.clone() }
            }
            // The base of this delta is not in the recording.
            Ok(_) => return,
            Err(error) => Note::Lost(error.clone()),
        };
        let whole = matches!(note, Note::ClusterView { whole: true, .. });
        match self.notes.try_send((when, note)) {
            Ok(()) if whole => self.whole = Some(now),
            Ok(()) => {}
            Err(_) => self.whole = None,
        }
    }
}

fn write(file: File, began: Timestamp, mut waiting: mpsc::Receiver<(When, Note)>) -> Result<()> {
    let mut recorder = recording::Recorder::begin(file, began)?;
    while let Some((when, note)) = waiting.blocking_recv() {
        match note {
            Note::ClusterView { whole, view } => recorder.view(when, whole, &view)?,
            Note::Lost(error) => recorder.lost(when, &error)?,
        }
    }
    Ok(())
}

/// Waits until all responses are written; the recorder must have been dropped.
///
/// # Errors
/// Returns the error that ended the recording early.
pub(super) async fn written(writing: JoinHandle<Result<()>>) -> Result<()> {
    let broken = |_| Error::new(ErrorCode::Internal, "who writes it broke down");
    let written = writing.await.map_err(broken).and_then(|written| written);
    written.map_err(|error| Error { message: format!("the recording has ended early: {}", error.message), ..error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_client::recording::Recording;
    use std::os::fd::OwnedFd;

    fn lost() -> Result<Told> {
        Err(Error::new(ErrorCode::Unreachable, "gone"))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_noted_is_written() {
        let (messages, _waiting) = mpsc::channel(1);
        let file = tempfile::tempfile().expect("a file");
        let (mut recorder, writing) = Recorder::begin(file.try_clone().expect("the same file"), messages);
        assert!(recorder.wants_whole());
        recorder.note(Instant::now(), &lost());
        drop(recorder);
        assert_eq!(written(writing).await, Ok(()));
        assert_eq!(Recording::open(file).map(|recording| recording.frames().len()), Ok(1));
    }

    /// A pipe without a reader acts as a failing disk.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_failing_disk_ends_the_recording_and_is_told() {
        let (messages, mut waiting) = mpsc::channel(1);
        let (read, into) = std::io::pipe().expect("a pipe");
        drop(read);
        let (mut recorder, writing) = Recorder::begin(File::from(OwnedFd::from(into)), messages);
        assert!(matches!(waiting.recv().await, Some(Message::Unrecorded(_))));
        let ended = written(writing).await.expect_err("it has failed");
        assert!(ended.message.contains("the recording has ended early"), "{ended}");
        // No full snapshots are requested for a failed recording.
        recorder.note(Instant::now(), &lost());
        assert!(!recorder.wants_whole());
    }

    /// A full pipe acts as a hanging disk.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_hanging_disk_holds_nobody_up() {
        let (messages, _waiting) = mpsc::channel(1);
        let (read, into) = std::io::pipe().expect("a pipe");
        let (mut recorder, writing) = Recorder::begin(File::from(OwnedFd::from(into)), messages);
        let snapshot = crate::top::fixtures::cluster(1);
        let told = Ok(Told { snapshot, view: vec![7; 60_000].into(), whole: true });
        recorder.note(Instant::now(), &told);
        assert!(!recorder.wants_whole());
        (0..100).for_each(|_| recorder.note(Instant::now(), &told));
        assert!(recorder.wants_whole(), "what follows must not build on what was left out");
        drop((recorder, read));
        assert!(written(writing).await.is_err());
    }
}
