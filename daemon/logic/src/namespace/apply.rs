//! The one way to change the namespace.

use super::state::Namespace;
use super::window::{Asked, Remembered};
use crate::command::{Command, Op, Outcome, Refusal};

impl Namespace {
    /// Does what `command` says, or gives once more what came of it if the same caller had it done lately.
    ///
    /// The same commands in the same order give the same state and the same results, everywhere.
    ///
    /// # Errors
    /// Says why the command was refused; then nothing was changed.
    pub fn apply(&mut self, command: &Command) -> Result<Outcome, Refusal> {
        let asked = Asked::of(command);
        if let Some(first) = self.window.get(&asked) {
            return first.unfold(&self.users);
        }
        let result = self.perform(command);
        if result == Err(Refusal::NotInitialised) {
            // Not remembered: the state before the first command is always the same.
            return Err(Refusal::NotInitialised);
        }
        if result.is_ok() {
            self.version += 1;
        }
        let remembered = result.unwrap_or_else(Remembered::Refused);
        let outcome = remembered.unfold(&self.users);
        self.window.remember(asked, remembered);
        outcome
    }

    fn perform(&mut self, command: &Command) -> Result<Remembered, Refusal> {
        match &command.op {
            Op::Init { cluster, superuser, key } => Ok(self.init(*cluster, superuser, key, command.at)),
            Op::Mkdir { path, parents } => self.mkdir(command, path, *parents),
            Op::Rename { from, to, overwrite } => self.rename(command, from, to, *overwrite),
            Op::Delete { path, recursive } => self.delete(command, path, *recursive),
            Op::CommitWrite(file) => self.commit_write(command, file),
            Op::ReserveChunks { count } => self.reserve_chunks(command, *count),
            Op::RaiseFloor { floor } => self.raise_floor(command, *floor),
            Op::AddKey { key } => self.add_key(command, key),
            Op::SetReplication { path, replication } => self.set_replication(command, path, *replication),
            Op::SetDuty { node, duty } => self.set_duty(command, *node, *duty),
            Op::AbandonChunks { chunks } => self.abandon_chunks(command, chunks),
            Op::AddNode { node } => self.add_node(command, *node),
            Op::SetAttributes { path, change } => self.set_attributes(command, path, change),
        }
    }
}
