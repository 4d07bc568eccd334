//! Shows the progress of commands that were run from the dashboard, and cancels them.

use crate::top::chart::bar;
use crate::top::message::{Act, CommandState, Effect};
use crate::top::shared::CommandLine;
use dfs_term::figures::{percent, rate, size_short};

const BAR_CELLS: usize = 8;

/// Returns the progress of a transfer.
pub fn progress(command: &CommandLine) -> String {
    match command.state {
        CommandState::Running { moved, total: Some(total) } if total > 0 => {
            let part = moved as f64 / total as f64;
            format!("{} {:>5} {}", bar(part, BAR_CELLS), percent(moved, total), rate(command.meter.rate()))
        }
        CommandState::Running { moved, .. } if moved > 0 => {
            format!("{} so far, {}", size_short(moved), rate(command.meter.rate()))
        }
        _ => "–".to_owned(),
    }
}

/// Requests the cancellation of a running command.
pub fn cancel(command: &CommandLine) -> Vec<Act> {
    let line = &command.line;
    if command.ended_ms.is_some() {
        return vec![Act::Say(format!("has already ended: {line}"))];
    }
    let said = format!("cancelling: {line}; x again aborts it at once");
    vec![Act::Effect(Effect::Cancel { number: command.number }), Act::Say(said)]
}
