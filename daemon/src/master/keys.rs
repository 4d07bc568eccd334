//! The keys that seal capabilities, from the newest version of the namespace.

use super::raft::published::Published;
use crate::random;
use arc_swap::ArcSwap;
use dfs_logic::command::KeyRecord;
use dfs_rpc::capability::{Capability, KeyRing};
use dfs_rpc::wire::TokenKey;
use dfs_types::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// The keys in the two forms that are needed.
#[derive(Debug, Default)]
pub struct Keys {
    /// Ordered by age, newest last.
    pub tokens: Vec<TokenKey>,
    pub ring: KeyRing,
    /// Ordered by age, newest last.
    records: Vec<KeyRecord>,
}

impl Keys {
    /// Seals with the newest key that is at least `settle` old, so that datanodes have received it;
    /// none before the first key.
    pub fn seal(&self, capability: &Capability, now: Timestamp, settle: Duration) -> Option<Vec<u8>> {
        self.ring.seal_with(sealing_key(&self.records, now, settle)?, capability)
    }
}

/// Returns the number of the newest of `keys` (ordered by age, newest last) that is at least
/// `settle` old. A datanode receives a key with its next heartbeat and rejects capabilities sealed
/// with an unknown key. If all keys are younger, returns the oldest: the first key of a cluster is
/// delivered with the registration and needs no time to spread.
fn sealing_key(keys: &[KeyRecord], now: Timestamp, settle: Duration) -> Option<u32> {
    let settled = keys.iter().rev().find(|key| now.since(key.made_at) >= settle);
    settled.or(keys.first()).map(|key| key.id)
}

/// Caches the [`Keys`] of the newest namespace version.
#[derive(Debug, Default)]
pub struct KeyCache {
    keys: ArcSwap<Keys>,
}

impl KeyCache {
    /// Returns the keys of the newest version.
    pub fn get(&self, published: &Published) -> Arc<Keys> {
        let keys = self.keys.load_full();
        let version = published.look();
        let records = version.namespace.keys();
        if records.last().map(|key| key.id) == keys.records.last().map(|key| key.id) {
            return keys;
        }
        let tokens: Vec<_> = records.iter().map(|key| TokenKey { id: key.id, secret: key.secret }).collect();
        let fresh = Arc::new(Keys { ring: KeyRing::new(&tokens), records: records.to_vec(), tokens });
        self.keys.store(fresh.clone());
        fresh
    }
}

/// Makes a random key with the number after `after`.
///
/// # Errors
/// Returns an error if the system provides no random bytes.
pub fn draw(after: Option<&KeyRecord>, made_at: Timestamp) -> Result<KeyRecord, ring::error::Unspecified> {
    let secret = random::secret()?;
    Ok(KeyRecord { id: after.map_or(1, |key| key.id.wrapping_add(1)), secret, made_at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_seals_once_it_had_time_to_get_around() {
        let settle = Duration::from_millis(6_000);
        let key = |id, made_at| KeyRecord { id, secret: [id as u8; 32], made_at: Timestamp(made_at) };
        let [first, second, third] = [key(1, 10_000), key(2, 50_000), key(3, 53_000)];
        let at = |keys: &[KeyRecord], now| sealing_key(keys, Timestamp(now), settle);
        assert_eq!(at(&[], 10_000), None);
        assert_eq!(at(std::slice::from_ref(&first), 10_000), Some(1), "the first key of all is used immediately");
        let two = [first.clone(), second.clone()];
        assert_eq!((at(&two, 50_000), at(&two, 55_999), at(&two, 56_000)), (Some(1), Some(1), Some(2)));
        let three = [first, second, third];
        assert_eq!((at(&three, 55_000), at(&three, 58_999), at(&three, 59_000)), (Some(1), Some(2), Some(3)));
        assert_eq!(at(&three, 0), Some(1), "a clock that was set back");
        assert_eq!(at(&three[1..], 52_000), Some(2), "all keys are younger than `settle`");
    }
}
