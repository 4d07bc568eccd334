//! The handle.

use crate::clock;
use crate::control::{Masters, Outlook, Patience};
use crate::pool::{IDLE_TIME, Pool};
use dfs_config::ClientSettings;
use dfs_rpc::services::UserClient;
use dfs_rpc::tls::Identity;
use dfs_rpc::wire;
use dfs_types::{Error, ErrorCode, RequestId, Result};
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tarpc::client::RpcError;
use tarpc::context::Context;
use tokio::runtime::Handle;

/// What a [`Client`] must know.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// At least one; the leader is found from any of them.
    pub masters: Vec<SocketAddr>,
    pub identity: Identity,
    pub settings: ClientSettings,
}

/// A cluster, as one user. Clones share the connections; all methods may be called at the same time from any task.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
    patience: Patience,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub masters: Masters,
    pub pool: Pool,
    pub identity: Identity,
    pub settings: ClientSettings,
}

impl Client {
    /// A handle that has not spoken to anybody yet. Made inside a tokio runtime, it closes connections that stay idle.
    pub fn new(options: ClientOptions) -> Self {
        Self::with_outlook(options, None)
    }

    /// As [`Client::new`], for callers that know more of the masters: a call that no master answers ends as soon as the
    /// outlook says that waiting is of no use.
    pub fn with_outlook(options: ClientOptions, outlook: Option<Outlook>) -> Self {
        let ClientOptions { masters, identity, settings } = options;
        let patience = Patience { limit: settings.rpc_timeout, fail_fast: false, brief: false };
        let masters = Masters::new(masters, identity.clone(), outlook);
        let shared = Arc::new(Shared { masters, pool: Pool::default(), identity, settings });
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(sweep(Arc::downgrade(&shared)));
        }
        Self { shared, patience }
    }

    /// A handle on a cluster that has answered.
    ///
    /// # Errors
    /// `unreachable` or `timeout` when no master answers in `rpc_timeout`, naming address, attempt and deadline;
    /// `unauthenticated` when the masters do not accept us, or are not who they should be.
    pub async fn connect(options: ClientOptions) -> Result<Self> {
        let client = Self::new(options);
        client.ready().await?;
        Ok(client)
    }

    /// Waits until a master answers.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub async fn ready(&self) -> Result<()> {
        self.shared.masters.ready(self.patience).await
    }

    /// The same cluster, asked without patience: each master is tried once, and safe mode is an error at once.
    #[must_use]
    pub fn fail_fast(mut self) -> Self {
        self.patience.fail_fast = true;
        self
    }

    /// The same cluster, for somebody who wants to know soon that it is gone: a call ends after about 2 s, or when each
    /// master has refused twice, if none takes the connection. The error names the masters, and why.
    #[must_use]
    pub fn brief(mut self) -> Self {
        self.patience.brief = true;
        self
    }

    /// The same cluster with another limit for each call to a master, retries included.
    #[must_use]
    pub fn with_timeout(mut self, limit: Duration) -> Self {
        self.patience.limit = limit;
        self
    }

    /// The settings that the client was made with.
    pub fn settings(&self) -> &ClientSettings {
        &self.shared.settings
    }

    /// Who we are.
    pub fn identity(&self) -> &Identity {
        &self.shared.identity
    }

    pub(crate) async fn call<T, F, R>(&self, once: F) -> Result<T>
    where
        F: Fn(Arc<UserClient>, Context) -> R,
        R: Future<Output = Result<wire::Result<T>, RpcError>>,
    {
        self.shared.masters.call(self.patience, once).await
    }

    /// Makes a call that came with protocol version 9. A master of the version before is not asked: the error says that it
    /// lacks `what`.
    pub(crate) async fn call_since_9<T, F, R>(&self, what: &str, once: F) -> Result<T>
    where
        F: Fn(Arc<UserClient>, Context) -> R,
        R: Future<Output = Result<wire::Result<T>, RpcError>>,
    {
        self.call(|master, context| {
            let asked = match master.version {
                version @ ..=8 => {
                    Err(format!("the master speaks protocol version {version}; {what} came with version 9"))
                }
                _ => Ok(once(master, context)),
            };
            async {
                match asked {
                    Ok(answer) => answer.await,
                    Err(lacks) => Ok(Err(Error::new(ErrorCode::Unsupported, lacks).into())),
                }
            }
        })
        .await
    }
}

/// Closes idle data connections for as long as there is a client.
async fn sweep(shared: Weak<Shared>) {
    loop {
        tokio::time::sleep(IDLE_TIME / 4).await;
        let Some(shared) = shared.upgrade() else { return };
        shared.pool.sweep(clock::now());
    }
}

/// The id of a new request; its retries carry it too.
pub(crate) fn request_id() -> RequestId {
    dfs_rpc::request::next_request()
}
