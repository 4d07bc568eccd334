//! A terminal: a program under test behind a pseudo-terminal, and the screen that a user would see.

use crate::cluster::PATIENCE;
use pty_process::Size;
use pty_process::blocking::{Pty, open};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{ErrorKind, Read, Write};
use std::num::NonZeroU16;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// Keys that are not printable characters.
pub mod key {
    pub const ENTER: &str = "\r";
    pub const TAB: &str = "\t";
    pub const UP: &str = "\x1b[A";
    pub const DOWN: &str = "\x1b[B";
    pub const RIGHT: &str = "\x1b[C";
    pub const LEFT: &str = "\x1b[D";
    pub const BACK_TAB: &str = "\x1b[Z";
    pub const HOME: &str = "\x1b[H";
    pub const END: &str = "\x1b[F";
    pub const DELETE: &str = "\x1b[3~";
    pub const CTRL_A: &str = "\x01";
    pub const CTRL_C: &str = "\x03";
    pub const CTRL_D: &str = "\x04";
    pub const CTRL_R: &str = "\x12";
    pub const CTRL_U: &str = "\x15";
    pub const CTRL_Z: &str = "\x1a";
    pub const ESCAPE: &str = "\x1b";
}

/// The number of lines that are kept after they have scrolled off the screen.
const SCROLLED_LINES: usize = 1000;
/// The sequences with which a line editor enables bracketed paste when it starts reading, and
/// disables it when it stops.
const READS: &str = "\x1b[?2004h";
const HAS_READ: &str = "\x1b[?2004l";
/// The pause between two checks of a program without output.
const PAUSE: Duration = Duration::from_millis(20);

/// A program at a terminal. Dropping it kills the program.
pub struct Terminal {
    pty: Pty,
    child: Child,
    screen: vt100::Parser,
    /// The whole output of the program.
    written: Vec<u8>,
    /// The number of times that it started to read a line with an editor, and that it stopped.
    reading: Count,
    read: Count,
    /// The modes of the terminal before the program began.
    modes_before: String,
}

/// The number of times that a sequence occurs in the output of the program.
#[derive(Debug)]
struct Count {
    mark: &'static [u8],
    times: usize,
    looked_at: usize,
}

impl Count {
    const fn of(mark: &'static str) -> Self {
        Self { mark: mark.as_bytes(), times: 0, looked_at: 0 }
    }

    fn look(&mut self, written: &[u8]) {
        // The sequence may have arrived in two pieces.
        let from = self.looked_at.saturating_sub(self.mark.len() - 1);
        self.times +=
            written.get(from..).unwrap_or_default().windows(self.mark.len()).filter(|at| *at == self.mark).count();
        self.looked_at = written.len();
    }
}

impl std::fmt::Debug for Terminal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terminal").field("child", &self.child.id()).field("screen", &self.text()).finish()
    }
}

impl Terminal {
    /// Runs the program at a terminal of this size.
    pub fn run(command: Command, lines: u16, cells: u16) -> Self {
        Self::run_as(command, "xterm-256color", lines, cells)
    }

    /// Runs the program at a terminal of this size that says of itself in `TERM` what it is.
    pub fn run_as(mut command: Command, kind: &str, lines: u16, cells: u16) -> Self {
        let (pty, pts) = open().expect("open a pseudo-terminal");
        pty.resize(Size::new(lines, cells)).expect("size of the terminal");
        let flags = rustix::fs::fcntl_getfl(&pty).expect("flags");
        rustix::fs::fcntl_setfl(&pty, flags | rustix::fs::OFlags::NONBLOCK).expect("flags");
        let modes_before = modes(&pty);
        command.env("TERM", kind);
        let child = pty_process::blocking::Command::from(command).spawn(pts).expect("start the program");
        let screen = vt100::Parser::new(some(lines), some(cells), SCROLLED_LINES);
        Self {
            pty,
            child,
            screen,
            written: Vec::new(),
            reading: Count::of(READS),
            read: Count::of(HAS_READ),
            modes_before,
        }
    }

    /// Presses keys now, whatever is running.
    #[track_caller]
    pub fn press(&mut self, keys: &str) {
        let mut rest = keys.as_bytes();
        let start = Instant::now();
        while !rest.is_empty() {
            // The program may have to write before it continues reading.
            while self.take(Duration::ZERO) {}
            match self.pty.write(rest) {
                Ok(sent) => rest = &rest[sent..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => drop(self.take(PAUSE)),
                Err(error) => panic!("type: {error}"),
            }
            assert!(start.elapsed() < PATIENCE, "the program does not read its input");
        }
    }

    /// Types at the prompt, after waiting for it: keys that are typed between a command and the
    /// prompt may be interpreted by either.
    #[track_caller]
    pub fn send(&mut self, keys: &str) {
        self.wait("the prompt", Self::is_at_prompt);
        self.press(keys);
    }

    /// Presses Enter, and waits until the program has read the line.
    #[track_caller]
    pub fn enter(&mut self) {
        let before = self.read.times;
        self.send(key::ENTER);
        self.wait("the line to be read", |terminal| terminal.read.times > before);
    }

    /// Types a line at the prompt, followed by Enter.
    #[track_caller]
    pub fn line(&mut self, text: &str) {
        self.send(text);
        self.enter();
    }

    /// Discards the line with Ctrl-C, and waits for the next prompt.
    #[track_caller]
    pub fn give_up(&mut self) {
        let before = self.reading.times;
        self.send(key::CTRL_C);
        self.wait("the next prompt", |terminal| {
            terminal.reading.times > before && terminal.typed().is_some_and(|typed| typed.is_empty())
        });
    }

    /// Returns true if a line is being read.
    pub fn is_at_prompt(&self) -> bool {
        self.reading.times > self.read.times
    }

    /// Returns the text after the prompt up to the cursor, without trailing spaces.
    pub fn typed(&self) -> Option<String> {
        let line = self.before_cursor();
        let (_, typed) = line.split_once('>').filter(|(prompt, _)| prompt.starts_with("dfs:"))?;
        self.is_at_prompt().then(|| typed.trim().to_owned())
    }

    /// Waits for an empty prompt in this directory, in any state of the cluster.
    #[track_caller]
    pub fn prompt(&mut self, directory: &str) {
        let marks = ["", " !", " (unreachable)", "!", "?", " -", " ?", " (back online)", " (not healthy)"];
        let prompts = marks.map(|mark| format!("dfs:{directory}{mark}>"));
        self.wait(&format!("the prompt in {directory}"), |terminal| {
            terminal.is_at_prompt() && prompts.iter().any(|prompt| prompt == terminal.before_cursor().trim_end())
        });
    }

    /// Waits until this text is before the cursor, after the prompt.
    #[track_caller]
    pub fn see_typed(&mut self, text: &str) {
        self.wait(&format!("{text:?} behind the prompt"), |terminal| {
            terminal.typed().is_some_and(|typed| typed == text)
        });
    }

    /// Pastes text with the markers of bracketed paste.
    pub fn paste(&mut self, text: &str) {
        self.send(&format!("\x1b[200~{text}\x1b[201~"));
    }

    /// Changes the size of the window.
    pub fn resize(&mut self, lines: u16, cells: u16) {
        self.pty.resize(Size::new(lines, cells)).expect("resize");
        self.screen.screen_mut().set_size(some(lines), some(cells));
    }

    /// Returns the current screen, without trailing spaces.
    pub fn text(&self) -> String {
        let text = self.screen.screen().contents();
        text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }

    /// Returns the line with the cursor.
    pub fn cursor_line(&self) -> String {
        let (row, _) = self.screen.screen().cursor_position();
        self.screen.screen().rows(0, u16::MAX).nth(row.into()).unwrap_or_default()
    }

    /// Returns the text before the cursor in its line.
    pub fn before_cursor(&self) -> String {
        let (row, column) = self.screen.screen().cursor_position();
        self.screen.screen().rows(0, column).nth(row.into()).unwrap_or_default()
    }

    /// Returns the whole output of the program.
    pub fn written(&self) -> &[u8] {
        &self.written
    }

    /// Returns the first cell of the last occurrence of the text on the screen.
    pub fn cell_of(&self, text: &str) -> Option<vt100::Cell> {
        let screen = self.screen.screen();
        let rows: Vec<String> = screen.rows(0, u16::MAX).collect();
        let (row, line) = rows.iter().enumerate().rev().find(|(_, line)| line.contains(text))?;
        let column = line.get(..line.rfind(text)?)?.chars().count();
        screen.cell(u16::try_from(row).ok()?, u16::try_from(column).ok()?).cloned()
    }

    /// Waits until the screen meets a condition.
    #[track_caller]
    pub fn wait(&mut self, what: &str, seen: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !seen(self) {
            self.take(PAUSE);
            assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} for: {what}\n--- screen\n{}\n---", self.text());
        }
    }

    /// Waits until the text is anywhere on the screen.
    #[track_caller]
    pub fn see(&mut self, text: &str) {
        self.wait(&format!("{text:?} on the screen"), |terminal| terminal.text().contains(text));
    }

    /// Waits until this text is before the cursor, ignoring spaces.
    #[track_caller]
    pub fn see_line(&mut self, text: &str) {
        let what = format!("{text:?} before the cursor");
        self.wait(&what, |terminal| terminal.before_cursor().trim_end() == text.trim_end());
    }

    /// Waits until the program ends.
    #[track_caller]
    pub fn end(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            self.take(PAUSE);
            if let Some(status) = self.child.try_wait().expect("check the program") {
                // Its final output.
                while self.take(Duration::ZERO) {}
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "the program does not end\n--- screen\n{}\n---", self.text());
        }
    }

    /// Closes the terminal, as its window does, and waits until the program ends.
    #[track_caller]
    pub fn close(&mut self) -> ExitStatus {
        let (other, _end) = open().expect("open a pseudo-terminal");
        drop(std::mem::replace(&mut self.pty, other));
        self.end()
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a pid");
        rustix::process::kill_process(pid, signal).expect("send a signal");
    }

    /// Returns true if the program has restored the terminal: its modes, the main screen, a visible
    /// cursor, no bracketed paste, no mouse.
    pub fn is_given_back(&self) -> bool {
        let screen = self.screen.screen();
        let taken = screen.alternate_screen() || screen.hide_cursor() || screen.bracketed_paste();
        let mouse = screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None;
        !taken && !mouse && modes(&self.pty) == self.modes_before
    }

    /// Returns true if the terminal is in raw mode: the program gets single keys, not lines.
    pub fn is_raw(&self) -> bool {
        modes(&self.pty) != self.modes_before
    }

    /// Reads the output of the program for this time.
    pub fn rest(&mut self, span: Duration) {
        let start = Instant::now();
        while start.elapsed() < span {
            self.take(PAUSE);
        }
    }

    /// Returns the screen, with its colours.
    pub fn screen(&self) -> &vt100::Screen {
        self.screen.screen()
    }

    /// Returns true if the program is still running.
    pub fn lives(&mut self) -> bool {
        self.child.try_wait().expect("check the program").is_none()
    }

    /// Reads available output. Returns true if there was any.
    fn take(&mut self, patience: Duration) -> bool {
        let patience = Timespec::try_from(patience).expect("a short time");
        let mut fds = [PollFd::new(&self.pty, PollFlags::IN)];
        if !poll(&mut fds, Some(&patience)).is_ok_and(|ready| ready > 0) {
            return false;
        }
        let mut piece = [0; 16 << 10];
        // Reading fails after the program has ended.
        match self.pty.read(&mut piece) {
            Ok(count) if count > 0 => {
                self.screen.process(&piece[..count]);
                self.written.extend_from_slice(&piece[..count]);
                self.reading.look(&self.written);
                self.read.look(&self.written);
                true
            }
            _ => {
                std::thread::sleep(PAUSE);
                false
            }
        }
    }
}

/// Returns the modes of the terminal.
fn modes(pty: &Pty) -> String {
    let modes = rustix::termios::tcgetattr(pty).expect("modes of the terminal");
    format!("{:?} {:?} {:?}", modes.input_modes, modes.output_modes, modes.local_modes)
}

/// A window has at least one line and one cell.
fn some(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a size")
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- screen\n{}\n---", self.text());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
