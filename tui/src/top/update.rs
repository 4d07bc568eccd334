//! Updates the dashboard, one message at a time.

mod command;
mod daemons;
mod overlay;
mod palette;

use crate::top::message::{Act, Effect, Message, Question};
use crate::top::model::{Model, Overlay};
use crate::top::observation::Link;
use crate::top::page_id::PageId;
use crate::top::playback::Play;
use crate::top::shared::REFRESHES_MS;
use crate::top::typed::Typed;
use crate::top::widgets::page_area;
use crate::top::window::{FootPart, foot_parts, key_of, tab_at};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseEvent, MouseEventKind};
use dfs_client::Snapshot;
use dfs_diagnosis::Grade;
use dfs_types::Error;
use ratatui::layout::Rect;
use std::sync::Arc;

/// The maximum number of views that `[` goes back through.
const BACK_MAX: usize = 50;

/// Applies a message; returns the effects.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    let acts = match &message {
        Message::Key(key) if key.kind == KeyEventKind::Release => return Vec::new(),
        Message::Key(key) => {
            model.dirty = true;
            model.said = None;
            model.resumed = false;
            key_pressed(model, *key)
        }
        Message::Mouse(event) => mouse(model, *event),
        Message::Paste(text) => overlay::paste(model, text),
        Message::Resize(columns, lines) => {
            model.shared.area = Rect::new(0, 0, *columns, *lines);
            model.dirty = true;
            Vec::new()
        }
        Message::Tick(now) => {
            let passed = now.elapsed_ms / 1000 - model.shared.now.elapsed_ms / 1000;
            model.shared.history.passed(passed);
            model.shared.now = *now;
            model.dirty |= passed > 0;
            Vec::new()
        }
        Message::Picture(snapshot, waited_ms) => picture(model, snapshot, *waited_ms),
        Message::Lost(error) => lost(model, error),
        Message::Daemons(local) => daemons::came(model, local),
        Message::Command(news) => command::news(model, news),
        Message::Unrecorded(error) => command::unrecorded(model, error),
        Message::Playing(playback) => {
            model.shared.replay = Some(*playback);
            model.dirty = true;
            Vec::new()
        }
        Message::Sought(seen) => {
            model.shared.seek((**seen).clone());
            model.dirty = true;
            Vec::new()
        }
        Message::Completed { line, candidates } => {
            overlay::completed(model, line, candidates);
            Vec::new()
        }
        Message::Listed { .. }
        | Message::ListedLocal { .. }
        | Message::CountedLocal { .. }
        | Message::Traffic { .. }
        | Message::Jobs(_)
        | Message::Looked { .. }
        | Message::Log { .. } => Vec::new(),
    };
    let mut effects = perform(model, acts);
    if !matches!(message, Message::Key(_) | Message::Mouse(_) | Message::Paste(_)) {
        let acts = match (&message, &model.shared.snapshot) {
            // The views treat it as any other snapshot.
            (Message::Sought(_), Some(snapshot)) => {
                model.pages.hear(&Message::Picture(snapshot.clone(), 0), &model.shared)
            }
            _ => model.pages.hear(&message, &model.shared),
        };
        model.dirty |= !matches!(message, Message::Tick(_));
        effects.extend(perform(model, acts));
    }
    effects
}

/// Applies a snapshot of the cluster.
fn picture(model: &mut Model, snapshot: &Arc<Snapshot>, waited_ms: u64) -> Vec<Act> {
    model.shared.link = Link::Live;
    model.shared.history.picture(snapshot);
    if !model.shared.frozen {
        model.shared.snapshot = Some(snapshot.clone());
        model.shared.asked_ms = model.shared.now.elapsed_ms.saturating_sub(waited_ms);
        model.shared.look();
    }
    model.dirty = true;
    let mut acts = problems_first(model);
    acts.extend(daemons::ask(model));
    acts
}

/// Shows the overview if the dashboard has opened with another view of the previous session and the
/// cluster has problems: the overview names them, with the command that helps.
fn problems_first(model: &mut Model) -> Vec<Act> {
    let first = std::mem::take(&mut model.resumed);
    if !first || model.page == PageId::Overview || model.shared.health().grade == Grade::Healthy {
        return Vec::new();
    }
    let mut acts = leave(model);
    model.back.push(model.page);
    model.page = PageId::Overview;
    acts.extend(model.pages.get_mut(PageId::Overview).enter(&model.shared));
    acts
}

/// Notes that the cluster has not answered.
fn lost(model: &mut Model, error: &Error) -> Vec<Act> {
    let since_ms = match model.shared.link {
        Link::Lost { since_ms, .. } => since_ms,
        Link::Waiting | Link::Live => model.shared.now.elapsed_ms,
    };
    model.shared.link = Link::Lost { since_ms, error: error.clone() };
    model.shared.history.lost();
    model.shared.look();
    model.dirty = true;
    let mut acts = problems_first(model);
    acts.extend(daemons::ask(model));
    acts
}

/// Handles the user's arrival on the current page; returns the effects.
pub fn entered(model: &mut Model) -> Vec<Effect> {
    let acts = model.pages.get_mut(model.page).enter(&model.shared);
    perform(model, acts)
}

/// Returns true if the key requests a redraw of the whole window.
pub fn redraws(key: KeyEvent) -> bool {
    key.code == KeyCode::Char('l') && key.modifiers.contains(KeyModifiers::CONTROL)
}

fn key_pressed(model: &mut Model, key: KeyEvent) -> Vec<Act> {
    if !matches!(model.overlay, Overlay::None) {
        return overlay::key(model, key);
    }
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    if let Some(play) = model.shared.replay.and_then(|_| Play::of_key(key)) {
        return vec![Act::Effect(Effect::Play(play))];
    }
    match key.code {
        KeyCode::Char('c') if control => vec![Act::Effect(Effect::Quit)],
        KeyCode::Char('z') if control => vec![Act::Effect(Effect::Suspend)],
        _ if redraws(key) => Vec::new(),
        KeyCode::Enter if shows_only_findings(model) => {
            model.shared.findings.first().map(|finding| Act::Type(finding.run.clone())).into_iter().collect()
        }
        _ => {
            // The page comes first: it may be reading text, or have a level to go up from.
            let acts = model.pages.get_mut(model.page).key(key, &model.shared);
            acts.unwrap_or_else(|| everywhere(model, key))
        }
    }
}

/// Returns true if the view has no snapshot to show, so that the findings replace it.
fn shows_only_findings(model: &Model) -> bool {
    model.shared.snapshot.is_none() && !matches!(model.page, PageId::Overview | PageId::Commands)
}

/// Handles the keys that do the same on every page.
fn everywhere(model: &mut Model, key: KeyEvent) -> Vec<Act> {
    let KeyCode::Char(letter) = key.code else {
        return match key.code {
            KeyCode::Tab => vec![Act::Go(beside(model.page, 1))],
            KeyCode::BackTab => vec![Act::Go(beside(model.page, PageId::ALL.len() - 1))],
            KeyCode::F(1) => help(model),
            KeyCode::F(10) => vec![Act::Effect(Effect::Quit)],
            KeyCode::Esc => match model.current().filter().is_some_and(|filter| !filter.is_empty()) {
                true => {
                    model.set_filter(String::new());
                    Vec::new()
                }
                false => Vec::new(),
            },
            _ => Vec::new(),
        };
    };
    match letter {
        'q' => vec![Act::Effect(Effect::Quit)],
        '?' => help(model),
        ':' => overlay::type_line(model, Typed::default()),
        '/' => match model.current().filter().map(str::to_owned) {
            Some(filter) => {
                model.overlay = Overlay::Filter(filter.into());
                Vec::new()
            }
            None => vec![Act::Say("this view has no filter".to_owned())],
        },
        '[' => go_through(model, true),
        ']' => go_through(model, false),
        'p' => freeze(model),
        't' => {
            model.shared.theme.name = model.shared.theme.name.next();
            vec![Act::Say(format!("theme {}", model.shared.theme.name.word())), keep(model)]
        }
        'm' => {
            model.shared.mouse = !model.shared.mouse;
            let what = if model.shared.mouse {
                "the dashboard has the mouse"
            } else {
                "the terminal has the mouse, to select text"
            };
            vec![Act::Effect(Effect::Mouse(model.shared.mouse)), Act::Say(what.to_owned()), keep(model)]
        }
        '+' | '-' => refresh(model, letter == '+'),
        'y' => match model.current().selected_text(&model.shared) {
            Some(text) => vec![Act::Say(format!("copied {text}")), Act::Effect(Effect::Copy(text))],
            None => vec![Act::Say("nothing is selected".to_owned())],
        },
        '1'..='9' => match PageId::ALL.into_iter().find(|page| page.key() == letter) {
            Some(page) => vec![Act::Go(page)],
            None => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn beside(page: PageId, steps: usize) -> PageId {
    let at = PageId::ALL.iter().position(|other| *other == page).unwrap_or(0);
    PageId::ALL.get((at + steps) % PageId::ALL.len()).copied().unwrap_or_default()
}

fn help(model: &mut Model) -> Vec<Act> {
    model.overlay = Overlay::Help(0);
    Vec::new()
}

fn keep(model: &Model) -> Act {
    Act::Effect(Effect::Keep(model.preferences()))
}

fn freeze(model: &mut Model) -> Vec<Act> {
    let shared = &mut model.shared;
    shared.frozen = !shared.frozen;
    vec![Act::Say(if shared.frozen { "frozen: p resumes" } else { "resumed" }.to_owned())]
}

/// Shortens or lengthens the refresh interval.
fn refresh(model: &mut Model, faster: bool) -> Vec<Act> {
    let now = model.shared.refresh_ms;
    let next = match faster {
        true => REFRESHES_MS.into_iter().rev().find(|ms| *ms < now),
        false => REFRESHES_MS.into_iter().find(|ms| *ms > now),
    };
    let Some(next) = next else { return vec![Act::Say("there is no further step".to_owned())] };
    model.shared.refresh_ms = next;
    let what = format!("refresh every {}", dfs_term::figures::span(std::time::Duration::from_millis(next)));
    vec![Act::Effect(Effect::Refresh { every_ms: next }), Act::Say(what), keep(model)]
}

fn go_through(model: &mut Model, back: bool) -> Vec<Act> {
    let (from, to) = if back { (&mut model.back, &mut model.forth) } else { (&mut model.forth, &mut model.back) };
    let Some(page) = from.pop() else { return vec![Act::Say("there is no other view".to_owned())] };
    to.push(model.page);
    let mut acts = leave(model);
    model.page = page;
    acts.extend(model.pages.get_mut(page).enter(&model.shared));
    acts
}

/// Handles the user's departure from the current view.
fn leave(model: &mut Model) -> Vec<Act> {
    model.pages.get_mut(model.page).leave();
    if model.page == PageId::Files { vec![Act::Effect(Effect::StopCounting)] } else { Vec::new() }
}

fn go(model: &mut Model, page: PageId) -> Vec<Act> {
    let mut acts = Vec::new();
    if page != model.page {
        model.back.push(model.page);
        if model.back.len() > BACK_MAX {
            model.back.remove(0);
        }
        model.forth.clear();
        acts = leave(model);
        model.page = page;
    }
    acts.extend(model.pages.get_mut(page).enter(&model.shared));
    acts.push(keep(model));
    acts
}

fn mouse(model: &mut Model, event: MouseEvent) -> Vec<Act> {
    let turned = matches!(event.kind, MouseEventKind::ScrollDown | MouseEventKind::ScrollUp);
    if !matches!(event.kind, MouseEventKind::Down(_)) && !turned {
        return Vec::new();
    }
    model.dirty = true;
    let area = model.shared.area;
    if !matches!(model.overlay, Overlay::None) {
        return overlay::mouse(model, event);
    }
    if event.row == area.y + 1 {
        return tab_at(model, event.column).map(Act::Go).into_iter().collect();
    }
    if event.row + 1 == area.bottom() && !turned {
        return foot_clicked(model, event.column);
    }
    let inside = page_area(area);
    if !inside.contains((event.column, event.row).into()) {
        return Vec::new();
    }
    model.pages.get_mut(model.page).mouse(event, inside, &model.shared)
}

/// Handles a click on the foot line: performs the key at that position.
fn foot_clicked(model: &mut Model, column: u16) -> Vec<Act> {
    if model.said.take().is_some() {
        return Vec::new();
    }
    let mut parts = foot_parts(model).into_iter();
    match parts.find(|(columns, _)| columns.contains(&usize::from(column))) {
        Some((_, FootPart::Failed(_))) => vec![Act::Go(PageId::Commands)],
        Some((_, FootPart::Key(binding))) => key_of(&binding).map(|key| key_pressed(model, key)).unwrap_or_default(),
        None => Vec::new(),
    }
}

/// Performs the acts of a page that concern the dashboard; returns the remaining effects.
fn perform(model: &mut Model, acts: Vec<Act>) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut open: std::collections::VecDeque<Act> = acts.into();
    while let Some(act) = open.pop_front() {
        match act {
            Act::Go(page) => open.extend(go(model, page)),
            Act::Node(id) => {
                model.pages.nodes.open(id);
                open.extend(go(model, PageId::Nodes));
            }
            Act::Keep => effects.push(Effect::Keep(model.preferences())),
            // A line that asks first makes a change. The shell checks other lines, if there is a
            // cluster.
            Act::Ask(Question { line, .. }) if model.shared.read_only => refuse(model, &line),
            Act::Run(line) if model.shared.replay.is_some() => refuse(model, &line),
            Act::Run(line) => effects.push(command::run(model, line)),
            Act::Ask(question) => model.overlay = Overlay::Question { question, yes: false },
            Act::Type(text) => open.extend(overlay::type_line(model, text.into())),
            Act::Name(naming) => model.overlay = Overlay::Naming(naming),
            Act::Read(number) => {
                let command = model.shared.commands.iter_mut().find(|command| command.number == number);
                command.into_iter().for_each(|command| command.read = true);
            }
            Act::Say(text) => model.said = Some(text),
            Act::Effect(effect) => effects.push(effect),
        }
    }
    effects
}

fn refuse(model: &mut Model, line: &str) {
    model.said = model.shared.refusal().map(|why| format!("{why}: not run: {line}"));
}

#[cfg(test)]
pub mod tests;
