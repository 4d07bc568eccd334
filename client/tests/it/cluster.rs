//! A cluster in one process: masters with one table of files, and datanodes with chunks in memory.
//! Faults can be switched on, and each counts how often it occurred, so that a test whose fault
//! never occurred fails.

use crate::master::{CLUSTER, Master, Table};
use crate::node::Node;
use dfs_client::{Client, ClientOptions, Identity};
use dfs_config::ClientSettings;
use dfs_rpc::hello::Service;
use dfs_rpc::services::ServeUser;
use dfs_rpc::tls::{MASTER_NAME, datanode_name};
use dfs_rpc::transport::{accept, framed};
use dfs_types::{ChunkId, DatanodeId, DfsPath, MasterId, Principal, Protection};
use futures::StreamExt;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tarpc::server::{BaseChannel, Channel};

pub(crate) struct Cluster {
    pub table: Arc<Table>,
    pub nodes: Vec<Arc<Node>>,
    pub master: SocketAddr,
    pub user: Identity,
    authority: (String, Issuer<'static, KeyPair>),
}

impl Cluster {
    pub(crate) async fn start(nodes: u16) -> Self {
        let key = KeyPair::generate().expect("key");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let certificate = params.self_signed(&key).expect("certificate").pem();
        let authority = (certificate, Issuer::new(params, key));
        let nodes = (1..=nodes).map(|id| {
            let id = DatanodeId(id);
            Node::start(id, identity(&authority, &Principal::Datanode(id), Some(datanode_name(id))))
        });
        let nodes: Vec<_> = futures::future::join_all(nodes).await;
        for node in &nodes {
            assert!(node.peers.set(nodes.iter().map(Arc::downgrade).collect()).is_ok());
        }
        let table = Arc::new(Table { next_chunk: AtomicU64::new(1), ..Table::default() });
        table.directories.lock().expect("lock").insert(DfsPath::root());
        let user = identity(&authority, &Principal::User("ann".into()), None);
        let mut cluster = Self { table, nodes, master: ([127, 0, 0, 1], 0).into(), user, authority };
        cluster.master = cluster.start_master(None).await;
        cluster
    }

    /// Starts one more master; it leads unless `leader` names another one.
    pub(crate) async fn start_master(&self, leader: Option<String>) -> SocketAddr {
        let identity = identity(&self.authority, &Principal::Master(MasterId(1)), Some(MASTER_NAME.into()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let address = listener.local_addr().expect("address");
        let master = Master { table: self.table.clone(), nodes: self.nodes.clone(), leader };
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let (identity, master) = (identity.clone(), master.clone());
                tokio::spawn(async move {
                    let Ok(connected) = accept(&identity, tcp, &[Service::Client], Protection::Auto).await else {
                        return;
                    };
                    let channel = BaseChannel::with_defaults(framed(connected.stream));
                    channel.execute(ServeUser(master)).for_each_concurrent(64, |call| call).await;
                });
            }
        });
        address
    }

    pub(crate) fn options(&self) -> ClientOptions {
        let settings = ClientSettings {
            rpc_timeout: Duration::from_secs(20),
            stall_timeout: Duration::from_millis(400),
            ..ClientSettings::default()
        };
        ClientOptions { masters: vec![self.master], identity: self.user.clone(), settings }
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.options()).await.expect("connect")
    }

    pub(crate) fn node(&self, id: u16) -> &Node {
        &self.nodes[usize::from(id) - 1]
    }

    /// Returns the datanodes that hold a replica of every chunk of a file.
    pub(crate) fn replicas(&self, path: &DfsPath) -> Vec<DatanodeId> {
        let files = self.table.files.lock().expect("lock");
        let (_, chunks) = &files[path];
        let holds = |node: &&Arc<Node>| chunks.iter().all(|chunk| node.holds(chunk.id));
        self.nodes.iter().filter(holds).map(|node| node.id).collect()
    }

    /// Returns the chunks of a file.
    pub(crate) fn chunks(&self, path: &DfsPath) -> Vec<ChunkId> {
        let files = self.table.files.lock().expect("lock");
        files[path].1.iter().map(|chunk| chunk.id).collect()
    }

    pub(crate) fn exists(&self, path: &DfsPath) -> bool {
        self.table.files.lock().expect("lock").contains_key(path)
    }
}

fn identity(authority: &(String, Issuer<'static, KeyPair>), who: &Principal, name: Option<String>) -> Identity {
    let key = KeyPair::generate().expect("key");
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::URI(who.to_uri(CLUSTER).try_into().expect("URI"))];
    params.subject_alt_names.extend(name.map(|name| SanType::DnsName(name.try_into().expect("DNS name"))));
    let own = params.signed_by(&key, &authority.1).expect("certificate").pem();
    let pem = format!("{own}{}{}", authority.0, key.serialize_pem());
    Identity::from_pem(pem.as_bytes()).expect("credential")
}

pub(crate) fn path(text: &str) -> DfsPath {
    DfsPath::parse(text).expect("path")
}

/// Returns bytes without short repetitions.
pub(crate) fn content(length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(length as u64);
    std::iter::repeat_with(|| random.u8(..)).take(length).collect()
}
