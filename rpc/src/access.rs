//! Who may call what. One table, looked up once per connection and once per call; what is not in it is refused.

use crate::hello::Service;
use dfs_types::Principal;

/// The kind of a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    User,
    Datanode,
    Master,
}

impl Role {
    pub const ALL: [Role; 3] = [Role::User, Role::Datanode, Role::Master];

    pub fn of(principal: &Principal) -> Self {
        match principal {
            Principal::User(_) => Self::User,
            Principal::Datanode(_) => Self::Datanode,
            Principal::Master(_) => Self::Master,
        }
    }
}

/// Which role may use which service. Calls within a service that need more than the role (a superuser, the owner of a
/// file) are decided by the namespace; on the data plane every operation needs a capability besides.
const TABLE: [(Service, Role); 5] = [
    (Service::Client, Role::User),
    (Service::Node, Role::Datanode),
    (Service::Raft, Role::Master),
    (Service::Data, Role::User),
    // Datanodes pass chunks on to each other.
    (Service::Data, Role::Datanode),
];

/// Whether `role` may use `service`.
pub fn may_use(role: Role, service: Service) -> bool {
    TABLE.contains(&(service, role))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_cell_by_cell() {
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
        assert_eq!(cells.len(), S::ALL.len() * R::ALL.len());
        for (service, role, expected) in cells {
            assert_eq!(may_use(role, service), expected, "{service:?} {role:?}");
        }
    }
}
