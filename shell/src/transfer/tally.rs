//! What a transfer came to.

use dfs_tui::figures::{count, plural, rate, size, span};
use dfs_types::Error;
use serde_json::{Value, json};
use std::time::Duration;

/// Failures and skipped files that are kept for the JSON document; all are counted, and said when they happen.
const LISTED_MAX: usize = 1000;

/// Counts what became of the files of a transfer.
#[derive(Debug, Default)]
pub struct Tally {
    pub files: u64,
    /// Folders that were made or were there.
    pub folders: u64,
    pub bytes: u64,
    pub failures: u64,
    pub skips: u64,
    failed: Vec<Value>,
    skipped: Vec<Value>,
}

impl Tally {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.files + self.folders + self.failures + self.skips == 0
    }

    pub fn note_failed(&mut self, error: &Error) {
        self.failures += 1;
        if self.failed.len() < LISTED_MAX {
            self.failed.push(json!({ "path": error.path, "code": error.code.as_str(), "message": error.message }));
        }
    }

    pub fn note_skipped(&mut self, path: &str, why: &str) {
        self.skips += 1;
        if self.skipped.len() < LISTED_MAX {
            self.skipped.push(json!({ "path": path, "reason": why }));
        }
    }

    /// One line for people.
    pub fn line(&self, took: Duration) -> String {
        let mut text = plural(self.files, "file", "files");
        if self.folders > 0 {
            text.push_str(&format!(", {}", plural(self.folders, "folder", "folders")));
        }
        text.push_str(&format!(", {} in {}", size(self.bytes), span(took)));
        if self.bytes > 0 && !took.is_zero() {
            text.push_str(&format!(" ({})", rate(self.bytes as f64 / took.as_secs_f64())));
        }
        if self.skips > 0 {
            text.push_str(&format!(", {} skipped", count(self.skips)));
        }
        if self.failures > 0 {
            text.push_str(&format!(", {} failed", count(self.failures)));
        }
        text
    }

    /// The same for programs.
    pub fn json(&self, took: Duration) -> Value {
        let seconds = took.as_secs_f64();
        json!({
            "files": self.files,
            "directories": self.folders,
            "bytes": self.bytes,
            "seconds": seconds,
            "bytes_per_second": if seconds > 0.0 { (self.bytes as f64 / seconds).round() } else { 0.0 },
            "failures": self.failures,
            "failed": self.failed,
            "skips": self.skips,
            "skipped": self.skipped,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_types::ErrorCode;

    #[test]
    fn the_line_names_what_went_wrong() {
        let mut tally = Tally { files: 1234, bytes: 3 << 30, ..Tally::default() };
        assert_eq!(tally.line(Duration::from_secs(20)), "1,234 files, 3.0 GiB in 20 s (161 MB/s)");
        tally.note_failed(&Error::new(ErrorCode::LocalIo, "gone").at("x"));
        tally.note_skipped("y", "a symbolic link");
        assert_eq!(tally.line(Duration::from_secs(20)), "1,234 files, 3.0 GiB in 20 s (161 MB/s), 1 skipped, 1 failed");
        let document = tally.json(Duration::from_secs(2));
        assert_eq!(document["failed"][0]["path"], "x");
        assert_eq!(document["skipped"][0]["reason"], "a symbolic link");
    }
}
