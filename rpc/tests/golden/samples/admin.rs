//! Calls of administrators.

use super::{Pair, user};
use dfs_rpc::services::{AdminServiceRequest as Q, AdminServiceResponse as A, UserResponse};
use dfs_rpc::wire::{Duty, SafeModeChange};
use dfs_types::{DatanodeId, RequestId};

pub(super) fn calls() -> Vec<Pair> {
    let (request, node) = (RequestId(300), DatanodeId(300));
    let enter = SafeModeChange::Enter { reason: "repairs".to_owned() };
    let calls = [
        (Q::SetSafeMode { change: enter }, A::SetSafeMode(Ok(()))),
        (Q::SetSafeMode { change: SafeModeChange::Leave }, A::SetSafeMode(Ok(()))),
        (Q::SetDuty { request, node, duty: Duty::Drain }, A::SetDuty(Ok(()))),
        (Q::SetDuty { request, node, duty: Duty::Serve }, A::SetDuty(Ok(()))),
        (Q::CheckDuty { node, duty: Duty::Gone }, A::CheckDuty(Ok(()))),
    ];
    calls.into_iter().map(|(request, response)| user("admin", request, UserResponse::Admin(response))).collect()
}
