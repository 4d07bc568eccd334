//! The writes in flight, as the leader knows them. Soft state: it starts empty with each leader.
//!
//! A write begins with its first plan and ends with its commit, when its client abandons it, or
//! when it was not renewed for the write timeout. The chunks of a write that did not end with a
//! commit are given up by a command in the log.
//!
//! **Invariant:** a chunk belongs to one write at most, because ids are handed out once.
//! **Invariant:** the sums of a user are the sums over that user's writes.

mod held;
mod refused;
#[cfg(test)]
mod tests;
mod write;

pub use held::{Held, Holder};
pub use refused::Refused;
pub use write::{Expired, Planned};

use dfs_types::{ChunkId, Timestamp, WriteId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::time::Duration;
use write::{Sums, Write};

/// The maximum number of writes in flight, of all users together.
pub const WRITES_MAX: usize = 65_536;
/// The maximum number of writes in flight of one user.
pub const WRITES_PER_USER_MAX: usize = 16_384;
/// The maximum number of chunks planned for writes in flight, of all users together.
pub const CHUNKS_MAX: u64 = 4 << 20;
/// The maximum number of chunks planned for the writes in flight of one user.
pub const CHUNKS_PER_USER_MAX: u64 = 2 << 20;
/// The number of given-up writes that are kept, the newest ones, so that their clients get the
/// right error.
const GIVEN_UP_MAX: usize = 4_096;
/// The maximum interval between two renewals of a write by its client.
const RENEW_EVERY_MAX: Duration = Duration::from_secs(10);
/// The minimum number of renewals within the write timeout.
const RENEWALS_PER_TIMEOUT: u32 = 4;
/// A write counts as silent after this many missed renewals.
const RENEWALS_MISSED: u32 = 2;
/// If the master has not checked for this long, its process was suspended, and clients could not
/// renew: no write expires because of this time.
const PAUSE_MIN: Duration = Duration::from_secs(10);

/// The writes in flight, by id.
#[derive(Debug)]
pub struct Writes {
    timeout: Duration,
    writes: BTreeMap<WriteId, Write>,
    users: BTreeMap<String, Sums>,
    all: Sums,
    given_up: BTreeSet<WriteId>,
    /// The writes in `given_up`, oldest first.
    given_up_order: VecDeque<WriteId>,
    looked: Timestamp,
    /// The end of the last suspension of this master: no write counts as silent before it.
    resumed: Timestamp,
}

impl Writes {
    /// Makes an empty table. A write is given up if it was not renewed for `timeout`.
    pub fn new(timeout: Duration) -> Self {
        let (looked, resumed) = Default::default();
        let (writes, users, all, given_up, given_up_order) = Default::default();
        Self { timeout, writes, users, all, given_up, given_up_order, looked, resumed }
    }

    /// Drops everything: a new leader does not know the writes of the previous one.
    pub fn lead(&mut self) {
        *self = Self { looked: self.looked, resumed: self.resumed, ..Self::new(self.timeout) };
    }

    /// Returns the interval at which clients should renew.
    pub fn renew_every(&self) -> Duration {
        (self.timeout / RENEWALS_PER_TIMEOUT).min(RENEW_EVERY_MAX)
    }

    /// Checks that `user` may plan `count` more chunks for this write; returns true if the write is
    /// known already.
    ///
    /// # Errors
    /// Returns an error if the write belongs to another user or was given up, or if the bounds
    /// would be exceeded.
    pub fn check(&self, id: WriteId, user: &str, count: u64) -> Result<bool, Refused> {
        let known = match self.of(id, user) {
            Ok(_) => true,
            Err(Refused::Unknown) => false,
            Err(refused) => return Err(refused),
        };
        let own = self.users.get(user).copied().unwrap_or_default();
        let more = usize::from(!known);
        let bounds = [
            (own.writes + more > WRITES_PER_USER_MAX, Refused::UserWrites),
            (self.all.writes + more > WRITES_MAX, Refused::AllWrites),
            (own.chunks + count > CHUNKS_PER_USER_MAX, Refused::UserChunks),
            (self.all.chunks + count > CHUNKS_MAX, Refused::AllChunks),
        ];
        bounds.into_iter().find(|(over, _)| *over).map_or(Ok(known), |(_, refused)| Err(refused))
    }

    /// Records chunks that were planned for a write, and renews it. An unknown write begins with
    /// this.
    ///
    /// # Errors
    /// The same as for [`Writes::check`].
    pub fn plan(&mut self, id: WriteId, planned: Planned, chunks: &[ChunkId], now: Timestamp) -> Result<(), Refused> {
        let count = chunks.len() as u64;
        let known = self.check(id, &planned.user, count)?;
        let own = self.users.entry(planned.user.clone()).or_default();
        for sums in [own, &mut self.all] {
            sums.writes += usize::from(!known);
            sums.chunks += count;
        }
        let write = self.writes.entry(id).or_insert_with(|| Write {
            planned,
            chunks: Vec::new(),
            count: 0,
            renewed: now,
            abandoned: false,
        });
        write.renewed = now;
        write.count += count;
        for id in chunks.iter().map(|chunk| chunk.0) {
            match write.chunks.last_mut() {
                Some(last) if last.end == id => last.end += 1,
                _ => write.chunks.push(id..id + 1),
            }
        }
        self.debug_check();
        Ok(())
    }

    /// Records that the client of a write is still working on it.
    ///
    /// # Errors
    /// Returns an error if the write is unknown, belongs to another user, or was given up.
    pub fn renew(&mut self, id: WriteId, user: &str, now: Timestamp) -> Result<(), Refused> {
        self.of(id, user)?;
        if let Some(write) = self.writes.get_mut(&id) {
            write.renewed = now;
        }
        Ok(())
    }

    /// Records that a client has abandoned its write. An unknown write is ignored.
    ///
    /// # Errors
    /// Returns an error if the write belongs to another user.
    pub fn abandon(&mut self, id: WriteId, user: &str) -> Result<(), Refused> {
        match self.of(id, user) {
            Err(Refused::Foreign) => return Err(Refused::Foreign),
            // A plan that is still on its way must not begin it again.
            Err(_) => self.remember(id),
            Ok(_) => {}
        }
        if let Some(write) = self.writes.get_mut(&id) {
            write.abandoned = true;
        }
        Ok(())
    }

    /// Renews a write that is about to be committed, and returns those of its chunks that the
    /// commit does not name, at most `max`.
    pub fn leftovers(
        &mut self,
        id: WriteId,
        user: &str,
        named: &[ChunkId],
        max: usize,
        now: Timestamp,
    ) -> Vec<ChunkId> {
        if self.renew(id, user, now).is_err() {
            return Vec::new();
        }
        let named: BTreeSet<ChunkId> = named.iter().copied().collect();
        let chunks = self.writes.get(&id).into_iter().flat_map(Write::ids);
        chunks.filter(|chunk| !named.contains(chunk)).take(max).collect()
    }

    /// Drops a write that `user` has committed.
    pub fn committed(&mut self, id: WriteId, user: &str) {
        if self.writes.get(&id).is_some_and(|write| write.planned.user == user) {
            self.remove(id);
        }
    }

    /// Records that the master checks the writes, which it does at intervals: after a suspension of
    /// its own process, no write expires because of it.
    pub fn look(&mut self, now: Timestamp) {
        if now.since(self.looked) >= PAUSE_MIN {
            self.resumed = now;
        }
        self.looked = now;
    }

    /// Returns writes that were abandoned, or not renewed in time, with up to `max` of their chunks
    /// in all. The caller gives them up in the log, and then [drops](Writes::given_up) them.
    pub fn expired(&self, max: usize, now: Timestamp) -> Vec<Expired> {
        let over = |(_, write): &(&WriteId, &Write)| write.abandoned || self.deadline(write) <= now;
        let (mut found, mut left) = (Vec::new(), max);
        for (id, write) in self.writes.iter().filter(over) {
            if left == 0 {
                break;
            }
            let chunks: Vec<ChunkId> = write.ids().take(left).collect();
            left -= chunks.len();
            let Planned { user, path, .. } = write.planned.clone();
            found.push(Expired { id: *id, user, path, abandoned: write.abandoned, chunks });
        }
        found
    }

    /// Drops chunks of a write that have been given up in the log; with the last of them the write
    /// ends.
    pub fn given_up(&mut self, id: WriteId, chunks: &[ChunkId]) {
        let Some(write) = self.writes.get_mut(&id) else { return };
        let gone: BTreeSet<u64> = chunks.iter().map(|chunk| chunk.0).collect();
        let mut left: Vec<Range<u64>> = Vec::new();
        for id in write.chunks.iter().flat_map(Clone::clone).filter(|id| !gone.contains(id)) {
            match left.last_mut() {
                Some(last) if last.end == id => last.end += 1,
                _ => left.push(id..id + 1),
            }
        }
        // It accepts no more plans, even if the client did not end it.
        write.abandoned = true;
        write.chunks = left;
        let count: u64 = write.chunks.iter().map(|range| range.end - range.start).sum();
        let less = write.count - count;
        write.count = count;
        let user = write.planned.user.clone();
        self.all.chunks -= less;
        if let Some(own) = self.users.get_mut(&user) {
            own.chunks -= less;
        }
        if count == 0 {
            self.remove(id);
            self.remember(id);
        }
        self.debug_check();
    }

    /// Returns the lowest chunk of all writes in flight: the collection floor stays below it.
    pub fn lowest(&self) -> Option<ChunkId> {
        let chunks = self.writes.values().flat_map(|write| &write.chunks);
        chunks.map(|range| range.start).min().map(ChunkId)
    }

    /// Checks the invariants. Looks at every write.
    ///
    /// # Errors
    /// Returns a description of the violation.
    pub fn check_invariants(&self) -> Result<(), String> {
        let (mut users, mut all) = (BTreeMap::<&str, Sums>::new(), Sums::default());
        let mut ranges: Vec<&Range<u64>> = Vec::new();
        for write in self.writes.values() {
            let count: u64 = write.chunks.iter().map(|range| range.end - range.start).sum();
            if count != write.count {
                return Err(format!(
                    "a write of {} counts {} chunks, but has {count}",
                    write.planned.user, write.count
                ));
            }
            for sums in [users.entry(&write.planned.user).or_default(), &mut all] {
                sums.writes += 1;
                sums.chunks += count;
            }
            ranges.extend(&write.chunks);
        }
        let known = self.users.iter().map(|(user, sums)| (user.as_str(), *sums)).filter(|(_, sums)| sums.writes > 0);
        if all != self.all || users != known.collect::<BTreeMap<_, _>>() {
            return Err(format!("the writes add up to {all:?}, but the counters are {:?}", self.all));
        }
        ranges.sort_by_key(|range| range.start);
        match ranges.iter().zip(ranges.iter().skip(1)).find(|(one, next)| one.end > next.start) {
            Some((one, _)) => Err(format!("two writes have chunks of {one:?}")),
            None => Ok(()),
        }
    }

    /// Checks the sums that are cheap to compare.
    fn debug_check(&self) {
        debug_assert_eq!(self.all.writes, self.writes.len(), "the sum over all users");
        debug_assert!(self.users.len() <= self.writes.len(), "users without a write are dropped");
        debug_assert!(self.all.chunks <= CHUNKS_MAX && self.all.writes <= WRITES_MAX, "{:?}", self.all);
    }

    fn of(&self, id: WriteId, user: &str) -> Result<&Write, Refused> {
        match self.writes.get(&id) {
            Some(write) if write.planned.user != user => Err(Refused::Foreign),
            Some(write) if write.abandoned => Err(Refused::GivenUp),
            Some(write) => Ok(write),
            None if self.given_up.contains(&id) => Err(Refused::GivenUp),
            None => Err(Refused::Unknown),
        }
    }

    /// Returns the time at which a write is given up, unless it is renewed.
    fn deadline(&self, write: &Write) -> Timestamp {
        write.renewed.max(self.resumed).plus(self.timeout)
    }

    fn is_silent(&self, write: &Write, now: Timestamp) -> bool {
        let missed = self.renew_every() * RENEWALS_MISSED;
        write.abandoned || now.since(write.renewed.max(self.resumed)) >= missed
    }

    fn remove(&mut self, id: WriteId) {
        let Some(write) = self.writes.remove(&id) else { return };
        self.all.writes -= 1;
        self.all.chunks -= write.count;
        if let Some(own) = self.users.get_mut(&write.planned.user) {
            own.writes -= 1;
            own.chunks -= write.count;
            if own.writes == 0 {
                self.users.remove(&write.planned.user);
            }
        }
    }

    fn remember(&mut self, id: WriteId) {
        if !self.given_up.insert(id) {
            return;
        }
        self.given_up_order.push_back(id);
        if self.given_up_order.len() > GIVEN_UP_MAX
            && let Some(oldest) = self.given_up_order.pop_front()
        {
            self.given_up.remove(&oldest);
        }
        debug_assert_eq!(self.given_up.len(), self.given_up_order.len(), "each write is remembered once");
    }
}
