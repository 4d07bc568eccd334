//! Calls of administrators.

use super::{Pair, user};
use dfs_rpc::services::{AdminServiceRequest as Q, AdminServiceResponse as A, UserResponse};
use dfs_rpc::wire::{AdminState, SafeModeChange};
use dfs_types::{DatanodeId, RequestId};

pub(super) fn calls() -> Vec<Pair> {
    let (request, node) = (RequestId(300), DatanodeId(300));
    let enter = SafeModeChange::Enter { reason: "repairs".to_owned() };
    let calls = [
        (Q::SetSafeMode { change: enter }, A::SetSafeMode(Ok(()))),
        (Q::SetSafeMode { change: SafeModeChange::Leave }, A::SetSafeMode(Ok(()))),
        (Q::SetAdminState { request, node, admin_state: AdminState::Draining }, A::SetAdminState(Ok(()))),
        (Q::SetAdminState { request, node, admin_state: AdminState::InService }, A::SetAdminState(Ok(()))),
        (Q::CheckAdminState { node, admin_state: AdminState::Removed }, A::CheckAdminState(Ok(()))),
    ];
    calls.into_iter().map(|(request, response)| user("admin", request, UserResponse::Admin(response))).collect()
}
