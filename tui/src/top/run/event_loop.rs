//! The event loop: waits for a key, a signal, a message or the time of the next frame.

use super::clock::moment;
use super::effects::EffectRunner;
use super::preferences::PreferencesWriter;
use super::recorder;
use super::screen::{PanicGuard, Screen};
use super::source::{News, Open};
use super::start::Start;
use crate::top::draw::draw;
use crate::top::message::{Effect, Message};
use crate::top::model::Model;
use crate::top::update::{entered, redraws, update};
use crate::top::world::MESSAGES_WAITING_MAX;
use crossterm::event::EventStream;
use dfs_types::{Error, ErrorCode, Result};
use futures::StreamExt;
use rustix::process::{Signal, getpid, kill_process};
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, sleep_until};

/// The minimum time between two frames.
const FRAME_TIME: Duration = Duration::from_millis(33);

/// The reason why the dashboard ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// The user quit.
    Quit,
    /// SIGTERM or SIGHUP.
    Signalled,
    /// The user wants to see the cluster of this context.
    Context(String),
}

/// Runs the dashboard until it ends. Must run on the thread that the panic hook watches, inside a
/// tokio runtime.
///
/// # Errors
/// `local_io` if the terminal cannot be used.
pub async fn run(start: Start) -> Result<Left> {
    let Start { options, source, preferences_file } = start;
    let mut model = Model::new(options);
    let _guard = PanicGuard::set();
    let screen = Screen::take(model.shared.mouse).map_err(no_terminal)?;
    model.said = source.damage().map(ToString::to_string).or(model.said);
    let (messages, waiting) = mpsc::channel(MESSAGES_WAITING_MAX);
    let (every, every_ms) = watch::channel(model.shared.refresh_ms);
    let (open, news) = source.begin(messages.clone(), every_ms);
    let Open { client, world, player, feeding, writing } = open;
    let runner = EffectRunner {
        client,
        world,
        messages,
        every,
        preferences: preferences_file.map(PreferencesWriter::new),
        counting: Default::default(),
        player,
    };
    let size = crossterm::terminal::size().map_err(no_terminal)?;
    let began = model.shared.replay.is_none().then(Instant::now);
    update(&mut model, Message::Resize(size.0, size.1));
    let mut running = Running { model, screen, runner, waiting, news, began };
    let left = running.until_left().await;
    feeding.abort();
    // Dropping the feed drops the recorder.
    let _ = feeding.await;
    if let Some(writer) = running.runner.preferences.take() {
        writer.end().await;
    }
    // The terminal is restored, and no sender waits for the dashboard.
    drop(running);
    match writing {
        Some(writing) => recorder::written(writing).await.and(left),
        None => left,
    }
}

struct Running {
    model: Model,
    screen: Screen,
    runner: EffectRunner,
    waiting: mpsc::Receiver<Message>,
    news: News,
    /// `None` if the time is that of a recording.
    began: Option<Instant>,
}

/// The event that ended a turn of the loop, apart from a message.
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
                    // The program that had the terminal meanwhile may have changed it.
                    self.screen.enter(self.model.shared.mouse).map_err(no_terminal)?;
                    self.model.dirty = true;
                    continue;
                }
                Turn::Message(message) => self.take(message),
            };
            for effect in effects {
                match effect {
                    Effect::Quit => return Ok(Left::Quit),
                    Effect::Context(name) => return Ok(Left::Context(name)),
                    Effect::Suspend => {
                        drop(keys);
                        self.screen.leave();
                        // Signals our own process group, as the terminal does for other programs.
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

    /// Handles a message after setting the clock.
    fn take(&mut self, message: Message) -> Vec<Effect> {
        if matches!(&message, Message::Key(key) if redraws(*key)) {
            // The next frame is drawn completely.
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
                self.runner.perform(effect);
                Ok(())
            }
        }
    }
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
