//! Creates, grows and starts the local cluster.

use super::daemon_id::DaemonId;
use super::health::Health;
use super::layout::{Layout, io_error};
use super::process::{ClusterLock, live};
use super::spec::Spec;
use super::start::{Starter, ensure_credential, issue, load_authority};
use super::user;
use super::waiting::Say;
use crate::authority::{Authority, draw_cluster_id};
use dfs_config::{Directories, Settings};
use dfs_types::{ByteSize, DatanodeId, Error, ErrorCode, MasterId, Principal, Result};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::SystemTime;

/// The number of datanodes of a new cluster.
const DATANODES_DEFAULT: u16 = 3;
/// The maximum number of datanodes of a local cluster.
pub(super) const DATANODES_MAX: u16 = 64;

/// The requested cluster. An absent value leaves it unchanged, or means the value of the settings.
#[derive(Debug, Clone, Copy, Default)]
pub struct UpOptions {
    pub masters: Option<u16>,
    pub datanodes: Option<u16>,
    pub chunk_size: Option<ByteSize>,
    pub replication: Option<u8>,
    /// The maximum size of the chunks on each datanode, in bytes.
    pub capacity: Option<ByteSize>,
}

/// The result of `up`.
#[derive(Debug, Clone)]
pub struct Up {
    pub masters: Vec<SocketAddr>,
    /// The credential of the superuser.
    pub credential: PathBuf,
    /// All daemons of the cluster.
    pub daemons: Vec<DaemonId>,
    /// The daemons that were started; empty if all were running.
    pub started: Vec<DaemonId>,
    /// The default number of replicas of each chunk.
    pub replication: u8,
    /// The number of files of a cluster that ran before; none for a new one.
    pub files: Option<u64>,
    /// True if an option was given that a running daemon applies only after a restart.
    pub restart_needed: bool,
}

/// Changes the local cluster as requested, starts the daemons that do not run, and waits until the
/// cluster accepts writes.
///
/// # Errors
/// Returns an error if a daemon does not start (with the reason from its log), or the cluster does
/// not become healthy in time.
pub fn up(directories: &Directories, settings: &Settings, options: UpOptions, say: Say<'_>) -> Result<Up> {
    let layout = Layout::new(directories);
    layout.create()?;
    let _lock = ClusterLock::acquire(&layout, say)?;
    let spec = match Spec::load(&layout)? {
        Some(spec) => spec,
        None => create(&layout)?,
    };
    let ran_before = !spec.master_addresses().is_empty();
    let mut starter = Starter::new(&layout, settings, spec, say);
    let known: BTreeSet<DaemonId> = starter.spec.daemons.keys().copied().collect();
    let changed = apply(&mut starter.spec, options)?;
    // A daemon without a credential cannot start: it is not added.
    for added in starter.spec.daemons.keys().filter(|id| !known.contains(id)) {
        ensure_credential(&layout, *added)?;
    }
    starter.spec.save(&layout)?;
    layout.note_wanted()?;
    let daemons: Vec<DaemonId> = starter.spec.daemons.keys().copied().collect();
    let nothing_runs = daemons.iter().all(|id| live(&layout.run_file(*id)).is_none());
    let _starting = nothing_runs.then(|| ClusterLock::announce_start(&layout, say)).transpose()?;
    starter.start(&daemons)?;
    let datanodes = datanode_ids(&starter.spec);
    starter.spec.save(&layout)?;
    let health = starter.wait_until_well(&datanodes, Health::lacks)?;
    let started = starter.started();
    let replication = starter.spec.replication.unwrap_or(settings.master.replication);
    let restart_needed = changed && started.len() < daemons.len();
    let credential = layout.user_credential(&starter.spec.superuser);
    let masters = starter.spec.master_addresses();
    let files = ran_before.then_some(health.status.files);
    Ok(Up { masters, credential, daemons, started, replication, restart_needed, files })
}

pub(super) fn datanode_ids(spec: &Spec) -> Vec<DatanodeId> {
    let number = |id| match id {
        DaemonId::Datanode(id) => Some(id),
        DaemonId::Master(_) => None,
    };
    spec.datanodes().filter_map(number).collect()
}

/// Makes a new cluster: its authority, and the credential of its superuser.
fn create(layout: &Layout) -> Result<Spec> {
    let path = layout.authority();
    // An existing one is of an interrupted `up`.
    let authority = if path.exists() { load_authority(layout)? } else { create_authority(&path)? };
    let superuser = user::name();
    issue(&authority, &Principal::User(superuser.clone()), &layout.user_credential(&superuser))?;
    Ok(Spec::new(authority.cluster(), superuser))
}

fn create_authority(path: &std::path::Path) -> Result<Authority> {
    let made = draw_cluster_id().and_then(|cluster| Authority::create(cluster, SystemTime::now()));
    let authority = made.map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))?;
    crate::durable::write_file(path, authority.to_pem().as_bytes()).map_err(io_error("write authority", path))?;
    Ok(authority)
}

/// Writes the options to the spec; returns true if a value changed that daemons read at their
/// start.
fn apply(spec: &mut Spec, options: UpOptions) -> Result<bool> {
    if options.masters.is_some_and(|masters| masters != 1) {
        let error = Error::new(ErrorCode::Unsupported, "a local cluster has one master");
        return Err(error.hint("omit --masters"));
    }
    let have = u16::try_from(spec.datanodes().count()).unwrap_or(u16::MAX);
    let wanted = options.datanodes.unwrap_or(if have == 0 { DATANODES_DEFAULT } else { have });
    if wanted > DATANODES_MAX || options.datanodes == Some(0) {
        let what = format!("a local cluster has 1 to {DATANODES_MAX} datanodes");
        return Err(Error::new(ErrorCode::Usage, what));
    }
    if wanted < have {
        let last = spec.datanodes().last().map(|id| id.to_string()).unwrap_or_default();
        let error = Error::new(ErrorCode::InvalidArgument, format!("there are {have} datanodes already"));
        return Err(error.hint(format!("to remove one: node drain --wait {last}, then dfsd remove {last}")));
    }
    spec.daemons.entry(DaemonId::Master(MasterId(1))).or_default();
    let is_free = |id: &DaemonId| !spec.daemons.contains_key(id) && !spec.removed.contains(id);
    let free = (1..=u16::MAX).map(|number| DaemonId::Datanode(DatanodeId(number))).filter(is_free);
    let added: Vec<DaemonId> = free.take(usize::from(wanted - have)).collect();
    spec.daemons.extend(added.into_iter().map(|id| (id, None)));
    let before = (spec.chunk_size, spec.replication, spec.capacity);
    spec.chunk_size = options.chunk_size.or(spec.chunk_size);
    spec.replication = options.replication.or(spec.replication);
    spec.capacity = options.capacity.or(spec.capacity);
    Ok(before != (spec.chunk_size, spec.replication, spec.capacity))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_types::ClusterId;

    fn names(spec: &Spec) -> Vec<String> {
        spec.daemons.keys().map(DaemonId::to_string).collect()
    }

    #[test]
    fn a_cluster_grows_and_never_shrinks() {
        let mut spec = Spec::new(ClusterId([1; 16]), "ann".to_owned());
        let of = |datanodes| UpOptions { datanodes, ..UpOptions::default() };
        assert_eq!(apply(&mut spec, of(None)), Ok(false));
        assert_eq!(names(&spec), ["master-1", "datanode-1", "datanode-2", "datanode-3"]);
        assert_eq!(apply(&mut spec, of(Some(3))), Ok(false));
        let fewer = apply(&mut spec, of(Some(2))).expect_err("refused");
        assert_eq!((fewer.code.exit_code(), fewer.message.as_str()), (1, "there are 3 datanodes already"));
        let hint = "to remove one: node drain --wait datanode-3, then dfsd remove datanode-3";
        assert_eq!(fewer.hint.as_deref(), Some(hint));
        assert_eq!(names(&spec).len(), 4);
        let wanted = UpOptions { replication: Some(2), ..of(Some(4)) };
        assert_eq!(apply(&mut spec, wanted), Ok(true));
        assert_eq!(apply(&mut spec, wanted), Ok(false));
        assert_eq!((names(&spec).len(), spec.replication), (5, Some(2)));
        // The number of a removed datanode is not used again, because the masters may remember it.
        let removed = DaemonId::Datanode(DatanodeId(2));
        spec.daemons.remove(&removed);
        spec.removed.insert(removed);
        assert_eq!(apply(&mut spec, of(Some(4))), Ok(false));
        assert_eq!(names(&spec)[1..], ["datanode-1", "datanode-3", "datanode-4", "datanode-5"]);
    }

    #[test]
    fn impossible_clusters_are_refused() {
        let mut spec = Spec::new(ClusterId([1; 16]), "ann".to_owned());
        for datanodes in [0, DATANODES_MAX + 1] {
            let options = UpOptions { datanodes: Some(datanodes), ..UpOptions::default() };
            assert_eq!(apply(&mut spec, options).expect_err("refused").code, ErrorCode::Usage);
        }
        let three = UpOptions { masters: Some(3), ..UpOptions::default() };
        assert_eq!(apply(&mut spec, three).expect_err("refused").code, ErrorCode::Unsupported);
        assert!(spec.daemons.is_empty());
    }
}
