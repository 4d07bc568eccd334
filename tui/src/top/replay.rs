//! A recording as the dashboard sees it: the same messages as from a cluster, with the time in the recording for the clock's.
//!
//! To go to another moment is to play up to it, from the last whole picture that is so long before it that the curves are
//! full. What is seen then is what somebody sees who has watched from the beginning.

use crate::top::history::SECONDS_KEPT;
use crate::top::message::{Message, Moment};
use crate::top::model::{Model, Options};
use crate::top::page::Binding;
use crate::top::update::update;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use dfs_client::Snapshot;
use dfs_client::board::Board;
use dfs_client::recording::{Answer, FrameKind, Recording};
use dfs_types::{Error, Result, Timestamp};
use std::io::{Read, Seek};
use std::sync::Arc;

/// What is seen is made of so much before it: the longest curve.
const SEEN_MS: u64 = SECONDS_KEPT as u64 * 1000;
/// And its first second, as the rates of datanodes, of two pictures: of so much before that.
const RATES_MS: u64 = 60_000;
/// The clock is set second by second for so long after a picture, so that what it says of the time since then does not hang on
/// when somebody looked; behind it nothing is heard any more.
const TICKS_MS: u64 = 15_000;
/// Slowest and fastest: an eighth and 64 times the recorded pace, as powers of two.
const PACES: std::ops::RangeInclusive<i8> = -3..=6;

/// How a recording is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Playback {
    /// When it was begun.
    pub began: Timestamp,
    pub length_ms: u64,
    pub stopped: bool,
    /// How fast, as a power of two.
    pub pace: i8,
}

/// What can be wished of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Play {
    /// Stop, or go on.
    Stop,
    /// Back by so many milliseconds, or forth.
    Back(u64),
    Forth(u64),
    Begin,
    End,
    Faster,
    Slower,
}

/// The keys for a recording; they do so in every view.
pub const BINDINGS: [Binding; 7] = [
    Binding::new("space", "stop", "stop the recording, or go on; p, too"),
    Binding::new(",", "10 s back", "ten seconds back; . ten seconds forth"),
    Binding::new("<", "1 min back", "a minute back; > a minute forth"),
    Binding::new("(", "begin", "to the begin of the recording"),
    Binding::new(")", "end", "to its end"),
    Binding::new("+", "faster", "play twice as fast"),
    Binding::new("-", "slower", "play half as fast"),
];

impl Play {
    /// What a key wishes.
    pub fn of_key(key: KeyEvent) -> Option<Self> {
        let KeyCode::Char(letter) = key.code else { return None };
        if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
            return None;
        }
        Some(match letter {
            ' ' | 'p' => Self::Stop,
            ',' => Self::Back(10_000),
            '.' => Self::Forth(10_000),
            '<' => Self::Back(60_000),
            '>' => Self::Forth(60_000),
            '(' => Self::Begin,
            ')' => Self::End,
            '+' => Self::Faster,
            '-' => Self::Slower,
            _ => return None,
        })
    }
}

impl Playback {
    /// How a recording is played at first.
    pub fn of<R: Read + Seek>(recording: &Recording<R>) -> Self {
        Self { began: recording.began(), length_ms: recording.length_ms(), stopped: false, pace: 0 }
    }

    /// How it is played after a wish, and where: `at_ms` is where it would go, or is.
    pub fn wished(mut self, play: Play, at_ms: u64) -> (Self, u64) {
        let at_ms = match play {
            Play::Back(ms) => at_ms.saturating_sub(ms),
            Play::Forth(ms) => at_ms.saturating_add(ms).min(self.length_ms),
            Play::Begin => 0,
            Play::End => self.length_ms,
            Play::Stop | Play::Faster | Play::Slower => at_ms,
        };
        match play {
            Play::Stop => self.stopped = !self.stopped,
            Play::Faster => self.pace = (self.pace + 1).min(*PACES.end()),
            Play::Slower => self.pace = (self.pace - 1).max(*PACES.start()),
            Play::Back(_) | Play::Forth(_) | Play::Begin | Play::End => {}
        }
        (self, at_ms)
    }

    /// A span as it passes in the recording, and the other way round, in microseconds.
    pub fn recorded_us(&self, us: u64) -> u64 {
        if self.pace < 0 { us >> -self.pace } else { us << self.pace }
    }

    pub fn passing_us(&self, us: u64) -> u64 {
        if self.pace < 0 { us << -self.pace } else { us >> self.pace }
    }

    /// Where in it one is, for people: `2:10 of 14:00`, and how it is played.
    pub fn told(&self, at_ms: u64) -> String {
        let place = format!("{} of {}", offset(at_ms), offset(self.length_ms));
        match self.pace {
            _ if at_ms >= self.length_ms => format!("{place}, end"),
            _ if self.stopped => format!("{place}, stopped"),
            0 => place,
            pace @ 1.. => format!("{place} ×{}", 1 << pace),
            pace => format!("{place} ×1/{}", 1 << -pace),
        }
    }
}

/// A span since the begin: `2:10`, `1:02:10`.
pub fn offset(ms: u64) -> String {
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A recording, read from the front, and from elsewhere.
#[derive(Debug)]
pub struct Replay<R> {
    recording: Recording<R>,
    /// The next frame.
    next: usize,
    at_ms: u64,
    snapshot: Option<Arc<Snapshot>>,
    /// What comes next, after the clock was set.
    pending: Option<Message>,
}

impl<R: Read + Seek> Replay<R> {
    pub fn new(recording: Recording<R>) -> Self {
        Self { recording, next: 0, at_ms: 0, snapshot: None, pending: None }
    }

    /// How it is played at first.
    pub fn playback(&self) -> Playback {
        Playback::of(&self.recording)
    }

    /// The moment up to which it was played.
    pub fn at_ms(&self) -> u64 {
        self.at_ms
    }

    /// When the next frame came, if there is one.
    pub fn next_ms(&self) -> Option<u64> {
        self.recording.frames().get(self.next).map(|frame| frame.when.came_ms)
    }

    /// What comes next up to this moment; none when all of it has come.
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
        self.pending = Some(match self.recording.read(&frame).and_then(|answer| self.heard(answer)) {
            Ok(snapshot) => Message::Picture(snapshot, waited_ms),
            Err(error) => Message::Lost(error),
        });
        Some(self.tick(frame.when.came_ms))
    }

    /// Goes to another moment, before this one or behind it: what is seen then. Before anything came is no moment.
    pub fn seek(&mut self, to_ms: u64) -> Message {
        let to_ms = self.recording.frames().first().map_or(to_ms, |frame| to_ms.max(frame.when.came_ms));
        (self.next, self.at_ms) = self.start_for(to_ms);
        (self.snapshot, self.pending) = (None, None);
        let mut model = Model::new(Options::default());
        // No second has passed before it.
        model.shared.now = self.moment();
        loop {
            // Nobody else holds the picture then, and the next one is made of it in place: to copy it each time, with all its
            // datanodes, would be most of the work.
            model.shared.snapshot = None;
            let Some(message) = self.step(to_ms) else { break };
            update(&mut model, message);
        }
        model.shared.snapshot = self.snapshot.clone();
        model.shared.look();
        Message::Sought(Box::new(model.shared))
    }

    /// The frame to begin with so that all is known that is seen at a moment, and when that came: a whole picture, or the
    /// begin of the recording.
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

    fn heard(&mut self, answer: Answer) -> Result<Arc<Snapshot>> {
        let board: Board = match answer {
            Answer::Board(board) => *board,
            Answer::Lost(error) => return Err(error),
        };
        match &mut self.snapshot {
            Some(snapshot) => Arc::make_mut(snapshot).apply(board)?,
            None if board.since.is_none() => self.snapshot = Some(Arc::new(Snapshot::from(board))),
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
