//! How many connections and files a process may have open at a time, given its limit of open files.
//!
//! A limit that is met by accident is met anywhere: in the middle of a chunk, or at the sync of a directory. So a daemon compares the limit
//! with its need at the start, and lowers its own bounds until they fit.

/// Descriptors of a datanode that are open or needed whatever it does: standard streams, log, runtimes, listener, the copies that masters
/// order, and some for the moment (a directory that is listed).
const NODE_FIXED: u64 = 48;
/// For each data directory: its lock, and a directory that is being looked at.
const PER_DIRECTORY: u64 = 2;
/// For each master that a datanode calls.
const PER_MASTER: u64 = 2;
/// Replicas that are kept open for the next read, at most.
const REPLICAS_MAX: usize = 64;
/// Connections to next datanodes that one data connection keeps while it is idle, at most.
const HOPS_MAX: usize = 4;
/// Files of one data connection: two chunks are finished while the next one is received, each with a file and a directory.
const FILES_PER_CONNECTION: u64 = 6;
/// A chunk with a next datanode of its own, its file and its directory, once in the smallest share of [`Share`].
const WORK_MIN: u64 = 12;
/// The least connections that are of use.
const CONNECTIONS_MIN: u64 = 8;
/// Descriptors of a master apart from connections: standard streams, log segments, snapshots, runtimes, other masters.
const MASTER_FIXED: u64 = 96;

/// The bounds of a datanode that fit its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeBounds {
    /// Data connections that have shown who they are.
    pub connections: usize,
    /// Callers that have not shown yet who they are.
    pub strangers: usize,
    /// Descriptors for chunks that are being written or read; `usize::MAX`: not bounded.
    pub work: usize,
    /// Connections to next datanodes that an idle data connection keeps.
    pub hops: usize,
    /// Replicas that are kept open for the next read.
    pub replicas: usize,
}

/// What a datanode wants to have open.
#[derive(Debug, Clone, Copy)]
pub struct NodeNeed {
    pub connections: usize,
    pub strangers: usize,
    pub directories: usize,
    pub masters: usize,
}

/// A limit of open files that is too small to work with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the limit of open files is {limit}, and at least {least} are needed; raise it (`ulimit -n`, or LimitNOFILE= of systemd)"
)]
pub struct TooFew {
    pub limit: u64,
    pub least: u64,
}

impl NodeNeed {
    fn fixed(&self) -> u64 {
        NODE_FIXED + PER_DIRECTORY * self.directories as u64 + PER_MASTER * self.masters as u64
    }

    /// Descriptors that are enough for everything at a time.
    pub fn whole(&self) -> u64 {
        let per_connection = 1 + HOPS_MAX as u64 + FILES_PER_CONNECTION;
        self.fixed() + (self.strangers + REPLICAS_MAX) as u64 + self.connections as u64 * per_connection
    }

    /// The bounds for a process that may have `limit` descriptors open. They are those wanted where the limit allows it.
    ///
    /// # Errors
    /// When not even the least bounds fit.
    pub fn fit(&self, limit: u64) -> Result<NodeBounds, TooFew> {
        let (connections, strangers) = (self.connections, self.strangers);
        if limit >= self.whole() {
            return Ok(NodeBounds { connections, strangers, work: usize::MAX, hops: HOPS_MAX, replicas: REPLICAS_MAX });
        }
        let left = limit.saturating_sub(self.fixed());
        let replicas = (left / 16).clamp(4, REPLICAS_MAX as u64);
        let strangers = (left / 8).clamp(8, (strangers as u64).max(8));
        let left = left.saturating_sub(replicas + strangers);
        let connections = (left / 2).min(connections as u64);
        let work = left - connections;
        if connections < CONNECTIONS_MIN.min(self.connections as u64) || work < WORK_MIN {
            let least = self.fixed() + 4 + 8 + (2 * CONNECTIONS_MIN).max(CONNECTIONS_MIN + WORK_MIN) + 4;
            return Err(TooFew { limit, least });
        }
        // Idle connections keep what those at work can spare: half of it stays for files.
        let hops = (work / 2).checked_div(connections).unwrap_or(0).min(HOPS_MAX as u64);
        let work = work - hops * connections;
        Ok(NodeBounds {
            connections: connections as usize,
            strangers: strangers as usize,
            work: work as usize,
            hops: hops as usize,
            replicas: replicas as usize,
        })
    }
}

/// The bounds of a master that fit its limit: connections, and callers that have not shown yet who they are.
///
/// # Errors
/// When not even a few connections fit.
pub fn fit_master(limit: u64, connections: usize, strangers: usize) -> Result<(usize, usize), TooFew> {
    let left = limit.saturating_sub(MASTER_FIXED);
    if left >= (connections + strangers) as u64 {
        return Ok((connections, strangers));
    }
    let strangers = (left / 4).clamp(8, (strangers as u64).max(8));
    let fitting = left.saturating_sub(strangers).min(connections as u64);
    if fitting < CONNECTIONS_MIN.min(connections as u64) {
        return Err(TooFew { limit, least: MASTER_FIXED + 2 * CONNECTIONS_MIN });
    }
    Ok((fitting as usize, strangers as usize))
}

/// The part of all descriptors for chunks that a chunk with so many datanodes behind it may be the last to fill.
///
/// A chunk waits for the datanodes behind it and holds its descriptors meanwhile. Were all taken by chunks that wait, two datanodes could wait
/// for each other. So whoever has nobody behind may take the last descriptor, and each one further in front leaves some to those.
pub fn share(total: usize, behind: usize) -> usize {
    total / 4 * (4 - behind.min(3)) + total % 4
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const USUAL: NodeNeed = NodeNeed { connections: 512, strangers: 256, directories: 1, masters: 1 };

    #[test]
    fn a_usual_limit_changes_nothing() {
        let bounds = USUAL.fit(1 << 20).expect("fits");
        assert_eq!(bounds, NodeBounds { connections: 512, strangers: 256, work: usize::MAX, hops: 4, replicas: 64 });
        assert_eq!(USUAL.whole(), 48 + 2 + 2 + 256 + 64 + 512 * 11);
    }

    #[test]
    fn a_small_limit_is_shared_out() {
        let bounds = USUAL.fit(256).expect("fits");
        assert_eq!(bounds, NodeBounds { connections: 83, strangers: 25, work: 84, hops: 0, replicas: 12 });
        let bounds = USUAL.fit(4096).expect("fits");
        assert_eq!(bounds, NodeBounds { connections: 512, strangers: 256, work: 1676, hops: 3, replicas: 64 });
    }

    #[test]
    fn what_cannot_work_is_refused_with_what_can() {
        let refused = USUAL.fit(64).expect_err("too few");
        assert_eq!((refused.limit, refused.least), (64, 88));
        USUAL.fit(refused.least).expect("as it says");
        assert_eq!(fit_master(64, 16384, 256).expect_err("too few").least, 112);
        assert_eq!(fit_master(112, 16384, 256), Ok((8, 8)));
        assert_eq!(fit_master(256, 16384, 256), Ok((120, 40)));
        assert_eq!(fit_master(1 << 20, 16384, 256), Ok((16384, 256)));
    }

    #[test]
    fn chunks_in_front_leave_some_to_those_behind() {
        let shares: Vec<_> = (0..6).map(|behind| share(84, behind)).collect();
        assert_eq!(shares, [84, 63, 42, 21, 21, 21]);
        assert!(share(WORK_MIN as usize, 9) >= 3);
    }

    proptest! {
        /// Bounds that were given fit the limit, are of use, and never exceed what was wanted.
        #[test]
        fn bounds_fit(limit in 0u64..20_000, connections in 1usize..4_000, strangers in 1usize..600, directories in 1usize..20, masters in 1usize..6) {
            let need = NodeNeed { connections, strangers, directories, masters };
            if let Ok(bounds) = need.fit(limit) {
                prop_assert!(bounds.connections <= connections && bounds.connections >= connections.min(8));
                prop_assert!(bounds.strangers <= strangers.max(8));
                if bounds.work != usize::MAX {
                    let sum = need.fixed() as usize + bounds.connections * (1 + bounds.hops) + bounds.strangers + bounds.work + bounds.replicas;
                    prop_assert!(sum as u64 <= limit, "{bounds:?} is {sum}");
                    prop_assert!(share(bounds.work, 9) >= 3);
                }
            } else {
                prop_assert!(limit < need.whole());
            }
        }
    }
}
