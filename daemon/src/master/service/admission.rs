//! The gate in front of all services of a master: the only place where rights are looked up.

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
    /// Checks first the role that the call needs of this master, then the caller: a follower may
    /// not know the superuser yet.
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
    /// Returns the standing of the caller. The superuser is looked up only if the call depends on
    /// it.
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

/// Returns the message for a caller whose call a right refuses.
fn denial(call: Call) -> &'static str {
    match call {
        Call::SetSafeMode => "only the superuser may enter and leave safe mode",
        Call::SetAdminState | Call::CheckAdminState => "only the superuser may change the admin state of datanodes",
        _ => "callers of this role may not make this call",
    }
}
