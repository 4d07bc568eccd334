//! Runs commands at the prompt that Ctrl-Z can move into the background.
//!
//! Such a command runs as a job from the beginning, while the session shows its output. Moving it
//! into the background only ends that display. Local paths stay as typed, also in messages;
//! therefore the local working directory cannot change while it runs.

use crate::base::exit::Ended;
use crate::base::interrupt::guarded;
use crate::base::stop;
use crate::lang::{Action, Output, Piece, Statement};
use crate::session::Session;
use crate::session::console::JobConsole;
use crate::session::jobs::{Job, into_background};
use crate::transfer::attend;

/// The commands that move data or wait for that, ask no questions, and do not change the session.
const MOVERS: [&str; 4] = ["put", "get", "cp", "setrep"];

/// Returns true if Ctrl-Z may move the statement into the background: it was typed at the prompt,
/// and its input and output are not the terminal.
pub(super) fn may_leave(session: &Session, statement: &Statement) -> bool {
    let Action::Command { words, output: Output::Stdout } = &statement.action else { return false };
    let is_typed = session.interactive && session.location.is_none() && session.inherited.is_none();
    let is_mover = words.first().is_some_and(|word| match word.pieces.as_slice() {
        [Piece::Bare(name)] => MOVERS.contains(&name.as_str()),
        _ => false,
    });
    let moves_a_stream = || {
        // A variable that is not set is reported when the command runs.
        let texts = words.iter().filter_map(|word| session.scope.expand(word).ok()).flatten();
        texts.into_iter().any(|text| text.plain() == "-")
    };
    is_typed && is_mover && session.console.is_none() && stop::is_heard() && !moves_a_stream()
}

/// Attends to a job until its end, or until Ctrl-Z puts it into the background.
pub(super) async fn attend_to(session: &mut Session, job: Job) -> Ended {
    let console = job.console.clone();
    loop {
        match attended(session, &console).await {
            Some(_) => return job.hand_over(),
            None => match session.jobs.may_begin() {
                Ok(()) => {
                    into_background(session, job);
                    return Ended::Well;
                }
                Err(error) => session.report("dfs-shell", &error),
            },
        }
    }
}

/// Waits for the end of the command; returns `None` after Ctrl-Z. The first Ctrl-C asks the command
/// to end, the second drops it.
async fn attended(session: &mut Session, console: &JobConsole) -> Option<Ended> {
    let epoch = session.epoch;
    let attended = guarded(epoch, |cancel| {
        let session = &mut *session;
        async move { Ok(attend(session, console, &cancel).await) }
    });
    match attended.await {
        Ok(ended) => ended,
        Err(_) => {
            session.screen = None;
            console.abort.cancel();
            Some(console.until_ended().await)
        }
    }
}
