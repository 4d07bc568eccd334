//! Identities of peers, as proven by their certificates.

use crate::id::{ClusterId, DatanodeId, MasterId};
use std::fmt;

/// The longest user name, in bytes.
pub const USER_BYTES_MAX: usize = 64;

/// An identity that is proven by a certificate of the cluster's authority.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Principal {
    User(String),
    Master(MasterId),
    Datanode(DatanodeId),
}

impl Principal {
    /// Returns the URI of the identity in a certificate: `dfs://CLUSTER/user/NAME`, `…/master/N`,
    /// `…/datanode/N`.
    pub fn to_uri(&self, cluster: ClusterId) -> String {
        match self {
            Self::User(name) => format!("dfs://{cluster}/user/{name}"),
            Self::Master(id) => format!("dfs://{cluster}/master/{}", id.0),
            Self::Datanode(id) => format!("dfs://{cluster}/datanode/{}", id.0),
        }
    }

    /// Parses a URI in the form of [`Principal::to_uri`]. Returns `None` for any other text.
    pub fn from_uri(uri: &str) -> Option<(ClusterId, Self)> {
        let mut parts = uri.strip_prefix("dfs://")?.splitn(3, '/');
        let cluster = parts.next()?.parse().ok()?;
        let kind = parts.next()?;
        let name = parts.next()?;
        let principal = match kind {
            "user" if is_user_name(name) => Self::User(name.to_owned()),
            "master" => Self::Master(format!("master-{name}").parse().ok()?),
            "datanode" => Self::Datanode(format!("datanode-{name}").parse().ok()?),
            _ => return None,
        };
        (principal.to_uri(cluster) == uri).then_some((cluster, principal))
    }
}

/// Returns true for a valid user name: 1 to 64 of `a-z A-Z 0-9 . _ - @`, not starting with `-` or
/// `.`.
pub fn is_user_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    (1..=USER_BYTES_MAX).contains(&name.len()) && name.chars().all(plain) && !name.starts_with(['-', '.'])
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "user {name}"),
            Self::Master(id) => write!(f, "{id}"),
            Self::Datanode(id) => write!(f, "{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_read_back() {
        let cluster = ClusterId([7; 16]);
        for who in [
            Principal::User("ann.b@c-d_e".into()),
            Principal::Master(MasterId(1)),
            Principal::Datanode(DatanodeId(65535)),
        ] {
            assert_eq!(Principal::from_uri(&who.to_uri(cluster)), Some((cluster, who)));
        }
    }

    #[test]
    fn other_uris_are_rejected() {
        let c = ClusterId([7; 16]).to_string();
        for uri in [
            format!("dfs://{c}/user/"),
            format!("dfs://{c}/user/a/b"),
            format!("dfs://{c}/datanode/0"),
            format!("dfs://{c}/datanode/-1"),
            format!("dfs://{c}/root/a"),
            format!("https://{c}/user/a"),
            format!("dfs://{}/user/a", "AB".repeat(16)),
            "dfs://abc/user/a".to_owned(),
        ] {
            assert_eq!(Principal::from_uri(&uri), None, "{uri}");
        }
    }
}
