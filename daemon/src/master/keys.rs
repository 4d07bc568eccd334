//! The keys that seal capabilities, as the namespace has them now.

use super::raft::published::Published;
use crate::random;
use arc_swap::ArcSwap;
use dfs_logic::command::KeyRecord;
use dfs_rpc::capability::{Capability, KeyRing};
use dfs_rpc::wire::TokenKey;
use dfs_types::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// Keys in the forms that are needed.
#[derive(Debug, Default)]
pub struct Keys {
    /// Newest last.
    pub tokens: Vec<TokenKey>,
    pub ring: KeyRing,
    /// Newest last.
    records: Vec<KeyRecord>,
}

impl Keys {
    /// Seals with the newest key that datanodes have had `settle` to learn; none before the first key.
    pub fn seal(&self, capability: &Capability, now: Timestamp, settle: Duration) -> Option<Vec<u8>> {
        self.ring.seal_with(sealing_key(&self.records, now, settle)?, capability)
    }
}

/// The newest of `keys`, which stand newest last, that is at least `settle` old. A datanode learns of a key by its next
/// heartbeat, and takes what was sealed with it for forged before. Where all are younger, the oldest: the first key of a
/// cluster comes with the registration, and so needs no time.
fn sealing_key(keys: &[KeyRecord], now: Timestamp, settle: Duration) -> Option<u32> {
    let settled = keys.iter().rev().find(|key| now.since(key.made_at) >= settle);
    settled.or(keys.first()).map(|key| key.id)
}

/// Keeps [`Keys`] in step with the namespace.
#[derive(Debug, Default)]
pub struct KeyCache {
    keys: ArcSwap<Keys>,
}

impl KeyCache {
    /// The keys of the newest version.
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

/// A new key with the next number.
///
/// # Errors
/// When the system has no randomness to give.
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
        assert_eq!(at(std::slice::from_ref(&first), 10_000), Some(1), "the very first one at once");
        let two = [first.clone(), second.clone()];
        assert_eq!((at(&two, 50_000), at(&two, 55_999), at(&two, 56_000)), (Some(1), Some(1), Some(2)));
        let three = [first, second, third];
        assert_eq!((at(&three, 55_000), at(&three, 58_999), at(&three, 59_000)), (Some(1), Some(2), Some(3)));
        assert_eq!(at(&three, 0), Some(1), "a clock that was put back");
        assert_eq!(at(&three[1..], 52_000), Some(2), "all are young");
    }
}
