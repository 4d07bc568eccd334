//! Replaces the key that seals capabilities when it has reached its maximum age.

use super::{Job, Master, applied};
use crate::master::keys::draw;
use dfs_logic::command::AdminOp;
use dfs_logic::jobs::Step;

#[derive(Debug, Default)]
pub(super) struct RotateKeys;

impl Job for RotateKeys {
    const NAME: &'static str = "keys";

    async fn step(&mut self, master: &Master) -> Result<Step, String> {
        let newest = master.published.look().namespace.keys().last().cloned();
        let Some(newest) = newest else { return Ok(Step::default()) };
        let now = master.clock.calendar();
        if now.since(newest.made_at) < master.settings.key_rotation || !master.proposer.has_room() {
            return Ok(Step::default());
        }
        let key =
            draw(Some(&newest), now).map_err(|_| "the system provides no random bytes for a new key".to_owned())?;
        let done = applied(master.propose_own(AdminOp::AddKey { key }).await)?.is_some();
        if done {
            tracing::info!("the key that seals capabilities was replaced");
        }
        Ok(Step::done(done.into()))
    }
}
