//! The leaves: names in one buffer, values in an array.

use super::{Overflow, Part};
use smol_str::SmolStr;
use std::ops::Range;
use std::sync::Arc;

/// The maximum number of entries in a leaf.
pub(super) const ENTRIES_MAX: usize = 32;
/// Two neighbours with no more entries than this together are merged.
pub(super) const JOIN_MAX: usize = ENTRIES_MAX * 3 / 4;
/// Space for values is allocated in steps of this many: allocators round up to about as much.
const VALUES_STEP: usize = 4;
/// Space for names is allocated in steps of this many bytes.
const NAMES_STEP: usize = 32;

#[derive(Debug)]
pub(super) struct Leaf<T> {
    /// The end of each name in `names`.
    ends: [u16; ENTRIES_MAX],
    /// All names, one after the other.
    names: Vec<u8>,
    pub(super) values: Vec<T>,
}

/// A copy is made in order to be changed, so it has room for one more entry.
impl<T: Clone> Clone for Leaf<T> {
    fn clone(&self) -> Self {
        let mut copy = Self::with_room(self.values.len() + 1, self.names.len() + 1);
        copy.ends = self.ends;
        copy.names.extend_from_slice(&self.names);
        copy.values.extend(self.values.iter().cloned());
        copy
    }
}

impl<T> Leaf<T> {
    fn with_room(values: usize, bytes: usize) -> Self {
        Self {
            ends: [0; ENTRIES_MAX],
            names: Vec::with_capacity(bytes.next_multiple_of(NAMES_STEP)),
            values: Vec::with_capacity(if values > 2 { values.next_multiple_of(VALUES_STEP) } else { values }),
        }
    }

    pub(super) fn of(name: &str, value: T) -> Self {
        let mut leaf = Self::with_room(1, name.len());
        leaf.push(name.as_bytes(), value);
        leaf
    }

    /// Returns the range of the bytes of a name.
    fn place(&self, index: usize) -> Range<usize> {
        let end = |index: usize| self.ends.get(index).map_or(0, |end| usize::from(*end));
        index.checked_sub(1).map_or(0, end)..end(index)
    }

    fn bytes(&self, index: usize) -> &[u8] {
        self.names.get(self.place(index)).unwrap_or_default()
    }

    /// Finds the index of a name, or the index at which it would be inserted.
    fn find(&self, name: &str) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.values.len());
        // Names often arrive in ascending order.
        if high > 0 && self.bytes(high - 1) < name.as_bytes() {
            return Err(high);
        }
        while low < high {
            let middle = low.midpoint(high);
            match self.bytes(middle).cmp(name.as_bytes()) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Ok(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }

    /// Returns the index of the first name that is greater than `name`, or with `included` not less
    /// than it.
    pub(super) fn first_behind(&self, name: &str, included: bool) -> usize {
        match self.find(name) {
            Ok(index) => index + usize::from(!included),
            Err(index) => index,
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&T> {
        self.values.get(self.find(name).ok()?)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        let index = self.find(name).ok()?;
        self.values.get_mut(index)
    }

    pub(super) fn entry(&self, index: usize) -> Option<(&str, &T)> {
        // Only complete names were ever inserted.
        let name = std::str::from_utf8(self.bytes(index)).unwrap_or_default();
        self.values.get(index).map(|value| (name, value))
    }

    pub(super) fn first_name(&self) -> &str {
        self.entry(0).map_or("", |(name, _)| name)
    }

    /// Appends an entry.
    fn push(&mut self, name: &[u8], value: T) {
        self.put(self.values.len(), name, value);
    }

    fn put(&mut self, index: usize, name: &[u8], value: T) {
        debug_assert!(self.values.len() < ENTRIES_MAX, "a full leaf is split first");
        let start = self.place(index.min(self.values.len())).start;
        if self.names.capacity() - self.names.len() < name.len() {
            self.names.reserve_exact(name.len().next_multiple_of(NAMES_STEP));
        }
        if self.values.capacity() == self.values.len() {
            self.values.reserve_exact(if self.values.len() < VALUES_STEP { 1 } else { VALUES_STEP });
        }
        let old = self.names.len();
        self.names.resize(old + name.len(), 0);
        self.names.copy_within(start..old, start + name.len());
        if let Some(place) = self.names.get_mut(start..start + name.len()) {
            place.copy_from_slice(name);
        }
        self.values.insert(index, value);
        self.ends.copy_within(index..self.values.len() - 1, index + 1);
        for (at, end) in self.ends.iter_mut().enumerate().take(self.values.len()).skip(index) {
            let begin = if at == index { start as u16 } else { *end };
            *end = begin + name.len() as u16;
        }
    }

    fn take(&mut self, index: usize) -> T {
        let place = self.place(index);
        let gone = place.len() as u16;
        self.names.drain(place);
        let value = self.values.remove(index);
        let length = self.values.len();
        self.ends.copy_within(index + 1..=length, index);
        self.ends.iter_mut().take(length).skip(index).for_each(|end| *end -= gone);
        value
    }
}

impl<T: Clone> Leaf<T> {
    pub(super) fn insert(&mut self, name: &str, value: T) -> (Option<T>, Overflow<T>) {
        let index = match self.find(name) {
            Ok(index) => {
                let old = self.values.get_mut(index).map(|old| std::mem::replace(old, value));
                return (old, None);
            }
            Err(index) => index,
        };
        if self.values.len() < ENTRIES_MAX {
            self.put(index, name.as_bytes(), value);
            return (None, None);
        }
        // If names arrive in ascending order, full leaves are left behind.
        let behind = if index == ENTRIES_MAX {
            Self::of(name, value)
        } else {
            let mut behind = self.split(ENTRIES_MAX / 2);
            match index.checked_sub(self.values.len()) {
                Some(index) if index > 0 => behind.put(index, name.as_bytes(), value),
                _ => self.put(index, name.as_bytes(), value),
            }
            behind
        };
        (None, Some((SmolStr::new(behind.first_name()), Part::Leaf(Arc::new(behind)))))
    }

    /// Splits off the entries from `index` on.
    fn split(&mut self, index: usize) -> Self {
        let start = self.place(index).start;
        let mut behind = Self::with_room(self.values.len() - index + 1, self.names.len() - start + 1);
        behind.append(self, index);
        self.values.truncate(index);
        self.names.truncate(start);
        self.values.shrink_to(index + VALUES_STEP);
        self.names.shrink_to(start + NAMES_STEP);
        behind
    }

    /// Appends copies of the entries of `other` from `index` on. They must fit.
    pub(super) fn append(&mut self, other: &Self, index: usize) {
        for at in index..other.values.len() {
            if let Some((name, value)) = other.entry(at) {
                self.push(name.as_bytes(), value.clone());
            }
        }
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<T> {
        let index = self.find(name).ok()?;
        Some(self.take(index))
    }
}
