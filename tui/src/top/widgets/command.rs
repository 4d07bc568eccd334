//! Commands that were run from the dashboard: how far one is, and how it is ended.

use crate::top::chart::bar;
use crate::top::message::{Act, CommandState, Effect};
use crate::top::shared::CommandLine;
use dfs_term::figures::{percent, rate, size_short};

const BAR_CELLS: usize = 8;

/// Returns how far a transfer is.
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

/// Asks a command that runs to end.
pub fn cancel(command: &CommandLine) -> Vec<Act> {
    let line = &command.line;
    if command.ended_ms.is_some() {
        return vec![Act::Say(format!("has already ended: {line}"))];
    }
    let said = format!("cancelling: {line}; x again aborts it at once");
    vec![Act::Effect(Effect::Cancel { number: command.number }), Act::Say(said)]
}
