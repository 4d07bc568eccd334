//! Commands at the prompt that Ctrl-Z puts into the background.
//!
//! Such a command runs as a job from its beginning, and the session attends to it. Putting it into the background is to
//! stop attending: nothing of the command has to move. Local names stay as they were typed, in what is said as well;
//! therefore the local working directory cannot be changed while it runs.

use crate::base::exit::Ended;
use crate::base::interrupt::guarded;
use crate::base::stop;
use crate::lang::{Action, Output, Piece, Statement};
use crate::session::Session;
use crate::session::console::JobConsole;
use crate::session::jobs::{Job, into_background};
use crate::transfer::attend;

/// The commands that move data, or wait for that, ask nothing, and change nothing of the session.
const MOVERS: [&str; 4] = ["put", "get", "cp", "setrep"];

/// Returns true if Ctrl-Z may put the statement into the background: somebody types at the prompt, and neither input nor
/// output of the command are the terminal's.
pub(super) fn may_leave(session: &Session, statement: &Statement) -> bool {
    let Action::Command { words, output: Output::Stdout } = &statement.action else { return false };
    let is_typed = session.interactive && session.location.is_none() && session.inherited.is_none();
    let is_mover = words.first().is_some_and(|word| match word.pieces.as_slice() {
        [Piece::Bare(name)] => MOVERS.contains(&name.as_str()),
        _ => false,
    });
    let moves_a_stream = || {
        // What cannot be put in is said where the command runs.
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

/// The end of the command; none when Ctrl-Z was pressed. The first Ctrl-C asks it to end, the second drops it.
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
