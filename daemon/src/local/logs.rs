//! Shows the logs of the daemons, merged by time.
//!
//! A record begins with its time in RFC 3339, UTC, as written by [`logging`](crate::logging), so
//! that the order of the texts is the order of the times. Lines without a time (backtraces,
//! messages of the system) belong to the record above.

use crate::logging::rotated;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The interval at which the files are checked when following.
const FOLLOW_EVERY: Duration = Duration::from_millis(200);
/// The maximum number of bytes of one line that are shown; the rest is cut.
const LINE_BYTES_MAX: u64 = 64 << 10;
/// The maximum number of bytes of new text that are read from one file at a time when following.
const PIECE_BYTES_MAX: u64 = 1 << 20;
/// The maximum number of rotated log files that are read: `log.files` is at most this.
const FILES_MAX: u32 = 1_000;

/// The log of one daemon.
#[derive(Debug, Clone)]
pub struct Source {
    /// The prefix of each line; empty for none.
    pub name: String,
    pub path: PathBuf,
}

/// Writes the content of all logs, in the order of time.
///
/// # Errors
/// Returns an error if writing to `out` fails. Logs that cannot be read count as empty.
fn merge(sources: &[Source], out: &mut impl Write) -> io::Result<()> {
    let mut readers: Vec<(&Source, Records)> = sources.iter().map(|source| (source, Records::open(source))).collect();
    let width = sources.iter().map(|source| source.name.len()).max().unwrap_or(0);
    while let Some((source, reader)) =
        readers.iter_mut().filter(|(_, reader)| reader.head.is_some()).min_by_key(|(_, reader)| reader.time())
    {
        loop {
            write_line(out, &source.name, width, reader.head.as_deref().unwrap_or_default())?;
            reader.advance();
            if reader.head.is_none() || reader.begins_record() {
                break;
            }
        }
    }
    out.flush()
}

fn write_line(out: &mut impl Write, name: &str, width: usize, line: &[u8]) -> io::Result<()> {
    if !name.is_empty() {
        write!(out, "{name:width$} | ")?;
    }
    out.write_all(line)?;
    out.write_all(b"\n")
}

/// Returns the time at the beginning of a line, `2026-11-21T09:03:39.123456Z`; none if there is
/// none.
fn time_of(line: &[u8]) -> Option<&[u8]> {
    let time = line.split(|byte| *byte == b' ').next()?;
    let shaped = time.len() >= 20 && time.ends_with(b"Z") && time.iter().take(4).all(u8::is_ascii_digit);
    (shaped && time.get(4) == Some(&b'-') && time.get(10) == Some(&b'T')).then_some(time)
}

/// The lines of one daemon, from the oldest file to the current one.
struct Records {
    files: Vec<PathBuf>,
    reader: Option<BufReader<File>>,
    head: Option<Vec<u8>>,
    /// The time of the record that `head` belongs to.
    time: Vec<u8>,
}

impl Records {
    fn open(source: &Source) -> Self {
        // The newest file is last, because files are taken from the end.
        let rotated_files =
            (1..=FILES_MAX).map(|number| rotated(&source.path, number)).take_while(|path| path.exists());
        let files = std::iter::once(source.path.clone()).chain(rotated_files).collect();
        let mut records = Self { files, reader: None, head: None, time: Vec::new() };
        records.advance();
        records
    }

    fn time(&self) -> Vec<u8> {
        self.time.clone()
    }

    fn begins_record(&self) -> bool {
        self.head.as_deref().is_some_and(|line| time_of(line).is_some())
    }

    fn advance(&mut self) {
        self.head = self.next_line();
        if let Some(time) = self.head.as_deref().and_then(time_of) {
            self.time = time.to_vec();
        }
    }

    fn next_line(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(line) = self.reader.as_mut().and_then(read_line) {
                return Some(line);
            }
            let path = self.files.pop()?;
            self.reader = File::open(path).ok().map(BufReader::new);
        }
    }
}

/// Returns the next line without its end, cut at [`LINE_BYTES_MAX`]; none at the end of the file.
fn read_line(reader: &mut BufReader<File>) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    if reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line).ok()? == 0 {
        return None;
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() as u64 == LINE_BYTES_MAX {
        reader.skip_until(b'\n').ok()?;
    }
    Some(line)
}

/// Writes the content of all logs, and with `follow` also new lines, until writing to `out` fails.
///
/// # Errors
/// Returns an error if writing to `out` fails.
pub fn show(sources: &[Source], follow: bool, out: &mut impl Write) -> io::Result<()> {
    // The ends are recorded first: lines added meanwhile may be shown twice, but never missed.
    let mut tails: Vec<Tail> = sources.iter().map(|source| Tail::at_end(&source.path)).collect();
    merge(sources, out)?;
    if !follow {
        return Ok(());
    }
    loop {
        std::thread::sleep(FOLLOW_EVERY);
        follow_once(sources, &mut tails, out)?;
    }
}

fn follow_once(sources: &[Source], tails: &mut [Tail], out: &mut impl Write) -> io::Result<()> {
    let width = sources.iter().map(|source| source.name.len()).max().unwrap_or(0);
    let mut records: Vec<(Vec<u8>, &str, Vec<u8>)> = Vec::new();
    for (source, tail) in sources.iter().zip(tails) {
        let mut time = Vec::new();
        for line in tail.new_lines() {
            time = time_of(&line).map_or(time, <[u8]>::to_vec);
            records.push((time.clone(), &source.name, line));
        }
    }
    // The sort is stable: the lines of one record stay together and in order, and so do the
    // sources.
    records.sort_by(|one, other| one.0.cmp(&other.0));
    for (_, name, line) in &records {
        write_line(out, name, width, line)?;
    }
    out.flush()
}

/// The growing end of a log.
struct Tail {
    path: PathBuf,
    file: Option<File>,
    position: u64,
    /// A line that is not complete yet.
    partial: Vec<u8>,
}

impl Tail {
    fn at_end(path: &Path) -> Self {
        let file = File::open(path).ok();
        let position = file.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |metadata| metadata.len());
        Self { path: path.to_owned(), file, position, partial: Vec::new() }
    }

    /// Returns the complete lines that were added, also across a rotation of files.
    fn new_lines(&mut self) -> Vec<Vec<u8>> {
        self.take_piece();
        if self.was_rotated() {
            // Lines written between the last check and the rotation.
            self.take_piece();
            self.file = File::open(&self.path).ok();
            self.position = 0;
            self.take_piece();
        }
        let Some(end) = self.partial.iter().rposition(|byte| *byte == b'\n') else { return Vec::new() };
        let rest = self.partial.split_off(end + 1);
        let mut whole = std::mem::replace(&mut self.partial, rest);
        whole.truncate(end);
        whole.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    }

    fn take_piece(&mut self) {
        if let Some(file) = &mut self.file
            && file.seek(SeekFrom::Start(self.position)).is_ok()
        {
            self.position += file.take(PIECE_BYTES_MAX).read_to_end(&mut self.partial).unwrap_or(0) as u64;
        }
    }

    fn was_rotated(&self) -> bool {
        let inode = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
        let now = std::fs::metadata(&self.path).ok().map(inode);
        now.is_some() && now != self.file.as_ref().and_then(|file| file.metadata().ok()).map(inode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(directory: &Path, name: &str) -> Source {
        Source { name: name.to_owned(), path: directory.join(format!("{name}.log")) }
    }

    fn append(path: &Path, text: &str) {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).expect("opened");
        file.write_all(text.as_bytes()).expect("written");
    }

    fn stamp(second: u32, text: &str) -> String {
        format!("2026-11-21T09:00:{second:02}.000000Z {text}\n")
    }

    fn shown(out: &[u8]) -> Vec<String> {
        let text = String::from_utf8_lossy(out).into_owned();
        text.lines().map(|line| line.replace("2026-11-21T09:00:", "").replace(".000000Z", "")).collect()
    }

    #[test]
    fn logs_are_merged_by_time_with_what_belongs_to_a_record() {
        let directory = tempfile::tempdir().expect("a directory");
        let (a, b) = (source(directory.path(), "a"), source(directory.path(), "bb"));
        append(&rotated(&a.path, 2), &stamp(1, "a1"));
        append(&rotated(&a.path, 1), &stamp(3, "a3"));
        append(&a.path, &(stamp(5, "a5") + "  at main\n  at std\n" + &stamp(7, "a7")));
        append(
            &b.path,
            &("early words\n".to_owned() + &stamp(2, "b2") + &stamp(5, "b5") + &stamp(6, "no end").replace('\n', "")),
        );
        let missing = source(directory.path(), "c");
        let mut out = Vec::new();
        merge(&[a, b, missing], &mut out).expect("merged");
        assert_eq!(
            shown(&out),
            [
                "bb | early words",
                "a  | 01 a1",
                "bb | 02 b2",
                "a  | 03 a3",
                "a  | 05 a5",
                "a  |   at main",
                "a  |   at std",
                "bb | 05 b5",
                "bb | 06 no end",
                "a  | 07 a7",
            ]
        );
    }

    #[test]
    fn one_log_stands_alone_and_endless_lines_are_cut() {
        let directory = tempfile::tempdir().expect("a directory");
        let one = Source { name: String::new(), ..source(directory.path(), "a") };
        append(&one.path, &("x".repeat(3 * LINE_BYTES_MAX as usize) + "\nlast\n"));
        let mut out = Vec::new();
        merge(&[one], &mut out).expect("merged");
        assert_eq!(out.len(), LINE_BYTES_MAX as usize + "\nlast\n".len());
    }

    #[test]
    fn following_sees_new_lines_whole_and_across_files() {
        let directory = tempfile::tempdir().expect("a directory");
        let sources = [source(directory.path(), "a"), source(directory.path(), "b")];
        append(&sources[0].path, &stamp(1, "old"));
        let mut tails: Vec<Tail> = sources.iter().map(|source| Tail::at_end(&source.path)).collect();
        let look = |tails: &mut [Tail]| {
            let mut out = Vec::new();
            follow_once(&sources, tails, &mut out).expect("written");
            shown(&out)
        };
        assert!(look(&mut tails).is_empty());
        append(&sources[0].path, &(stamp(3, "a3") + "half"));
        append(&sources[1].path, &stamp(2, "b2"));
        assert_eq!(look(&mut tails), ["b | 02 b2", "a | 03 a3"]);
        append(&sources[0].path, " line\n");
        std::fs::rename(&sources[0].path, rotated(&sources[0].path, 1)).expect("rotated");
        append(&sources[0].path, &stamp(4, "a4"));
        assert_eq!(look(&mut tails), ["a | half line", "a | 04 a4"]);
        assert!(look(&mut tails).is_empty());
    }
}
