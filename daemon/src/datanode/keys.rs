//! The secret keys of the masters that this datanode has received.

use arc_swap::ArcSwap;
use dfs_rpc::capability::KeyRing;
use dfs_rpc::wire::TokenKey;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The number of keys that are kept: the current one and the two before it.
const KEPT: usize = 3;

/// The keys that seal and open capabilities and receipts. Every connection reads them; the links to
/// the masters change them.
#[derive(Debug, Default)]
pub struct SharedKeys {
    keys: Mutex<BTreeMap<u32, TokenKey>>,
    ring: ArcSwap<KeyRing>,
}

impl SharedKeys {
    /// Adds the keys that a master sent; the newest three of all are kept.
    pub fn learn(&self, sent: &[TokenKey]) {
        let mut keys = self.keys.lock();
        let before: Vec<u32> = keys.keys().copied().collect();
        for key in sent {
            keys.entry(key.id).or_insert_with(|| key.clone());
        }
        while keys.len() > KEPT {
            keys.pop_first();
        }
        if before.iter().ne(keys.keys()) {
            let all: Vec<TokenKey> = keys.values().cloned().collect();
            self.ring.store(Arc::new(KeyRing::new(&all)));
        }
    }

    /// Returns true if no master has sent a key yet.
    pub fn is_empty(&self) -> bool {
        self.keys.lock().is_empty()
    }

    pub fn ring(&self) -> Arc<KeyRing> {
        self.ring.load_full()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_rpc::capability::Stored;
    use dfs_types::{ChunkId, ClusterId, DatanodeId, Generation};

    #[test]
    fn the_newest_three_are_kept() {
        let keys = SharedKeys::default();
        assert!(keys.is_empty());
        let key = |id| TokenKey { id, secret: [id as u8; 32] };
        keys.learn(&[key(3), key(1)]);
        keys.learn(&[key(2), key(4), key(1)]);
        let stored = Stored {
            cluster: ClusterId([1; 16]),
            node: DatanodeId(1),
            boot: 1,
            chunk: ChunkId(1),
            generation: Generation(1),
            length: 1,
            checksum: 1,
        };
        let sealed_by = |id| KeyRing::new(&[key(id)]).receipt(&stored).expect("has a key");
        let opens = |id| keys.ring().is_receipt(&sealed_by(id), &stored);
        assert_eq!([1, 2, 3, 4].map(opens), [false, true, true, true]);
    }
}
