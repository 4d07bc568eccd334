//! Keys that do more than the editor makes of them.

use super::desk::{Left, Shared};
use super::recall::Recall;
use crate::session::history::History;
use rustyline::{
    Cmd, ConditionalEventHandler, Event, EventContext, EventHandler, KeyCode, KeyEvent, Modifiers, RepeatCount,
};

/// What a key does; none leaves it to the editor.
type Act = fn(&Keys, &EventContext<'_>) -> Option<Cmd>;

/// The keys of a prompt.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    pub desk: Shared,
    pub history: History,
}

/// One of them.
struct Key {
    keys: Keys,
    act: Act,
}

impl ConditionalEventHandler for Key {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        (self.act)(&self.keys, context)
    }
}

impl Keys {
    /// All of them, and what each does.
    pub(super) fn all(&self) -> impl Iterator<Item = (KeyEvent, EventHandler)> {
        let plain = |code| KeyEvent(code, Modifiers::NONE);
        let keys: [(KeyEvent, Act); 3] = [
            (KeyEvent::ctrl('C'), |keys, _| Some(keys.desk.lock().leave(Left::GivenUp))),
            (plain(KeyCode::Up), Self::up),
            (plain(KeyCode::Down), Self::down),
        ];
        let keys =
            keys.map(|(event, act)| (event, EventHandler::Conditional(Box::new(Key { keys: self.clone(), act }))));
        keys.into_iter()
    }

    /// The line above in a text of several lines; else an older line that begins with what was typed.
    fn up(&self, context: &EventContext<'_>) -> Option<Cmd> {
        let (line, pos) = (context.line(), context.pos());
        let mut desk = self.desk.lock();
        if line.get(..pos)?.contains('\n') {
            return None;
        }
        if desk.continued {
            return Some(if line.is_empty() { desk.leave(Left::Back) } else { Cmd::Noop });
        }
        let Some((walk, shown)) = Recall::older(desk.recall.clone(), line, pos, &self.history) else {
            return Some(Cmd::Noop);
        };
        desk.recall = Some(walk);
        Some(desk.put(line, 0..line.len(), shown))
    }

    /// The line below in a text of several lines; else the way back from older lines.
    fn down(&self, context: &EventContext<'_>) -> Option<Cmd> {
        let (line, pos) = (context.line(), context.pos());
        let mut desk = self.desk.lock();
        if line.get(pos..)?.contains('\n') {
            return None;
        }
        let Some((walk, shown)) = Recall::newer(desk.recall.clone(), line, &self.history) else {
            return Some(Cmd::Noop);
        };
        desk.recall = walk;
        Some(desk.put(line, 0..line.len(), shown))
    }
}
