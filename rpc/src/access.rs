//! Rights: the services that each role may use, and the callers and conditions of each call.
//!
//! The table of roles is in this file, and is looked up once for each connection, in the hello. The
//! table of calls ([`Call`](crate::services::Call)) is looked up once for each call, before the
//! call reaches its service ([`Guarded`](crate::services::Guarded)). A call without a row in the
//! table does not compile; a role that is not in the table is refused. On the data plane, every
//! operation also needs a capability.

use crate::hello::Service;
use dfs_types::Principal;
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

/// The services that each role may use.
const TABLE: [(Service, Role); 5] = [
    (Service::Client, Role::User),
    (Service::Node, Role::Datanode),
    (Service::Raft, Role::Master),
    (Service::Data, Role::User),
    // Datanodes forward chunks to each other.
    (Service::Data, Role::Datanode),
];

/// Returns whether `role` may use `service`.
pub fn may_use(role: Role, service: Service) -> bool {
    TABLE.contains(&(service, role))
}

/// The callers that may make a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Any user.
    User,
    /// A user to whom the owner and mode of the entry grant it, or the superuser. Only the state of
    /// the namespace has the owner, so any user is admitted here and the operation itself decides.
    Owner,
    /// An administrator; at present only the superuser.
    Admin,
    /// The superuser.
    Superuser,
    /// Any datanode.
    Datanode,
    /// Any master.
    Master,
}

/// The standing of a peer, which decides the rights that it has.
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

/// The condition that the answering master must meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Any master answers.
    Anyone,
    /// The master is the leader; otherwise the call fails with `not_leader`.
    Leader,
    /// The master is the leader and the cluster is not in safe mode; otherwise the call fails with
    /// `not_leader` or `safe_mode`.
    Writable,
}

/// One row of the table of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    pub right: Right,
    pub needs: Needs,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_of_the_table_of_services() {
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
}
