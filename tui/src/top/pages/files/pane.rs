//! The state of one directory, remote or local: its entries, their order, the selection.

use crate::top::list::{Selection, matches};
use crate::top::message::LocalEntry;
use dfs_client::ListPage;
use dfs_types::{Entry, Error, Kind, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Maximum number of entries of one directory that are kept; the view notes that more exist.
pub(super) const ENTRIES_MAX: usize = 20_000;
/// The next page is requested when the selection is within so many rows of the end of the loaded
/// entries.
const NEAR_THE_END: usize = 200;
/// A directory is listed again after this time, and after as much more for every thousand entries.
const REFRESH_MS: u64 = 3_000;

/// A file or directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub name: String,
    pub directory: bool,
    /// Bytes. For a directory the sum of everything below it, which must be counted first for a
    /// local one.
    pub size: Option<u64>,
    pub modified: Option<Timestamp>,
    /// Files below a remote directory at any depth, excluding the directory itself.
    pub files: u64,
    pub directories: u64,
    /// Wanted replicas of each chunk of a remote file, otherwise 0.
    pub copies: u8,
}

impl From<Entry> for Row {
    fn from(Entry { name, stat }: Entry) -> Self {
        Self {
            name,
            directory: stat.kind == Kind::Directory,
            size: Some(stat.size),
            modified: Some(stat.modified),
            files: stat.files,
            directories: stat.directories,
            copies: stat.replication,
        }
    }
}

impl From<LocalEntry> for Row {
    fn from(LocalEntry { name, directory, size, modified }: LocalEntry) -> Self {
        let size = (!directory).then_some(size);
        Self { name, directory, size, modified, files: 0, directories: 0, copies: 0 }
    }
}

/// The order of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Sort {
    #[default]
    Name,
    /// Largest first.
    Size,
    /// Newest first.
    Time,
}

impl Sort {
    pub(super) fn next(self) -> Self {
        match self {
            Self::Name => Self::Size,
            Self::Size => Self::Time,
            Self::Time => Self::Name,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Size => "size",
            Self::Time => "time",
        }
    }
}

/// A page that was requested and has not arrived. The name is the one after which the page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    /// A page of a new listing.
    Anew(Option<String>),
    /// The next page of the current listing.
    On(String),
}

/// The bytes below a local directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    pub bytes: u64,
    /// True if the count is complete.
    pub whole: bool,
}

/// A pane with one directory.
#[derive(Debug)]
pub(super) struct Pane<P> {
    pub path: P,
    rows: Vec<Row>,
    /// Indices of the rows that pass the filter, in display order.
    shown: Vec<usize>,
    pub chosen: Selection,
    /// The name to select as soon as it is listed.
    wanted: Option<String>,
    /// Names of the entries that are marked.
    marked: BTreeSet<String>,
    /// Bytes below local directories, as far as they are counted.
    counted: BTreeMap<String, Counted>,
    filter: String,
    sort: Sort,
    asked: Option<Asked>,
    /// The pages of a new listing so far; the old rows stay until it is complete.
    coming: Vec<Row>,
    /// True if there are more entries after the rows.
    more: bool,
    /// The time of the last listing, in milliseconds of the dashboard's clock; 0 means never.
    listed_ms: u64,
    pub error: Option<Error>,
}

impl<P> Pane<P> {
    /// Returns a pane whose directory is due for listing.
    pub(super) fn new(path: P) -> Self {
        Self {
            path,
            rows: Vec::new(),
            shown: Vec::new(),
            chosen: Selection::default(),
            wanted: None,
            marked: BTreeSet::new(),
            counted: BTreeMap::new(),
            filter: String::new(),
            sort: Sort::default(),
            asked: Some(Asked::Anew(None)),
            coming: Vec::new(),
            more: false,
            listed_ms: 0,
            error: None,
        }
    }

    /// Opens another directory, due for listing; `wanted` is selected as soon as it is listed.
    pub(super) fn open(&mut self, path: P, wanted: Option<String>) {
        *self = Self { wanted, sort: self.sort, ..Self::new(path) };
    }

    /// Schedules a new listing from the beginning and drops pending requests.
    pub(super) fn list_anew(&mut self) {
        self.coming.clear();
        self.asked = Some(Asked::Anew(None));
    }

    /// Returns true if it is time to list again; the listing is then noted as requested.
    pub(super) fn is_due(&mut self, now_ms: u64) -> bool {
        let pause = REFRESH_MS + REFRESH_MS * (self.rows.len() / 1000) as u64;
        let due = self.asked.is_none() && now_ms >= self.listed_ms + pause;
        if due {
            self.list_anew();
        }
        due
    }

    /// Returns the name after which the next page begins if the selection is near the end of the
    /// loaded rows; the page is then noted as requested.
    pub(super) fn wants_more(&mut self) -> Option<String> {
        let near = self.chosen.within(self.shown.len()) + NEAR_THE_END >= self.shown.len();
        if self.asked.is_some() || !self.more || !near || self.rows.len() >= ENTRIES_MAX {
            return None;
        }
        let last = self.rows.last()?.name.clone();
        self.asked = Some(Asked::On(last.clone()));
        Some(last)
    }

    /// Stores a page. Returns the name after which the next page is to be requested, if any.
    pub(super) fn page(&mut self, after: Option<&str>, result: Result<ListPage, Error>, now_ms: u64) -> Option<String> {
        let anew = match &self.asked {
            Some(Asked::Anew(name)) if name.as_deref() == after => true,
            Some(Asked::On(name)) if Some(name.as_str()) == after => false,
            _ => return None,
        };
        self.asked = None;
        let page = match result {
            Ok(page) => page,
            Err(error) => {
                self.fail(error, now_ms);
                return None;
            }
        };
        let rows = page.entries.into_iter().map(Row::from);
        if !anew {
            let room = ENTRIES_MAX.saturating_sub(self.rows.len());
            self.rows.extend(rows.take(room));
            self.more = page.more;
            self.arrange();
            return None;
        }
        let before = self.coming.len();
        self.coming.extend(rows);
        // As many rows as before are loaded again, so that the visible rows do not disappear.
        let last = self.coming.last().map(|row| row.name.clone());
        if page.more && self.coming.len() > before && self.coming.len() < self.rows.len().min(ENTRIES_MAX) {
            self.asked = Some(Asked::Anew(last.clone()));
            return last;
        }
        let rows = std::mem::take(&mut self.coming);
        self.whole(rows, page.more, now_ms);
        None
    }

    /// Stores a complete directory.
    pub(super) fn all(&mut self, result: Result<Vec<LocalEntry>, Error>, now_ms: u64) {
        self.asked = None;
        match result {
            Ok(entries) => {
                let more = entries.len() >= ENTRIES_MAX;
                self.whole(entries.into_iter().map(Row::from).collect(), more, now_ms);
            }
            Err(error) => self.fail(error, now_ms),
        }
    }

    fn fail(&mut self, error: Error, now_ms: u64) {
        self.error = Some(error);
        self.listed_ms = now_ms.max(1);
        self.coming.clear();
    }

    fn whole(&mut self, mut rows: Vec<Row>, more: bool, now_ms: u64) {
        self.more = more || rows.len() > ENTRIES_MAX;
        rows.truncate(ENTRIES_MAX);
        let chosen = self.row().map(|row| row.name.clone());
        self.wanted = self.wanted.take().or(chosen);
        self.rows = rows;
        let there: BTreeSet<&str> = self.rows.iter().map(|row| row.name.as_str()).collect();
        self.marked.retain(|name| there.contains(name.as_str()));
        self.counted.retain(|name, _| there.contains(name.as_str()));
        self.put_in_sizes();
        self.error = None;
        self.listed_ms = now_ms.max(1);
        self.arrange();
    }

    /// Computes the visible rows and their order; the selection is kept.
    fn arrange(&mut self) {
        let wanted = self.wanted.take().or_else(|| self.row().map(|row| row.name.clone()));
        let passes = |at: &usize| self.rows.get(*at).is_some_and(|row| matches(&row.name, &self.filter));
        let mut shown: Vec<usize> = (0..self.rows.len()).filter(passes).collect();
        let key = |at: &usize| self.rows.get(*at).map(|row| (row.size, row.modified)).unwrap_or_default();
        match self.sort() {
            // An incomplete directory stays in the order of arrival, the byte order of names.
            Sort::Name if self.more => {}
            Sort::Name => shown.sort_by_key(|at| self.rows.get(*at).is_some_and(|row| !row.directory)),
            Sort::Size => shown.sort_by_key(|at| std::cmp::Reverse(key(at).0)),
            Sort::Time => shown.sort_by_key(|at| std::cmp::Reverse(key(at).1)),
        }
        self.shown = shown;
        let place = |name: &String| self.shown().position(|row| row.name == *name);
        self.chosen.at = wanted.as_ref().and_then(place).unwrap_or(self.chosen.within(self.shown.len()));
    }

    /// Returns the visible rows.
    pub(super) fn shown(&self) -> impl Iterator<Item = &Row> {
        // Every index refers to a row: both are set together.
        self.shown.iter().filter_map(|at| self.rows.get(*at))
    }

    /// Returns the number of visible rows.
    pub(super) fn shown_count(&self) -> usize {
        self.shown.len()
    }

    /// Returns the selected row.
    pub(super) fn row(&self) -> Option<&Row> {
        self.shown.get(self.chosen.within(self.shown.len())).and_then(|at| self.rows.get(*at))
    }

    /// Toggles the mark of the selected entry and moves to the next one.
    pub(super) fn mark(&mut self) {
        let Some(name) = self.row().map(|row| row.name.clone()) else { return };
        if !self.marked.remove(&name) {
            self.marked.insert(name);
        }
        self.chosen.wheel(1, self.shown.len());
    }

    /// Inverts the marks of the visible entries and removes all other marks.
    pub(super) fn invert_marks(&mut self) {
        let names = self.shown().map(|row| row.name.clone()).filter(|name| !self.marked.contains(name));
        self.marked = names.collect();
    }

    /// Removes all marks; returns true if there were any.
    pub(super) fn unmark(&mut self) -> bool {
        !std::mem::take(&mut self.marked).is_empty()
    }

    pub(super) fn is_marked(&self, name: &str) -> bool {
        self.marked.contains(name)
    }

    /// Returns the entries that an action applies to: the marked ones, otherwise the selected one.
    pub(super) fn targets(&self) -> Vec<&Row> {
        if self.marked.is_empty() {
            return self.row().into_iter().collect();
        }
        self.rows.iter().filter(|row| self.marked.contains(&row.name)).collect()
    }

    /// Returns the entry with this name, if it is loaded.
    pub(super) fn named(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// Returns the names of the directories whose bytes are not known.
    pub(super) fn uncounted(&self) -> Vec<String> {
        let open = self.rows.iter().filter(|row| row.directory && row.size.is_none());
        open.map(|row| row.name.clone()).collect()
    }

    /// Returns the bytes below a local directory, as far as they are counted.
    pub(super) fn counted(&self, name: &str) -> Option<Counted> {
        self.counted.get(name).copied()
    }

    /// Stores a new count of a local directory.
    pub(super) fn count(&mut self, name: &str, counted: Counted) {
        self.counted.insert(name.to_owned(), counted);
        self.put_in_sizes();
        if self.sort() == Sort::Size {
            self.arrange();
        }
    }

    /// Discards the counts of local directories.
    pub(super) fn forget_counts(&mut self) {
        self.counted.clear();
    }

    fn put_in_sizes(&mut self) {
        for row in &mut self.rows {
            if let Some(Counted { bytes, whole: true }) = self.counted.get(&row.name) {
                row.size = Some(*bytes);
            }
        }
    }

    /// Returns the number of loaded entries.
    pub(super) fn loaded(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn has_more(&self) -> bool {
        self.more
    }

    /// Returns true if the directory was listed.
    pub(super) fn is_listed(&self) -> bool {
        self.listed_ms > 0
    }

    pub(super) fn filter(&self) -> &str {
        &self.filter
    }

    pub(super) fn set_filter(&mut self, filter: String) {
        self.filter = filter;
        self.arrange();
    }

    /// Returns the effective order: only a completely loaded directory can be sorted by anything
    /// except the name.
    pub(super) fn sort(&self) -> Sort {
        if self.more { Sort::Name } else { self.sort }
    }

    pub(super) fn set_sort(&mut self, sort: Sort) {
        self.sort = sort;
        self.arrange();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_types::ErrorCode;

    fn names(numbers: std::ops::Range<usize>) -> Vec<LocalEntry> {
        let entry = |number| LocalEntry {
            name: format!("f{number:08}"),
            directory: false,
            size: number as u64,
            modified: None,
        };
        numbers.map(entry).collect()
    }

    fn page(numbers: std::ops::Range<usize>, more: bool) -> Result<ListPage, Error> {
        let stat = crate::top::fixtures::stat(Kind::File, 1);
        let entries = names(numbers).into_iter().map(|entry| Entry { name: entry.name, stat: stat.clone() });
        Ok(ListPage { entries: entries.collect(), more })
    }

    fn opened() -> Pane<()> {
        Pane::new(())
    }

    #[test]
    fn pages_are_asked_for_as_they_are_needed_and_never_more_than_can_be_kept() {
        let mut pane = opened();
        assert_eq!(pane.page(None, page(0..1000, true), 5), None);
        assert_eq!((pane.loaded(), pane.wants_more()), (1000, None));
        let mut asked = 0;
        pane.chosen.at = usize::MAX;
        while let Some(after) = pane.wants_more() {
            asked += 1;
            assert_eq!(pane.wants_more(), None, "asked for already");
            assert_eq!(pane.page(Some(&after), page(asked * 1000..(asked + 1) * 1000, true), 5), None);
            pane.chosen.at = usize::MAX;
        }
        assert_eq!((asked, pane.loaded(), pane.has_more()), (19, ENTRIES_MAX, true));
    }

    #[test]
    fn listed_anew_what_is_read_stays_where_it_is() {
        let mut pane = opened();
        pane.page(None, page(0..1000, true), 5);
        pane.chosen.at = 900;
        let after = pane.wants_more().expect("near the end");
        pane.page(Some(&after), page(1000..2000, false), 5);
        pane.chosen.at = 1500;
        assert!(!pane.is_due(3_000) && pane.is_due(20_000) && !pane.is_due(90_000));
        // One entry before the selection was removed.
        let after = pane.page(None, page(1..1000, true), 20_000).expect("as much as before");
        assert_eq!(pane.loaded(), 2000, "until all is there");
        assert_eq!(pane.page(Some(&after), page(1000..2000, false), 20_000), None);
        assert_eq!((pane.loaded(), pane.row().map(|row| row.name.as_str())), (1999, Some("f00001500")));
    }

    #[test]
    fn what_was_not_asked_for_changes_nothing() {
        let mut pane = opened();
        pane.page(Some("x"), page(0..5, false), 5);
        assert!(!pane.is_listed());
        pane.page(None, page(0..5, false), 5);
        pane.page(None, page(0..9, false), 6);
        assert_eq!(pane.loaded(), 5);
        // A master that announces more entries and returns none is not asked forever.
        assert!(pane.is_due(60_000));
        assert_eq!(pane.page(None, page(0..0, true), 60_001), None);
        // A failure keeps the entries.
        pane.list_anew();
        pane.page(None, Err(Error::new(ErrorCode::Timeout, "late")), 9);
        assert!(pane.error.is_some());
    }

    #[test]
    fn sorted_and_filtered_the_selection_stays() {
        let mut pane = opened();
        pane.all(Ok(names(0..50)), 5);
        pane.chosen.at = 12;
        pane.set_sort(Sort::Size);
        assert_eq!((pane.chosen.at, pane.shown().next().and_then(|row| row.size)), (37, Some(49)));
        pane.set_filter("2".into());
        assert_eq!(pane.row().and_then(|row| row.size), Some(12));
        pane.set_filter("!2".into());
        assert!(pane.shown().all(|row| !row.name.contains('2')));
        pane.set_filter("none".into());
        assert_eq!((pane.row(), pane.shown_count()), (None, 0));
    }
}
