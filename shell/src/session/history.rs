//! The lines typed at the prompt: each one once, the newest last, readable by their user only.

use parking_lot::{Mutex, MutexGuard};
use rustyline::history::{SearchDirection, SearchResult};
use std::borrow::Cow;
use std::collections::{HashSet, VecDeque};
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The maximum number of lines kept.
pub(crate) const LINES_MAX: usize = 10_000;
/// Longer lines were probably pasted and would make the file slow to read.
const LINE_BYTES_MAX: usize = 64 << 10;
/// The first line of the file. Every following line is one entry, with `\n` and `\\` escaped.
const FORMAT: &str = "#V2";

/// The history of a session. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct History {
    shared: Arc<Mutex<Lines>>,
}

#[derive(Debug, Default)]
struct Lines {
    entries: VecDeque<String>,
    /// The file to which new lines are appended at once, so that parallel sessions do not lose each
    /// other's lines.
    file: Option<PathBuf>,
}

impl History {
    /// Returns the history file in the state directory.
    pub fn file_in(directory: &Path) -> PathBuf {
        directory.join("history")
    }

    /// Reads the lines of earlier sessions. Without a usable file the history is empty, which is
    /// not an error.
    pub fn read(&self, file: &Path) {
        let _ = self.try_read(file);
    }

    fn try_read(&self, file: &Path) -> io::Result<()> {
        if let Some(directory) = file.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        }
        // Created at once, so that the file never has other permissions.
        let there = OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(file)?;
        there.set_permissions(Permissions::from_mode(0o600))?;
        let mut lines = self.lines();
        lines.file = Some(file.to_owned());
        let mut written = Vec::new();
        for line in BufReader::new(there).split(b'\n') {
            // Corrupt lines of the file are skipped.
            written.extend(String::from_utf8(line?).ok().filter(|line| !line.is_empty() && line != FORMAT));
        }
        let count = written.len();
        let mut seen = HashSet::new();
        let mut entries: VecDeque<String> = VecDeque::new();
        for entry in written.iter().rev().map(|line| unescape(line)) {
            if entries.len() < LINES_MAX && seen.insert(entry.clone()) {
                entries.push_front(entry);
            }
        }
        lines.entries = entries;
        if count > 2 * LINES_MAX {
            lines.write_anew()?;
        }
        Ok(())
    }

    /// Adds a line, unless it must not be kept; an older equal line is removed.
    pub fn add(&self, line: &str) -> bool {
        if line.trim().is_empty() || line.starts_with(char::is_whitespace) || line.len() > LINE_BYTES_MAX {
            return false;
        }
        let mut lines = self.lines();
        if lines.entries.back().is_some_and(|newest| newest == line) {
            return false;
        }
        lines.entries.retain(|entry| entry != line);
        if lines.entries.len() == LINES_MAX {
            lines.entries.pop_front();
        }
        lines.entries.push_back(line.to_owned());
        lines.append(line);
        true
    }

    /// Returns the newest line that is longer than `start` and begins with it.
    pub fn newest_that_begins(&self, start: &str) -> Option<String> {
        let begins = |entry: &&String| entry.len() > start.len() && entry.starts_with(start);
        self.lines().entries.iter().rev().find(begins).cloned()
    }

    /// Returns the nearest line before `from` that begins with `start` and is not `current`, with
    /// its position.
    pub fn older(&self, from: usize, start: &str, current: &str) -> Option<(usize, String)> {
        let lines = self.lines();
        let found = (0..from.min(lines.entries.len())).rev().filter_map(|at| Some((at, lines.entries.get(at)?)));
        let mut fitting = found.filter(|(_, entry)| entry.starts_with(start) && *entry != current);
        fitting.next().map(|(at, entry)| (at, entry.clone()))
    }

    /// Returns the nearest line after `from` that begins with `start` and is not `current`, with
    /// its position.
    pub fn newer(&self, from: usize, start: &str, current: &str) -> Option<(usize, String)> {
        let lines = self.lines();
        let mut fitting = lines
            .entries
            .iter()
            .enumerate()
            .skip(from + 1)
            .filter(|(_, entry)| entry.starts_with(start) && *entry != current);
        fitting.next().map(|(at, entry)| (at, entry.clone()))
    }

    /// Returns the newest `count` lines with their numbers, from 1.
    pub fn newest(&self, count: usize) -> Vec<(usize, String)> {
        let lines = self.lines();
        let from = lines.entries.len().saturating_sub(count);
        lines.entries.iter().enumerate().skip(from).map(|(index, line)| (index + 1, line.clone())).collect()
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.shared.lock()
    }

    fn found(
        &self,
        start: usize,
        dir: SearchDirection,
        at: impl Fn(&str) -> Option<usize>,
    ) -> Option<SearchResult<'_>> {
        let lines = self.lines();
        let look = |idx: usize| {
            let entry = lines.entries.get(idx)?;
            at(entry).map(|pos| SearchResult { entry: Cow::Owned(entry.clone()), idx, pos })
        };
        match dir {
            SearchDirection::Reverse => (0..=start).rev().find_map(look),
            SearchDirection::Forward => (start..lines.entries.len()).find_map(look),
        }
    }
}

impl Lines {
    fn append(&self, line: &str) {
        let Some(path) = &self.file else { return };
        // A single write, so that the lines of two sessions do not mix. A history that cannot be
        // written is not an error.
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
        let _ = file.and_then(|mut file| {
            let head = if file.metadata()?.len() == 0 { format!("{FORMAT}\n") } else { String::new() };
            file.write_all(format!("{head}{}\n", escape(line)).as_bytes())
        });
    }

    fn write_anew(&self) -> io::Result<()> {
        let Some(path) = &self.file else { return Ok(()) };
        let beside = path.with_extension("new");
        let file: File = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&beside)?;
        let mut file = BufWriter::new(file);
        writeln!(file, "{FORMAT}")?;
        for entry in &self.entries {
            writeln!(file, "{}", escape(entry))?;
        }
        file.flush()?;
        std::fs::rename(beside, path)
    }
}

fn escape(line: &str) -> String {
    line.replace('\\', "\\\\").replace('\n', "\\n")
}

fn unescape(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n') => text.push('\n'),
                Some(other) => text.push(other),
                None => {}
            },
            (c, false) => text.push(c),
        }
    }
    text
}

/// The interface for the line editor. The file is managed here, not by the editor.
impl rustyline::history::History for History {
    fn get(&self, index: usize, _: SearchDirection) -> rustyline::Result<Option<SearchResult<'_>>> {
        let entry = self.lines().entries.get(index).cloned();
        Ok(entry.map(|entry| SearchResult { entry: Cow::Owned(entry), idx: index, pos: 0 }))
    }

    fn add(&mut self, line: &str) -> rustyline::Result<bool> {
        Ok(History::add(self, line))
    }

    fn add_owned(&mut self, line: String) -> rustyline::Result<bool> {
        Ok(History::add(self, &line))
    }

    fn len(&self) -> usize {
        self.lines().entries.len()
    }

    fn is_empty(&self) -> bool {
        self.lines().entries.is_empty()
    }

    fn set_max_len(&mut self, _: usize) -> rustyline::Result<()> {
        Ok(())
    }

    fn ignore_dups(&mut self, _: bool) -> rustyline::Result<()> {
        Ok(())
    }

    fn ignore_space(&mut self, _: bool) {}

    fn save(&mut self, _: &Path) -> rustyline::Result<()> {
        Ok(())
    }

    fn append(&mut self, _: &Path) -> rustyline::Result<()> {
        Ok(())
    }

    fn load(&mut self, path: &Path) -> rustyline::Result<()> {
        Ok(self.try_read(path)?)
    }

    fn clear(&mut self) -> rustyline::Result<()> {
        self.lines().entries.clear();
        Ok(())
    }

    fn search(&self, term: &str, start: usize, dir: SearchDirection) -> rustyline::Result<Option<SearchResult<'_>>> {
        Ok(self.found(start, dir, |entry| entry.find(term).filter(|_| !term.is_empty())))
    }

    fn starts_with(
        &self,
        term: &str,
        start: usize,
        dir: SearchDirection,
    ) -> rustyline::Result<Option<SearchResult<'_>>> {
        Ok(self.found(start, dir, |entry| entry.starts_with(term).then_some(term.len()).filter(|len| *len > 0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(history: &History) -> Vec<String> {
        history.newest(LINES_MAX).into_iter().map(|(_, line)| line).collect()
    }

    #[test]
    fn each_line_once_and_none_that_begins_with_a_blank() {
        let history = History::default();
        for line in ["ls", "pwd", "ls", " secret", "", "  ", "ls"] {
            history.add(line);
        }
        assert_eq!(lines(&history), ["pwd", "ls"]);
        assert!(!history.add(&"x".repeat(LINE_BYTES_MAX + 1)));
        assert_eq!(history.newest(1), [(2, "ls".to_owned())]);
    }

    #[test]
    fn it_outlives_the_session_and_is_nobody_elses() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = History::file_in(&directory.path().join("state"));
        let first = History::default();
        first.read(&file);
        let odd = "put 'a\nb' c\\d";
        for line in ["ls", odd, "ls"] {
            assert!(first.add(line), "{line}");
        }
        let second = History::default();
        second.read(&file);
        assert_eq!(lines(&second), [odd, "ls"]);
        assert_eq!(file.metadata().expect("there").permissions().mode() & 0o777, 0o600);
        let other = History::default();
        other.read(&file);
        other.add("from the other");
        second.add("from the second");
        let third = History::default();
        third.read(&file);
        assert_eq!(lines(&third), [odd, "ls", "from the other", "from the second"]);
    }

    #[test]
    fn a_long_file_is_written_anew() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = History::file_in(directory.path());
        let text: String = (0..=2 * LINES_MAX).map(|number| format!("echo {number}\n")).collect();
        std::fs::write(&file, text).expect("written");
        let history = History::default();
        history.read(&file);
        assert_eq!(lines(&history).len(), LINES_MAX);
        let text = std::fs::read_to_string(&file).expect("read");
        assert_eq!(text.lines().count(), LINES_MAX + 1);
        assert!(text.ends_with(&format!("echo {}\n", 2 * LINES_MAX)));
    }

    #[test]
    fn the_editor_finds_lines() {
        use rustyline::history::History as _;
        let mut history = History::default();
        for line in ["ls /a", "put a b", "ls /b"] {
            assert!(history.add_owned(line.to_owned()).expect("added"));
        }
        let found = |result: rustyline::Result<Option<SearchResult<'_>>>| result.expect("works").map(|found| found.idx);
        assert_eq!(found(history.search("a", 2, SearchDirection::Reverse)), Some(1));
        assert_eq!(found(history.starts_with("ls", 1, SearchDirection::Reverse)), Some(0));
        assert_eq!(found(history.starts_with("ls", 1, SearchDirection::Forward)), Some(2));
        assert_eq!(found(history.search("zzz", 2, SearchDirection::Reverse)), None);
    }
}
