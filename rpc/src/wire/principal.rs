//! The wire twin of principals, which capabilities name.

use super::twin::Twin;
use dfs_types::{DatanodeId, MasterId};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The twin of [`dfs_types::Principal`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Principal<'a> {
    User(Cow<'a, str>),
    Master(MasterId),
    Datanode(DatanodeId),
}

impl Twin for dfs_types::Principal {
    type Wire<'a> = Principal<'a>;
}

impl<'a> From<&'a dfs_types::Principal> for Principal<'a> {
    fn from(principal: &'a dfs_types::Principal) -> Self {
        match principal {
            dfs_types::Principal::User(name) => Self::User(name.into()),
            dfs_types::Principal::Master(id) => Self::Master(*id),
            dfs_types::Principal::Datanode(id) => Self::Datanode(*id),
        }
    }
}

impl From<Principal<'_>> for dfs_types::Principal {
    fn from(principal: Principal<'_>) -> Self {
        match principal {
            Principal::User(name) => Self::User(name.into_owned()),
            Principal::Master(id) => Self::Master(id),
            Principal::Datanode(id) => Self::Datanode(id),
        }
    }
}
