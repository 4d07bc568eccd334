//! Gives up abandoned and expired writes, and counts the space that the others hold.

use super::{Job, Master};
use crate::master::unfinished::{count_unfinished, give_up_writes};
use dfs_logic::jobs::Step;

#[derive(Debug, Default)]
pub(super) struct GiveUpWrites;

impl Job for GiveUpWrites {
    const NAME: &'static str = "writes";

    async fn step(&mut self, master: &Master) -> Result<Step, String> {
        let given_up = give_up_writes(master).await;
        count_unfinished(master).await;
        given_up.map(Step::done).map_err(|error| error.to_string())
    }
}
