//! The name of a daemon: `master-1`, `datanode-2`.

use dfs_types::{DatanodeId, Error, ErrorCode, MasterId, Principal};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// The id of a daemon. Masters sort before datanodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DaemonId {
    Master(MasterId),
    Datanode(DatanodeId),
}

impl DaemonId {
    /// Returns `master` or `datanode`.
    pub fn role(self) -> &'static str {
        match self {
            Self::Master(_) => "master",
            Self::Datanode(_) => "datanode",
        }
    }

    /// Returns the principal in its certificate.
    pub fn principal(self) -> Principal {
        match self {
            Self::Master(id) => Principal::Master(id),
            Self::Datanode(id) => Principal::Datanode(id),
        }
    }
}

impl fmt::Display for DaemonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Master(id) => write!(f, "{id}"),
            Self::Datanode(id) => write!(f, "{id}"),
        }
    }
}

impl FromStr for DaemonId {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Master(id));
        }
        let wrong = || Error::new(ErrorCode::Usage, format!("{text:?} is not a daemon id like master-1 or datanode-2"));
        text.parse().map(Self::Datanode).map_err(|_| wrong())
    }
}

impl Serialize for DaemonId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DaemonId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_and_masters_come_first() {
        let mut ids: Vec<DaemonId> =
            ["datanode-10", "datanode-2", "master-1"].map(|text| text.parse().expect("an id")).into();
        ids.sort();
        assert_eq!(ids.iter().map(DaemonId::to_string).collect::<Vec<_>>(), ["master-1", "datanode-2", "datanode-10"]);
        for text in ["", "master", "datanode-0", "../datanode-1", "gateway-1"] {
            assert_eq!(text.parse::<DaemonId>().expect_err("no id").code, ErrorCode::Usage);
        }
    }
}
