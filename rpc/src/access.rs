//! The rights: which role may use which service, and who may make which call under which condition.
//!
//! The table of roles stands here, and is looked up once for each connection, in the hello. The table of calls
//! ([`Call`](crate::services::Call)) is looked up once for each call, before its service sees it
//! ([`Guarded`](crate::services::Guarded)). A call that is in no table does not compile, a role that is not in one is
//! refused. On the data plane every operation needs a capability besides.

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
}
