//! The parts common to every put and get: the thread, access to the async runtime, and
//! cancellation.

use crate::client::Client;
use crate::clock;
use crate::pool::{Lease, Limits};
use crate::progress::{Event, Progress};
use dfs_rpc::conn::{ConnError, DataConn};
use dfs_rpc::data::StreamError;
use dfs_rpc::hello::Service;
use dfs_rpc::tls::Expected;
use dfs_rpc::transport::{HELLO_TIMEOUT, connect};
use dfs_rpc::wire::NodeAddress;
use dfs_types::{DatanodeId, Detail, DfsPath, Error, ErrorCode, Result, io_message};
use parking_lot::Mutex;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// A put or get in progress. Its methods block, and are called only from its own threads.
#[derive(Debug)]
pub(crate) struct Transfer {
    pub client: Client,
    pub path: DfsPath,
    pub progress: Progress,
    /// Set when the user cancels, when the future is dropped, and when one of several threads
    /// failed.
    pub cancel: CancellationToken,
    /// A read found that its file was replaced.
    pub replaced: AtomicBool,
    /// The bytes that a read has counted as progress.
    pub fetched: AtomicU64,
    runtime: Handle,
    /// Connections on which a thread may be blocked.
    conns: Mutex<Vec<Weak<DataConn>>>,
}

/// The reason why a request to a datanode failed.
#[derive(Debug)]
pub(crate) enum NodeFailure {
    /// The connection could not be established.
    Connect(Error),
    /// The connection failed, stalled, or delivered unexpected data.
    Conn(ConnError),
    /// The datanode closed the connection.
    Closed,
    /// The datanode reported an error.
    Said(StreamError),
    /// Another chunk failed on the same connection.
    Abandoned,
    /// It acknowledged a chunk without a receipt of each datanode of the pipeline.
    Receipts,
    /// The pipeline made no progress, and these of its datanodes did not answer a probe.
    Silent(Vec<DatanodeId>),
}

impl NodeFailure {
    /// Returns true if a connection that failed while it was idle would show this error.
    pub(crate) fn is_loss(&self) -> bool {
        match self {
            Self::Closed => true,
            Self::Conn(error @ ConnError::Io(_)) => !error.is_timeout(),
            _ => false,
        }
    }

    /// Returns true if a datanode reports an expired capability. The capabilities in use are new,
    /// so its clock is wrong.
    pub(crate) fn is_expiry(&self) -> bool {
        let said = |error: &Error| matches!(error.detail.as_deref(), Some(Detail::CapabilityExpired { .. }));
        matches!(self, Self::Said(StreamError { error, .. }) if said(error))
    }
}

impl std::fmt::Display for NodeFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Connect(error) => write!(f, "{error}"),
            Self::Conn(error) if error.is_timeout() => f.write_str("it made no progress in time"),
            Self::Conn(error) => write!(f, "{error}"),
            Self::Closed => f.write_str("it closed the connection"),
            Self::Said(said) => write!(f, "{}", said.error),
            Self::Receipts => f.write_str("it answered without a receipt of each datanode of the pipeline"),
            Self::Abandoned => f.write_str("another chunk failed on the same connection"),
            Self::Silent(nodes) => {
                let names: Vec<_> = nodes.iter().map(ToString::to_string).collect();
                write!(f, "no progress, and no answer from {}", names.join(", "))
            }
        }
    }
}

impl From<ConnError> for NodeFailure {
    fn from(error: ConnError) -> Self {
        Self::Conn(error)
    }
}

impl From<io::Error> for NodeFailure {
    fn from(error: io::Error) -> Self {
        Self::Conn(error.into())
    }
}

impl Transfer {
    pub(crate) fn new(client: &Client, path: &DfsPath, progress: &Progress, cancel: &CancellationToken) -> Arc<Self> {
        Arc::new(Self {
            client: client.clone(),
            path: path.clone(),
            progress: progress.clone(),
            cancel: cancel.child_token(),
            replaced: AtomicBool::new(false),
            fetched: AtomicU64::new(0),
            runtime: Handle::current(),
            conns: Mutex::default(),
        })
    }

    /// Waits for a call, unless the transfer is stopped first.
    pub(crate) fn wait<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => Err(interrupted()),
                result = call => result,
            }
        })
    }

    /// Runs a call in the background.
    pub(crate) fn spawn(&self, call: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(call);
    }

    pub(crate) fn runtime(&self) -> Handle {
        self.runtime.clone()
    }

    /// Sleeps for `span`, unless the transfer is stopped.
    pub(crate) fn pause(&self, span: Duration) -> Result<()> {
        self.wait(async {
            tokio::time::sleep(span).await;
            Ok(())
        })
    }

    /// # Errors
    /// `interrupted` when the transfer is stopped.
    pub(crate) fn check(&self) -> Result<()> {
        if self.cancel.is_cancelled() { Err(interrupted()) } else { Ok(()) }
    }

    /// Stops all threads of the transfer, including those that are blocked on a connection.
    pub(crate) fn stop(&self) {
        self.cancel.cancel();
        let mut conns = self.conns.lock();
        for conn in conns.drain(..).filter_map(|conn| conn.upgrade()) {
            conn.close();
        }
    }

    /// Returns a connection to the head of `pipeline`, an idle or a new one.
    pub(crate) fn lease(&self, pipeline: &[NodeAddress], limits: Limits) -> Result<Lease, NodeFailure> {
        let ids: Vec<DatanodeId> = pipeline.iter().map(|node| node.id).collect();
        let mut lease = match self.client.shared.pool.take(&ids, clock::now()) {
            Some(lease) => lease,
            None => Lease::new(self.open(pipeline)?, ids),
        };
        if lease.limits != Some(limits) {
            lease.conn.set_timeout(Some(limits.1))?;
            lease.conn.set_read_timeout(Some(limits.0))?;
            lease.limits = Some(limits);
        }
        let mut conns = self.conns.lock();
        conns.retain(|conn| conn.strong_count() > 0);
        conns.push(Arc::downgrade(&lease.conn));
        drop(conns);
        // A stop between the last check and the registration must not leave this thread blocked.
        self.check().map_err(NodeFailure::Connect)?;
        Ok(lease)
    }

    fn open(&self, pipeline: &[NodeAddress]) -> Result<DataConn, NodeFailure> {
        let head = pipeline
            .first()
            .ok_or_else(|| NodeFailure::Connect(Error::new(ErrorCode::Internal, "the plan names no datanode")))?;
        let shared = &self.client.shared;
        let limit = shared.settings.stall_timeout.min(HELLO_TIMEOUT);
        let opening = async {
            let expected = Expected::Datanode(head.id);
            let protection = shared.settings.data_protection;
            let connected = connect(&shared.identity, head.address, expected, Service::Data, protection, limit);
            let connected = connected.await.map_err(|error| error.into_error(head.address))?;
            DataConn::new(connected)
                .map_err(|error| Error::new(ErrorCode::Unreachable, format!("{}: {error}", head.address)))
        };
        self.wait(opening).map_err(NodeFailure::Connect)
    }

    /// Returns a connection without streams in flight to the pool.
    pub(crate) fn give_back(&self, lease: Lease) {
        let mut conns = self.conns.lock();
        conns.retain(|conn| !std::ptr::eq(conn.as_ptr(), Arc::as_ptr(&lease.conn)));
        drop(conns);
        // A stopped transfer may have closed it.
        if !self.cancel.is_cancelled() {
            self.client.shared.pool.give_back(lease, clock::now());
        }
    }

    pub(crate) fn retried(&self, reason: String) {
        tracing::debug!(path = %self.path, reason, "goes on with another datanode");
        self.progress.tell(Event::Retried { path: self.path.to_string(), reason });
    }
}

/// Returns the error of a transfer that was stopped.
pub(crate) fn interrupted() -> Error {
    Error::new(ErrorCode::Interrupted, "interrupted")
}

/// Returns the error of a local file.
pub(crate) fn local(path: &Path, error: &io::Error) -> Error {
    let system = io_message(error);
    let found = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Error::of(ErrorCode::LocalIo, Detail::LocalDiskFull { system, part_kept: false })
        }
        _ => Error::new(ErrorCode::LocalIo, system),
    };
    found.at(path.display())
}

/// Runs `work` on a blocking thread until it is done or `cancel` is triggered. Dropping the future
/// cancels it too.
///
/// With `patient`, it also waits for a cancelled transfer, so that no work continues in the
/// background; not possible if the thread may be blocked in a reader or writer of the caller, which
/// cannot be interrupted.
pub(crate) async fn supervise<T: Send + 'static>(
    transfer: &Arc<Transfer>,
    cancel: &CancellationToken,
    patient: bool,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    struct Stop(Arc<Transfer>);
    impl Drop for Stop {
        fn drop(&mut self) {
            self.0.stop();
        }
    }
    let stop = Stop(transfer.clone());
    let mut work = tokio::task::spawn_blocking(work);
    let joined = tokio::select! {
        joined = &mut work => joined,
        () = cancel.cancelled() => {
            transfer.stop();
            if !patient {
                return Err(interrupted());
            }
            work.await
        }
    };
    drop(stop);
    joined.unwrap_or_else(|error| Err(Error::new(ErrorCode::Internal, format!("the transfer's thread ended: {error}"))))
}
