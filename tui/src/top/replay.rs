//! Replays a recording: it yields the same messages as a cluster, with the time of the recording as
//! the clock.
//!
//! Seeking replays up to the requested moment from the last full snapshot that is early enough for
//! the curves to be full. The result is the same as after playing from the beginning.

use crate::top::history::SECONDS_KEPT;
use crate::top::message::Message;
use crate::top::model::{Model, Options};
use crate::top::observation::Moment;
use crate::top::playback::Playback;
use crate::top::update::update;
use dfs_client::Snapshot;
use dfs_client::recording::{Answer, FrameKind, Recording};
use dfs_client::view::ClusterView;
use dfs_types::{Error, Result, Timestamp};
use std::io::{Read, Seek};
use std::sync::Arc;

/// The state of a view depends on so much before it: the longest curve.
const SEEN_MS: u64 = SECONDS_KEPT as u64 * 1000;
/// The first second of a curve also needs the rates of datanodes, which are computed from two
/// snapshots within this span.
const RATES_MS: u64 = 60_000;
/// The clock advances second by second for this time after a snapshot, so that the displayed ages
/// do not depend on the moments of polling; after that the connection counts as silent.
const TICKS_MS: u64 = 15_000;
/// A recording, read sequentially and by seeking.
#[derive(Debug)]
pub struct Replay<R> {
    recording: Recording<R>,
    /// The index of the next frame.
    next: usize,
    at_ms: u64,
    snapshot: Option<Arc<Snapshot>>,
    /// The message that follows the tick that was returned last.
    pending: Option<Message>,
}

impl<R: Read + Seek> Replay<R> {
    pub fn new(recording: Recording<R>) -> Self {
        Self { recording, next: 0, at_ms: 0, snapshot: None, pending: None }
    }

    /// Returns the initial playback.
    pub fn playback(&self) -> Playback {
        Playback::of(&self.recording)
    }

    /// Returns the moment up to which the recording was played.
    pub fn at_ms(&self) -> u64 {
        self.at_ms
    }

    /// Returns the time of the next frame, if there is one.
    pub fn next_ms(&self) -> Option<u64> {
        self.recording.frames().get(self.next).map(|frame| frame.when.came_ms)
    }

    /// Returns the next message up to this moment; `None` if all were returned.
    pub fn step(&mut self, to_ms: u64) -> Option<Message> {
        if let Some(message) = self.pending.take() {
            return Some(message);
        }
        let frames = self.recording.frames();
        let frame = frames.get(self.next).copied().filter(|frame| frame.when.came_ms <= to_ms);
        let last_ms = self.next.checked_sub(1).and_then(|at| frames.get(at)).map_or(0, |frame| frame.when.came_ms);
        let second_ms = (self.at_ms / 1000 + 1) * 1000;
        if second_ms < frame.map_or(to_ms, |frame| frame.when.came_ms) && second_ms <= last_ms + TICKS_MS {
            return Some(self.tick(second_ms));
        }
        let Some(frame) = frame else { return (self.at_ms < to_ms).then(|| self.tick(to_ms)) };
        self.next += 1;
        let waited_ms = frame.when.came_ms - frame.when.asked_ms;
        self.pending = Some(match self.recording.read(&frame).and_then(|answer| self.take_answer(answer)) {
            Ok(snapshot) => Message::Picture(snapshot, waited_ms),
            Err(error) => Message::Lost(error),
        });
        Some(self.tick(frame.when.came_ms))
    }

    /// Seeks to another moment, forwards or backwards, and returns the state at that moment.
    /// Moments before the first frame are clamped to it.
    pub fn seek(&mut self, to_ms: u64) -> Message {
        let to_ms = self.recording.frames().first().map_or(to_ms, |frame| to_ms.max(frame.when.came_ms));
        (self.next, self.at_ms) = self.start_for(to_ms);
        (self.snapshot, self.pending) = (None, None);
        let mut model = Model::new(Options::default());
        // No second has passed before it.
        model.shared.now = self.moment();
        loop {
            // The snapshot must not be shared here, so that the next one is applied in place:
            // cloning it with all its datanodes each time would be most of the work.
            model.shared.snapshot = None;
            let Some(message) = self.step(to_ms) else { break };
            update(&mut model, message);
        }
        model.shared.snapshot = self.snapshot.clone();
        model.shared.look();
        Message::Sought(Box::new(model.shared.into_observed()))
    }

    /// Returns the frame to begin with, so that everything visible at a moment is known, and its
    /// time: a full snapshot, or the beginning of the recording.
    fn start_for(&self, to_ms: u64) -> (usize, u64) {
        let frames = self.recording.frames();
        let until = |ms: u64| frames.partition_point(|frame| frame.when.came_ms <= ms);
        let first_seen = to_ms.checked_sub(SEEN_MS).and_then(|ms| frames.get(until(ms).checked_sub(1)?));
        let before = first_seen.and_then(|frame| frame.when.came_ms.checked_sub(RATES_MS)).map_or(0, until);
        let start = frames.iter().enumerate().take(before).rfind(|(_, frame)| frame.kind == FrameKind::Whole);
        start.map_or((0, 0), |(at, frame)| (at, frame.when.came_ms))
    }

    fn tick(&mut self, at_ms: u64) -> Message {
        self.at_ms = at_ms;
        Message::Tick(self.moment())
    }

    fn moment(&self) -> Moment {
        let calendar = Timestamp(self.recording.began().0.saturating_add(self.at_ms));
        Moment { elapsed_ms: self.at_ms, calendar }
    }

    fn take_answer(&mut self, answer: Answer) -> Result<Arc<Snapshot>> {
        let view: ClusterView = match answer {
            Answer::ClusterView(view) => *view,
            Answer::Lost(error) => return Err(error),
        };
        match &mut self.snapshot {
            Some(snapshot) => Arc::make_mut(snapshot).apply(view)?,
            None if view.since.is_none() => self.snapshot = Some(Arc::new(Snapshot::from(view))),
            None => return Err(missing()),
        }
        self.snapshot.clone().ok_or_else(missing)
    }
}

fn missing() -> Error {
    let what = "the picture before this one is missing in the recording";
    Error::new(dfs_types::ErrorCode::Internal, what)
}

#[cfg(test)]
mod tests;
