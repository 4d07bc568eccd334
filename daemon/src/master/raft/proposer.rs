//! From single commands to log entries.
//!
//! While one entry is being flushed, commands queue; the next entry takes all of them. So the rate of syncs is the disk's
//! and the rate of commands is whatever queues, without waiting on purpose.

use super::pace::Pace;
use super::types::{Batch, Raft};
use crate::master::log::Log;
use dfs_logic::command::{Command, Outcome, Refusal};
use dfs_logic::stored::command::weight;
use futures::FutureExt;
use futures::future::BoxFuture;
use openraft::error::ClientWriteError;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Commands that wait for an entry; who comes later waits with its connection.
const QUEUE_COMMANDS_MAX: usize = 4096;
/// Commands in one entry.
const ENTRY_COMMANDS_MAX: usize = 1024;
/// An entry is closed when its commands weigh this much.
const ENTRY_BYTES_MAX: usize = 1 << 20;

/// Why a command was not applied, or may not have been.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProposeError {
    /// Another master leads: its id and address, where they are known.
    #[error("this master does not lead")]
    NotLeader { leader: Option<(u64, String)> },
    /// The log has no room for more; nothing was done.
    #[error("the master's disk is full")]
    DiskFull,
    /// This master stops; whether the command was applied is not known.
    #[error("the master is stopping")]
    Stopping,
}

type Answer = Result<Result<Outcome, Refusal>, ProposeError>;

#[derive(Debug)]
struct Proposal {
    command: Command,
    answer: oneshot::Sender<Answer>,
}

/// Where commands go. Cheap to clone; usable from any thread.
#[derive(Debug, Clone)]
pub struct Proposer {
    queue: mpsc::Sender<Proposal>,
    log: Log,
    pace: Arc<Pace>,
}

/// The other end: makes entries, on the Raft thread.
pub struct Batcher {
    queue: mpsc::Receiver<Proposal>,
    raft: Raft,
    log: Log,
    pace: Arc<Pace>,
}

impl std::fmt::Debug for Batcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Batcher")
    }
}

/// Both ends of a new queue. With `busy_wait`, both ends wait awake for each other while a lone client sends command after
/// command ([`Pace`]).
pub fn pair(raft: Raft, log: Log, busy_wait: bool) -> (Proposer, Batcher) {
    let (sender, receiver) = mpsc::channel(QUEUE_COMMANDS_MAX);
    let pace = Arc::new(Pace::new(busy_wait));
    let proposer = Proposer { queue: sender, log: log.clone(), pace: pace.clone() };
    (proposer, Batcher { queue: receiver, raft, log, pace })
}

impl Proposer {
    /// Has the command applied, and says what came of it. When this returns, the command is durable on a majority and
    /// readers of this master see it. A caller that gives up waiting does not take the command back.
    ///
    /// # Errors
    /// When it was not applied, or nobody can say.
    pub fn propose(&self, command: Command) -> BoxFuture<'_, Answer> {
        // Boxed: the futures of all calls are as large as that of the largest, and are moved for each call.
        async move {
            if !self.log.has_room() {
                return Err(ProposeError::DiskFull);
            }
            let (answer, answered) = oneshot::channel();
            let turn = self.pace.enter();
            self.queue.send(Proposal { command, answer }).await.map_err(|_| ProposeError::Stopping)?;
            turn.until(|| !answered.is_empty()).await;
            answered.await.map_err(|_| ProposeError::Stopping)?
        }
        .boxed()
    }

    /// Whether there is room for more commands.
    pub fn has_room(&self) -> bool {
        self.log.has_room()
    }
}

impl Batcher {
    /// Runs until all proposers are gone or Raft has stopped.
    pub async fn run(mut self) {
        let mut waiting = Vec::new();
        loop {
            if waiting.is_empty() {
                let idle = self.pace.idle();
                idle.until(|| !self.queue.is_empty());
                if self.queue.recv_many(&mut waiting, ENTRY_COMMANDS_MAX).await == 0 {
                    return;
                }
                idle.ended(waiting.len());
            }
            let later = waiting.split_off(entry_length(&waiting));
            let entry = std::mem::replace(&mut waiting, later);
            let weight = entry.iter().map(|proposal| weight(&proposal.command)).sum();
            if !self.log.admits(weight).await {
                refuse(entry.into_iter().map(|proposal| proposal.answer), &ProposeError::DiskFull);
                continue;
            }
            self.write(entry).await;
        }
    }

    async fn write(&self, entry: Vec<Proposal>) {
        let (commands, answers): (Vec<_>, Vec<_>) = entry.into_iter().map(|p| (p.command, p.answer)).unzip();
        let Ok(written) = self.raft.client_write_ff(Batch(Arc::new(commands))).await else {
            return refuse(answers, &ProposeError::Stopping);
        };
        match written.await {
            Ok(Ok(response)) => {
                for (answer, result) in answers.into_iter().zip(response.data.0) {
                    // Who has gone away does not want to know.
                    let _ = answer.send(Ok(result));
                }
            }
            Ok(Err(ClientWriteError::ForwardToLeader(forward))) => {
                let leader = forward.leader_id.zip(forward.leader_node.map(|node| node.addr));
                refuse(answers, &ProposeError::NotLeader { leader });
            }
            Ok(Err(ClientWriteError::ChangeMembershipError(_))) | Err(_) => refuse(answers, &ProposeError::Stopping),
        }
    }
}

/// How many of the proposals go into one entry: at least one.
fn entry_length(waiting: &[Proposal]) -> usize {
    let mut bytes = 0;
    let fitting = waiting.iter().take_while(|proposal| {
        let fits = bytes < ENTRY_BYTES_MAX;
        bytes += weight(&proposal.command);
        fits
    });
    fitting.count().max(1).min(waiting.len())
}

fn refuse(answers: impl IntoIterator<Item = oneshot::Sender<Answer>>, why: &ProposeError) {
    for answer in answers {
        let _ = answer.send(Err(why.clone()));
    }
}
