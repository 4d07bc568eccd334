//! The expected state of the cluster: a record of every operation and its result.
//!
//! An acknowledged operation has happened. A failed or interrupted one may have happened or not: it
//! is *unknown*, never "failed". Each path therefore has a set of allowed states; reading the path
//! narrows it to one.

use std::collections::{BTreeMap, BTreeSet};

/// The state of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Absent,
    Directory,
    /// A file of `length` bytes of the stream `seed`, see [`content`](crate::content).
    File {
        seed: u64,
        length: u64,
    },
}

/// The allowed states of each path. A path that was never used is absent.
#[derive(Debug, Default)]
pub struct Oracle {
    paths: BTreeMap<String, BTreeSet<State>>,
    /// Paths changed since they were last read.
    touched: BTreeSet<String>,
    /// Renames of unknown outcome: the entry is at one of the two paths.
    moves: Vec<Move>,
    acknowledged: u64,
    unknown: u64,
}

#[derive(Debug, Clone)]
struct Move {
    from: String,
    to: String,
    moved: State,
}

impl Oracle {
    fn allowed(&self, path: &str) -> BTreeSet<State> {
        self.paths.get(path).cloned().unwrap_or_else(|| BTreeSet::from([State::Absent]))
    }

    /// Records that an operation begins that makes `path` hold `state`. Until it is acknowledged,
    /// it may or may not have happened.
    pub fn begin(&mut self, path: &str, state: State) {
        let mut states = self.allowed(path);
        states.insert(state);
        self.put(path, states);
        self.unknown += 1;
    }

    /// Records that the operation begun for `path` was acknowledged.
    pub fn acknowledge(&mut self, path: &str, state: State) {
        self.put(path, BTreeSet::from([state]));
        self.unknown -= 1;
        self.acknowledged += 1;
    }

    /// Records that `from`, which holds `moved`, will be moved to `to`, replacing what is there.
    pub fn begin_rename(&mut self, from: &str, to: &str, moved: State) {
        let mut target = self.allowed(to);
        target.insert(moved);
        self.put(from, BTreeSet::from([State::Absent, moved]));
        self.put(to, target);
        self.moves.push(Move { from: from.to_owned(), to: to.to_owned(), moved });
        self.unknown += 1;
    }

    /// Records that the operation of [`Oracle::begin_rename`] was acknowledged.
    pub fn acknowledge_rename(&mut self, from: &str, to: &str, moved: State) {
        self.put(from, BTreeSet::from([State::Absent]));
        self.put(to, BTreeSet::from([moved]));
        self.unknown -= 1;
        self.acknowledged += 1;
    }

    fn put(&mut self, path: &str, states: BTreeSet<State>) {
        // A later change hides the outcome of an earlier move.
        self.moves.retain(|pending| pending.from != path && pending.to != path);
        self.paths.insert(path.to_owned(), states);
        self.touched.insert(path.to_owned());
    }

    /// Returns the state of `path` if it is known for certain.
    pub fn certain(&self, path: &str) -> Option<State> {
        let states = self.allowed(path);
        if states.len() == 1 { states.first().copied() } else { None }
    }

    /// Returns the paths changed since the last call.
    pub fn take_touched(&mut self) -> Vec<String> {
        std::mem::take(&mut self.touched).into_iter().collect()
    }

    /// Returns every path that was ever used.
    pub fn paths(&self) -> Vec<String> {
        self.paths.keys().cloned().collect()
    }

    /// Returns the allowed states of `path`.
    pub fn expected(&self, path: &str) -> Vec<State> {
        self.allowed(path).into_iter().collect()
    }

    /// Records that `path` was found in `state`, one of the allowed ones.
    pub fn found(&mut self, path: &str, state: State) {
        self.paths.insert(path.to_owned(), BTreeSet::from([state]));
    }

    /// Checks that entries moved with unknown outcome are at one of their two paths. Call it after
    /// all changed paths were read.
    ///
    /// # Errors
    /// Returns the entry that is missing.
    pub fn check_moves(&mut self) -> Result<(), String> {
        for Move { from, to, moved } in std::mem::take(&mut self.moves) {
            let (source, target) = (self.certain(&from), self.certain(&to));
            let gone = moved != State::Absent && source == Some(State::Absent) && target != Some(moved);
            if gone {
                return Err(format!("moving {from} to {to} lost {moved:?}: {to} holds {target:?}"));
            }
        }
        Ok(())
    }

    /// Returns the numbers of acknowledged operations and of those with unknown outcome.
    pub fn counts(&self) -> (u64, u64) {
        (self.acknowledged, self.unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: State = State::File { seed: 1, length: 1 };
    const B: State = State::File { seed: 2, length: 1 };

    #[test]
    fn unknown_outcomes_widen_and_reads_narrow() {
        let mut oracle = Oracle::default();
        oracle.begin("/a", A);
        oracle.acknowledge("/a", A);
        assert_eq!(oracle.certain("/a"), Some(A));
        oracle.begin("/a", B);
        assert_eq!(oracle.expected("/a"), [A, B]);
        oracle.found("/a", B);
        assert_eq!(oracle.certain("/a"), Some(B));
        oracle.begin_rename("/a", "/b", B);
        assert_eq!(oracle.expected("/a"), [State::Absent, B]);
        assert_eq!(oracle.expected("/b"), [State::Absent, B]);
        assert_eq!(oracle.counts(), (1, 2));
    }

    #[test]
    fn a_move_that_loses_its_entry_is_detected() {
        let mut oracle = Oracle::default();
        oracle.begin("/a", A);
        oracle.acknowledge("/a", A);
        oracle.begin_rename("/a", "/b", A);
        oracle.found("/a", State::Absent);
        oracle.found("/b", State::Absent);
        let error = oracle.check_moves().expect_err("it is at neither place");
        assert!(error.contains("lost"), "{error}");
    }
}
