//! Binds keys to functions beyond those of the editor.

use super::desk::{Left, Shared};
use super::menu::{Menu, Step};
use super::recall::Recall;
use crate::session::history::History;
use rustyline::{
    Cmd, ConditionalEventHandler, Event, EventContext, EventHandler, KeyCode, KeyEvent, Modifiers, RepeatCount,
};

/// The action of a key; `None` leaves the key to the editor.
type Act = fn(&Keys, &EventContext<'_>) -> Option<Cmd>;

/// The key bindings of a prompt.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    pub desk: Shared,
    pub history: History,
}

/// One key binding.
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
    /// Returns all keys with their handlers.
    pub(super) fn all(&self) -> impl Iterator<Item = (KeyEvent, EventHandler)> {
        let plain = |code| KeyEvent(code, Modifiers::NONE);
        let keys: [(KeyEvent, Act); 9] = [
            (KeyEvent::ctrl('C'), |keys, _| Some(keys.desk.lock().leave(Left::GivenUp))),
            (plain(KeyCode::Tab), |keys, context| keys.step(context, Step::Next)),
            (plain(KeyCode::BackTab), |keys, context| keys.step(context, Step::Previous)),
            (plain(KeyCode::Left), |keys, context| keys.across(context, Step::Left)),
            (plain(KeyCode::Right), |keys, context| keys.across(context, Step::Right)),
            (plain(KeyCode::Up), |keys, context| keys.step(context, Step::Previous).or_else(|| keys.up(context))),
            (plain(KeyCode::Down), |keys, context| keys.step(context, Step::Next).or_else(|| keys.down(context))),
            (plain(KeyCode::Enter), |keys, context| keys.desk.lock().accept(context.line(), context.pos())),
            (plain(KeyCode::Esc), |keys, context| keys.desk.lock().close(context.line(), context.pos())),
        ];
        let keys =
            keys.map(|(event, act)| (event, EventHandler::Conditional(Box::new(Key { keys: self.clone(), act }))));
        keys.into_iter()
    }

    fn step(&self, context: &EventContext<'_>, step: Step) -> Option<Cmd> {
        self.desk.lock().step(context.line(), context.pos(), step)
    }

    /// Selects the entry to the left or right in the menu. Without a selection these arrows move
    /// the cursor.
    fn across(&self, context: &EventContext<'_>, step: Step) -> Option<Cmd> {
        let (line, pos) = (context.line(), context.pos());
        let mut desk = self.desk.lock();
        desk.menu_at(line, pos).filter(|menu| Menu::has_selection(menu))?;
        desk.step(line, pos, step)
    }

    /// Moves to the line above in a text of several lines; otherwise recalls an older line that
    /// begins with the typed text.
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

    /// Moves to the line below in a text of several lines; otherwise recalls a newer line.
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
