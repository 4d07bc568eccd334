//! The terminal: taken at the start, restored at the end, also after a panic.

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

/// The panic messages of other threads while the terminal was taken; printed when it is restored.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A terminal in raw mode; dropping this restores it.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Output>>,
    ours: bool,
}

/// Standard output. A terminal that was closed (EIO) takes everything and shows nothing: the end of
/// the session is told by a signal and by the end of the keys, and ratatui panics in its destructor
/// if it can neither show the cursor nor say so.
pub(super) struct Output(Stdout);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).or_else(|error| closed(error).map(|()| bytes.len()))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().or_else(closed)
    }
}

/// Passes on an error unless it tells that the terminal was closed.
fn closed(error: io::Error) -> io::Result<()> {
    if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) { Ok(()) } else { Err(error) }
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
    /// Returns an error if there is none.
    pub(super) fn take(mouse: bool) -> io::Result<Self> {
        // NO_COLOR is handled here: crossterm would also disable reverse video.
        crossterm::style::force_color_output(true);
        let terminal = Terminal::new(CrosstermBackend::new(Output(io::stdout())))?;
        let mut screen = Self { terminal, ours: false };
        screen.enter(mouse)?;
        Ok(screen)
    }

    /// Takes the terminal again after [`Screen::leave`].
    ///
    /// # Errors
    /// Returns an error if there is none.
    pub(super) fn enter(&mut self, mouse: bool) -> io::Result<()> {
        self.ours = true;
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
        self.mouse(mouse)?;
        self.redraw()
    }

    /// Makes the next frame draw completely. Does not query the position of the cursor, because not
    /// every terminal answers.
    ///
    /// # Errors
    /// Returns an error if the terminal is closed.
    pub(super) fn redraw(&mut self) -> io::Result<()> {
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())
    }

    /// Turns mouse events on or off.
    ///
    /// # Errors
    /// Returns an error if the terminal is closed.
    pub(super) fn mouse(&mut self, ours: bool) -> io::Result<()> {
        if ours { execute!(io::stdout(), EnableMouseCapture) } else { execute!(io::stdout(), DisableMouseCapture) }
    }

    /// Restores the terminal.
    pub(super) fn leave(&mut self) {
        if std::mem::take(&mut self.ours) {
            restore();
            for said in PANICS.lock().drain(..) {
                let _ = writeln!(io::stderr(), "{said}");
            }
        }
    }

    pub(super) fn terminal(&mut self) -> &mut Terminal<CrosstermBackend<Output>> {
        &mut self.terminal
    }

    /// Copies a text to the clipboard of the terminal's user.
    ///
    /// # Errors
    /// Returns an error if the terminal is closed.
    pub(super) fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Restores the terminal. Errors are ignored: a closed terminal needs no restoring.
fn restore() {
    let mut stdout = io::stdout();
    let _ = execute!(stdout, DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    let _ = disable_raw_mode();
    let _ = stdout.flush();
}

type Hook = Box<dyn Fn(&panic::PanicHookInfo<'_>) + Send + Sync>;

/// While this exists, a panic of this thread restores the terminal before its message is printed,
/// and the message of another thread's panic is printed after the terminal is restored.
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

/// Returns the number of colours that the terminal announces.
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
