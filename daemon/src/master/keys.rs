//! The keys that seal capabilities, as the namespace has them now.

use super::raft::published::Published;
use arc_swap::ArcSwap;
use dfs_logic::command::KeyRecord;
use dfs_rpc::capability::KeyRing;
use dfs_rpc::node::TokenKey;
use dfs_types::Timestamp;
use std::sync::Arc;

/// Keys in the forms that are needed.
#[derive(Debug, Default)]
pub struct Keys {
    /// Newest last.
    pub tokens: Vec<TokenKey>,
    pub ring: KeyRing,
    newest: Option<u32>,
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
        if records.last().map(|key| key.id) == keys.newest {
            return keys;
        }
        let tokens: Vec<_> = records.iter().map(|key| TokenKey { id: key.id, secret: key.secret }).collect();
        let fresh = Arc::new(Keys { ring: KeyRing::new(&tokens), newest: tokens.last().map(|key| key.id), tokens });
        self.keys.store(fresh.clone());
        fresh
    }
}

/// A new key with the next number.
///
/// # Errors
/// When the system has no randomness to give.
pub fn draw(after: Option<&KeyRecord>, made_at: Timestamp) -> Result<KeyRecord, ring::error::Unspecified> {
    let mut secret = [0; 32];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut secret)?;
    Ok(KeyRecord { id: after.map_or(1, |key| key.id.wrapping_add(1)), secret, made_at })
}
