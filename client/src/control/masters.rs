//! The connection to the leading master.

use super::backoff::pauses;
use super::outlook::{Outlook, Waited};
use crate::clock;
use dfs_rpc::hello::Service;
use dfs_rpc::services::UserClient;
use dfs_rpc::tls::{Expected, Identity};
use dfs_rpc::transport::{Connected, HELLO_TIMEOUT, connect};
use dfs_rpc::wire;
use dfs_types::{Detail, Error, ErrorCode, Protection, Result, format_duration};
use futures::FutureExt;
use parking_lot::MutexGuard;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tarpc::client::RpcError;
use tarpc::context::Context;
use tokio::sync::Mutex;
use tokio::time::timeout_at;

/// The number of attempts within one deadline if a master does not respond, so that the other
/// masters get attempts too.
const TRIES_PER_DEADLINE: u32 = 3;
/// The shortest time limit of one attempt, unless the deadline is earlier.
const TRY_MIN: Duration = Duration::from_secs(1);

/// The time for which a brief call looks for a master that accepts the connection.
const BRIEF: Duration = Duration::from_secs(2);
/// The number of times that a brief call tries each master.
const BRIEF_TRIES: u32 = 2;
/// The shortest time that a brief call gives a master to accept the connection.
const BRIEF_TRY_MIN: Duration = Duration::from_secs(1);

/// A connection with a response within this time is treated as alive, even if other calls on it
/// timed out.
const SILENT_MAX: Duration = Duration::from_secs(10);

/// The time limit of a call, and whether it retries transient errors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// The limit for all attempts together.
    pub limit: Duration,
    /// Each master is tried once, and transient errors are returned immediately.
    pub fail_fast: bool,
    /// A call ends soon if no master accepts the connection. A master that accepts it has the whole
    /// limit.
    pub brief: bool,
}

/// The masters, and the single connection that all calls share.
#[derive(Debug)]
pub(crate) struct Masters {
    addresses: Vec<SocketAddr>,
    identity: Identity,
    /// The connection for new calls, if there is one. Only the holder of `next_master` may change
    /// it.
    open: parking_lot::Mutex<Option<Arc<Open>>>,
    /// Locked while a new connection is opened.
    next_master: Mutex<NextMaster>,
    /// Knowledge about the processes of the masters.
    outlook: Option<Outlook>,
}

#[derive(Debug, Default)]
struct NextMaster {
    /// The index of the next address to try.
    next: usize,
    /// The address of the leader, as reported by another master: `HOST:PORT`.
    leader: Option<String>,
}

#[derive(Debug)]
struct Open {
    client: Arc<UserClient>,
    /// `HOST:PORT`.
    address: String,
    /// The template for the context of each call. Only the deadline differs.
    context: Context,
    /// The time of the last response.
    answered: parking_lot::Mutex<Instant>,
}

impl NextMaster {
    /// Returns the next address to try.
    fn turn(&mut self, addresses: &[SocketAddr]) -> Option<SocketAddr> {
        let address = addresses.get(self.next).copied();
        self.next = (self.next + 1) % addresses.len().max(1);
        address
    }
}

impl Open {
    fn new(address: String, connected: Connected) -> Self {
        let client = Arc::new(UserClient::new(connected).spawn());
        Self { client, address, context: tarpc::context::current(), answered: parking_lot::Mutex::new(clock::now()) }
    }

    fn answered(&self) -> MutexGuard<'_, Instant> {
        self.answered.lock()
    }

    fn is_silent(&self) -> bool {
        clock::since(*self.answered()) >= SILENT_MAX
    }
}

/// The failure of one attempt.
struct Failed {
    error: Error,
    /// The connection was opened for an earlier call and has broken since: this says nothing about
    /// the state of the master.
    stale: bool,
    /// The error names the leader.
    led: bool,
    /// No connection could be opened.
    closed: bool,
}

impl Failed {
    /// Returns the failure of a call over an open connection.
    fn of(error: Error) -> Self {
        Self { error, stale: false, led: false, closed: false }
    }
}

impl Masters {
    pub(crate) fn new(addresses: Vec<SocketAddr>, identity: Identity, outlook: Option<Outlook>) -> Self {
        Self { addresses, identity, open: parking_lot::Mutex::default(), next_master: Mutex::default(), outlook }
    }

    /// Calls `once` with the leader, and retries transient failures until the deadline, or until
    /// the outlook, if there is one, returns an error because waiting is of no use.
    pub(crate) async fn call<T, F, R>(&self, patience: Patience, once: F) -> Result<T>
    where
        F: Fn(Arc<UserClient>, Context) -> R,
        R: Future<Output = Result<wire::Result<T>, RpcError>>,
    {
        let Some(outlook) = &self.outlook else { return self.tries(patience, once).await };
        tokio::select! {
            biased;
            made = self.tries(patience, once) => made.map_err(|error| match error.code {
                ErrorCode::Unreachable | ErrorCode::Timeout => {
                    outlook.look(Waited { span: Duration::MAX, connected: self.is_connected() }).unwrap_or(error)
                }
                _ => error,
            }),
            error = outlook.hopeless(|| self.is_connected()) => Err(error),
        }
    }

    async fn tries<T, F, R>(&self, patience: Patience, once: F) -> Result<T>
    where
        F: Fn(Arc<UserClient>, Context) -> R,
        R: Future<Output = Result<wire::Result<T>, RpcError>>,
    {
        let begun = clock::now();
        let deadline = begun + patience.limit;
        let mut closed = Closed::default();
        let masters = u32::try_from(self.addresses.len()).unwrap_or(u32::MAX).max(1);
        // Most calls need no pause.
        let mut pauses_made = None;
        let mut attempt = 0;
        let mut followed = false;
        loop {
            let failed = match self.attempt(patience, deadline, &once).await {
                Ok(value) => return Ok(value),
                Err(failed) => failed,
            };
            if failed.stale {
                continue;
            }
            attempt += 1;
            let error = failed.error;
            if failed.closed
                && let Some(cause) = self.outlook.as_ref().and_then(|outlook| outlook.look(closed_since(begun)))
            {
                return Err(cause);
            }
            if failed.closed && patience.brief && error.code == ErrorCode::Unreachable {
                closed.note(&error);
                if closed.tries >= BRIEF_TRIES.saturating_mul(masters) || clock::since(begun) >= BRIEF {
                    return Err(closed.error());
                }
            }
            let hopeless = patience.fail_fast && (error.code == ErrorCode::SafeMode || attempt >= masters);
            // If one master rejects the credential, another one may accept it.
            let another = attempt < masters && error.code == ErrorCode::Unauthenticated;
            if hopeless || !(error.is_transient() || another) {
                return Err(given_up(error, attempt, patience));
            }
            let at_once = failed.led && !followed;
            followed = failed.led;
            let span = if at_once || attempt < masters {
                Duration::ZERO
            } else {
                pauses_made.get_or_insert_with(pauses).next().unwrap_or_default()
            };
            if clock::now() + span >= deadline {
                return Err(given_up(error, attempt, patience));
            }
            tokio::time::sleep(span).await;
        }
    }

    fn is_connected(&self) -> bool {
        self.open.lock().is_some()
    }

    /// Opens the connection if there is none.
    pub(crate) async fn ready(&self, patience: Patience) -> Result<()> {
        self.call(patience, |client, context| async move { client.cluster.ping(context).await }).await
    }

    async fn attempt<T, F, R>(&self, patience: Patience, deadline: Instant, once: &F) -> Result<T, Failed>
    where
        F: Fn(Arc<UserClient>, Context) -> R,
        R: Future<Output = Result<wire::Result<T>, RpcError>>,
    {
        let mut now = clock::now();
        let span = (patience.limit / TRIES_PER_DEADLINE).max(TRY_MIN).min(deadline.saturating_duration_since(now));
        let held = self.open.lock().clone();
        let (open, fresh) = match held {
            Some(open) => (open, false),
            None => {
                let masters = u32::try_from(self.addresses.len()).unwrap_or(u32::MAX).max(1);
                let brief = if patience.brief { (BRIEF / masters).max(BRIEF_TRY_MIN) } else { span };
                let opened = self.open(now + span.min(brief)).boxed().await;
                now = clock::now();
                opened.map_err(|error| Failed { closed: true, ..Failed::of(error) })?
            }
        };
        let mut context = open.context;
        context.deadline = now + span;
        let answer = once(open.client.clone(), context).await;
        if matches!(answer, Ok(_) | Err(RpcError::Server(_))) {
            *open.answered() = clock::now();
        }
        match answer.map(|answer| answer.map_err(Error::from)) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) if error.code == ErrorCode::NotLeader => {
                let leader = leader_in(&error);
                let led = leader.is_some();
                self.leave(&open, leader, deadline).await;
                Err(Failed { led, ..Failed::of(error) })
            }
            Ok(Err(error)) => Err(Failed::of(error)),
            Err(error) => {
                let broken = matches!(error, RpcError::Shutdown | RpcError::Send(_) | RpcError::Channel(_));
                let goes = match error {
                    RpcError::Server(_) => false,
                    // Another master may answer sooner. If there is only one, it is slow, and a new
                    // connection would not be faster.
                    RpcError::DeadlineExceeded => self.addresses.len() > 1 || open.is_silent(),
                    _ => true,
                };
                if goes {
                    self.leave(&open, None, deadline).await;
                }
                Err(Failed { stale: broken && !fresh, ..Failed::of(call_error(&error, &open.address, span)) })
            }
        }
    }

    /// Returns the open connection, or opens one; the flag is true for a new one. Concurrent calls
    /// wait for the same connection, but not beyond `until`.
    async fn open(&self, until: Instant) -> Result<(Arc<Open>, bool)> {
        let Ok(mut next_master) = timeout_at(until.into(), self.next_master.lock()).await else {
            return Err(Error::new(ErrorCode::Timeout, "no connection was opened in time"));
        };
        if let Some(open) = &*self.open.lock() {
            return Ok((open.clone(), false));
        }
        let limit = until.saturating_duration_since(clock::now()).min(HELLO_TIMEOUT);
        let place =
            next_master.leader.take().or_else(|| next_master.turn(&self.addresses).map(|address| address.to_string()));
        let place = place.ok_or_else(|| Error::new(ErrorCode::InvalidArgument, "no master is known"))?;
        let connected =
            connect(&self.identity, &place, Expected::AnyMaster, Service::Client, Protection::Private, limit);
        let connected = connected.await.map_err(|error| error.into_error(&place))?;
        let open = Arc::new(Open::new(place, connected));
        *self.open.lock() = Some(open.clone());
        Ok((open, true))
    }

    /// Switches to another master, unless another call has already done so.
    async fn leave(&self, open: &Arc<Open>, leader: Option<String>, until: Instant) {
        // Another call holds the lock this long only while it opens the next connection.
        let Ok(mut next_master) = timeout_at(until.into(), self.next_master.lock()).await else { return };
        let left = self.open.lock().take_if(|now| Arc::ptr_eq(now, open));
        if left.is_some() {
            next_master.leader = leader;
        }
    }
}

/// Returns the time that a call has waited without a connection.
fn closed_since(begun: Instant) -> Waited {
    Waited { span: clock::since(begun), connected: false }
}

/// The failed connection attempts of a call, and their reasons.
#[derive(Debug, Default)]
struct Closed {
    tries: u32,
    reasons: Vec<String>,
}

impl Closed {
    fn note(&mut self, error: &Error) {
        self.tries += 1;
        if !self.reasons.contains(&error.message) {
            self.reasons.push(error.message.clone());
        }
    }

    fn error(self) -> Error {
        Error::new(ErrorCode::Unreachable, format!("no master answers: {}", self.reasons.join("; ")))
    }
}

/// Returns the address of the leader that a master reported when it was not the leader itself.
fn leader_in(error: &Error) -> Option<String> {
    match error.detail.as_deref() {
        Some(Detail::NotLeader { leader: Some(leader) }) => Some(leader.address.clone()),
        _ => None,
    }
}

fn call_error(error: &RpcError, address: &str, span: Duration) -> Error {
    match error {
        RpcError::DeadlineExceeded => {
            Error::new(ErrorCode::Timeout, format!("{address}: no answer within {}", format_duration(span)))
        }
        RpcError::Server(error) => Error::new(ErrorCode::Unreachable, format!("{address}: {}", error.detail)),
        _ => Error::new(ErrorCode::Unreachable, format!("{address}: the connection was lost")),
    }
}

fn given_up(mut error: Error, attempt: u32, patience: Patience) -> Error {
    let limit_ms = u64::try_from(patience.limit.as_millis()).unwrap_or(u64::MAX);
    match error.code {
        ErrorCode::Unreachable if error.detail.is_none() => {
            let detail = Detail::MastersUnreachable { last: error.message, attempts: attempt, limit_ms };
            Error { path: error.path, ..Error::of(error.code, detail) }
        }
        ErrorCode::Unreachable | ErrorCode::Timeout | ErrorCode::NotLeader => {
            let limit = format_duration(patience.limit);
            error.message = format!("{} (attempt {attempt}, deadline {limit})", error.message);
            error
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn giving_up_names_attempt_and_deadline() {
        let patience = Patience { limit: Duration::from_secs(30), fail_fast: false, brief: false };
        let error = given_up(Error::new(ErrorCode::Unreachable, "127.0.0.1:1: connect: refused"), 4, patience);
        assert_eq!(error.message, "127.0.0.1:1: connect: refused (attempt 4, deadline 30s)");
        assert!(matches!(error.detail.as_deref(), Some(Detail::MastersUnreachable { attempts: 4, .. })));
        let other = given_up(Error::new(ErrorCode::NotFound, "no such file"), 1, patience);
        assert_eq!(other, Error::new(ErrorCode::NotFound, "no such file"));
    }
}
