//! The client handle.

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

/// The configuration of a [`Client`].
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// At least one address; the leader is found from any master.
    pub masters: Vec<SocketAddr>,
    pub identity: Identity,
    pub settings: ClientSettings,
}

/// A connection to a cluster as one user. Clones share the connections; all methods may be called
/// concurrently from any task.
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
    /// Creates a client without connecting. If created inside a tokio runtime, it closes idle
    /// connections in the background.
    pub fn new(options: ClientOptions) -> Self {
        Self::with_outlook(options, None)
    }

    /// Creates a client as [`Client::new`] does, for callers that know more about the masters: a
    /// call that no master answers ends as soon as the outlook returns an error.
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

    /// Creates a client and waits until the cluster answers.
    ///
    /// # Errors
    /// `unreachable` or `timeout` if no master answers within `rpc_timeout`, with address, attempt
    /// and deadline; `unauthenticated` if the masters reject the credential, or do not prove their
    /// own identity.
    pub async fn connect(options: ClientOptions) -> Result<Self> {
        let client = Self::new(options);
        client.ready().await?;
        Ok(client)
    }

    /// Waits until a master answers.
    ///
    /// # Errors
    /// Those of [`Client::connect`].
    pub async fn ready(&self) -> Result<()> {
        self.shared.masters.ready(self.patience).await
    }

    /// Returns a client of the same cluster that fails fast: it tries each master once, and returns
    /// an error in safe mode without waiting.
    #[must_use]
    pub fn fail_fast(mut self) -> Self {
        self.patience.fail_fast = true;
        self
    }

    /// Returns a client of the same cluster whose calls end soon if no master accepts the
    /// connection: after about 2 s, or when each master has refused it twice. The error names the
    /// masters and the reasons.
    #[must_use]
    pub fn brief(mut self) -> Self {
        self.patience.brief = true;
        self
    }

    /// Returns a client of the same cluster with another time limit for each call to a master,
    /// including retries.
    #[must_use]
    pub fn with_timeout(mut self, limit: Duration) -> Self {
        self.patience.limit = limit;
        self
    }

    /// Returns the settings of the client.
    pub fn settings(&self) -> &ClientSettings {
        &self.shared.settings
    }

    /// Returns the identity of the client.
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

    /// Makes a call that protocol version 9 introduced. If the master has only an older version,
    /// the call is not sent: the error says that the master does not support `what`.
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

/// Closes idle data connections as long as the client exists.
async fn sweep(shared: Weak<Shared>) {
    loop {
        tokio::time::sleep(IDLE_TIME / 4).await;
        let Some(shared) = shared.upgrade() else { return };
        shared.pool.sweep(clock::now());
    }
}

/// Returns the id of a new request; retries carry the same id.
pub(crate) fn request_id() -> RequestId {
    dfs_rpc::request::next_request()
}
