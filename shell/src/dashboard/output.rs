//! Keeps the end of the output and messages of a command.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::thread::JoinHandle;

/// The number of bytes at the end of the output that are kept.
const KEPT_BYTES: usize = 256 << 10;
/// The size of one read in bytes.
const PIECE_BYTES: usize = 64 << 10;

/// The reading end of a pipe that a command writes to.
#[derive(Debug)]
pub(super) struct Output(JoinHandle<Kept>);

/// The end of the output.
#[derive(Debug, Default)]
struct Kept {
    bytes: Vec<u8>,
    dropped: u64,
}

impl Output {
    /// Returns the writing end of a pipe, and a reader that drains it until every duplicate of the
    /// file is closed, so that a writer never blocks for long.
    ///
    /// # Errors
    /// Returns an error if the process cannot open more files or create more threads.
    pub(super) fn pipe() -> io::Result<(File, Self)> {
        let (mut reader, writer) = io::pipe()?;
        let work = move || {
            let mut kept = Kept::default();
            let mut piece = vec![0; PIECE_BYTES];
            while let Ok(count @ 1..) = reader.read(&mut piece) {
                kept.add(piece.get(..count).unwrap_or_default());
            }
            kept
        };
        let reading = std::thread::Builder::new().name("dfs-output".to_owned()).spawn(work)?;
        Ok((File::from(OwnedFd::from(writer)), Self(reading)))
    }

    /// Waits until all duplicates of the file are closed; returns the text.
    pub(super) fn text(self) -> String {
        self.0.join().unwrap_or_default().text()
    }
}

impl Kept {
    fn add(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
        // Trimming at every read would move all kept bytes each time.
        if self.bytes.len() > 2 * KEPT_BYTES {
            self.drop_first(self.bytes.len() - KEPT_BYTES);
        }
    }

    fn drop_first(&mut self, count: usize) {
        self.bytes.drain(..count);
        self.dropped += count as u64;
    }

    fn text(mut self) -> String {
        self.drop_first(self.bytes.len().saturating_sub(KEPT_BYTES));
        if self.dropped == 0 {
            return String::from_utf8_lossy(&self.bytes).into_owned();
        }
        // The first line is incomplete and would look like a whole one.
        let rest = self.bytes.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        self.drop_first(rest);
        let dropped = dfs_term::figures::size(self.dropped);
        format!("… {dropped} before this were dropped\n{}", String::from_utf8_lossy(&self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn what_is_short_is_kept_as_it_is() {
        let (mut file, output) = Output::pipe().expect("a pipe");
        let other = file.try_clone().expect("a copy");
        file.write_all(b"a\nb \xff").expect("written");
        drop((file, other));
        assert_eq!(output.text(), "a\nb \u{fffd}");
    }

    #[test]
    fn of_what_is_long_the_end_is_kept_and_the_rest_is_counted() {
        let (mut file, output) = Output::pipe().expect("a pipe");
        for number in 0..200_000 {
            writeln!(file, "line {number:06}").expect("written");
        }
        drop(file);
        let text = output.text();
        assert!(text.len() <= KEPT_BYTES + 60, "{}", text.len());
        assert!(text.starts_with("… 2.0 MiB before this were dropped\nline "), "{:?}", text.get(..60));
        assert!(text.ends_with("line 199999\n"));
    }
}
