//! The layouts that the files of one chunk want.

use dfs_types::Layout;
use std::collections::BTreeMap;

/// The number of files for each wanted number of replicas. There is at least one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WantedLayouts(BTreeMap<u8, u32>);

impl WantedLayouts {
    /// Makes the layouts of `files` files that all want `layout`.
    pub(crate) fn same(layout: Layout, files: u32) -> Self {
        Self(BTreeMap::from([(layout.replicas(), files)]))
    }

    /// Adds a file that wants `layout`.
    pub(crate) fn add(&mut self, layout: Layout) {
        *self.0.entry(layout.replicas()).or_default() += 1;
    }

    /// Removes a file that wants `layout`.
    pub(crate) fn remove(&mut self, layout: Layout) {
        let files = self.0.remove(&layout.replicas()).unwrap_or_default();
        debug_assert!(files > 0, "no file wants {layout:?}: {self:?}");
        if files > 1 {
            self.0.insert(layout.replicas(), files - 1);
        }
    }

    /// Returns true if the files want different layouts.
    pub(crate) fn differ(&self) -> bool {
        self.0.len() > 1
    }

    /// Returns the number of files.
    pub(crate) fn files(&self) -> u32 {
        self.0.values().sum()
    }

    /// Returns the layout that the most demanding file wants.
    pub(crate) fn most(&self) -> Layout {
        let replicas = self.0.last_key_value().map_or(1, |(replicas, _)| *replicas);
        Layout::Replicated { replicas }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_demanding_file_is_the_one_that_counts() {
        let layout = |replicas| Layout::Replicated { replicas };
        let mut layouts = WantedLayouts::same(layout(3), 2);
        assert_eq!((layouts.most(), layouts.files(), layouts.differ()), (layout(3), 2, false));
        layouts.add(layout(5));
        assert_eq!((layouts.most(), layouts.files(), layouts.differ()), (layout(5), 3, true));
        layouts.remove(layout(3));
        assert_eq!((layouts.most(), layouts.files(), layouts.differ()), (layout(5), 2, true));
        layouts.remove(layout(5));
        assert_eq!(layouts, WantedLayouts::same(layout(3), 1));
    }
}
