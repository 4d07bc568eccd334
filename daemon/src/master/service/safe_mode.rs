//! Safe mode that a user enters and leaves.

use crate::master::refused::invalid;
use crate::master::state::{Held, Master};
use dfs_logic::cluster::Event;
use dfs_rpc::TEXT_BYTES_MAX;
use dfs_rpc::wire::SafeModeChange;
use dfs_types::Result;

impl Master {
    pub(super) fn set_safe_mode(&self, user: &str, change: SafeModeChange) -> Result<()> {
        match change {
            SafeModeChange::Enter { reason } if reason.len() > TEXT_BYTES_MAX => {
                return Err(invalid(format!("a reason of more than {TEXT_BYTES_MAX} bytes")));
            }
            SafeModeChange::Enter { reason } => {
                tracing::warn!(user, reason, "safe mode was entered");
                self.journal.warning(None, format!("{user} has entered safe mode: {reason}"));
                *self.held() = Some(Held { by: user.to_owned(), reason });
            }
            SafeModeChange::Leave => {
                tracing::warn!(user, "safe mode was left");
                if self.is_behind() {
                    // The ids at hand may be those of replicas: others are reserved behind them.
                    self.ahead().accept();
                    self.pool.clear();
                }
                let held = self.held().take().is_some();
                if held || self.cluster_state().monitor().safe_mode().is_some() {
                    self.journal.info(None, format!("{user} has ended safe mode"));
                }
                self.observe(Event::SafeModeLeft);
            }
        }
        Ok(())
    }
}
