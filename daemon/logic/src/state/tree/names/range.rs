//! Iterates over entries in order.

use super::Part;
use super::leaf::Leaf;

/// The entries of a map from some name on.
#[derive(Debug)]
pub(crate) struct Range<'a, T> {
    leaf: Option<&'a Leaf<T>>,
    index: usize,
    /// The parts after the leaf, for each branch on the way to it.
    rest: Vec<std::slice::Iter<'a, Part<T>>>,
}

impl<'a, T> Range<'a, T> {
    pub(super) fn all(root: Option<&'a Part<T>>) -> Self {
        let mut range = Self { leaf: None, index: 0, rest: Vec::new() };
        range.descend(root, |_| 0);
        range
    }

    /// Returns the entries whose names are greater than `name`.
    pub(super) fn behind(root: Option<&'a Part<T>>, name: &str) -> Self {
        Self::start(root, name, false)
    }

    /// Returns the entries whose names are not less than `name`.
    pub(super) fn from(root: Option<&'a Part<T>>, name: &str) -> Self {
        Self::start(root, name, true)
    }

    fn start(root: Option<&'a Part<T>>, name: &str, included: bool) -> Self {
        let mut range = Self { leaf: None, index: 0, rest: Vec::new() };
        range.descend(root, |branch| branch.index_of(name));
        range.index = range.leaf.map_or(0, |leaf| leaf.first_behind(name, included));
        range
    }

    /// Descends to a leaf, in each branch to the part that `choose` selects.
    fn descend(&mut self, from: Option<&'a Part<T>>, choose: impl Fn(&super::Branch<T>) -> usize) {
        let mut part = from;
        while let Some(Part::Branch(branch)) = part {
            let mut parts = branch.parts.iter();
            part = parts.nth(choose(branch));
            self.rest.push(parts);
        }
        self.index = 0;
        self.leaf = match part {
            Some(Part::Leaf(leaf)) => Some(leaf),
            _ => None,
        };
    }
}

impl<'a, T> Iterator for Range<'a, T> {
    type Item = (&'a str, &'a T);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.leaf?.entry(self.index) {
                self.index += 1;
                return Some(entry);
            }
            let next = loop {
                match self.rest.last_mut()?.next() {
                    Some(part) => break part,
                    None => self.rest.pop(),
                };
            };
            self.descend(Some(next), |_| 0);
        }
    }
}
