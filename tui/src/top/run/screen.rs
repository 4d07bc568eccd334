//! The terminal: taken when the dashboard begins, given back as it was whatever ends it.

use crate::top::theme::Depth;
use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};
use parking_lot::Mutex;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::io::{self, Stdout, Write};
use std::panic;
use std::thread;

/// What threads had to say that panicked while the terminal was ours; said when it is not any more.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A terminal that is ours until this goes.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    ours: bool,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen").field("ours", &self.ours).finish_non_exhaustive()
    }
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn take(mouse: bool) -> io::Result<Self> {
        // NO_COLOR is ours to obey: crossterm's way with it would take reverse video away, too.
        crossterm::style::force_color_output(true);
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        let mut screen = Self { terminal, ours: false };
        screen.enter(mouse)?;
        Ok(screen)
    }

    /// Makes the terminal ours, again after [`Screen::leave`].
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn enter(&mut self, mouse: bool) -> io::Result<()> {
        self.ours = true;
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
        self.mouse(mouse)?;
        self.redraw()
    }

    /// The next frame is drawn whole. The terminal is not asked where its cursor is, which not
    /// every one answers.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(super) fn redraw(&mut self) -> io::Result<()> {
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())
    }

    /// Whether clicks come to us.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(super) fn mouse(&mut self, ours: bool) -> io::Result<()> {
        if ours { execute!(io::stdout(), EnableMouseCapture) } else { execute!(io::stdout(), DisableMouseCapture) }
    }

    /// Gives the terminal back.
    pub(super) fn leave(&mut self) {
        if std::mem::take(&mut self.ours) {
            restore();
            for said in PANICS.lock().drain(..) {
                eprintln!("{said}");
            }
        }
    }

    pub(super) fn terminal(&mut self) -> &mut Terminal<CrosstermBackend<Stdout>> {
        &mut self.terminal
    }

    /// Lets the terminal's user paste a text.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(super) fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.leave();
    }
}

/// The terminal as it was. Whoever cannot be written to any more needs nothing.
fn restore() {
    let mut stdout = io::stdout();
    let _ = execute!(stdout, DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    let _ = disable_raw_mode();
    let _ = stdout.flush();
}

type Hook = Box<dyn Fn(&panic::PanicHookInfo<'_>) + Send + Sync>;

/// While this lives, a panic of this thread gives the terminal back before it is told, and one of
/// another thread is told when the terminal is given back.
#[derive(Debug)]
pub(super) struct PanicGuard;

impl PanicGuard {
    pub(super) fn set() -> Self {
        let before: Hook = panic::take_hook();
        let ui = thread::current().id();
        panic::set_hook(Box::new(move |info| {
            if thread::current().id() == ui {
                restore();
                before(info);
            } else {
                PANICS.lock().push(info.to_string());
            }
        }));
        Self
    }
}

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if !thread::panicking() {
            let _ = panic::take_hook();
        }
    }
}

/// How many colours the terminal says it knows.
pub fn depth() -> Depth {
    let variable = |name| std::env::var(name).unwrap_or_default();
    if !variable("NO_COLOR").is_empty() || variable("TERM") == "dumb" {
        Depth::None
    } else if matches!(variable("COLORTERM").as_str(), "truecolor" | "24bit") {
        Depth::True
    } else {
        Depth::Indexed
    }
}
