//! Caches the state of the cluster for the prompt. A caller waits at most [`DEADLINE`], whatever
//! the cluster does; a background task keeps the cache up to date.

use super::directories::{Directories, Key, Page};
use crate::session::connect::Target;
use crate::session::{Session, connected};
use dfs_client::{Client, ClusterStatus, ListDirectory};
use dfs_diagnosis::{Finding, Kind, Observation, Severity, findings};
use dfs_types::{DfsPath, Error, ErrorCode, Result};
use parking_lot::{Mutex, MutexGuard};
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{Notify, OnceCell, Semaphore};

/// The maximum time that completion waits. Later answers only update the cache.
pub(super) const DEADLINE: Duration = Duration::from_millis(150);
/// The timeout of a call in the background.
const PATIENCE: Duration = Duration::from_secs(2);
/// The number of names in one request; more are never shown.
pub(super) const NAMES_MAX: u32 = 500;
/// The maximum number of concurrent requests, so that fast typing does not load the cluster.
const QUESTIONS_MAX: usize = 8;
/// Datanodes and users change rarely: cached ones are used for this long.
const WORDS_FRESH: Duration = Duration::from_secs(10);
/// A problem that is over within this time is not reported.
const SETTLING: Duration = Duration::from_secs(5);
/// The maximum time that the prompt waits for a status check, and the pause before it is repeated.
const LOOK_PATIENCE: Duration = Duration::from_millis(300);
const LOOK_PAUSE: Duration = Duration::from_millis(50);
/// The minimum time between two status checks.
const LOOKS_APART: Duration = Duration::from_secs(1);

/// The state of the cluster at the last status check.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Health {
    /// The status was not checked yet.
    #[default]
    Unknown,
    Well,
    /// The cluster answers, but has problems; holds the worst one.
    Troubled(String),
    /// The cluster does not answer.
    Away(Error),
}

/// The names that were requested, as far as they are known.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub page: Page,
    /// True if the cluster did not answer in time; the names are then the last known ones.
    pub late: bool,
}

/// Words of one kind that the cluster knows, such as datanode ids.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    pub words: Vec<String>,
    /// See [`Answer`].
    pub late: bool,
}

/// Called with the states before and after each status check.
type News = Box<dyn FnMut(&Health, &Health) + Send>;

/// Words, and the time at which they were requested.
type Taken = Option<(Vec<String>, Instant)>;

/// The cached knowledge. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Known {
    shared: Arc<Shared>,
}

struct Shared {
    runtime: Handle,
    questions: Arc<Semaphore>,
    /// Requests a status check.
    look: Notify,
    /// Signals that a request has ended, with or without an answer.
    answered: Notify,
    state: Mutex<State>,
    /// Set once the state of the cluster is watched.
    news: Mutex<Option<News>>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("state", &self.state).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct State {
    target: Option<Target>,
    client: Arc<OnceCell<Client>>,
    directories: Directories,
    /// The requests in progress, so that none is sent twice.
    asked: HashSet<Key>,
    nodes: Taken,
    users: Taken,
    health: Health,
    /// The beginning of the status check that found `health`.
    looked: Option<Instant>,
    /// The time since which all checks found problems, while they are not in `health` yet.
    troubled: Option<Instant>,
}

impl Known {
    pub(super) fn new(runtime: Handle) -> Self {
        let questions = Arc::new(Semaphore::new(QUESTIONS_MAX));
        let (look, answered) = (Notify::new(), Notify::new());
        let (state, news) = Default::default();
        Self { shared: Arc::new(Shared { runtime, questions, look, answered, state, news }) }
    }

    /// Switches to the cluster of the session. If it is a different one, the cache is cleared.
    pub(super) fn follow(&self, session: &Session) {
        let mut state = self.shared.state();
        let client = session.connection();
        if state.target.is_some() && !Arc::ptr_eq(&state.client, &client) {
            *state = State::default();
            self.shared.look.notify_one();
        }
        state.client = client;
        state.target = session.target().cloned();
    }

    pub(super) fn health(&self) -> Health {
        self.shared.state().health.clone()
    }

    /// Sets the state of the cluster.
    #[cfg(test)]
    pub(super) fn note(&self, health: Health) {
        self.shared.state().health = health;
    }

    /// Checks the status after a command, so that the next prompt shows what the command has found
    /// or changed. `answered` is false if the command found the cluster unreachable. A change is
    /// reported as usual.
    pub(super) fn look_again(&self, answered: bool) {
        let is_away = matches!(self.health(), Health::Away(_));
        if self.shared.news.lock().is_none() || (is_away && !answered) {
            return;
        }
        let shared = self.shared.clone();
        // A check that is late goes on in the background.
        let look = self.shared.runtime.spawn(async move {
            let begun = Instant::now();
            loop {
                shared.look().await;
                // A cluster that was just started may not answer yet.
                let is_away = matches!(shared.state().health, Health::Away(_));
                if !(answered && is_away) || begun.elapsed() > LOOK_PATIENCE {
                    return;
                }
                tokio::time::sleep(LOOK_PAUSE).await;
            }
        });
        self.before(Instant::now() + LOOK_PATIENCE, look);
    }

    /// Marks directories and status as outdated, because a command ran.
    pub(super) fn outdate(&self) {
        self.shared.state().directories.outdate(Instant::now());
        self.shared.look.notify_one();
    }

    /// Returns the names in a directory that begin with `prefix`, as far as they are known at
    /// `until`.
    pub(super) fn names(&self, directory: &DfsPath, prefix: &str, until: Instant) -> Answer {
        let seen = self.shared.state().directories.seen(directory, prefix, Instant::now());
        if let Some((page, true)) = seen {
            return Answer { page, late: false };
        }
        let key = (directory.clone(), prefix.to_owned());
        self.ask(key.clone());
        let fresh = self.shared.until(|state| match state.directories.seen(directory, prefix, Instant::now()) {
            Some((page, true)) => Some(Some(page)),
            _ => (!state.asked.contains(&key)).then_some(None),
        });
        match self.before(until, fresh).flatten() {
            Some(page) => Answer { page, late: false },
            None => Answer { page: seen.map(|(page, _)| page).unwrap_or_default(), late: true },
        }
    }

    /// Requests the names in the background, unless they are fresh.
    pub(super) fn prefetch(&self, directory: &DfsPath, prefix: &str) {
        let is_fresh =
            matches!(self.shared.state().directories.seen(directory, prefix, Instant::now()), Some((_, true)));
        if !is_fresh {
            self.ask((directory.clone(), prefix.to_owned()));
        }
    }

    /// Returns true if the path exists, false if it does not, and `None` if that is unknown. With
    /// `begun`, a longer path that begins with this one counts as well. Never calls the cluster.
    pub(super) fn has(&self, path: &DfsPath, begun: bool) -> Option<bool> {
        self.shared.state().directories.has(path, begun, Instant::now())
    }

    /// Returns the ids of the datanodes.
    pub(super) fn nodes(&self) -> Words {
        self.words(
            |state| &mut state.nodes,
            |client| async move { Ok(client.nodes().await?.iter().map(|node| node.id.to_string()).collect()) },
        )
    }

    /// Returns the known users: only the current one.
    pub(super) fn users(&self) -> Words {
        self.words(|state| &mut state.users, |client| async move { Ok(vec![client.whoami().await?]) })
    }

    fn words<F>(&self, place: fn(&mut State) -> &mut Taken, ask: fn(Client) -> F) -> Words
    where
        F: Future<Output = Result<Vec<String>>> + Send + 'static,
    {
        let known = place(&mut self.shared.state()).clone();
        if let Some((words, taken)) = &known
            && taken.elapsed() < WORDS_FRESH
        {
            return Words { words: words.clone(), late: false };
        }
        let shared = self.shared.clone();
        let about = self.shared.state().client.clone();
        let question = self.shared.runtime.spawn(async move {
            let words = ask(shared.client().await.ok()?).await.ok()?;
            let mut state = shared.state();
            if !Arc::ptr_eq(&about, &state.client) {
                return None;
            }
            *place(&mut state) = Some((words.clone(), Instant::now()));
            Some(words)
        });
        match self.before(Instant::now() + DEADLINE, question).and_then(|answer| answer.ok().flatten()) {
            Some(words) => Words { words, late: false },
            None => Words { words: known.map(|(words, _)| words).unwrap_or_default(), late: true },
        }
    }

    /// Waits for the answer until `until`. A spawned call that is late continues in the background,
    /// and its result is cached.
    fn before<T>(&self, until: Instant, answer: impl Future<Output = T>) -> Option<T> {
        self.shared.runtime.block_on(async { tokio::time::timeout_at(until.into(), answer).await }).ok()
    }

    /// Runs a blocking look-up on this machine, with a time limit: a directory may be on a network
    /// that does not answer.
    pub(super) fn looked_up<T: Send + 'static>(&self, look: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let look = self.shared.runtime.spawn_blocking(look);
        self.before(Instant::now() + DEADLINE, look)?.ok()
    }

    /// Requests a listing, unless the same request is in progress or there are too many requests.
    fn ask(&self, key: Key) {
        let Ok(permit) = self.shared.questions.clone().try_acquire_owned() else { return };
        let mut state = self.shared.state();
        if !state.asked.insert(key.clone()) {
            return;
        }
        let about = state.client.clone();
        drop(state);
        let shared = self.shared.clone();
        self.shared.runtime.spawn(async move {
            let asked_at = Instant::now();
            let page = shared.list(&key).await;
            drop(permit);
            let away = matches!(&page, Err(error) if matches!(error.code, ErrorCode::Unreachable | ErrorCode::Timeout));
            let mut state = shared.state();
            // Discards the answer of a cluster that the session has left.
            if Arc::ptr_eq(&about, &state.client) {
                state.asked.remove(&key);
                if let Ok(page) = page {
                    state.directories.keep(key, page, asked_at);
                }
            }
            drop(state);
            shared.answered.notify_waiters();
            if away {
                shared.look.notify_one();
            }
        });
    }

    /// Checks the status of the cluster for as long as the runtime lives. `news` is called with the
    /// states before and after each check.
    pub(super) fn watch(&self, news: impl FnMut(&Health, &Health) + Send + 'static) {
        let shared = self.shared.clone();
        *shared.news.lock() = Some(Box::new(news));
        self.shared.look.notify_one();
        self.shared.runtime.spawn(async move {
            let mut pause = LOOKS_APART;
            loop {
                if matches!(shared.state().health, Health::Away(_)) {
                    // Repeats the check, because the user may be waiting for the cluster to come
                    // back.
                    let _ = tokio::time::timeout(pause, shared.look.notified()).await;
                    pause = (pause * 2).min(LOOKS_APART * 16);
                } else {
                    shared.look.notified().await;
                    pause = LOOKS_APART;
                }
                shared.look().await;
                if shared.state().troubled.is_some() {
                    tokio::time::sleep(SETTLING).await;
                    shared.look().await;
                }
                if !matches!(shared.state().health, Health::Away(_)) {
                    tokio::time::sleep(LOOKS_APART).await;
                }
            }
        });
    }
}

impl State {
    /// Records the state found by a check that began at `begun`; returns the previous one. Returns
    /// none if the state stays as it was: a later check is known, or a problem may be over in a
    /// moment, such as that of chunks that were just written and are under-replicated.
    fn looked(&mut self, begun: Instant, now: &Health) -> Option<Health> {
        if self.looked.is_some_and(|looked| looked > begun) {
            return None;
        }
        if matches!((&self.health, now), (Health::Unknown | Health::Well, Health::Troubled(_))) {
            let since = *self.troubled.get_or_insert(begun);
            if begun.duration_since(since) < SETTLING {
                return None;
            }
        }
        (self.looked, self.troubled) = (Some(begun), None);
        Some(std::mem::replace(&mut self.health, now.clone()))
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Waits until `given` returns a value; calls it again after each answer.
    async fn until<T>(&self, given: impl Fn(&State) -> Option<T>) -> T {
        loop {
            let answered = self.answered.notified();
            if let Some(value) = given(&self.state()) {
                return value;
            }
            answered.await;
        }
    }

    async fn client(&self) -> Result<Client> {
        let (target, client) = {
            let state = self.state();
            (state.target.clone().ok_or_else(crate::session::connect::nowhere)?, state.client.clone())
        };
        Ok(connected(&client, &target).await?.fail_fast().with_timeout(PATIENCE))
    }

    /// Checks the status of the cluster, records it, and reports a change.
    async fn look(&self) {
        let (begun, about) = (Instant::now(), self.state().client.clone());
        let now = self.look_at_it().await;
        // Held until the change was reported, so that changes are reported in their order.
        let mut news = self.news.lock();
        let before = {
            let mut state = self.state();
            // Discards the answer of a cluster that the session has left.
            if Arc::ptr_eq(&about, &state.client) { state.looked(begun, &now) } else { None }
        };
        self.answered.notify_waiters();
        if let (Some(before), Some(news)) = (before, news.as_mut()) {
            news(&before, &now);
        }
    }

    async fn look_at_it(&self) -> Health {
        let status = async { self.client().await?.status().await };
        match status.await {
            Ok(status) => troubles(&status).map_or(Health::Well, Health::Troubled),
            Err(error) => Health::Away(error),
        }
    }

    async fn list(&self, (directory, prefix): &Key) -> Result<Page> {
        let client = self.client().await?;
        let list = ListDirectory { path: directory.clone(), after: None, prefix: prefix.clone(), limit: NAMES_MAX };
        let page = match client.list(list).await {
            Ok(page) => page,
            Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::NotADirectory) => {
                return Ok(Page::of(Vec::new(), false, None));
            }
            Err(error) => return Err(error),
        };
        let is_itself = page.entries.len() == 1
            && page.entries.iter().all(|entry| Some(entry.name.as_str()) == directory.name())
            && client.stat(directory).await?.kind != dfs_types::Kind::Directory;
        if is_itself {
            // The listing of a file contains only the file.
            return Ok(Page::of(Vec::new(), false, None));
        }
        let mut total = None;
        if page.more && prefix.is_empty() {
            // A directory counts files at any depth: the count equals its own entries only if it
            // has no subdirectories.
            let stat = client.stat(directory).await?;
            total = (stat.directories == 0).then_some(stat.files);
        }
        Ok(Page::of(page.entries, page.more, total))
    }
}

/// Returns the worst finding if data cannot be read or changed, replicas are missing, or the state
/// of the chunks is unknown. `status` shows the rest.
fn troubles(status: &ClusterStatus) -> Option<String> {
    const TOLD: [Kind; 7] = [
        Kind::SafeMode,
        Kind::Waiting,
        Kind::ChunksMissing,
        Kind::ChunksAtRisk,
        Kind::ChunksUnderReplicated,
        Kind::TooManyReplicasWanted,
        Kind::NoDatanode,
    ];
    let seen = Observation { status, nodes: &[], affected: None, age: Duration::ZERO, local: None };
    let found = findings(&seen);
    let told = |finding: &&Finding| finding.severity == Severity::Critical || TOLD.contains(&finding.kind);
    found.iter().filter(told).min_by_key(|finding| finding.severity).map(Finding::sentence)
}
