//! Shows the progress and messages of a command that runs on its own thread, until it ends or
//! Ctrl-Z moves it into the background.

use super::Bars;
use crate::base::exit::Ended;
use crate::base::stop::Attention;
use crate::session::Session;
use crate::session::console::JobConsole;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The interval at which messages of the command are checked.
const LISTEN_EVERY: Duration = Duration::from_millis(100);

/// Shows the progress and messages of a console's command until its end, and returns the result;
/// none after Ctrl-Z, when the command continues in the background. `cancel` asks the command to
/// end.
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
                    bars = console.transfers().map(|transfers| Bars::follow(session, &transfers));
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
