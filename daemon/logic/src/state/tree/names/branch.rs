//! The inner nodes of the tree.

use super::leaf::JOIN_MAX;
use super::{Overflow, Part};
use smol_str::SmolStr;
use std::sync::Arc;

/// The maximum number of parts of a branch.
const PARTS_MAX: usize = 32;

#[derive(Debug, Clone)]
pub(super) struct Branch<T> {
    /// One for each part but the first: greater than all names before it, not greater than any in
    /// it.
    pub(super) firsts: Vec<SmolStr>,
    pub(super) parts: Vec<Part<T>>,
}

impl<T> Default for Branch<T> {
    fn default() -> Self {
        Self { firsts: Vec::new(), parts: Vec::new() }
    }
}

impl<T> Branch<T> {
    pub(super) fn of(before: Part<T>, first: SmolStr, behind: Part<T>) -> Self {
        Self { firsts: vec![first], parts: vec![before, behind] }
    }

    /// Returns the index of the part that holds, or would hold, a name.
    pub(super) fn index_of(&self, name: &str) -> usize {
        match self.firsts.last() {
            // Names often arrive in ascending order.
            Some(last) if last.as_str() <= name => self.firsts.len(),
            _ => self.firsts.partition_point(|first| first.as_str() <= name),
        }
    }

    pub(super) fn part_of(&self, name: &str) -> Option<&Part<T>> {
        self.parts.get(self.index_of(name))
    }
}

impl<T: Clone> Branch<T> {
    pub(super) fn part_of_mut(&mut self, name: &str) -> Option<&mut Part<T>> {
        let index = self.index_of(name);
        self.parts.get_mut(index)
    }

    pub(super) fn insert(&mut self, name: &str, value: T) -> (Option<T>, Overflow<T>) {
        let index = self.index_of(name);
        let Some(part) = self.parts.get_mut(index) else { return (None, None) };
        let (replaced, overflow) = part.insert(name, value);
        let Some((first, behind)) = overflow else { return (replaced, None) };
        self.firsts.insert(index, first);
        self.parts.insert(index + 1, behind);
        if self.parts.len() <= PARTS_MAX {
            return (replaced, None);
        }
        let cut = if index + 2 == self.parts.len() { PARTS_MAX } else { PARTS_MAX / 2 };
        let behind = Self { parts: self.parts.split_off(cut), firsts: self.firsts.split_off(cut) };
        // The first name of the split-off part belongs to the branch above.
        let first = self.firsts.pop().unwrap_or_default();
        self.parts.shrink_to_fit();
        self.firsts.shrink_to_fit();
        (replaced, Some((first, Part::Branch(Arc::new(behind)))))
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<T> {
        let index = self.index_of(name);
        let part = self.parts.get_mut(index)?;
        let removed = part.remove(name)?;
        if part.is_empty() {
            self.parts.remove(index);
            if !self.firsts.is_empty() {
                self.firsts.remove(index.saturating_sub(1));
            }
        } else if !self.join(index) && index > 0 {
            self.join(index - 1);
        }
        Some(removed)
    }

    /// Merges the parts at `index` and after it, if both are small. Returns true if it did.
    fn join(&mut self, index: usize) -> bool {
        let Some(behind) = self.parts.get(index + 1).cloned() else { return false };
        match (self.parts.get_mut(index), behind) {
            (Some(Part::Leaf(leaf)), Part::Leaf(behind)) if leaf.values.len() + behind.values.len() <= JOIN_MAX => {
                Arc::make_mut(leaf).append(&behind, 0);
            }
            (Some(Part::Branch(branch)), Part::Branch(behind))
                if branch.parts.len() + behind.parts.len() <= PARTS_MAX / 2 =>
            {
                let Some(first) = self.firsts.get(index).cloned() else { return false };
                let branch = Arc::make_mut(branch);
                branch.firsts.push(first);
                branch.firsts.extend(behind.firsts.iter().cloned());
                branch.parts.extend(behind.parts.iter().cloned());
            }
            _ => return false,
        }
        self.parts.remove(index + 1);
        self.firsts.remove(index);
        true
    }
}
