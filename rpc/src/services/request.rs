//! From a request to its call, and to the response that refuses it.

use super::admin::{AdminServiceRequest, AdminServiceResponse};
use super::cluster::{ClusterServiceRequest, ClusterServiceResponse};
use super::files::{FileServiceRequest, FileServiceResponse};
use super::node::{NodeServiceRequest, NodeServiceResponse};
use super::raft::{RaftServiceRequest, RaftServiceResponse};
use crate::access::Call;
use dfs_types::{DatanodeId, Error};

/// A request of one of the services.
pub trait Request: tarpc::RequestName {
    type Response;

    /// Returns the call that this request makes.
    fn call(&self) -> Call;

    /// Returns the datanode that the call is about, where it is about one.
    fn node(&self) -> Option<DatanodeId>;

    /// Returns the response to this request that carries `error`.
    fn refused(&self, error: Error) -> Self::Response;
}

/// Lists the calls of a service; a call that is missing here, or in the table of rights, does not compile. `at` names the
/// field with the datanode that a call is about.
macro_rules! requests {
    ($Request:ident, $Response:ident { $($Call:ident $(at $node:ident)?),+ $(,)? }) => {
        impl Request for $Request {
            type Response = $Response;

            fn call(&self) -> Call {
                match self { $(Self::$Call { .. } => Call::$Call),+ }
            }

            fn node(&self) -> Option<DatanodeId> {
                match self { $(Self::$Call { $($node,)? .. } => requests!(@node $($node)?)),+ }
            }

            fn refused(&self, error: Error) -> $Response {
                match self { $(Self::$Call { .. } => $Response::$Call(Err(error.into()))),+ }
            }
        }
    };
    (@node) => { None };
    (@node $node:ident) => { Some(*$node) };
}

requests!(FileServiceRequest, FileServiceResponse {
    Mkdir,
    Rename,
    Delete,
    SetAttributes,
    SetReplication,
    Stat,
    List,
    Find,
    PlanRead,
    ReportDamage at node,
    PlanWrite,
    RenewWrite,
    AbandonWrite,
    CommitWrite,
    Blocked,
    Traffic,
    StatV9,
    ListV9,
    Copy,
    SetUserAttributes,
    UserAttributes,
});

requests!(ClusterServiceRequest, ClusterServiceResponse { Ping, Whoami, Status, Nodes, Chunk, Board, Jobs });

requests!(AdminServiceRequest, AdminServiceResponse { SetSafeMode, SetDuty at node, CheckDuty at node });

requests!(NodeServiceRequest, NodeServiceResponse { Register, Heartbeat, ChunkReport });

requests!(RaftServiceRequest, RaftServiceResponse { Vote, Append, InstallSnapshot });
