//! Records in the log the datanodes that registered for the first time, and removed ones that
//! registered again.

use super::{Job, Master, applied};
use dfs_logic::cluster::{Effect, Event};
use dfs_logic::command::{NodeOp, Op};
use dfs_logic::jobs::Step;
use dfs_types::AdminState;

#[derive(Debug, Default)]
pub(super) struct NoteMembers;

impl Job for NoteMembers {
    const NAME: &'static str = "members";

    async fn step(&mut self, master: &Master) -> Result<Step, String> {
        let (mut done, mut failed) = (0, None);
        for effect in master.observe(Event::NoteMembers) {
            let Effect::Propose(op) = effect else { continue };
            if !master.proposer.has_room() {
                break;
            }
            match applied(master.propose_own(op.clone()).await) {
                Ok(Some(_)) => done += 1,
                Ok(None) => break,
                // The other datanodes are recorded nevertheless.
                Err(error) => {
                    failed = Some(error);
                    continue;
                }
            }
            if let Op::Node(NodeOp::SetAdminState { node, admin_state: AdminState::InService }) = op {
                master.observe(Event::Rejoined { node });
            }
        }
        failed.map_or(Ok(Step::done(done)), Err)
    }
}
