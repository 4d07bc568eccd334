//! Caches directory listings for callers that must not wait, such as completion and colours. Pure;
//! the caller passes the time.

use dfs_types::{DfsPath, Entry, Kind};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The maximum number of cached pages; the oldest is evicted first.
const PAGES_MAX: usize = 64;
/// A page younger than this is used without a call to the cluster.
const FRESH: Duration = Duration::from_secs(3);
/// A page older than this is not used to decide that a name is missing.
const TRUSTED: Duration = Duration::from_secs(60);

/// A name, and true if it is a directory.
pub(super) type Name = (String, bool);

/// A directory and the prefix of the names in it.
pub(super) type Key = (DfsPath, String);

/// The first names of a directory that begin with a prefix, sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Page {
    pub names: Arc<[Name]>,
    /// True if there are more names after these.
    pub more: bool,
    /// The total number of names, if it is known.
    pub total: Option<u64>,
}

impl Page {
    /// Returns the page for a listing of a master.
    pub(super) fn of(entries: Vec<Entry>, more: bool, total: Option<u64>) -> Self {
        let name = |entry: Entry| (entry.name, entry.stat.kind == Kind::Directory);
        let names: Arc<[Name]> = entries.into_iter().map(name).collect();
        let total = if more { total } else { Some(names.len() as u64) };
        Self { names, more, total }
    }

    /// Returns the names that begin with `prefix`. The result is complete only if this page is.
    fn narrowed(&self, prefix: &str) -> Self {
        let names: Arc<[Name]> = self.names.iter().filter(|(name, _)| name.starts_with(prefix)).cloned().collect();
        let total = Some(names.len() as u64);
        Self { names, more: false, total }
    }
}

#[derive(Debug)]
struct Kept {
    page: Page,
    taken: Instant,
}

/// A cache of directory listings.
#[derive(Debug, Default)]
pub(super) struct Directories {
    pages: HashMap<Key, Kept>,
    /// The time of the last command of this session. Pages taken before it may be outdated.
    changed: Option<Instant>,
}

impl Directories {
    pub(super) fn keep(&mut self, key: Key, page: Page, taken: Instant) {
        if self.pages.len() >= PAGES_MAX && !self.pages.contains_key(&key) {
            let oldest = self.pages.iter().min_by_key(|(_, kept)| kept.taken).map(|(key, _)| key.clone());
            oldest.and_then(|key| self.pages.remove(&key));
        }
        self.pages.insert(key, Kept { page, taken });
    }

    /// Marks all pages as outdated, because a command of this session ran and may have changed any
    /// directory.
    pub(super) fn outdate(&mut self, now: Instant) {
        self.changed = Some(now);
    }

    /// Returns the cached names that begin with `prefix`, and true if they are fresh.
    pub(super) fn seen(&self, directory: &DfsPath, prefix: &str, now: Instant) -> Option<(Page, bool)> {
        let exact = self.kept(directory, prefix).map(|kept| (kept.page.clone(), self.is_fresh(kept, now)));
        if exact.as_ref().is_some_and(|(_, fresh)| *fresh) {
            return exact;
        }
        let shorter = prefix.char_indices().rev().filter_map(|(end, _)| prefix.get(..end));
        let whole = shorter.filter_map(|shorter| self.kept(directory, shorter)).filter(|kept| !kept.page.more);
        let newest = whole.max_by_key(|kept| kept.taken);
        let narrowed = newest.map(|kept| (kept.page.narrowed(prefix), self.is_fresh(kept, now)));
        match (exact, narrowed) {
            (Some(exact), Some(narrowed)) => Some(if narrowed.1 { narrowed } else { exact }),
            (exact, narrowed) => exact.or(narrowed),
        }
    }

    /// Returns true if the path exists, false if it does not, and `None` if that is unknown. With
    /// `begun`, a longer name that begins with this one counts as well.
    pub(super) fn has(&self, path: &DfsPath, begun: bool, now: Instant) -> Option<bool> {
        let (directory, name) = (path.parent()?, path.name()?);
        let prefixes = name.char_indices().map(|(end, _)| name.get(..end)).chain([Some(name)]).flatten();
        let pages = prefixes.filter_map(|prefix| self.kept(&directory, prefix));
        let page = pages.filter(|kept| self.is_trusted(kept, now)).max_by_key(|kept| kept.taken)?.page.clone();
        let there = page.names.iter().any(|(known, _)| known == name || begun && known.starts_with(name));
        let before_the_last = page.names.last().is_some_and(|(last, _)| name < last.as_str());
        (there || !page.more || before_the_last).then_some(there)
    }

    fn kept(&self, directory: &DfsPath, prefix: &str) -> Option<&Kept> {
        self.pages.get(&(directory.clone(), prefix.to_owned()))
    }

    fn is_fresh(&self, kept: &Kept, now: Instant) -> bool {
        self.is_untouched(kept) && now.saturating_duration_since(kept.taken) < FRESH
    }

    fn is_trusted(&self, kept: &Kept, now: Instant) -> bool {
        self.is_untouched(kept) && now.saturating_duration_since(kept.taken) < TRUSTED
    }

    fn is_untouched(&self, kept: &Kept) -> bool {
        self.changed.is_none_or(|changed| kept.taken > changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(names: &[&str], more: bool) -> Page {
        let names: Arc<[Name]> = names.iter().map(|name| ((*name).to_owned(), false)).collect();
        Page { total: (!more).then_some(names.len() as u64), names, more }
    }

    fn path(text: &str) -> DfsPath {
        DfsPath::parse(text).expect("valid")
    }

    fn names(page: &Page) -> Vec<&str> {
        page.names.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn a_whole_directory_answers_for_every_beginning() {
        let (mut directories, now) = (Directories::default(), Instant::now());
        directories.keep((path("/d"), String::new()), page(&["ab", "ac", "b"], false), now);
        let (found, fresh) = directories.seen(&path("/d"), "a", now).expect("known");
        assert_eq!((names(&found), found.total, fresh), (vec!["ab", "ac"], Some(2), true));
        assert!(directories.seen(&path("/e"), "a", now).is_none());
    }

    #[test]
    fn a_part_of_a_directory_answers_only_for_itself() {
        let (mut directories, now) = (Directories::default(), Instant::now());
        directories.keep((path("/d"), String::new()), page(&["ab", "ac"], true), now);
        assert!(directories.seen(&path("/d"), "a", now).is_none());
        assert_eq!(directories.has(&path("/d/ab"), false, now), Some(true));
        assert_eq!(directories.has(&path("/d/aa"), false, now), Some(false));
        assert_eq!(directories.has(&path("/d/zz"), false, now), None);
    }

    #[test]
    fn what_is_being_typed_is_not_missing_yet() {
        let (mut directories, now) = (Directories::default(), Instant::now());
        directories.keep((path("/d"), String::new()), page(&["notes"], false), now);
        assert_eq!(directories.has(&path("/d/no"), true, now), Some(true));
        assert_eq!(directories.has(&path("/d/no"), false, now), Some(false));
        assert_eq!(directories.has(&path("/d/x"), true, now), Some(false));
    }

    #[test]
    fn age_and_our_own_commands_make_it_stale() {
        let (mut directories, now) = (Directories::default(), Instant::now());
        directories.keep((path("/d"), String::new()), page(&["a"], false), now);
        let later = now + FRESH;
        assert_eq!(directories.seen(&path("/d"), "", later).map(|(_, fresh)| fresh), Some(false));
        assert_eq!(directories.has(&path("/d/b"), false, later), Some(false));
        assert_eq!(directories.has(&path("/d/b"), false, now + TRUSTED), None);
        directories.outdate(now);
        assert_eq!(directories.seen(&path("/d"), "", now).map(|(_, fresh)| fresh), Some(false));
        assert_eq!(directories.has(&path("/d/b"), false, now), None, "it may have been made by that command");
    }

    #[test]
    fn only_so_many_are_kept() {
        let (mut directories, now) = (Directories::default(), Instant::now());
        for number in 0..PAGES_MAX + 10 {
            let taken = now + Duration::from_millis(number as u64);
            directories.keep((path("/d"), number.to_string()), page(&[], false), taken);
        }
        assert_eq!(directories.pages.len(), PAGES_MAX);
        assert!(directories.kept(&path("/d"), "0").is_none());
    }
}
