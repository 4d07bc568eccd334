//! A command that runs on a thread of its own, at the front: what it does and says is shown, and Ctrl-Z leaves it to itself.

use super::Bars;
use crate::base::exit::Ended;
use crate::base::stop::Attention;
use crate::session::Session;
use crate::session::console::JobConsole;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it is looked whether the command has something to say.
const LISTEN_EVERY: Duration = Duration::from_millis(100);

/// Shows what the command of a console does and says until its end, and gives that; none when Ctrl-Z was pressed, and the
/// command goes on in the background. `cancel` asks it to end.
pub(crate) async fn attend(session: &mut Session, console: &JobConsole, cancel: &CancellationToken) -> Option<Ended> {
    let mut attention = Attention::begin();
    let mut bars = None;
    let mut ticks = tokio::time::interval(LISTEN_EVERY);
    let mut asked = false;
    console.watch(true);
    let ended = loop {
        tokio::select! {
            biased;
            ended = console.until_ended() => break Some(ended),
            () = attention.pressed() => break None,
            () = cancel.cancelled(), if !asked => {
                asked = true;
                console.cancel.cancel();
            }
            _ = ticks.tick() => {
                if bars.is_none() {
                    bars = console.board().map(|board| Bars::follow(session, &board));
                }
                let said = console.messages();
                if !said.is_empty() {
                    session.tell(said);
                }
            }
        }
    };
    console.watch(false);
    if let Some(mut bars) = bars {
        bars.clear(session);
    }
    ended
}
