//! Safe mode that a user enters and leaves.

use crate::master::refused::invalid;
use crate::master::state::{Held, Master};
use dfs_logic::cluster::Event;
use dfs_rpc::TEXT_BYTES_MAX;
use dfs_rpc::wire::SafeModeChange;
use dfs_types::Result;

pub(super) fn set_safe_mode(master: &Master, user: &str, change: SafeModeChange) -> Result<()> {
    match change {
        SafeModeChange::Enter { reason } if reason.len() > TEXT_BYTES_MAX => {
            return Err(invalid(format!("the reason is longer than {TEXT_BYTES_MAX} bytes")));
        }
        SafeModeChange::Enter { reason } => {
            tracing::warn!(user, reason, "safe mode was entered");
            master.journal.warning(None, format!("{user} entered safe mode: {reason}"));
            *master.held() = Some(Held { by: user.to_owned(), reason });
        }
        SafeModeChange::Leave => {
            tracing::warn!(user, "safe mode was left");
            if master.is_behind() {
                // The available ids may be those of replicas: other ids are reserved after them.
                master.ahead().accept();
                master.pool.clear();
            }
            let held = master.held().take().is_some();
            if held || master.cluster_state().monitor().safe_mode().is_some() {
                master.journal.info(None, format!("{user} ended safe mode"));
            }
            master.observe(Event::SafeModeLeft);
        }
    }
    Ok(())
}
