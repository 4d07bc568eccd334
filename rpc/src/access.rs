//! The rights: which role may use which service, and who may make which call under which condition.
//!
//! The first table is looked up once for each connection, in the hello, the second once for each call, before its service
//! sees it ([`Guarded`](crate::services::Guarded)). A call that is in no table does not compile, a role that is not in one
//! is refused. On the data plane every operation needs a capability besides.

use crate::hello::Service;
use crate::services::{
    AdminServiceRequest, AdminServiceResponse, ClusterServiceRequest, ClusterServiceResponse, FileServiceRequest,
    FileServiceResponse, NodeServiceRequest, NodeServiceResponse, RaftServiceRequest, RaftServiceResponse, Request,
};
use dfs_types::{DatanodeId, Error, Principal};
use strum::VariantArray;

/// The kind of a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray)]
pub enum Role {
    User,
    Datanode,
    Master,
}

impl Role {
    pub fn of(principal: &Principal) -> Self {
        match principal {
            Principal::User(_) => Self::User,
            Principal::Datanode(_) => Self::Datanode,
            Principal::Master(_) => Self::Master,
        }
    }
}

/// Which role may use which service.
const TABLE: [(Service, Role); 5] = [
    (Service::Client, Role::User),
    (Service::Node, Role::Datanode),
    (Service::Raft, Role::Master),
    (Service::Data, Role::User),
    // Datanodes pass chunks on to each other.
    (Service::Data, Role::Datanode),
];

/// Returns whether `role` may use `service`.
pub fn may_use(role: Role, service: Service) -> bool {
    TABLE.contains(&(service, role))
}

/// Who may make a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Any user.
    User,
    /// A user whom owner and mode of the entry allow it, and the superuser. Only the tree knows the owner, so any user is
    /// admitted and the tree decides.
    Owner,
    /// An administrator. For now the superuser is the only one.
    Admin,
    /// The superuser.
    Superuser,
    /// Any datanode.
    Datanode,
    /// Any master.
    Master,
}

/// What a peer is to the rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    User,
    Superuser,
    Datanode,
    Master,
}

impl Right {
    /// Returns whether a peer of this standing is admitted.
    pub fn admits(self, standing: Standing) -> bool {
        match self {
            Self::User | Self::Owner => matches!(standing, Standing::User | Standing::Superuser),
            Self::Admin | Self::Superuser => standing == Standing::Superuser,
            Self::Datanode => standing == Standing::Datanode,
            Self::Master => standing == Standing::Master,
        }
    }
}

/// What a call needs of the master that answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Any master answers.
    Anyone,
    /// The master leads; else `not_leader`.
    Leader,
    /// The master leads, and the cluster is out of safe mode; else `not_leader` or `safe_mode`.
    Writable,
}

/// One row of the table of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    pub right: Right,
    pub needs: Needs,
}

/// Makes the calls, their rules and what requests say of them from one table: `REQUEST => RESPONSE { CALL RIGHT NEEDS }`.
/// `(FIELD)` behind a call names the field with the datanode that it is about. A call of a service that is missing here
/// does not compile.
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
        // The capability says that the caller may read the chunk.
        ReportDamage(node) User Leader,
        PlanWrite Owner Writable,
        // A write is its user's: the table of writes in flight decides.
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
        // The path of the chunk's file is shown to those who may list its directory.
        Chunk User Leader,
        Board User Anyone,
        Jobs User Leader,
    }
    // Safe mode is left in safe mode.
    AdminServiceRequest => AdminServiceResponse {
        SetSafeMode Admin Leader,
        SetDuty(node) Admin Writable,
        CheckDuty(node) Admin Writable,
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

    #[test]
    fn the_table_of_services_cell_by_cell() {
        use {Role as R, Service as S};
        let cells = [
            (S::Client, R::User, true),
            (S::Client, R::Datanode, false),
            (S::Client, R::Master, false),
            (S::Node, R::User, false),
            (S::Node, R::Datanode, true),
            (S::Node, R::Master, false),
            (S::Raft, R::User, false),
            (S::Raft, R::Datanode, false),
            (S::Raft, R::Master, true),
            (S::Data, R::User, true),
            (S::Data, R::Datanode, true),
            (S::Data, R::Master, false),
        ];
        assert_eq!(cells.len(), S::VARIANTS.len() * R::VARIANTS.len());
        for (service, role, expected) in cells {
            assert_eq!(may_use(role, service), expected, "{service:?} {role:?}");
        }
    }

    /// A call; whether it is admitted for a user, the superuser, a datanode, a master; what it needs.
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
            (ReportDamage, USERS, Leader),
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
            (Board, USERS, Anyone),
            (Jobs, USERS, Leader),
            (SetSafeMode, SUPERUSER, Leader),
            (SetDuty, SUPERUSER, Writable),
            (CheckDuty, SUPERUSER, Writable),
            (Register, DATANODES, Anyone),
            (Heartbeat, DATANODES, Anyone),
            (ChunkReport, DATANODES, Anyone),
            (Vote, MASTERS, Anyone),
            (Append, MASTERS, Anyone),
            (InstallSnapshot, MASTERS, Anyone),
        ]
    };

    #[test]
    fn the_table_of_calls_cell_by_cell() {
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
