//! The connection to the master that leads.

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

/// Tries that fit into one deadline when a master is silent; the others get their turn.
const TRIES_PER_DEADLINE: u32 = 3;
/// One try is never cut shorter than this, but by the deadline.
const TRY_MIN: Duration = Duration::from_secs(1);

/// The time for which a brief call looks for a master that takes the connection.
const BRIEF: Duration = Duration::from_secs(2);
/// A brief call tries each master this often.
const BRIEF_TRIES: u32 = 2;
/// A brief call gives a master at least this long to take the connection.
const BRIEF_TRY_MIN: Duration = Duration::from_secs(1);

/// A connection that answered somebody so lately is alive, whoever else was too impatient to hear an answer.
const SILENT_MAX: Duration = Duration::from_secs(10);

/// How long a call may take, and whether it waits for what may pass.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For all tries together.
    pub limit: Duration,
    /// Each master is asked once, and what may pass by itself is an error at once.
    pub fail_fast: bool,
    /// A call ends soon if no master takes the connection. One that takes it has the whole limit.
    pub brief: bool,
}

/// The masters, and the one connection that all calls share.
#[derive(Debug)]
pub(crate) struct Masters {
    addresses: Vec<SocketAddr>,
    identity: Identity,
    /// The connection that calls take, as long as it lasts. Changed by who holds `line` alone.
    open: parking_lot::Mutex<Option<Arc<Open>>>,
    /// Held while another one is opened.
    line: Mutex<Line>,
    /// Knowledge about the processes of the masters.
    outlook: Option<Outlook>,
}

#[derive(Debug, Default)]
struct Line {
    /// Which of the addresses is asked next.
    next: usize,
    /// Where the leader is, by the word of another master: `HOST:PORT`.
    leader: Option<String>,
}

#[derive(Debug)]
struct Open {
    client: Arc<UserClient>,
    /// `HOST:PORT`.
    address: String,
    /// The context of each call. Only the deadline differs.
    context: Context,
    /// When it answered last.
    answered: parking_lot::Mutex<Instant>,
}

impl Line {
    /// The next of the addresses.
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

/// What one try came to, when it failed.
struct Failed {
    error: Error,
    /// The connection had been opened for an earlier call and broke since: that says nothing about the master now.
    outworn: bool,
    /// It names the leader.
    led: bool,
    /// No connection could be opened.
    closed: bool,
}

impl Failed {
    /// Returns the failure of a call over an open connection.
    fn of(error: Error) -> Self {
        Self { error, outworn: false, led: false, closed: false }
    }
}

impl Masters {
    pub(crate) fn new(addresses: Vec<SocketAddr>, identity: Identity, outlook: Option<Outlook>) -> Self {
        Self { addresses, identity, open: parking_lot::Mutex::default(), line: Mutex::default(), outlook }
    }

    /// Makes `once` with the leader, again and again while it fails in ways that may pass, until the deadline; or, with an
    /// outlook, until that says that there is no use in it.
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
        // Most calls need none.
        let mut pauses_made = None;
        let mut attempt = 0;
        let mut followed = false;
        loop {
            let failed = match self.attempt(patience, deadline, &once).await {
                Ok(value) => return Ok(value),
                Err(failed) => failed,
            };
            if failed.outworn {
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
            // One master that refuses us says little about the others.
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
                    // Another master may answer sooner. A single one is slow, and a new connection is no quicker.
                    RpcError::DeadlineExceeded => self.addresses.len() > 1 || open.is_silent(),
                    _ => true,
                };
                if goes {
                    self.leave(&open, None, deadline).await;
                }
                Err(Failed { outworn: broken && !fresh, ..Failed::of(call_error(&error, &open.address, span)) })
            }
        }
    }

    /// The open connection, or a new one; also whether it is new. Calls that come meanwhile wait for the same one, but none
    /// beyond `until`.
    async fn open(&self, until: Instant) -> Result<(Arc<Open>, bool)> {
        let Ok(mut line) = timeout_at(until.into(), self.line.lock()).await else {
            return Err(Error::new(ErrorCode::Timeout, "no connection was opened in time"));
        };
        if let Some(open) = &*self.open.lock() {
            return Ok((open.clone(), false));
        }
        let limit = until.saturating_duration_since(clock::now()).min(HELLO_TIMEOUT);
        let place = line.leader.take().or_else(|| line.turn(&self.addresses).map(|address| address.to_string()));
        let place = place.ok_or_else(|| Error::new(ErrorCode::InvalidArgument, "no master is known"))?;
        let connected =
            connect(&self.identity, &place, Expected::AnyMaster, Service::Client, Protection::Private, limit);
        let connected = connected.await.map_err(|error| error.into_error(&place))?;
        let open = Arc::new(Open::new(place, connected));
        *self.open.lock() = Some(open.clone());
        Ok((open, true))
    }

    /// Goes on to another master, unless another call has done so already.
    async fn leave(&self, open: &Arc<Open>, leader: Option<String>, until: Instant) {
        // Another call holds it for so long only while it opens the next connection.
        let Ok(mut line) = timeout_at(until.into(), self.line.lock()).await else { return };
        let left = self.open.lock().take_if(|now| Arc::ptr_eq(now, open));
        if left.is_some() {
            line.leader = leader;
        }
    }
}

/// A call without a connection.
fn closed_since(begun: Instant) -> Waited {
    Waited { span: clock::since(begun), connected: false }
}

/// The masters that did not take a connection, and the reasons.
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

/// The address that a master names when it does not lead.
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
