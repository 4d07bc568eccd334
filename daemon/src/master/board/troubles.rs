//! From the figures of one look to the next: when chunks begin and cease to want copies, and when repair is done.

use dfs_rpc::board::Severity;
use dfs_rpc::wire::ReplicationStatus;
use dfs_types::Timestamp;
use std::time::Duration;

/// Chunks that want copies for a shorter time are not worth a word: a write may leave the last copy to come a moment later.
const SETTLE: Duration = Duration::from_secs(3);

/// What the worker sees at one look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sight {
    /// All chunks were counted, and datanodes have had the time to report them.
    pub known: bool,
    /// This master orders copies.
    pub leads: bool,
    pub replication: ReplicationStatus,
    /// There are chunks to copy from datanodes that drain.
    pub moving: bool,
    /// Copies ordered since the start.
    pub ordered: u64,
}

/// What was told so far.
#[derive(Debug, Default)]
pub struct Troubles {
    missing: Trouble,
    endangered: Trouble,
    under: Trouble,
    /// Copies that were ordered before the repair that goes on.
    repair: Option<u64>,
}

#[derive(Debug, Default)]
struct Trouble {
    since: Option<Timestamp>,
    told: bool,
}

/// An event, without its time.
pub type Told = (Severity, String);

impl Troubles {
    /// What there is to tell.
    pub fn look(&mut self, sight: &Sight, now: Timestamp) -> Vec<Told> {
        let mut told = Vec::new();
        if !sight.known {
            *self = Self::default();
            return told;
        }
        let ReplicationStatus { missing, endangered, under, .. } = sight.replication;
        let lost = "without a live copy: their data cannot be read now";
        let begins =
            |count: u64, what: &str| format!("{count} {} {what}", if count == 1 { "chunk is" } else { "chunks are" });
        let ends = |what: &str| (Severity::Info, format!("no chunk is {what} any more"));
        if let Some(begun) = self.missing.note(missing, now) {
            told.push(if begun { (Severity::Error, begins(missing, lost)) } else { ends("without a live copy") });
        }
        for (trouble, count, what) in
            [(&mut self.endangered, endangered, "down to one live copy"), (&mut self.under, under, "short of copies")]
        {
            if let Some(begun) = trouble.note(count, now) {
                told.push(if begun { (Severity::Warning, begins(count, what)) } else { ends(what) });
            }
        }
        told.extend(self.repair(sight));
        told
    }

    fn repair(&mut self, sight: &Sight) -> Option<Told> {
        let ReplicationStatus { endangered, under, copying, .. } = sight.replication;
        if !sight.leads {
            self.repair = None;
        } else if copying > 0 {
            self.repair.get_or_insert(sight.ordered.saturating_sub(copying));
        } else if endangered + under == 0 && !sight.moving {
            let copies = sight.ordered.saturating_sub(self.repair.take()?);
            let copies = format!("{copies} {}", if copies == 1 { "copy" } else { "copies" });
            return Some((Severity::Info, format!("repair has finished, after {copies}")));
        }
        None
    }
}

impl Trouble {
    /// Whether the trouble has begun, or has ended, as far as that is worth telling.
    fn note(&mut self, count: u64, now: Timestamp) -> Option<bool> {
        if count == 0 {
            let told = std::mem::take(self).told;
            return told.then_some(false);
        }
        let since = *self.since.get_or_insert(now);
        let due = !self.told && now.since(since) >= SETTLE;
        self.told |= due;
        due.then_some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sight(missing: u64, endangered: u64, under: u64, copying: u64, ordered: u64) -> Sight {
        let replication = ReplicationStatus { missing, endangered, under, copying, ..ReplicationStatus::default() };
        Sight { known: true, leads: true, replication, moving: false, ordered }
    }

    fn texts(troubles: &mut Troubles, sight: &Sight, second: u64) -> Vec<String> {
        troubles.look(sight, Timestamp(second * 1000)).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn what_lasts_is_told_once_and_so_is_its_end() {
        let mut troubles = Troubles::default();
        let bad = sight(2, 0, 1, 0, 0);
        assert_eq!(texts(&mut troubles, &bad, 10), Vec::<String>::new());
        let begun = ["2 chunks are without a live copy: their data cannot be read now", "1 chunk is short of copies"];
        assert_eq!(texts(&mut troubles, &bad, 13), begun);
        assert_eq!(texts(&mut troubles, &bad, 14), Vec::<String>::new());
        assert_eq!(texts(&mut troubles, &sight(2, 0, 0, 0, 0), 15), ["no chunk is short of copies any more"]);
        assert_eq!(texts(&mut troubles, &sight(0, 0, 0, 0, 0), 16), ["no chunk is without a live copy any more"]);
    }

    #[test]
    fn what_passes_at_once_or_is_not_known_yet_is_not_told() {
        let mut troubles = Troubles::default();
        let unknown = Sight { known: false, ..sight(9, 9, 9, 0, 0) };
        for second in 0..20 {
            let seen = if second < 10 { unknown } else { sight(0, second % 2, second % 2, 0, 0) };
            assert_eq!(texts(&mut troubles, &seen, second), Vec::<String>::new(), "{second}");
        }
    }

    #[test]
    fn repair_is_done_when_nothing_is_copied_and_nothing_lacks() {
        let mut troubles = Troubles::default();
        let none = Vec::<String>::new();
        assert_eq!(texts(&mut troubles, &sight(0, 5, 5, 2, 12), 1), none);
        assert_eq!(texts(&mut troubles, &sight(0, 0, 8, 0, 15), 2), none);
        assert_eq!(texts(&mut troubles, &sight(0, 0, 0, 3, 18), 3), none);
        let moving = Sight { moving: true, ..sight(0, 0, 0, 0, 18) };
        assert_eq!(texts(&mut troubles, &moving, 3), none);
        assert_eq!(texts(&mut troubles, &sight(0, 0, 0, 0, 18), 4), ["repair has finished, after 8 copies"]);
        assert_eq!(texts(&mut troubles, &sight(0, 0, 0, 0, 18), 5), none);
        assert_eq!(texts(&mut troubles, &sight(0, 0, 0, 1, 19), 6), none);
        let other = Sight { leads: false, ..sight(0, 0, 0, 0, 19) };
        assert_eq!(texts(&mut troubles, &other, 7), none);
        assert_eq!(texts(&mut troubles, &sight(0, 0, 0, 0, 19), 8), none);
    }
}
