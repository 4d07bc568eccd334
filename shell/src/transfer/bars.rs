//! The lines of a transfer kept up to date, on a terminal only.

use super::board::Board;
use super::lines::{FILES_SHOWN_MAX, lines};
use crate::session::Session;
use dfs_tui::Meter;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// How often they are drawn.
const DRAW_EVERY: Duration = Duration::from_millis(100);
/// Rows of the terminal that are left to what stands above.
const ROWS_LEFT: usize = 3;
/// A terminal that does not tell its size.
const USUAL: (usize, usize) = (80, 24);

/// Lines that follow a transfer until they are ended.
#[derive(Debug)]
pub struct Bars(Option<(ProgressBar, JoinHandle<()>)>);

impl Bars {
    /// Shows what is on the board; nothing is drawn where nobody would see it.
    pub fn follow(session: &mut Session, board: &Board) -> Self {
        if let Some(desk) = &session.desk {
            desk.show(board.clone());
            return Self(None);
        }
        let options = &session.options;
        if options.no_progress || options.quiet || options.json || !std::io::stderr().is_terminal() {
            return Self(None);
        }
        // All lines are the message of one bar: what was there is gone when fewer come.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        session.bar = Some(bar.clone());
        let drawing = tokio::spawn(draw(bar.clone(), board.clone()));
        Self(Some((bar, drawing)))
    }

    /// Takes them away.
    pub fn clear(&mut self, session: &mut Session) {
        if let Some((bar, drawing)) = self.0.take() {
            drawing.abort();
            bar.finish_and_clear();
        }
        session.bar = None;
    }
}

async fn draw(bar: ProgressBar, board: Board) {
    let (start, mut meter) = (Instant::now(), Meter::default());
    let mut ticks = tokio::time::interval(DRAW_EVERY);
    // The first picture would show nothing yet.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let (cells, rows) = terminal();
        let picture = board.picture(FILES_SHOWN_MAX.min(rows.saturating_sub(ROWS_LEFT)));
        meter.note(start.elapsed(), picture.moved);
        let left = meter.eta(picture.moved + (picture.total - picture.done));
        bar.set_message(lines(&picture, meter.rate(), left, cells).join("\n"));
        bar.tick();
    }
}

/// Columns and rows now: the window may have been resized.
fn terminal() -> (usize, usize) {
    match rustix::termios::tcgetwinsize(std::io::stderr()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (usize::from(size.ws_col), usize::from(size.ws_row)),
        _ => USUAL,
    }
}
