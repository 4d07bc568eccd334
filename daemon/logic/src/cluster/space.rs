//! The space of the cluster.

use super::load::{DirectoryLoad, NodeLoad};

/// The space of several datanodes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Space {
    pub capacity: u64,
    pub used: u64,
    pub free: u64,
}

impl Space {
    /// Returns the sums over these datanodes. Several datanodes on one disk each report all of its
    /// free space: it is counted once.
    pub fn of<'n>(loads: impl Iterator<Item = &'n NodeLoad>) -> Self {
        let mut total = Self::default();
        // Sorted rather than put in a map: there may be tens of thousands, and dashboards cause
        // this every second.
        let directories = loads.flat_map(|load| &load.directories);
        let mut directories: Vec<(u64, &DirectoryLoad)> =
            directories.map(|directory| (directory.disk, directory)).collect();
        directories.sort_unstable_by_key(|(disk, _)| *disk);
        for same in directories.chunk_by(|(one, _), (other, _)| one == other && *one != 0) {
            total.add(&same.iter().fold(Disk::default(), |disk, (_, directory)| disk.with(directory)));
        }
        total
    }

    fn add(&mut self, disk: &Disk) {
        self.used = self.used.saturating_add(disk.used);
        self.free = self.free.saturating_add(disk.free.min(disk.left));
        let capacity = disk.capacity.min(disk.used.saturating_add(disk.left));
        self.capacity = self.capacity.saturating_add(capacity);
    }
}

/// The sums of the directories on one disk.
#[derive(Debug, Clone, Copy, Default)]
struct Disk {
    capacity: u64,
    used: u64,
    free: u64,
    /// The free space of the disk itself.
    left: u64,
}

impl Disk {
    fn with(self, directory: &DirectoryLoad) -> Self {
        let free = if directory.failed { 0 } else { directory.free };
        let left =
            if directory.disk == 0 { directory.capacity.saturating_sub(directory.used) } else { directory.disk_free };
        Self {
            capacity: self.capacity.saturating_add(directory.capacity),
            used: self.used.saturating_add(directory.used),
            free: self.free.saturating_add(free),
            left: self.left.max(left),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(disk: u64, capacity: u64, used: u64, free: u64, disk_free: u64) -> NodeLoad {
        let directory =
            DirectoryLoad { path: "/data".into(), capacity, used, free, failed: false, reason: None, disk, disk_free };
        NodeLoad { directories: vec![directory], ..NodeLoad::default() }
    }

    fn space(loads: &[NodeLoad]) -> (u64, u64, u64) {
        let space = Space::of(loads.iter());
        (space.capacity, space.used, space.free)
    }

    #[test]
    fn a_shared_disk_counts_once() {
        let three = [node(7, 110, 10, 100, 100), node(7, 120, 20, 100, 100), node(7, 130, 30, 100, 100)];
        assert_eq!(space(&three), (160, 60, 100));
        let apart = [node(7, 110, 10, 100, 100), node(8, 120, 20, 100, 100), node(0, 130, 30, 100, 0)];
        assert_eq!(space(&apart), (360, 60, 300));
    }

    #[test]
    fn a_capacity_that_was_set_holds_as_long_as_the_disk_does() {
        let small = [node(7, 50, 10, 40, 1000), node(7, 50, 20, 30, 1000)];
        assert_eq!(space(&small), (100, 30, 70));
        let full = [node(7, 50, 10, 40, 30), node(7, 50, 20, 30, 30)];
        assert_eq!(space(&full), (60, 30, 30));
    }

    #[test]
    fn a_failed_directory_takes_nothing() {
        let mut failed = node(7, 110, 10, 100, 100);
        failed.directories[0].failed = true;
        assert_eq!(Space::of([failed].iter()).free, 0);
    }
}
