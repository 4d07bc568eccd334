//! What is wanted of datanodes.

use crate::master::refused::refused;
use crate::master::state::Master;
use dfs_logic::command::Op;
use dfs_types::{DatanodeId, Duty, RequestId, Result};

impl Master {
    pub(super) async fn set_duty(&self, user: &str, request: RequestId, node: DatanodeId, duty: Duty) -> Result<()> {
        self.need_writable()?;
        self.propose(request, user, Op::SetDuty { node, duty }).await?.map_err(|refusal| refused(refusal, node))?;
        self.registry().healing.changed();
        self.wake.notify_one();
        Ok(())
    }
}
