//! Computes how many connections and files a process may have open, given its limit of open files.
//!
//! A process that reaches the limit unprepared fails anywhere: in the middle of a chunk, or at the
//! sync of a directory. So a daemon compares the limit with its need at the start, and lowers its
//! own bounds until they fit.

/// Descriptors that a datanode always has open or needs: standard streams, log, runtimes, listener,
/// the copies that masters order, and some short-lived ones (listing a directory).
const NODE_FIXED: u64 = 48;
/// For each data directory: its lock, and a directory that is being read.
const PER_DIRECTORY: u64 = 2;
/// For each master that a datanode calls.
const PER_MASTER: u64 = 2;
/// The maximum number of replicas that are kept open for the next read.
const REPLICAS_MAX: usize = 64;
/// The maximum number of connections to next datanodes that an idle data connection keeps.
const HOPS_MAX: usize = 4;
/// The files of one data connection: two chunks are finished while the next one is received, each
/// with a file and a directory.
const FILES_PER_CONNECTION: u64 = 6;
/// A chunk with its own connection to a next datanode, its file and its directory, once in the
/// smallest share of [`share`].
const WORK_MIN: u64 = 12;
/// The minimum number of connections that is useful.
const CONNECTIONS_MIN: u64 = 8;
/// Descriptors of a master besides connections: standard streams, log segments, snapshots,
/// runtimes, other masters.
const MASTER_FIXED: u64 = 96;

/// The bounds of a datanode that fit in its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeBounds {
    /// Authenticated data connections.
    pub connections: usize,
    /// Unauthenticated callers.
    pub strangers: usize,
    /// Descriptors for chunks that are being written or read; `usize::MAX` means no bound.
    pub work: usize,
    /// Connections to next datanodes that an idle data connection keeps.
    pub hops: usize,
    /// Replicas that are kept open for the next read.
    pub replicas: usize,
}

/// The needs of a datanode.
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
    "the limit of open files is {limit}, but at least {least} are needed; raise it (`ulimit -n`, or LimitNOFILE= of systemd)"
)]
pub struct TooFew {
    pub limit: u64,
    pub least: u64,
}

impl NodeNeed {
    fn fixed(&self) -> u64 {
        NODE_FIXED + PER_DIRECTORY * self.directories as u64 + PER_MASTER * self.masters as u64
    }

    /// Returns the number of descriptors that suffices for everything at the same time.
    pub fn whole(&self) -> u64 {
        let per_connection = 1 + HOPS_MAX as u64 + FILES_PER_CONNECTION;
        self.fixed() + (self.strangers + REPLICAS_MAX) as u64 + self.connections as u64 * per_connection
    }

    /// Returns the bounds for a process that may have `limit` descriptors open. They are the wanted
    /// ones if the limit allows it.
    ///
    /// # Errors
    /// Returns an error if not even the minimum bounds fit.
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
        // Idle connections keep only descriptors that active ones can spare: half of them stays for
        // files.
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

/// Returns the bounds of a master that fit in its limit: connections, and unauthenticated callers.
///
/// # Errors
/// Returns an error if not even a few connections fit.
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

/// Returns the part of all descriptors that may be in use after a chunk with `behind` datanodes
/// after this one is admitted.
///
/// A chunk waits for the datanodes after it and holds its descriptors meanwhile. If waiting chunks
/// held all descriptors, two datanodes could wait for each other. So a chunk without a datanode
/// after it may take the last descriptor, and each position further up the pipeline leaves some for
/// those.
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
        /// Computed bounds fit in the limit, are useful, and never exceed the wanted ones.
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
