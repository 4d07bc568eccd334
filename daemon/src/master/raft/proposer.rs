//! Batches single commands into log entries.
//!
//! While one entry is being synced, commands queue up; the next entry takes all of them. So the
//! disk determines the rate of syncs, and the number of commands per sync grows with the load,
//! without any artificial delay.

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

/// The maximum number of commands that wait for an entry; further ones wait in their connections.
const QUEUE_COMMANDS_MAX: usize = 4096;
/// The maximum number of commands in one entry.
const ENTRY_COMMANDS_MAX: usize = 1024;
/// An entry is closed when its commands weigh this much.
const ENTRY_BYTES_MAX: usize = 1 << 20;

/// The reason why a command was not applied, or may not have been applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProposeError {
    /// Another master is the leader: its id and address, if they are known.
    #[error("this master is not the leader")]
    NotLeader { leader: Option<(u64, String)> },
    /// The log has no room for more; nothing was done.
    #[error("the master's disk is full")]
    DiskFull,
    /// This master is stopping; it is unknown whether the command was applied.
    #[error("the master is stopping")]
    Stopping,
}

type Answer = Result<Result<Outcome, Refusal>, ProposeError>;

#[derive(Debug)]
struct Proposal {
    command: Command,
    answer: oneshot::Sender<Answer>,
}

/// The sending end of the queue. Cheap to clone; usable from any thread.
#[derive(Debug, Clone)]
pub struct Proposer {
    queue: mpsc::Sender<Proposal>,
    log: Log,
    pace: Arc<Pace>,
}

/// The receiving end: makes entries, on the Raft thread.
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

/// Makes both ends of a new queue. With `busy_wait`, both ends busy-wait for each other while a
/// lone client sends one command after the other ([`Pace`]).
pub fn pair(raft: Raft, log: Log, busy_wait: bool) -> (Proposer, Batcher) {
    let (sender, receiver) = mpsc::channel(QUEUE_COMMANDS_MAX);
    let pace = Arc::new(Pace::new(busy_wait));
    let proposer = Proposer { queue: sender, log: log.clone(), pace: pace.clone() };
    (proposer, Batcher { queue: receiver, raft, log, pace })
}

impl Proposer {
    /// Proposes a command and returns its result. When this returns, the command is durable on a
    /// majority of masters and readers of this master see it. A caller that stops waiting does not
    /// cancel the command.
    ///
    /// # Errors
    /// Returns an error if it was not applied, or if it is unknown whether it was.
    pub fn propose(&self, command: Command) -> BoxFuture<'_, Answer> {
        // Boxed: the futures of all calls have the size of the largest one, and are moved for each
        // call.
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

    /// Returns true if there is room for more commands.
    pub fn has_room(&self) -> bool {
        self.log.has_room()
    }
}

impl Batcher {
    /// Runs until all proposers are dropped or Raft has stopped.
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
                    // A caller that stopped waiting does not need the result.
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

/// Returns the number of proposals that go into one entry: at least one.
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
