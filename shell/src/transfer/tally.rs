//! Counts the results of a transfer.

use dfs_term::figures::{count, plural, rate, size, span};
use dfs_types::Error;
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Duration;

/// The maximum number of failures and skipped files that are listed; all are counted, and reported
/// when they happen.
const LISTED_MAX: usize = 1000;

/// The results of a transfer.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub(crate) struct Tally {
    /// The number of files that were copied.
    pub files: u64,
    /// The number of files that already existed with the same length and time.
    pub unchanged: u64,
    /// The number of directories that were made or already existed.
    pub directories: u64,
    /// The number of bytes of the copied files.
    pub bytes: u64,
    /// The part of these bytes that an earlier get had left: verified, and not transferred again.
    pub bytes_taken_over: u64,
    pub seconds: f64,
    /// The rate of the bytes that were transferred.
    pub bytes_per_second: f64,
    pub failures: u64,
    /// The first thousand failures.
    pub failed: Vec<Failed>,
    pub skips: u64,
    /// The first thousand skipped files.
    pub skipped: Vec<Skipped>,
}

/// A file that could not be copied.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Failed {
    pub path: Option<String>,
    /// The code of the error.
    pub code: String,
    pub message: String,
}

/// An entry that cannot be copied as a file.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Skipped {
    pub path: String,
    pub reason: String,
}

/// The result of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    /// The file was copied; `taken_over` of its bytes already existed.
    Copied {
        bytes: u64,
        taken_over: u64,
    },
    Unchanged,
}

impl Tally {
    /// Returns true if nothing was transferred, skipped or failed.
    pub(crate) fn is_empty(&self) -> bool {
        self.files + self.unchanged + self.directories + self.failures + self.skips == 0
    }

    /// Returns true if the transfer was about exactly one file.
    pub(crate) fn is_one(&self) -> bool {
        self.files + self.unchanged + self.failures + self.skips == 1 && self.directories == 0
    }

    pub(crate) fn note(&mut self, done: Done) {
        match done {
            Done::Unchanged => self.unchanged += 1,
            Done::Copied { bytes, taken_over } => {
                self.files += 1;
                self.bytes += bytes;
                self.bytes_taken_over += taken_over;
            }
        }
    }

    pub(crate) fn note_failed(&mut self, error: &Error) {
        self.failures += 1;
        if self.failed.len() < LISTED_MAX {
            let (code, message) = (error.code.as_str().to_owned(), error.message.clone());
            self.failed.push(Failed { path: error.path.clone(), code, message });
        }
    }

    pub(crate) fn note_skipped(&mut self, path: &str, why: &str) {
        self.skips += 1;
        if self.skipped.len() < LISTED_MAX {
            self.skipped.push(Skipped { path: path.to_owned(), reason: why.to_owned() });
        }
    }

    pub(crate) fn end(&mut self, took: Duration) {
        self.seconds = took.as_secs_f64();
        let moved = (self.bytes - self.bytes_taken_over) as f64;
        self.bytes_per_second = if self.seconds > 0.0 { (moved / self.seconds).round() } else { 0.0 };
    }

    /// Returns the summary line.
    pub(crate) fn line(&self) -> String {
        let mut text = plural(self.files, "file", "files");
        if self.directories > 0 {
            text += &format!(", {}", plural(self.directories, "directory", "directories"));
        }
        let took = Duration::try_from_secs_f64(self.seconds).unwrap_or_default();
        text += &format!(", {} in {}", size(self.bytes), span(took));
        if self.bytes_per_second > 0.0 {
            text += &format!(" ({})", rate(self.bytes_per_second));
        }
        if self.bytes_taken_over > 0 {
            text += &format!(", {} of it taken over from an earlier get", size(self.bytes_taken_over));
        }
        for (number, what) in [(self.unchanged, "unchanged"), (self.skips, "skipped"), (self.failures, "failed")] {
            if number > 0 {
                text += &format!(", {} {what}", count(number));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use dfs_types::ErrorCode;

    fn failed(path: &str) -> Error {
        Error::new(ErrorCode::LocalIo, "gone").at(path)
    }

    #[test]
    fn the_line_names_what_went_wrong() {
        let mut tally = Tally { files: 1233, bytes: 2 << 30, ..Tally::default() };
        tally.note(Done::Copied { bytes: 1 << 30, taken_over: 0 });
        tally.end(Duration::from_secs(20));
        assert_eq!(tally.line(), "1,234 files, 3.0 GiB in 20 s (161 MB/s)");
        tally.note_failed(&failed("x"));
        tally.note_skipped("y", "a symbolic link");
        tally.note(Done::Unchanged);
        assert_eq!(tally.line(), "1,234 files, 3.0 GiB in 20 s (161 MB/s), 1 unchanged, 1 skipped, 1 failed");
        let document = serde_json::to_value(&tally).expect("JSON");
        assert_eq!(document["failed"][0]["path"], "x");
        assert_eq!(document["skipped"][0]["reason"], "a symbolic link");
    }

    #[test]
    fn what_was_taken_over_is_said_and_not_counted_as_moved() {
        let mut tally = Tally::default();
        tally.note(Done::Copied { bytes: 3_000_000, taken_over: 1_000_000 });
        tally.end(Duration::from_secs(10));
        assert_eq!(tally.line(), "1 file, 2.9 MiB in 10 s (0.2 MB/s), 977 KiB of it taken over from an earlier get");
    }
}
