//! Keeps the progress lines of a transfer up to date, on a terminal only.

use super::lines::{FILES_SHOWN_MAX, lines};
use crate::base::screen::Screen;
use crate::base::terminal;
use crate::session::Session;
use crate::session::running::RunningTransfers;
use dfs_term::{Glyphs, Meter};
use std::io::IsTerminal;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// The interval at which the lines are drawn.
const DRAW_EVERY: Duration = Duration::from_millis(100);
/// The rows of the terminal that are reserved for the output above.
const ROWS_LEFT: usize = 3;

/// The cells that a line may gain when its glyphs are written in ASCII: two ellipses.
const ASCII_ROOM: usize = 4;

/// The progress lines of a transfer, until they are cleared.
#[derive(Debug)]
pub(crate) struct Bars(Option<Drawing>);

/// The drawn lines. They are erased when this is dropped, because a transfer may be dropped at any
/// point.
#[derive(Debug)]
struct Drawing {
    screen: Screen,
    task: JoinHandle<()>,
}

impl Drop for Drawing {
    fn drop(&mut self) {
        self.task.abort();
        self.screen.end();
    }
}

impl Bars {
    /// Shows the progress on the list of running transfers; draws nothing if the output is not visible.
    pub(crate) fn follow(session: &mut Session, transfers: &RunningTransfers) -> Self {
        if let Some(console) = &session.console {
            console.show(transfers.clone());
            return Self(None);
        }
        let options = &session.options;
        let unwanted = options.no_progress || options.quiet || options.json || session.is_plain();
        if unwanted || !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let screen = Screen::begin();
        session.screen = Some(screen.clone());
        let task = tokio::spawn(draw(screen.clone(), transfers.clone()));
        Self(Some(Drawing { screen, task }))
    }

    /// Erases the lines.
    pub(crate) fn clear(&mut self, session: &mut Session) {
        if self.0.take().is_some() {
            session.screen = None;
        }
    }
}

async fn draw(screen: Screen, transfers: RunningTransfers) {
    let (start, mut meter) = (Instant::now(), Meter::default());
    let glyphs = terminal::glyphs();
    let mut ticks = tokio::time::interval(DRAW_EVERY);
    // There is no progress to show at the first tick.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let (cells, rows) = Screen::size();
        let picture = transfers.picture(FILES_SHOWN_MAX.min(rows.saturating_sub(ROWS_LEFT)));
        meter.note(start.elapsed(), picture.moved);
        let left = meter.eta(picture.moved + (picture.total - picture.done));
        let room = cells.saturating_sub(if glyphs == Glyphs::Unicode { 0 } else { ASCII_ROOM });
        let lines = lines(&picture, meter.rate(), left, room).into_iter();
        screen.draw(lines.map(|line| glyphs.text(&line).into_owned()).collect(), (cells, rows));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_transfer_that_is_dropped_is_not_drawn_any_more() {
        let (held, gone) = tokio::sync::oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let _held = held;
            std::future::pending().await
        });
        drop(Bars(Some(Drawing { screen: Screen::default(), task })));
        assert!(gone.await.is_err(), "who draws has gone");
    }
}
