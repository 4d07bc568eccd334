//! A terminal: a program under test behind a pseudo-terminal, and the screen that a person would see.

use crate::cluster::PATIENCE;
use pty_process::Size;
use pty_process::blocking::{Pty, open};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{ErrorKind, Read, Write};
use std::num::NonZeroU16;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// Keys that have no character of their own.
pub mod key {
    pub const ENTER: &str = "\r";
    pub const TAB: &str = "\t";
    pub const UP: &str = "\x1b[A";
    pub const RIGHT: &str = "\x1b[C";
    pub const CTRL_A: &str = "\x01";
    pub const CTRL_C: &str = "\x03";
    pub const CTRL_D: &str = "\x04";
    pub const CTRL_R: &str = "\x12";
    pub const CTRL_U: &str = "\x15";
    pub const ESCAPE: &str = "\x1b";
}

/// Lines that are remembered after they left the screen.
const SCROLLED_LINES: usize = 1000;
/// The pause between two looks at a program that says nothing.
const PAUSE: Duration = Duration::from_millis(20);

/// A program at a terminal. It is killed when this goes.
pub struct Terminal {
    pty: Pty,
    child: Child,
    screen: vt100::Parser,
    /// All that the program wrote.
    written: Vec<u8>,
}

impl std::fmt::Debug for Terminal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terminal").field("child", &self.child.id()).field("screen", &self.text()).finish()
    }
}

impl Terminal {
    /// Runs the program at a terminal of this size.
    pub fn run(mut command: Command, lines: u16, cells: u16) -> Self {
        let (pty, pts) = open().expect("open a pseudo-terminal");
        pty.resize(Size::new(lines, cells)).expect("size of the terminal");
        let flags = rustix::fs::fcntl_getfl(&pty).expect("flags");
        rustix::fs::fcntl_setfl(&pty, flags | rustix::fs::OFlags::NONBLOCK).expect("flags");
        command.env("TERM", "xterm-256color");
        let child = pty_process::blocking::Command::from(command).spawn(pts).expect("start the program");
        let screen = vt100::Parser::new(some(lines), some(cells), SCROLLED_LINES);
        Self { pty, child, screen, written: Vec::new() }
    }

    /// Types.
    pub fn send(&mut self, keys: &str) {
        let mut rest = keys.as_bytes();
        let start = Instant::now();
        while !rest.is_empty() {
            // The program may have to write before it reads on.
            while self.read(Duration::ZERO) {}
            match self.pty.write(rest) {
                Ok(sent) => rest = &rest[sent..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => drop(self.read(PAUSE)),
                Err(error) => panic!("type: {error}"),
            }
            assert!(start.elapsed() < PATIENCE, "the program does not read what is typed");
        }
    }

    /// Types a line and Enter.
    pub fn line(&mut self, text: &str) {
        self.send(text);
        self.send(key::ENTER);
    }

    /// Gives the line up with Ctrl-C and waits for the next prompt. What is typed before that comes is lost, as everywhere.
    #[track_caller]
    pub fn give_up(&mut self, prompt: &str) {
        let before = self.written.len();
        self.send(key::CTRL_C);
        self.wait("the next prompt", |terminal| {
            let since = terminal.written.get(before..).unwrap_or_default();
            since.contains(&b'\n') && terminal.before_cursor().trim_end() == prompt
        });
    }

    /// Pastes, as a terminal does that marks what is pasted.
    pub fn paste(&mut self, text: &str) {
        self.send(&format!("\x1b[200~{text}\x1b[201~"));
    }

    /// The user makes the window larger or smaller.
    pub fn resize(&mut self, lines: u16, cells: u16) {
        self.pty.resize(Size::new(lines, cells)).expect("resize");
        self.screen.screen_mut().set_size(some(lines), some(cells));
    }

    /// What is on the screen now, without space at the end of lines.
    pub fn text(&self) -> String {
        let text = self.screen.screen().contents();
        text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }

    /// The line with the cursor.
    pub fn cursor_line(&self) -> String {
        let (row, _) = self.screen.screen().cursor_position();
        self.screen.screen().rows(0, u16::MAX).nth(row.into()).unwrap_or_default()
    }

    /// What stands before the cursor in its line.
    pub fn before_cursor(&self) -> String {
        let (row, column) = self.screen.screen().cursor_position();
        self.screen.screen().rows(0, column).nth(row.into()).unwrap_or_default()
    }

    /// All that the program wrote, as it wrote it.
    pub fn written(&self) -> &[u8] {
        &self.written
    }

    /// The last cell on the screen where the text begins.
    pub fn cell_of(&self, text: &str) -> Option<vt100::Cell> {
        let screen = self.screen.screen();
        let rows: Vec<String> = screen.rows(0, u16::MAX).collect();
        let (row, line) = rows.iter().enumerate().rev().find(|(_, line)| line.contains(text))?;
        let column = line.get(..line.rfind(text)?)?.chars().count();
        screen.cell(u16::try_from(row).ok()?, u16::try_from(column).ok()?).cloned()
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    pub fn wait(&mut self, what: &str, seen: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !seen(self) {
            self.read(PAUSE);
            assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} for: {what}\n--- screen\n{}\n---", self.text());
        }
    }

    /// Waits until the text is somewhere on the screen.
    #[track_caller]
    pub fn see(&mut self, text: &str) {
        self.wait(&format!("{text:?} on the screen"), |terminal| terminal.text().contains(text));
    }

    /// Waits until this stands before the cursor, but for space.
    #[track_caller]
    pub fn see_line(&mut self, text: &str) {
        let what = format!("{text:?} before the cursor");
        self.wait(&what, |terminal| terminal.before_cursor().trim_end() == text.trim_end());
    }

    /// Waits for the end of the program.
    #[track_caller]
    pub fn end(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            self.read(PAUSE);
            if let Some(status) = self.child.try_wait().expect("look after the program") {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "the program does not end\n--- screen\n{}\n---", self.text());
        }
    }

    /// Whether the program still runs.
    pub fn lives(&mut self) -> bool {
        self.child.try_wait().expect("look after the program").is_none()
    }

    /// Reads what came; whether something did.
    fn read(&mut self, patience: Duration) -> bool {
        let patience = Timespec::try_from(patience).expect("a short time");
        let mut fds = [PollFd::new(&self.pty, PollFlags::IN)];
        if !poll(&mut fds, Some(&patience)).is_ok_and(|ready| ready > 0) {
            return false;
        }
        let mut piece = [0; 16 << 10];
        // When the program has ended, reading is an error.
        match self.pty.read(&mut piece) {
            Ok(count) if count > 0 => {
                self.screen.process(&piece[..count]);
                self.written.extend_from_slice(&piece[..count]);
                true
            }
            _ => false,
        }
    }
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
