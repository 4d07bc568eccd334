//! Runs commands of the dashboard and reports their results.

use crate::top::message::{Act, CommandNews, CommandState, Effect};
use crate::top::model::{Model, Overlay};
use crate::top::page_id::PageId;
use crate::top::shared::{COMMANDS_KEPT_MAX, CommandLine};
use crate::top::widgets::page_area;
use dfs_term::meter::Meter;
use dfs_term::text::{sanitise, width};
use dfs_types::{Error, ErrorCode};
use std::time::Duration;

/// A command that ends within this time after its start still has the user's attention: its output
/// may be shown at once.
const AWAITED_MS_MAX: u64 = 10_000;

/// Lines and cells of the border of a box, and of its padding.
const BOX_LINES: usize = 2;
const BOX_CELLS: usize = 4;

/// Handles news of a command.
pub(super) fn news(model: &mut Model, news: &CommandNews) -> Vec<Act> {
    model.dirty = true;
    let now = model.shared.now.elapsed_ms;
    let Some(at) = model.shared.commands.iter().position(|command| command.number == news.number) else {
        return Vec::new();
    };
    let Some(command) = model.shared.commands.get_mut(at) else { return Vec::new() };
    command.state = news.state.clone();
    match &news.state {
        CommandState::Running { moved, .. } => {
            command.meter.note(Duration::from_millis(now), *moved);
            Vec::new()
        }
        CommandState::WouldAsk(question) => {
            model.shared.commands.remove(at);
            vec![Act::Ask(question.clone())]
        }
        CommandState::Ended { code, output } => {
            command.ended_ms = Some(now);
            let awaited = now.saturating_sub(command.began_ms) <= AWAITED_MS_MAX;
            let (line, number) = (command.line.clone(), command.number);
            if model.said.as_ref().is_some_and(|said| *said == running(&line)) {
                model.said = None;
            }
            let key = PageId::Commands.key();
            let short = !output.trim_end().contains('\n');
            // The user who cancelled it knows the reason.
            let interrupted = *code == ErrorCode::Interrupted.exit_code();
            command.read = *code == 0 || interrupted;
            match (code, output.trim_end()) {
                _ if interrupted => vec![Act::Say(format!("cancelled: {line}"))],
                (0, "") => vec![Act::Say(format!("done: {line}"))],
                (0, answer) if short => vec![Act::Say(answer.to_owned())],
                (0, answer) if awaited && fits(model, answer) => {
                    model.overlay = Overlay::Output { line, text: shown(answer) };
                    Vec::new()
                }
                (0, _) if awaited && matches!(model.overlay, Overlay::None) => {
                    model.pages.commands.choose(number);
                    vec![Act::Go(PageId::Commands)]
                }
                (0, _) => vec![Act::Say(format!("done: {line}; {key} shows its output"))],
                (_, why) => {
                    let first = why.lines().next().unwrap_or(&line);
                    vec![Act::Say(format!("failed: {first}; {key} shows it"))]
                }
            }
        }
    }
}

/// Returns true if an output fits into a box over the view in which its line was typed.
fn fits(model: &Model, answer: &str) -> bool {
    let area = page_area(model.shared.area);
    let text = shown(answer);
    let lines = text.lines().count() + BOX_LINES;
    let cells = text.lines().map(width).max().unwrap_or(0) + BOX_CELLS;
    let free = matches!(model.overlay, Overlay::None) && model.page != PageId::Commands;
    free && lines <= usize::from(area.height) && cells <= usize::from(area.width)
}

/// Returns the output in a form that is safe for a terminal.
fn shown(answer: &str) -> String {
    let lines = answer.lines().map(|line| sanitise(&line.replace('\t', "    ")).into_owned());
    lines.collect::<Vec<_>>().join("\n")
}

/// Reports that the recording has ended early, in the form of a failed command, so that it stays
/// until it is read.
pub(super) fn unrecorded(model: &mut Model, error: &Error) -> Vec<Act> {
    model.shared.recorded = false;
    let Effect::Run { number, .. } = run(model, "top --record".to_owned()) else { return Vec::new() };
    let output = format!("the recording has stopped: {error}\n");
    news(model, &CommandNews { number, state: CommandState::Ended { code: error.code.exit_code(), output } })
}

/// Returns the message that stays in the foot line until a command has ended or a key is pressed.
fn running(line: &str) -> String {
    format!("running: {line}")
}

/// Starts a command.
pub(super) fn run(model: &mut Model, line: String) -> Effect {
    model.last_command += 1;
    let number = model.last_command;
    let commands = &mut model.shared.commands;
    if commands.len() >= COMMANDS_KEPT_MAX {
        let ended = commands.iter().position(|command| command.ended_ms.is_some());
        commands.remove(ended.unwrap_or(0));
    }
    let began_ms = model.shared.now.elapsed_ms;
    commands.push_back(CommandLine {
        number,
        line: line.clone(),
        state: CommandState::Running { moved: 0, total: None },
        meter: Meter::default(),
        began_ms,
        ended_ms: None,
        read: false,
    });
    model.said = Some(running(&line));
    Effect::Run { number, line }
}
