//! The table of calls: the right and the condition of each call, and the facts that every request
//! provides.

use super::admin::{AdminServiceRequest, AdminServiceResponse};
use super::cluster::{ClusterServiceRequest, ClusterServiceResponse};
use super::files::{FileServiceRequest, FileServiceResponse};
use super::node::{NodeServiceRequest, NodeServiceResponse};
use super::raft::{RaftServiceRequest, RaftServiceResponse};
use crate::access::{Needs, Right, Rule};
use dfs_types::{DatanodeId, Error};
use strum::VariantArray;

/// A request of one of the services.
pub trait Request: tarpc::RequestName {
    type Response;

    /// Returns the call that this request makes.
    fn call(&self) -> Call;

    /// Returns the datanode that the call is about, if there is one.
    fn node(&self) -> Option<DatanodeId>;

    /// Returns the response to this request that carries `error`.
    fn refused(&self, error: Error) -> Self::Response;
}

/// Generates the calls, their rules and the implementations of [`Request`] from one table: `REQUEST
/// => RESPONSE { CALL RIGHT NEEDS }`. `(FIELD)` after a call names the field with the datanode that
/// it is about. A call of a service that is missing here does not compile.
macro_rules! calls {
    ($($Request:ident => $Response:ident { $($Call:ident $(($node:ident))? $Right:ident $Needs:ident,)+ })+) => {
        /// A call of one of the services.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray)]
        pub enum Call { $($($Call),+),+ }

        impl Call {
            /// Returns the row of this call.
            pub fn rule(self) -> Rule {
                match self { $($(Self::$Call => Rule { right: Right::$Right, needs: Needs::$Needs }),+),+ }
            }
        }

        $(impl Request for $Request {
            type Response = $Response;

            fn call(&self) -> Call {
                match self { $(Self::$Call { .. } => Call::$Call),+ }
            }

            fn node(&self) -> Option<DatanodeId> {
                match self { $(Self::$Call { $($node,)? .. } => calls!(@node $($node)?)),+ }
            }

            fn refused(&self, error: Error) -> $Response {
                match self { $(Self::$Call { .. } => $Response::$Call(Err(error.into()))),+ }
            }
        })+
    };
    (@node) => { None };
    (@node $node:ident) => { Some(*$node) };
}

calls! {
    FileServiceRequest => FileServiceResponse {
        Mkdir Owner Writable,
        Rename Owner Writable,
        Delete Owner Writable,
        SetAttributes Owner Writable,
        SetReplication Owner Writable,
        Stat Owner Leader,
        List Owner Leader,
        Find Owner Leader,
        PlanRead Owner Leader,
        // The capability proves that the caller may read the chunk.
        ReportCorrupt(node) User Leader,
        PlanWrite Owner Writable,
        // A write belongs to one user: the table of writes in flight decides.
        RenewWrite User Leader,
        AbandonWrite User Leader,
        CommitWrite Owner Writable,
        Blocked Owner Leader,
        Traffic Owner Leader,
        StatV9 Owner Leader,
        ListV9 Owner Leader,
        Copy Owner Writable,
        SetUserAttributes Owner Writable,
        UserAttributes Owner Leader,
    }
    ClusterServiceRequest => ClusterServiceResponse {
        Ping User Anyone,
        Whoami User Anyone,
        Status User Anyone,
        Nodes User Anyone,
        // The path of the chunk's file is shown only to callers who may list its directory.
        Chunk User Leader,
        View User Anyone,
        Jobs User Leader,
    }
    // Must be possible in safe mode, to leave it.
    AdminServiceRequest => AdminServiceResponse {
        SetSafeMode Admin Leader,
        SetAdminState(node) Admin Writable,
        CheckAdminState(node) Admin Writable,
    }
    // Datanodes call every master.
    NodeServiceRequest => NodeServiceResponse {
        Register Datanode Anyone,
        Heartbeat Datanode Anyone,
        ChunkReport Datanode Anyone,
    }
    RaftServiceRequest => RaftServiceResponse {
        Vote Master Anyone,
        Append Master Anyone,
        InstallSnapshot Master Anyone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Standing;

    /// A call, whether a user, the superuser, a datanode and a master are admitted, and its
    /// condition.
    const CALLS: [(Call, [bool; 4], Needs); 37] = {
        use Call::*;
        use Needs::{Anyone, Leader, Writable};
        const USERS: [bool; 4] = [true, true, false, false];
        const SUPERUSER: [bool; 4] = [false, true, false, false];
        const DATANODES: [bool; 4] = [false, false, true, false];
        const MASTERS: [bool; 4] = [false, false, false, true];
        [
            (Mkdir, USERS, Writable),
            (Rename, USERS, Writable),
            (Delete, USERS, Writable),
            (SetAttributes, USERS, Writable),
            (SetReplication, USERS, Writable),
            (Stat, USERS, Leader),
            (List, USERS, Leader),
            (Find, USERS, Leader),
            (PlanRead, USERS, Leader),
            (ReportCorrupt, USERS, Leader),
            (PlanWrite, USERS, Writable),
            (RenewWrite, USERS, Leader),
            (AbandonWrite, USERS, Leader),
            (CommitWrite, USERS, Writable),
            (Blocked, USERS, Leader),
            (Traffic, USERS, Leader),
            (StatV9, USERS, Leader),
            (ListV9, USERS, Leader),
            (Copy, USERS, Writable),
            (SetUserAttributes, USERS, Writable),
            (UserAttributes, USERS, Leader),
            (Ping, USERS, Anyone),
            (Whoami, USERS, Anyone),
            (Status, USERS, Anyone),
            (Nodes, USERS, Anyone),
            (Chunk, USERS, Leader),
            (View, USERS, Anyone),
            (Jobs, USERS, Leader),
            (SetSafeMode, SUPERUSER, Leader),
            (SetAdminState, SUPERUSER, Writable),
            (CheckAdminState, SUPERUSER, Writable),
            (Register, DATANODES, Anyone),
            (Heartbeat, DATANODES, Anyone),
            (ChunkReport, DATANODES, Anyone),
            (Vote, MASTERS, Anyone),
            (Append, MASTERS, Anyone),
            (InstallSnapshot, MASTERS, Anyone),
        ]
    };

    #[test]
    fn every_cell_of_the_table_of_calls() {
        assert_eq!(CALLS.map(|(call, ..)| call).as_slice(), Call::VARIANTS);
        let standings = [Standing::User, Standing::Superuser, Standing::Datanode, Standing::Master];
        for (call, admitted, needs) in CALLS {
            for (standing, expected) in standings.into_iter().zip(admitted) {
                assert_eq!(call.rule().right.admits(standing), expected, "{call:?} {standing:?}");
            }
            assert_eq!(call.rule().needs, needs, "{call:?}");
        }
    }
}
