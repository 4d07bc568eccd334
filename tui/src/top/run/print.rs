//! Prints one frame as text, without a terminal.

use super::effects::EffectRunner;
use super::source::Shown;
use super::start::Start;
use crate::top::message::{Effect, Message};
use crate::top::model::Model;
use crate::top::once;
use crate::top::update::{entered, update};
use crate::top::world::MESSAGES_WAITING_MAX;
use dfs_types::{Error, Result};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// The maximum time to wait for the data of the view before a frame is printed.
const SETTLE_TIME: Duration = Duration::from_secs(5);

/// The format of a printed frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Print {
    pub columns: u16,
    pub lines: u16,
    /// True to print with colours.
    pub ansi: bool,
}

/// A printed frame.
#[derive(Debug)]
pub struct Printed {
    pub text: String,
    /// The reason why no master answered; the frame shows the command to run.
    pub failed: Option<Error>,
}

/// Returns one frame as text: of the current state, or of a moment of a recording.
///
/// # Errors
/// Returns the errors of the request for the snapshot, except for unreachable masters; `local_io`
/// if it cannot be recorded.
pub async fn print(start: Start, print: Print) -> Result<Printed> {
    let Start { options, source, .. } = start;
    let mut model = Model::new(options);
    let (messages, mut waiting) = mpsc::channel(MESSAGES_WAITING_MAX);
    let (every, _) = watch::channel(model.shared.refresh_ms);
    update(&mut model, Message::Resize(print.columns, print.lines));
    let Shown { client, world, failed } = source.show(&mut model, messages.clone()).await?;
    let runner =
        EffectRunner { client, world, messages, every, preferences: None, counting: Default::default(), player: None };
    // Without a snapshot nothing more is requested.
    let mut asked = if failed.is_none() { ask(&runner, entered(&mut model)) } else { 0 };
    let deadline = Instant::now() + SETTLE_TIME;
    while asked > 0 {
        let Ok(Some(message)) = tokio::time::timeout_at(deadline.into(), waiting.recv()).await else { break };
        asked -= 1;
        asked += ask(&runner, update(&mut model, message));
    }
    let frame = once::frame(&model, print.columns, print.lines);
    let text = if print.ansi { once::ansi(&frame) } else { once::plain(&frame) };
    Ok(Printed { text, failed })
}

/// Performs the effects and returns the number of answers to expect.
fn ask(runner: &EffectRunner, effects: Vec<Effect>) -> usize {
    let answered = |effect: &Effect| {
        matches!(
            effect,
            Effect::List { .. }
                | Effect::ListLocal { .. }
                | Effect::Traffic { .. }
                | Effect::Jobs
                | Effect::Look { .. }
                | Effect::ReadLog { .. }
        )
    };
    let asked: Vec<Effect> = effects.into_iter().filter(answered).collect();
    let count = asked.len();
    asked.into_iter().for_each(|effect| runner.perform(effect));
    count
}
