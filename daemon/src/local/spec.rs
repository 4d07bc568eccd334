//! The file `cluster.json`: the composition of the local cluster.

use super::daemon_id::DaemonId;
use super::layout::{Layout, io_error};
use dfs_config::Settings;
use dfs_types::{ByteSize, ClusterId, Error, ErrorCode, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::SocketAddr;

/// The version of the file format.
const VERSION: u32 = 1;

/// The composition of the local cluster. Stored as JSON, written atomically.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    version: u32,
    #[serde(with = "text")]
    pub cluster: ClusterId,
    /// The superuser, whose credential is in the same directory.
    pub superuser: String,
    /// A value that `dfsd up` was called with; it overrides the settings.
    pub chunk_size: Option<ByteSize>,
    pub replication: Option<u8>,
    pub capacity: Option<ByteSize>,
    /// Each daemon with its last address; none before its first start.
    pub daemons: BTreeMap<DaemonId, Option<SocketAddr>>,
    /// Datanodes that were removed: their numbers are not used again.
    #[serde(default)]
    pub removed: BTreeSet<DaemonId>,
}

mod text {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::fmt::Display;
    use std::str::FromStr;

    pub(super) fn serialize<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }
    pub(super) fn deserialize<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Spec {
    pub fn new(cluster: ClusterId, superuser: String) -> Self {
        let (daemons, removed) = (BTreeMap::new(), BTreeSet::new());
        let (chunk_size, replication, capacity) = (None, None, None);
        Self { version: VERSION, cluster, superuser, chunk_size, replication, capacity, daemons, removed }
    }

    /// Loads the spec of this user's cluster; none if there is no cluster.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, or is of another version.
    pub fn load(layout: &Layout) -> Result<Option<Self>> {
        let path = layout.spec();
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error("read", &path)(error)),
        };
        let wrong = |what: String| {
            let hint = "fix it, or delete it and run dfsd up: this keeps the authority and the data";
            Error::new(ErrorCode::LocalIo, what).at(path.display()).hint(hint)
        };
        let spec: Self = serde_json::from_slice(&bytes)
            .map_err(|error| wrong(format!("not a valid description of a cluster: {error}")))?;
        match spec.version {
            VERSION => Ok(Some(spec)),
            other => Err(wrong(format!("version {other} is not supported; this build reads version {VERSION}"))),
        }
    }

    /// Loads the spec of this user's cluster, which must exist.
    ///
    /// # Errors
    /// The same as for [`Spec::load`], and if there is no cluster.
    pub fn expect(layout: &Layout) -> Result<Self> {
        let none = || Error::new(ErrorCode::NotFound, "there is no local cluster").hint("run dfsd up to create one");
        Self::load(layout)?.ok_or_else(none)
    }

    pub(super) fn save(&self, layout: &Layout) -> Result<()> {
        let path = layout.spec();
        let mut text =
            serde_json::to_vec_pretty(self).map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))?;
        text.push(b'\n');
        crate::durable::write_file(&path, &text).map_err(io_error("write", &path))
    }

    /// Returns an error for a daemon that is not in this cluster.
    ///
    /// # Errors
    /// Returns an error if it is unknown.
    pub fn check(&self, id: DaemonId) -> Result<()> {
        if self.daemons.contains_key(&id) {
            return Ok(());
        }
        let known: Vec<String> = self.daemons.keys().map(DaemonId::to_string).collect();
        Err(Error::new(ErrorCode::NotFound, "no such daemon")
            .at(id)
            .hint(format!("its daemons are {}", known.join(", "))))
    }

    pub fn masters(&self) -> impl Iterator<Item = DaemonId> {
        self.daemons.keys().copied().filter(|id| matches!(id, DaemonId::Master(_)))
    }

    pub fn datanodes(&self) -> impl Iterator<Item = DaemonId> {
        self.daemons.keys().copied().filter(|id| matches!(id, DaemonId::Datanode(_)))
    }

    /// Returns the addresses of the masters that were started before.
    pub fn master_addresses(&self) -> Vec<SocketAddr> {
        self.masters().filter_map(|id| self.daemons.get(&id).copied().flatten()).collect()
    }

    /// Returns the settings of one daemon: those of the user, overridden by the options of `up` and
    /// by the needs of this cluster.
    pub(super) fn settings_of(&self, id: DaemonId, base: &Settings, layout: &Layout, listen: SocketAddr) -> Settings {
        let mut settings = base.clone();
        settings.master.chunk_size = self.chunk_size.unwrap_or(settings.master.chunk_size);
        settings.master.replication = self.replication.unwrap_or(settings.master.replication);
        settings.datanode.capacity = self.capacity.or(settings.datanode.capacity);
        match id {
            DaemonId::Master(_) => {
                settings.master.listen = listen.to_string();
                settings.master.data_dir = Some(layout.data(id));
                settings.master.credential = Some(layout.credential(id));
            }
            DaemonId::Datanode(_) => {
                settings.datanode.listen = listen.to_string();
                settings.datanode.data_dirs = vec![layout.data(id)];
                settings.datanode.credential = Some(layout.credential(id));
                settings.datanode.masters = self.master_addresses().iter().map(SocketAddr::to_string).collect();
            }
        }
        settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_config::Directories;
    use dfs_types::{DatanodeId, MasterId};

    const MASTER: DaemonId = DaemonId::Master(MasterId(1));
    const DATANODE: DaemonId = DaemonId::Datanode(DatanodeId(2));

    fn spec() -> Spec {
        let mut spec = Spec::new(ClusterId([7; 16]), "ann".to_owned());
        spec.replication = Some(2);
        spec.daemons.insert(MASTER, Some("127.0.0.1:4001".parse().expect("an address")));
        spec.daemons.insert(DATANODE, None);
        spec
    }

    #[test]
    fn a_spec_reads_back() {
        let home = tempfile::tempdir().expect("a directory");
        let layout = Layout::new(&Directories::under(home.path()));
        assert_eq!(Spec::load(&layout), Ok(None));
        assert_eq!(Spec::expect(&layout).expect_err("none").code, ErrorCode::NotFound);
        layout.create().expect("made");
        spec().save(&layout).expect("saved");
        assert_eq!(Spec::expect(&layout), Ok(spec()));
        for bad in ["", "{}", "[]"] {
            std::fs::write(layout.spec(), bad).expect("written");
            assert_eq!(Spec::load(&layout).expect_err("refused").path, Some(layout.spec().display().to_string()));
        }
        let newer = serde_json::to_string(&spec()).expect("JSON").replace("\"version\":1", "\"version\":2");
        std::fs::write(layout.spec(), newer).expect("written");
        assert!(Spec::load(&layout).expect_err("refused").message.starts_with("version 2"));
    }

    #[test]
    fn the_options_of_up_override_the_settings() {
        let layout = Layout::new(&Directories::under("/home".as_ref()));
        let mut base = Settings::default();
        base.master.chunk_size = ByteSize(1 << 20);
        let listen = "127.0.0.1:0".parse().expect("an address");
        let settings = spec().settings_of(DATANODE, &base, &layout, listen);
        assert_eq!((settings.master.replication, settings.master.chunk_size), (2, ByteSize(1 << 20)));
        assert_eq!(settings.datanode.masters, ["127.0.0.1:4001"]);
        assert_eq!(settings.datanode.data_dirs, [layout.data(DATANODE)]);
        assert_eq!(settings.datanode.listen, "127.0.0.1:0");
    }

    #[test]
    fn unknown_daemons_are_distinguished_from_known_ones() {
        assert_eq!(spec().check(DATANODE), Ok(()));
        let error = spec().check(DaemonId::Datanode(DatanodeId(9))).expect_err("unknown");
        assert_eq!(error.hint.as_deref(), Some("its daemons are master-1, datanode-2"));
    }
}
