//! The gate in front of all services of a master: the one place where rights are looked up.

use crate::master::state::Master;
use dfs_rpc::access::{Needs, Rule, Standing};
use dfs_rpc::services::{Call, Gate};
use dfs_types::{DatanodeId, Error, ErrorCode, Principal, Result};
use std::sync::Arc;

/// Admits the calls of one peer.
#[derive(Debug, Clone)]
pub struct Admission {
    pub master: Arc<Master>,
    pub peer: Arc<Principal>,
}

impl Gate for Admission {
    /// Checks what the call needs of this master first, then the caller: a follower may not know the superuser yet.
    fn admit(&self, call: Call, node: Option<DatanodeId>) -> Result<()> {
        let Rule { right, needs } = call.rule();
        match needs {
            Needs::Anyone => {}
            Needs::Leader => self.master.need_leader()?,
            Needs::Writable => self.master.need_writable()?,
        }
        if right.admits(self.standing(call)) {
            return Ok(());
        }
        let refused = Error::new(ErrorCode::PermissionDenied, denial(call));
        Err(match node {
            Some(node) => refused.at(node),
            None => refused,
        })
    }
}

impl Admission {
    /// The superuser is looked up only where it matters.
    fn standing(&self, call: Call) -> Standing {
        match &*self.peer {
            Principal::Datanode(_) => Standing::Datanode,
            Principal::Master(_) => Standing::Master,
            Principal::User(_) if call.rule().right.admits(Standing::User) => Standing::User,
            Principal::User(user) if self.master.published.look().namespace.superuser() == Some(user) => {
                Standing::Superuser
            }
            Principal::User(_) => Standing::User,
        }
    }
}

/// The message to a caller that a right refuses.
fn denial(call: Call) -> &'static str {
    match call {
        Call::SetSafeMode => "safe mode is for the superuser to enter and leave",
        Call::SetDuty | Call::CheckDuty => "which datanodes serve is for the superuser to say",
        _ => "this call is not for callers of this role",
    }
}
