//! A persistent map from names to values, packed for many small entries.
//!
//! A B+tree. Clones share everything; a change copies the shared nodes on the way to one leaf. The
//! names of a leaf are in one buffer, one after the other, so that a name costs its bytes and two
//! more.
//!
//! **Invariant:** names are strictly ascending, within a leaf and from each leaf to the next.
//! **Invariant:** all leaves have the same depth; no leaf and no branch is empty, except in a map
//! without entries. **Invariant:** a branch holds, for each part but the first, a name that is
//! greater than all names before that part and not greater than any in it.

mod branch;
mod leaf;
mod range;
#[cfg(test)]
mod tests;

use branch::Branch;
use leaf::Leaf;
pub(crate) use range::Range;
use smol_str::SmolStr;
use std::sync::Arc;

/// The longest name, in bytes: positions in the buffer of a leaf have 16 bits.
pub(crate) const NAME_BYTES_MAX: usize = 255;

/// A persistent map from names of at most [`NAME_BYTES_MAX`] bytes to values.
#[derive(Debug, Clone)]
pub(crate) struct Names<T> {
    root: Option<Part<T>>,
}

/// A leaf, or a branch with everything below it.
#[derive(Debug, Clone)]
enum Part<T> {
    Leaf(Arc<Leaf<T>>),
    Branch(Arc<Branch<T>>),
}

/// A part that was split off and goes after the other one. The name is not greater than any in it.
type Overflow<T> = Option<(SmolStr, Part<T>)>;

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { root: None }
    }
}

impl<T> Names<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Returns the value of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        let mut part = self.root.as_ref()?;
        loop {
            match part {
                Part::Leaf(leaf) => return leaf.get(name),
                Part::Branch(branch) => part = branch.part_of(name)?,
            }
        }
    }

    /// Returns all entries, sorted by the bytes of their names.
    pub(crate) fn iter(&self) -> Range<'_, T> {
        Range::all(self.root.as_ref())
    }

    /// Returns the entries after `after`, or all of them.
    pub(crate) fn behind(&self, after: Option<&str>) -> Range<'_, T> {
        match after {
            Some(after) => Range::behind(self.root.as_ref(), after),
            None => self.iter(),
        }
    }

    /// Returns the entries whose names begin with `prefix` and come after `after`. Finds the first
    /// of them directly.
    pub(crate) fn page<'a>(&'a self, after: Option<&str>, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a T)> {
        let range = match after {
            Some(after) if after >= prefix => Range::behind(self.root.as_ref(), after),
            _ => Range::from(self.root.as_ref(), prefix),
        };
        range.take_while(move |(name, _)| name.starts_with(prefix))
    }
}

impl<T: Clone> Names<T> {
    /// Returns the value of a name, to be changed.
    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        let mut part = self.root.as_mut()?;
        loop {
            match part {
                Part::Leaf(leaf) => return Arc::make_mut(leaf).get_mut(name),
                Part::Branch(branch) => part = Arc::make_mut(branch).part_of_mut(name)?,
            }
        }
    }

    /// Inserts a value, and returns the one that it replaces.
    pub(crate) fn insert(&mut self, name: &str, value: T) -> Option<T> {
        debug_assert!(name.len() <= NAME_BYTES_MAX, "paths are checked before they come here");
        let Some(root) = &mut self.root else {
            self.root = Some(Part::Leaf(Arc::new(Leaf::of(name, value))));
            return None;
        };
        let (replaced, overflow) = root.insert(name, value);
        if let Some((first, behind)) = overflow {
            let before = std::mem::replace(root, Part::Branch(Arc::default()));
            *root = Part::Branch(Arc::new(Branch::of(before, first, behind)));
        }
        replaced
    }

    /// Removes a value. Nothing is copied if the name is not there.
    pub(crate) fn remove(&mut self, name: &str) -> Option<T> {
        self.get(name)?;
        let removed = self.root.as_mut()?.remove(name)?;
        self.shrink();
        Some(removed)
    }

    /// Removes empty parts at the top, and branches with one part only.
    fn shrink(&mut self) {
        while let Some(root) = self.root.take() {
            match root {
                Part::Branch(branch) if branch.parts.len() <= 1 => self.root = branch.parts.first().cloned(),
                part => {
                    self.root = (!part.is_empty()).then_some(part);
                    return;
                }
            }
        }
    }
}

impl<T> Part<T> {
    fn is_empty(&self) -> bool {
        match self {
            Self::Leaf(leaf) => leaf.values.is_empty(),
            Self::Branch(branch) => branch.parts.is_empty(),
        }
    }
}

impl<T: Clone> Part<T> {
    fn insert(&mut self, name: &str, value: T) -> (Option<T>, Overflow<T>) {
        match self {
            Self::Leaf(leaf) => Arc::make_mut(leaf).insert(name, value),
            Self::Branch(branch) => Arc::make_mut(branch).insert(name, value),
        }
    }

    /// Removes a name. The caller has checked that it is there.
    fn remove(&mut self, name: &str) -> Option<T> {
        match self {
            Self::Leaf(leaf) => Arc::make_mut(leaf).remove(name),
            Self::Branch(branch) => Arc::make_mut(branch).remove(name),
        }
    }
}
