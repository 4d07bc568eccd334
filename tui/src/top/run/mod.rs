//! The loop around the dashboard: keys and pictures in, frames and effects out.

#![expect(clippy::disallowed_methods, reason = "the loop around the pure dashboard has clock, files and terminal")]

mod effects;
mod feed;
mod keeper;
mod player;
mod screen;
mod source;
mod tape;

pub use keeper::kept;
pub use screen::depth;
pub use source::Source;

use crate::top::draw::draw;
use crate::top::message::{Effect, Message, Moment};
use crate::top::model::{Model, Options};
use crate::top::once;
use crate::top::update::{entered, update};
use crate::top::world::MESSAGES_WAITING_MAX;
use crossterm::event::EventStream;
use dfs_types::{Error, ErrorCode, Result};
use effects::Doer;
use futures::StreamExt;
use keeper::Keeper;
use rustix::process::{Signal, getpid, kill_process};
use screen::{PanicGuard, Screen};
use source::News;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, sleep_until};

/// The shortest time between two frames.
const FRAME_TIME: Duration = Duration::from_millis(33);
/// A frame that is printed waits no longer than this for what its view asks for.
const SETTLE_TIME: Duration = Duration::from_secs(5);

/// What the dashboard runs with.
pub struct Start {
    pub options: Options,
    pub source: Source,
    /// Where what was set is kept for the next start.
    pub preferences_file: Option<PathBuf>,
    /// For tests of how the terminal is given back: panics at the first key.
    pub planted_panic: bool,
}

impl std::fmt::Debug for Start {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Start").field("options", &self.options).finish_non_exhaustive()
    }
}

/// How the dashboard ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// The user left it.
    Quit,
    /// SIGTERM or SIGHUP.
    Signalled,
}

/// Runs the dashboard until it is left. Must run on the thread that the panic hook is to watch, inside a tokio runtime.
///
/// # Errors
/// `local_io` when the terminal cannot be used.
pub async fn run(start: Start) -> Result<Left> {
    let Start { options, source, preferences_file, planted_panic } = start;
    let mut model = Model::new(options);
    let _guard = PanicGuard::set();
    let screen = Screen::take(model.shared.mouse).map_err(no_terminal)?;
    model.said = source.damage().map(ToString::to_string);
    let (messages, waiting) = mpsc::channel(MESSAGES_WAITING_MAX);
    let (every, every_ms) = watch::channel(model.shared.refresh_ms);
    let (open, news) = source.begin(messages.clone(), every_ms);
    let source::Open { client, world, player, feeding, writing } = open;
    let doer = Doer { client, world, messages, every, keeper: preferences_file.map(Keeper::new), player };
    let size = crossterm::terminal::size().map_err(no_terminal)?;
    let began = model.shared.replay.is_none().then(Instant::now);
    update(&mut model, Message::Resize(size.0, size.1));
    let mut running = Running { model, screen, doer, waiting, news, began, planted_panic };
    let left = running.until_left().await;
    feeding.abort();
    // With it goes what it records on.
    let _ = feeding.await;
    if let Some(keeper) = running.doer.keeper.take() {
        keeper.end().await;
    }
    // The terminal is given back, and nobody waits to tell us anything any more.
    drop(running);
    match writing {
        Some(writing) => tape::written(writing).await.and(left),
        None => left,
    }
}

struct Running {
    model: Model,
    screen: Screen,
    doer: Doer,
    waiting: mpsc::Receiver<Message>,
    news: News,
    /// None where the time is that of a recording.
    began: Option<Instant>,
    planted_panic: bool,
}

/// What ended a turn of the loop, beside a message.
enum Turn {
    Message(Message),
    Frame,
    Continued,
    Left(Left),
}

impl Running {
    async fn until_left(&mut self) -> Result<Left> {
        let mut terminated = signal(SignalKind::terminate()).map_err(no_terminal)?;
        let mut hung_up = signal(SignalKind::hangup()).map_err(no_terminal)?;
        let mut continued = signal(SignalKind::from_raw(Signal::CONT.as_raw())).map_err(no_terminal)?;
        let mut keys = EventStream::new();
        let mut clock = interval(Duration::from_secs(1));
        clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut drawn = Instant::now() - FRAME_TIME;
        if let Some(began) = self.began {
            self.take_in(Message::Tick(moment(began)))?;
        }
        let acts = entered(&mut self.model);
        self.perform(acts)?;
        loop {
            let dirty = self.model.dirty;
            let turn = tokio::select! {
                biased;
                key = keys.next() => match key {
                    Some(Ok(event)) => match message(event) {
                        Some(message) => Turn::Message(message),
                        None => continue,
                    },
                    Some(Err(error)) => return Err(no_terminal(error)),
                    None => Turn::Left(Left::Signalled),
                },
                _ = terminated.recv() => Turn::Left(Left::Signalled),
                _ = hung_up.recv() => Turn::Left(Left::Signalled),
                _ = continued.recv() => Turn::Continued,
                () = sleep_until((drawn + FRAME_TIME).into()), if dirty => Turn::Frame,
                Some(message) = self.waiting.recv() => Turn::Message(message),
                Ok(()) = self.news.pictures.changed() => match self.news.pictures.borrow_and_update().message() {
                    Some(message) => Turn::Message(message),
                    None => continue,
                },
                Some(message) = self.news.played.recv() => Turn::Message(message),
                _ = clock.tick() => match self.began {
                    Some(began) => Turn::Message(Message::Tick(moment(began))),
                    None => continue,
                },
            };
            let effects = match turn {
                Turn::Left(left) => return Ok(left),
                Turn::Frame => {
                    let Self { model, screen, .. } = self;
                    screen.terminal().draw(|frame| draw(model, frame)).map_err(no_terminal)?;
                    (model.dirty, drawn) = (false, Instant::now());
                    continue;
                }
                Turn::Continued => {
                    // Whoever had the terminal meanwhile may have changed it.
                    self.screen.enter(self.model.shared.mouse).map_err(no_terminal)?;
                    self.model.dirty = true;
                    continue;
                }
                Turn::Message(message) => self.heard(message),
            };
            for effect in effects {
                match effect {
                    Effect::Quit => return Ok(Left::Quit),
                    Effect::Suspend => {
                        drop(keys);
                        self.screen.leave();
                        // Our own process group, as the terminal does it for others.
                        let _ = kill_process(getpid(), Signal::TSTP);
                        self.screen.enter(self.model.shared.mouse).map_err(no_terminal)?;
                        keys = EventStream::new();
                        let (columns, lines) = crossterm::terminal::size().map_err(no_terminal)?;
                        update(&mut self.model, Message::Resize(columns, lines));
                    }
                    effect => self.do_one(effect)?,
                }
            }
        }
    }

    /// A message, with the clock set before it.
    fn heard(&mut self, message: Message) -> Vec<Effect> {
        assert!(!(self.planted_panic && matches!(message, Message::Key(_))), "a planted panic");
        if matches!(&message, Message::Key(key) if crate::top::update::redraws(*key)) {
            // The next frame is drawn whole.
            let _ = self.screen.redraw();
        }
        let mut effects = Vec::new();
        if let Some(began) = self.began.filter(|_| !matches!(message, Message::Tick(_))) {
            effects = update(&mut self.model, Message::Tick(moment(began)));
        }
        effects.extend(update(&mut self.model, message));
        effects
    }

    fn take_in(&mut self, message: Message) -> Result<()> {
        let effects = update(&mut self.model, message);
        self.perform(effects)
    }

    fn perform(&mut self, effects: Vec<Effect>) -> Result<()> {
        effects.into_iter().try_for_each(|effect| self.do_one(effect))
    }

    fn do_one(&mut self, effect: Effect) -> Result<()> {
        match effect {
            Effect::Mouse(ours) => self.screen.mouse(ours).map_err(no_terminal),
            Effect::Copy(text) => self.screen.copy(&text).map_err(no_terminal),
            effect => {
                self.doer.perform(effect);
                Ok(())
            }
        }
    }
}

fn moment(began: Instant) -> Moment {
    let elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let calendar = dfs_term::clock::calendar();
    Moment { elapsed_ms, calendar }
}

fn message(event: crossterm::event::Event) -> Option<Message> {
    use crossterm::event::Event;
    match event {
        Event::Key(key) => Some(Message::Key(key)),
        Event::Mouse(mouse) => Some(Message::Mouse(mouse)),
        Event::Paste(text) => Some(Message::Paste(text)),
        Event::Resize(columns, lines) => Some(Message::Resize(columns, lines)),
        Event::FocusGained | Event::FocusLost => None,
    }
}

fn no_terminal(error: std::io::Error) -> Error {
    Error::new(ErrorCode::LocalIo, format!("the terminal: {error}"))
}

/// How a printed frame is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Print {
    pub columns: u16,
    pub lines: u16,
    /// With colours.
    pub ansi: bool,
}

/// One frame as text: of now, or of a moment of a recording.
///
/// # Errors
/// Those of the call for the picture; `local_io` when it cannot be recorded.
pub async fn print(start: Start, print: Print) -> Result<String> {
    let Start { options, source, .. } = start;
    let mut model = Model::new(options);
    let (messages, mut waiting) = mpsc::channel(MESSAGES_WAITING_MAX);
    let (every, _) = watch::channel(model.shared.refresh_ms);
    update(&mut model, Message::Resize(print.columns, print.lines));
    let (client, world) = source.show(&mut model, messages.clone()).await?;
    let doer = Doer { client, world, messages, every, keeper: None, player: None };
    let mut asked = ask(&doer, entered(&mut model));
    let deadline = Instant::now() + SETTLE_TIME;
    while asked > 0 {
        let Ok(Some(message)) = tokio::time::timeout_at(deadline.into(), waiting.recv()).await else { break };
        asked -= 1;
        asked += ask(&doer, update(&mut model, message));
    }
    let frame = once::frame(&model, print.columns, print.lines);
    Ok(if print.ansi { once::ansi(&frame) } else { once::plain(&frame) })
}

/// Does what is asked for, and says how many answers are to come.
fn ask(doer: &Doer, effects: Vec<Effect>) -> usize {
    let answered = |effect: &Effect| {
        matches!(
            effect,
            Effect::List { .. }
                | Effect::ListLocal { .. }
                | Effect::Traffic { .. }
                | Effect::Jobs
                | Effect::Look { .. }
                | Effect::ReadLog { .. }
        )
    };
    let asked: Vec<Effect> = effects.into_iter().filter(answered).collect();
    let count = asked.len();
    asked.into_iter().for_each(|effect| doer.perform(effect));
    count
}
