//! The entries of one folder, in the order of the bytes of their names.

use super::node::Node;
use imbl::OrdMap;
use smol_str::SmolStr;
use std::cell::RefCell;
use std::fmt;
use std::ops::Bound;

/// The entries of a folder, in order.
pub(super) type Entries<'a> = imbl::ordmap::Iter<'a, SmolStr, Node, imbl::shared_ptr::DefaultSharedPtr>;

/// The entries of a folder from some name on.
pub(super) type Range<'a> = imbl::ordmap::RangedIter<'a, SmolStr, Node, imbl::shared_ptr::DefaultSharedPtr>;

/// A persistent map. Clones share everything; a change copies the way to one leaf.
#[derive(Clone, Default)]
pub(super) struct Children(OrdMap<SmolStr, Node>);

impl Children {
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        self.0.get(name)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Node> {
        self.0.get_mut(name)
    }

    pub(super) fn insert(&mut self, name: &str, node: Node) -> Option<Node> {
        self.0.insert(SmolStr::new(name), node)
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Node> {
        self.0.remove(name)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name that comes last; none in an empty folder.
    pub(super) fn last_name(&self) -> Option<&str> {
        self.0.get_max().map(|(name, _)| name.as_str())
    }

    pub(super) fn iter(&self) -> Entries<'_> {
        self.0.iter()
    }

    /// The entries behind `after`, or all of them.
    pub(super) fn behind(&self, after: Option<&str>) -> Range<'_> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.0.range::<_, str>((start, Bound::Unbounded))
    }

    /// The entries whose names begin with `prefix` and come behind `after`. Goes straight to the first of them.
    pub(super) fn page<'a>(
        &'a self,
        after: Option<&str>,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Node)> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let range = self.0.range::<_, str>((start, Bound::Unbounded));
        range.map(|(name, node)| (name.as_str(), node)).take_while(move |(name, _)| name.starts_with(prefix))
    }
}

impl fmt::Debug for Children {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} entries", self.0.len())
    }
}

thread_local! {
    /// Maps whose turn to be dropped has not come; none while nothing is being dropped on this thread.
    static DROPPING: RefCell<Option<Vec<OrdMap<SmolStr, Node>>>> = const { RefCell::new(None) };
}

/// Folders lie in each other up to 2,048 deep, and dropping each inside the drop of the one above would need a stack to
/// match. So only the outermost drop works: the ones inside it leave their entries in a list for it.
impl Drop for Children {
    fn drop(&mut self) {
        if self.0.is_empty() {
            return;
        }
        let map = std::mem::take(&mut self.0);
        // While the thread ends the list may be gone; then the map is dropped right here, with the closure.
        let _ = DROPPING.try_with(|dropping| {
            if let Some(waiting) = &mut *dropping.borrow_mut() {
                waiting.push(map);
                return;
            }
            *dropping.borrow_mut() = Some(Vec::new());
            let mut next = Some(map);
            while let Some(map) = next {
                drop(map);
                next = dropping.borrow_mut().as_mut().and_then(Vec::pop);
            }
            *dropping.borrow_mut() = None;
        });
    }
}
