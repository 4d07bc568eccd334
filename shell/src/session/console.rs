//! The state shared by a background job and the session that started it.

use super::running::RunningTransfers;
use crate::base::exit::Ended;
use crate::base::interrupt::{Running, hangup};
use crate::base::report::interrupted;
use crate::base::terminal;
use dfs_types::Result;
use parking_lot::{Mutex, MutexGuard};
use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The maximum number of messages kept per job; the oldest are dropped.
const MESSAGES_MAX: usize = 200;

/// The console of one job.
#[derive(Debug, Default)]
pub struct JobConsole {
    /// Asks the job to end.
    pub cancel: CancellationToken,
    /// Drops the job immediately.
    pub abort: CancellationToken,
    /// The local working directory in which the job started; that of the process may have changed
    /// since. Empty if the command was started in the foreground and uses that of the process.
    pub here: PathBuf,
    /// True if a full-screen program occupies the terminal, so that commands must not use it.
    pub covered: bool,
    /// True while a user watches the job.
    watched: AtomicBool,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    messages: VecDeque<String>,
    dropped: usize,
    transfers: Option<RunningTransfers>,
    ended: Option<Ended>,
    /// Messages are written here at once, if set, instead of being kept.
    said: Option<File>,
    question: Option<String>,
}

impl JobConsole {
    /// Creates the console of a job that starts in this local directory.
    pub fn new(here: PathBuf) -> Self {
        Self { here, ..Self::default() }
    }

    /// Creates the console of a command that is run from the dashboard, which occupies the
    /// terminal. Messages are written to `said` at once.
    pub fn covered(here: PathBuf, said: File) -> Self {
        Self { covered: true, state: Mutex::new(State { said: Some(said), ..State::default() }), ..Self::new(here) }
    }

    /// Returns true if the command has a local working directory of its own.
    pub fn has_place(&self) -> bool {
        !self.here.as_os_str().is_empty()
    }

    /// Sets whether a user watches the job.
    pub fn watch(&self, watched: bool) {
        self.watched.store(watched, Ordering::Relaxed);
    }

    pub fn is_watched(&self) -> bool {
        self.watched.load(Ordering::Relaxed)
    }

    /// Closes `said`: no more messages follow, so its reader need not wait.
    pub fn hang_up(&self) {
        self.state().said = None;
    }

    /// Records the question that the command would have asked.
    pub fn ask(&self, question: &str) {
        self.state().question = Some(question.to_owned());
    }

    /// Returns the question that the command would have asked; the command then did nothing.
    pub fn question(&self) -> Option<String> {
        self.state().question.clone()
    }

    /// Adds a message, or writes it to `said`.
    pub fn say(&self, text: String) {
        let mut state = self.state();
        if let Some(said) = &mut state.said {
            // An error means that no reader is left.
            let _ = said.write_all(text.as_bytes());
            return;
        }
        if state.messages.len() >= MESSAGES_MAX {
            state.messages.pop_front();
            state.dropped += 1;
        }
        state.messages.push_back(text);
    }

    /// Returns the messages since the last call.
    pub fn messages(&self) -> String {
        let mut state = self.state();
        let dropped = std::mem::take(&mut state.dropped);
        let sign = terminal::glyphs().ellipsis();
        let more = if dropped > 0 { format!("{sign} {dropped} earlier messages\n") } else { String::new() };
        more + &state.messages.drain(..).collect::<String>()
    }

    /// Publishes the progress of a transfer.
    pub fn show(&self, transfers: RunningTransfers) {
        self.state().transfers = Some(transfers);
    }

    /// Returns the current or last transfer.
    pub fn transfers(&self) -> Option<RunningTransfers> {
        self.state().transfers.clone()
    }

    pub fn end(&self, ended: Ended) {
        self.state().ended = Some(ended);
        self.changed.notify_waiters();
    }

    /// Returns the result, if the job has ended.
    pub fn ended(&self) -> Option<Ended> {
        self.state().ended
    }

    /// Waits until the job has ended.
    pub async fn until_ended(&self) -> Ended {
        loop {
            // Registered before the check, so that an end between the two is not missed.
            let changed = self.changed.notified();
            if let Some(ended) = self.ended() {
                return ended;
            }
            changed.await;
        }
    }

    /// Runs the command of this console; the tokens of the console cancel and abort it.
    ///
    /// # Errors
    /// Those of the command; `interrupted` when it was dropped.
    pub(crate) async fn guarded<T, F>(&self, work: impl FnOnce(CancellationToken) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let _running = Running::begin();
        let mut work = std::pin::pin!(work(self.cancel.clone()));
        tokio::select! {
            biased;
            result = &mut work => return result,
            () = self.abort.cancelled() => return Err(interrupted()),
            () = hangup() => self.cancel.cancel(),
        }
        tokio::select! {
            biased;
            result = work => result,
            () = self.abort.cancelled() => Err(interrupted()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_messages_are_kept() {
        let console = JobConsole::default();
        (0..MESSAGES_MAX + 3).for_each(|number| console.say(format!("{number}\n")));
        let said = console.messages();
        assert!(said.starts_with("… 3 earlier messages\n3\n4\n") && said.ends_with("202\n"), "{said}");
        assert_eq!(console.messages(), "");
    }

    #[tokio::test]
    async fn the_end_is_waited_for() {
        let console = std::sync::Arc::new(JobConsole::default());
        let (other, waiting) = (console.clone(), console.until_ended());
        tokio::join!(async { assert_eq!(waiting.await, Ended::Failed(5)) }, async { other.end(Ended::Failed(5)) });
        assert_eq!(console.until_ended().await, Ended::Failed(5));
    }
}
