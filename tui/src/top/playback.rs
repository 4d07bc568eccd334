//! The playback of a recording: its pace, the position in it, and the requests that change them.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use dfs_client::recording::Recording;
use dfs_types::Timestamp;
use std::io::{Read, Seek};

/// The slowest and the fastest pace, 1/8 and 64 times the recorded one, as powers of two.
const PACES: std::ops::RangeInclusive<i8> = -3..=6;

/// The state of a playback, without the position in the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Playback {
    /// The time at which the recording began.
    pub began: Timestamp,
    pub length_ms: u64,
    pub stopped: bool,
    /// The pace as a power of two.
    pub pace: i8,
}

/// A request that changes the playback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Play {
    /// Pause or resume.
    Stop,
    /// Move backwards by so many milliseconds; `Forth` moves forwards.
    Back(u64),
    Forth(u64),
    Begin,
    End,
    Faster,
    Slower,
}

impl Play {
    /// Returns the request that a key makes.
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
    /// Returns the playback at its start: at the recorded pace.
    pub fn of<R: Read + Seek>(recording: &Recording<R>) -> Self {
        Self { began: recording.began(), length_ms: recording.length_ms(), stopped: false, pace: 0 }
    }

    /// Returns the playback and the position after a request; `at_ms` is the position before it.
    pub fn apply(mut self, play: Play, at_ms: u64) -> (Self, u64) {
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

    /// Returns the span of the recording that is played in `us` microseconds, in microseconds.
    pub fn recorded_us(&self, us: u64) -> u64 {
        if self.pace < 0 { us >> -self.pace } else { us << self.pace }
    }

    /// Returns the time that playing `us` microseconds of the recording takes, in microseconds.
    pub fn passing_us(&self, us: u64) -> u64 {
        if self.pace < 0 { us << -self.pace } else { us >> self.pace }
    }

    /// Returns the position and the pace as text: `2:10 of 14:00`.
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

/// Returns an offset from the beginning as text: `2:10`, `1:02:10`.
pub fn offset(ms: u64) -> String {
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests() {
        let playback = Playback { length_ms: 840_000, ..Playback::default() };
        assert_eq!(playback.apply(Play::Forth(60_000), 800_000), (playback, 840_000));
        assert_eq!(playback.apply(Play::Back(10_000), 3_000), (playback, 0));
        assert_eq!((playback.apply(Play::Begin, 5).1, playback.apply(Play::End, 5).1), (0, 840_000));
        assert_eq!(playback.told(130_000), "2:10 of 14:00");
        assert_eq!(playback.apply(Play::Stop, 0).0.told(3_723_000 % 840_000), "6:03 of 14:00, stopped");
        assert_eq!(playback.told(840_000), "14:00 of 14:00, end");
        let fast = (0..9).fold(playback, |playback, _| playback.apply(Play::Faster, 0).0);
        let slow = (0..9).fold(playback, |playback, _| playback.apply(Play::Slower, 0).0);
        assert_eq!((fast.told(0), slow.told(0)), ("0:00 of 14:00 ×64".to_owned(), "0:00 of 14:00 ×1/8".to_owned()));
        assert_eq!((fast.recorded_us(10), slow.recorded_us(80), slow.passing_us(10)), (640, 10, 80));
        assert_eq!(offset(3_730_000), "1:02:10");
    }
}
