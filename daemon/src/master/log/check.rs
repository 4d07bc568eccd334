//! Checks that the content of a data directory is complete, that is, that everything ever
//! acknowledged is still there.
//!
//! Each file was checked alone before; here the files are compared with each other. A state that no
//! crash can leave is refused, because something is missing.

use super::end::End;
use super::error::LogError;
use super::segment::{RECORDS_AT, Segment};
use crate::master::raft::types::{LogId, Vote};
use std::path::{Path, PathBuf};

/// The snapshot beside the log.
#[derive(Debug, Clone, Default)]
pub struct Basis {
    /// The path of its file.
    pub path: PathBuf,
    /// The last entry in it; none if there is no snapshot.
    pub last: Option<LogId>,
    /// True if the group has other masters, one of which may have sent the snapshot.
    pub received: bool,
}

/// Refuses a log whose newest segment is older than the end mark says. Called before the other
/// segments are read, because the missing segment may hold records that explain them.
pub(super) fn check_newest(directory: &Path, newest: u64, end: End) -> Result<(), LogError> {
    if newest >= end.sequence {
        return Ok(());
    }
    let last = end.next_index.saturating_sub(1);
    let what = format!("the newest segment of the log is missing: the log is known to reach entry {last}");
    Err(LogError::missing(directory.join(Segment::file_name(end.sequence)), what))
}

/// The facts found in the directory of a log.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub directory: &'a Path,
    /// The sequence numbers of the oldest and the newest segment.
    pub segments: Option<(u64, u64)>,
    /// The offset at which the records of the newest segment end.
    pub offset: u64,
    /// True if there are spare files.
    pub spares: bool,
    pub purged: Option<LogId>,
    /// The last entry in the log.
    pub last: Option<LogId>,
    pub end: Option<End>,
    pub end_path: &'a Path,
    pub vote: Option<Vote>,
    pub vote_number: u64,
    pub vote_path: &'a Path,
    pub vote_exists: bool,
    pub basis: &'a Basis,
}

impl Facts<'_> {
    /// Refuses a state in which something is missing.
    ///
    /// # Errors
    /// Returns an error if something is missing. The text names the file.
    pub(super) fn check(&self) -> Result<(), LogError> {
        match self.end {
            Some(end) => self.check_end(end)?,
            None => self.check_first_start()?,
        }
        self.check_vote()?;
        self.check_snapshot()
    }

    /// Returns the index of the next entry.
    fn next_index(&self) -> u64 {
        self.last.max(self.purged).map_or(0, |last| last.index + 1)
    }

    /// Checks a directory without an end mark. Nothing was ever acknowledged there: the end mark is
    /// made before the first record.
    fn check_first_start(&self) -> Result<(), LogError> {
        let begun = matches!(self.segments, Some((1, 1))) && self.offset == RECORDS_AT;
        let untouched = self.vote_number == 0 && self.basis.last.is_none() && !self.spares;
        if untouched && (begun || self.segments.is_none()) {
            return Ok(());
        }
        let others = match (self.segments, self.basis.last) {
            (Some(_), _) => "there are segments of the log",
            (None, Some(_)) => "there is a snapshot, but no segment of its log",
            (None, None) => "there are other files of the log",
        };
        Err(LogError::missing(self.end_path, format!("the end mark is missing, but {others}")))
    }

    fn check_end(&self, end: End) -> Result<(), LogError> {
        let newest = self.segments.map_or(0, |(_, newest)| newest);
        check_newest(self.directory, newest, end)?;
        let beyond = newest > end.sequence || self.offset > end.offset;
        if end.closed && beyond {
            let what = format!(
                "it says that the log was closed at entry {}, but the log continues to entry {}: one of them is not the newest version",
                end.next_index.saturating_sub(1),
                self.next_index().saturating_sub(1)
            );
            return Err(LogError::corrupt(self.end_path, 0, what));
        }
        let here = newest == end.sequence && self.offset == end.offset;
        if here && self.next_index() != end.next_index {
            let what =
                format!("entry {} comes next after it, but the end mark says {}", self.next_index(), end.next_index);
            return Err(LogError::corrupt(&self.directory.join(Segment::file_name(newest)), 0, what));
        }
        if !self.vote_exists {
            return Err(LogError::missing(
                self.vote_path,
                "the vote is missing, and without it this master could vote twice",
            ));
        }
        if self.vote_number < end.vote {
            let what = format!("it holds vote {}, but vote {} was saved after it", self.vote_number, end.vote);
            return Err(LogError::corrupt(self.vote_path, 0, what));
        }
        Ok(())
    }

    /// Checks that the vote is not older than the entries: a vote is saved before any entry of its
    /// term.
    fn check_vote(&self) -> Result<(), LogError> {
        let term = self.vote.map_or(0, |vote| vote.leader_id.term);
        let known = [self.last, self.purged, self.basis.last].into_iter().flatten().map(|id| id.leader_id.term).max();
        match known.filter(|known| *known > term) {
            Some(known) => {
                let what =
                    format!("it is of term {term}, but there are entries of term {known}: it is not the last vote");
                Err(LogError::corrupt(self.vote_path, 0, what))
            }
            None => Ok(()),
        }
    }

    fn check_snapshot(&self) -> Result<(), LogError> {
        let (purged, snapshot) = (self.purged.map(|id| id.index), self.basis.last.map(|id| id.index));
        if purged > snapshot {
            let needed = purged.unwrap_or_default();
            let what = match snapshot {
                None => format!("the snapshot is missing, and the log begins after entry {needed}"),
                Some(found) => {
                    format!("the snapshot ends with entry {found}, and the log begins after entry {needed}")
                }
            };
            return Err(LogError::missing(&self.basis.path, what));
        }
        // A snapshot that another master sent is stored before the log is moved to it.
        let may_lag = self.basis.received && self.end.is_some_and(|end| !end.closed);
        match snapshot.filter(|snapshot| *snapshot >= self.next_index() && !may_lag) {
            Some(snapshot) => {
                let what = format!(
                    "the next entry of the log is {}, but the snapshot beside it ends with entry {snapshot}: the end of the \
                     log is missing",
                    self.next_index()
                );
                Err(LogError::missing(self.directory, what))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use openraft::CommittedLeaderId;

    fn id(term: u64, index: u64) -> LogId {
        LogId::new(CommittedLeaderId::new(term, 1), index)
    }

    fn end(closed: bool) -> Option<End> {
        Some(End { closed, sequence: 4, offset: 5000, next_index: 10, vote: 2 })
    }

    /// Applies a change to the facts of a complete log, and returns the text of the refusal.
    fn refusal(closed: bool, change: impl FnOnce(&mut Facts<'_>)) -> Option<String> {
        let basis = Basis { path: "/m/snapshot/current.snapshot".into(), last: Some(id(1, 5)), received: false };
        with(closed, &basis, change)
    }

    fn with(closed: bool, basis: &Basis, change: impl FnOnce(&mut Facts<'_>)) -> Option<String> {
        let mut facts = Facts {
            directory: Path::new("/m/log"),
            segments: Some((2, 4)),
            offset: 5000,
            spares: true,
            purged: Some(id(1, 4)),
            last: Some(id(2, 9)),
            end: end(closed),
            end_path: Path::new("/m/log/end"),
            vote: Some(Vote::new(2, 1)),
            vote_number: 2,
            vote_path: Path::new("/m/log/vote"),
            vote_exists: true,
            basis,
        };
        change(&mut facts);
        facts.check().err().map(|error| error.to_string())
    }

    #[track_caller]
    fn refused(refusal: Option<String>, words: &[&str]) {
        let text = refusal.expect("it is refused");
        let said = |word: &&str| text.contains(*word);
        assert!(words.iter().all(said), "{text}");
        assert!(text.contains("nothing was changed: restore the newest version of this file, or restore"), "{text}");
    }

    #[test]
    fn a_whole_log_is_taken() {
        for closed in [true, false] {
            assert_eq!(refusal(closed, |_| {}), None);
        }
        assert_eq!(
            refusal(false, |facts| facts.offset = 6000),
            None,
            "the end mark may be older than the end of the log"
        );
        assert_eq!(refusal(false, |facts| facts.segments = Some((2, 5))), None);
        assert_eq!(refusal(false, |facts| facts.vote_number = 3), None);
    }

    #[test]
    fn a_log_that_is_not_as_its_end_mark_says_is_refused() {
        for closed in [true, false] {
            let newest = "/m/log/segment-0000000000000004.log: the newest segment of the log is missing";
            refused(refusal(closed, |facts| facts.segments = Some((2, 3))), &[newest, "entry 9"]);
            refused(refusal(closed, |facts| facts.segments = None), &[newest]);
            refused(refusal(closed, |facts| facts.last = Some(id(2, 8))), &["segment-0000000000000004.log", "entry 9"]);
            refused(refusal(closed, |facts| facts.end = None), &["/m/log/end", "there are segments of the log"]);
        }
        refused(refusal(true, |facts| facts.offset = 6000), &["/m/log/end", "closed"]);
        refused(refusal(true, |facts| facts.segments = Some((2, 5))), &["/m/log/end", "closed"]);
    }

    #[test]
    fn only_a_directory_that_never_held_anything_begins_a_cluster() {
        let nothing = |facts: &mut Facts<'_>| {
            (facts.segments, facts.purged, facts.last, facts.end, facts.vote) = (None, None, None, None, None);
            (facts.vote_number, facts.vote_exists, facts.spares, facts.offset) = (0, false, false, 0);
        };
        let none = Basis::default();
        assert_eq!(with(false, &none, nothing), None);
        let begun = |facts: &mut Facts<'_>| {
            nothing(facts);
            (facts.segments, facts.offset, facts.vote_exists) = (Some((1, 1)), RECORDS_AT, true);
        };
        assert_eq!(with(false, &none, begun), None, "an interrupted first start continues");
        let others: [fn(&mut Facts<'_>); 4] = [
            |facts| facts.spares = true,
            |facts| (facts.vote_number, facts.vote_exists) = (1, true),
            |facts| (facts.segments, facts.offset) = (Some((1, 1)), RECORDS_AT + 64),
            |facts| (facts.segments, facts.offset) = (Some((2, 2)), RECORDS_AT),
        ];
        for other in others {
            let state = |facts: &mut Facts<'_>| {
                nothing(facts);
                other(facts);
            };
            refused(with(false, &none, state), &["/m/log/end", "the end mark is missing"]);
        }
        refused(refusal(false, nothing), &["there is a snapshot, but no segment of its log"]);
    }

    #[test]
    fn a_vote_that_is_not_the_last_one_is_refused() {
        refused(refusal(false, |facts| facts.vote_exists = false), &["/m/log/vote", "vote twice"]);
        refused(refusal(false, |facts| facts.vote_number = 1), &["/m/log/vote", "vote 2 was saved after it"]);
        refused(refusal(false, |facts| facts.vote = Some(Vote::new(1, 1))), &["/m/log/vote", "entries of term 2"]);
    }

    #[test]
    fn a_snapshot_and_a_log_that_do_not_meet_are_refused() {
        let snapshot = |last, received| Basis { path: "/m/snapshot".into(), last, received };
        refused(with(false, &snapshot(None, false), |_| {}), &["/m/snapshot", "missing", "after entry 4"]);
        refused(with(false, &snapshot(Some(id(1, 3)), false), |_| {}), &["ends with entry 3", "after entry 4"]);
        assert_eq!(with(false, &snapshot(Some(id(1, 4)), false), |_| {}), None);
        assert_eq!(with(false, &snapshot(Some(id(2, 9)), false), |_| {}), None);
        refused(with(false, &snapshot(Some(id(2, 10)), false), |_| {}), &["/m/log", "the end of the log is missing"]);
        assert_eq!(with(false, &snapshot(Some(id(2, 10)), true), |_| {}), None, "another master sent it just now");
        refused(with(true, &snapshot(Some(id(2, 10)), true), |_| {}), &["the end of the log is missing"]);
        let nothing_purged = |facts: &mut Facts<'_>| facts.purged = None;
        assert_eq!(with(false, &snapshot(None, false), nothing_purged), None, "the log holds everything");
    }
}
