//! The only way to change the state.

use super::State;
use super::principals::Who;
use super::results::{Asked, Remembered};
use super::tree::{self, Changed, Context, Named, Node};
use crate::command::{AdminOp, Command, FsOp, NewFile, Op, Outcome, Refusal};

impl State {
    /// Applies `command`, or returns the first result again if the same caller has sent it
    /// recently.
    ///
    /// The same commands in the same order give the same state and the same results on every
    /// master.
    ///
    /// # Errors
    /// Returns the reason why the command was refused; then nothing was changed.
    pub fn apply(&mut self, command: &Command) -> Result<Outcome, Refusal> {
        let asked = Asked::of(command);
        if let Some(first) = self.results.get(&asked) {
            return first.unfold(&self.principals);
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
        let outcome = remembered.unfold(&self.principals);
        self.results.remember(asked, remembered);
        #[cfg(debug_assertions)]
        self.check_often();
        outcome
    }

    /// Checks all invariants at intervals that grow, so that the work is linear in the number of
    /// commands, not quadratic.
    #[cfg(debug_assertions)]
    fn check_often(&self) {
        let entries = self.totals().files + self.totals().directories + self.chunk_count();
        if self.version.is_multiple_of(entries / 64 + 1) {
            assert_eq!(self.check(), Ok(()), "after command {}", self.version);
        }
    }

    fn perform(&mut self, command: &Command) -> Result<Remembered, Refusal> {
        if let Op::Admin(AdminOp::Init { .. }) = &command.op
            && self.cluster.is_some()
        {
            return Ok(Remembered::Done);
        }
        let who = match &command.op {
            Op::Admin(AdminOp::Init { .. }) => Who::Super,
            _ => Who::of(&self.principals, &command.caller)?,
        };
        match &command.op {
            Op::Fs(op) => self.apply_fs(command, &who, op),
            Op::Chunk(op) => who.need_super().and_then(|()| self.chunks.apply(op)).map(Remembered::from),
            Op::Node(op) => {
                who.need_super()?;
                self.nodes.apply(op, command.at);
                Ok(Remembered::Done)
            }
            Op::Admin(op) => {
                who.need_super()?;
                self.apply_admin(command, op);
                Ok(Remembered::Done)
            }
        }
    }

    fn apply_admin(&mut self, command: &Command, op: &AdminOp) {
        match op {
            AdminOp::Init { cluster, superuser, key } => {
                let owner = self.principals.set_superuser(superuser);
                self.tree.set_owner(owner, command.at, self.version + 1);
                self.cluster = Some(*cluster);
                self.keys.add(key);
            }
            AdminOp::AddKey { key } => self.keys.add(key),
        }
    }

    fn apply_fs(&mut self, command: &Command, who: &Who, op: &FsOp) -> Result<Remembered, Refusal> {
        let cx = Context { who, caller: &command.caller, at: command.at, version: self.version + 1 };
        let Changed { result, named, removed } =
            tree::apply(&mut self.tree, op, cx, &mut self.principals, &self.chunks)?;
        match named {
            Named::Nothing => {}
            Named::First(NewFile { chunks, layout, abandoned, .. }) => {
                self.chunks.name_first(chunks, *layout);
                self.chunks.give_up(abandoned);
            }
            Named::Again(files) => {
                for file in &files {
                    self.chunks.name_again(file.chunks(), file.layout());
                }
            }
            Named::Layout { before, file } => self.chunks.set_layout(file.chunks(), before, file.layout()),
        }
        for node in &removed {
            self.tree.forget_attributes(node);
            node.for_each(|node| {
                if let Node::File(file) = node {
                    self.chunks.drop_names(file.chunks(), file.layout());
                }
            });
        }
        Ok(result)
    }
}
