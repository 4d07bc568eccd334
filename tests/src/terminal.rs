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
    pub const DOWN: &str = "\x1b[B";
    pub const RIGHT: &str = "\x1b[C";
    pub const HOME: &str = "\x1b[H";
    pub const END: &str = "\x1b[F";
    pub const DELETE: &str = "\x1b[3~";
    pub const CTRL_A: &str = "\x01";
    pub const CTRL_C: &str = "\x03";
    pub const CTRL_D: &str = "\x04";
    pub const CTRL_R: &str = "\x12";
    pub const CTRL_U: &str = "\x15";
    pub const ESCAPE: &str = "\x1b";
}

/// Lines that are remembered after they left the screen.
const SCROLLED_LINES: usize = 1000;
/// An editor asks for pastes to be marked after it has made the terminal its own, and no more after it has given it back.
const READS: &str = "\x1b[?2004h";
const HAS_READ: &str = "\x1b[?2004l";
/// The pause between two looks at a program that says nothing.
const PAUSE: Duration = Duration::from_millis(20);

/// A program at a terminal. It is killed when this goes.
pub struct Terminal {
    pty: Pty,
    child: Child,
    screen: vt100::Parser,
    /// All that the program wrote.
    written: Vec<u8>,
    /// How often it began to read a line with an editor, and how often it stopped.
    reading: Count,
    read: Count,
    /// How the terminal treated keys and text before the program began.
    modes_before: String,
}

/// How often something stands in what the program wrote.
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
        // The mark may have come in two pieces.
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
    pub fn run(mut command: Command, lines: u16, cells: u16) -> Self {
        let (pty, pts) = open().expect("open a pseudo-terminal");
        pty.resize(Size::new(lines, cells)).expect("size of the terminal");
        let flags = rustix::fs::fcntl_getfl(&pty).expect("flags");
        rustix::fs::fcntl_setfl(&pty, flags | rustix::fs::OFlags::NONBLOCK).expect("flags");
        let modes_before = modes(&pty);
        command.env("TERM", "xterm-256color");
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

    /// Presses keys now, whatever runs.
    #[track_caller]
    pub fn press(&mut self, keys: &str) {
        let mut rest = keys.as_bytes();
        let start = Instant::now();
        while !rest.is_empty() {
            // The program may have to write before it reads on.
            while self.take(Duration::ZERO) {}
            match self.pty.write(rest) {
                Ok(sent) => rest = &rest[sent..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => drop(self.take(PAUSE)),
                Err(error) => panic!("type: {error}"),
            }
            assert!(start.elapsed() < PATIENCE, "the program does not read what is typed");
        }
    }

    /// Types at the prompt, once it is there: what is typed while the terminal passes from a command to the prompt may
    /// mean something else to each of them.
    #[track_caller]
    pub fn send(&mut self, keys: &str) {
        self.wait("a prompt", Self::is_at_prompt);
        self.press(keys);
    }

    /// Ends the line, and waits until the program has taken it.
    #[track_caller]
    pub fn enter(&mut self) {
        let before = self.read.times;
        self.send(key::ENTER);
        self.wait("the line to be taken", |terminal| terminal.read.times > before);
    }

    /// Types a line at the prompt, and Enter.
    #[track_caller]
    pub fn line(&mut self, text: &str) {
        self.send(text);
        self.enter();
    }

    /// Gives the line up with Ctrl-C, and waits for the next prompt.
    #[track_caller]
    pub fn give_up(&mut self) {
        let before = self.reading.times;
        self.send(key::CTRL_C);
        self.wait("the next prompt", |terminal| {
            terminal.reading.times > before && terminal.typed().is_some_and(|typed| typed.is_empty())
        });
    }

    /// Whether a line is being read.
    pub fn is_at_prompt(&self) -> bool {
        self.reading.times > self.read.times
    }

    /// What is typed behind the prompt, up to the cursor and without space at its end.
    pub fn typed(&self) -> Option<String> {
        let line = self.before_cursor();
        let (_, typed) = line.split_once('>').filter(|(prompt, _)| prompt.starts_with("dfs:"))?;
        self.is_at_prompt().then(|| typed.trim().to_owned())
    }

    /// Waits for the prompt in this directory with nothing typed, however the cluster is.
    #[track_caller]
    pub fn prompt(&mut self, directory: &str) {
        let prompts = ["", " !", " (unreachable)", " (reachable)"].map(|mark| format!("dfs:{directory}{mark}>"));
        self.wait(&format!("the prompt in {directory}"), |terminal| {
            terminal.is_at_prompt() && prompts.iter().any(|prompt| prompt == terminal.before_cursor().trim_end())
        });
    }

    /// Waits until this is typed, up to the cursor.
    #[track_caller]
    pub fn see_typed(&mut self, text: &str) {
        self.wait(&format!("{text:?} behind the prompt"), |terminal| {
            terminal.typed().is_some_and(|typed| typed == text)
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
            self.take(PAUSE);
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
            self.take(PAUSE);
            if let Some(status) = self.child.try_wait().expect("look after the program") {
                // Its last words.
                while self.take(Duration::ZERO) {}
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "the program does not end\n--- screen\n{}\n---", self.text());
        }
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a pid");
        rustix::process::kill_process(pid, signal).expect("send a signal");
    }

    /// Whether the program has left the terminal as it was: its modes, the first screen, a cursor, no marks of pastes, no
    /// mouse.
    pub fn is_given_back(&self) -> bool {
        let screen = self.screen.screen();
        let taken = screen.alternate_screen() || screen.hide_cursor() || screen.bracketed_paste();
        let mouse = screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None;
        !taken && !mouse && modes(&self.pty) == self.modes_before
    }

    /// Whether keys come to the program one by one, and not as lines.
    pub fn is_raw(&self) -> bool {
        modes(&self.pty) != self.modes_before
    }

    /// Takes in what the program writes for so long.
    pub fn rest(&mut self, span: Duration) {
        let start = Instant::now();
        while start.elapsed() < span {
            self.take(PAUSE);
        }
    }

    /// The screen, with its colours.
    pub fn screen(&self) -> &vt100::Screen {
        self.screen.screen()
    }

    /// Whether the program still runs.
    pub fn lives(&mut self) -> bool {
        self.child.try_wait().expect("look after the program").is_none()
    }

    /// Reads what came; whether something did.
    fn take(&mut self, patience: Duration) -> bool {
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

/// How the terminal treats keys and text.
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
