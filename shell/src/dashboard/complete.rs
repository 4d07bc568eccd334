//! Completes lines for the dashboard, on its own thread, and only the line that was typed last.

use crate::prompt::Whole;
use crate::session::Session;
use dfs_tui::top::Message;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::mpsc::Sender;
use tokio::sync::watch;

/// A line to complete, and the channel for the answer.
type Asked = Option<(String, Sender<Message>)>;

/// Completes lines on a thread. Clones share the thread, which ends with the last of them.
#[derive(Debug, Clone)]
pub(super) struct Completer(Arc<watch::Sender<Asked>>);

impl Completer {
    pub(super) fn new(session: &Arc<Mutex<Session>>, runtime: Handle) -> Self {
        let (ask, mut asked) = watch::channel::<Asked>(None);
        let session = session.clone();
        let work = move || {
            let mut whole = Whole::new(&session.lock(), runtime.clone());
            while runtime.block_on(asked.changed()).is_ok() {
                let Some((line, news)) = asked.borrow_and_update().clone() else { continue };
                whole.refresh(&session.lock());
                let candidates = whole.lines(&line);
                // If the channel is full, the answer is dropped: the next key asks again.
                let _ = news.try_send(Message::Completed { line, candidates });
            }
        };
        // Without a thread, nothing is completed.
        let _ = std::thread::Builder::new().name("dfs-complete".to_owned()).spawn(work);
        Self(Arc::new(ask))
    }

    pub(super) fn ask(&self, line: String, news: &Sender<Message>) {
        self.0.send_replace(Some((line, news.clone())));
    }
}
