//! Handles the overlays: help, a line or filter that is being typed, a question.

use super::palette;
use crate::top::message::{Act, Effect, Naming, Question};
use crate::top::model::{Candidate, Line, Model, Overlay};
use crate::top::typed::Typed;
use crate::top::widgets::page_area;
use crate::top::window::{Dialog, help_lines};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseEvent, MouseEventKind};

pub(super) fn key(model: &mut Model, key: KeyEvent) -> Vec<Act> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    if key.code == KeyCode::Esc || control && key.code == KeyCode::Char('c') {
        return leave(model);
    }
    match std::mem::take(&mut model.overlay) {
        Overlay::None => Vec::new(),
        Overlay::Help(line) => help(model, line, key),
        Overlay::Filter(text) => filter(model, text, key),
        Overlay::Palette(line) => palette(model, line, key),
        Overlay::Naming(naming) => name(model, naming, key),
        // The overlay closes; the next line may be typed at once.
        Overlay::Output { .. } if key.code == KeyCode::Char(':') => type_line(model, Typed::default()),
        Overlay::Output { .. } => Vec::new(),
        Overlay::Question { question, yes } => match key.code {
            KeyCode::Enter if yes => vec![Act::Run(question.line)],
            KeyCode::Char('y') => vec![Act::Run(question.line)],
            KeyCode::Enter | KeyCode::Char('n' | 'q') => vec![Act::Say("cancelled".to_owned())],
            KeyCode::Left | KeyCode::Right | KeyCode::Tab | KeyCode::BackTab | KeyCode::Char('h' | 'l') => {
                model.overlay = Overlay::Question { question, yes: !yes };
                Vec::new()
            }
            _ => {
                model.overlay = Overlay::Question { question, yes };
                Vec::new()
            }
        },
    }
}

fn leave(model: &mut Model) -> Vec<Act> {
    match std::mem::take(&mut model.overlay) {
        Overlay::Filter(_) => {
            model.set_filter(String::new());
            Vec::new()
        }
        Overlay::Question { .. } => vec![Act::Say("cancelled".to_owned())],
        Overlay::Naming(_) => vec![Act::Say("cancelled".to_owned())],
        Overlay::None | Overlay::Help(_) | Overlay::Palette(_) | Overlay::Output { .. } => Vec::new(),
    }
}

fn help(model: &mut Model, line: usize, key: KeyEvent) -> Vec<Act> {
    let last = help_lines(model).len().saturating_sub(1);
    model.overlay = match key.code {
        KeyCode::Down | KeyCode::Char('j') => Overlay::Help((line + 1).min(last)),
        KeyCode::PageDown | KeyCode::Char(' ') => Overlay::Help((line + 10).min(last)),
        KeyCode::Up | KeyCode::Char('k') => Overlay::Help(line.saturating_sub(1)),
        KeyCode::PageUp => Overlay::Help(line.saturating_sub(10)),
        _ => Overlay::None,
    };
    Vec::new()
}

fn filter(model: &mut Model, mut typed: Typed, key: KeyEvent) -> Vec<Act> {
    let text = typed.text();
    if key.code == KeyCode::Enter {
        model.set_filter(text);
        return Vec::new();
    }
    let other = typed.key(key);
    let text = typed.text();
    model.overlay = Overlay::Filter(typed);
    if other {
        model.set_filter(text);
    }
    Vec::new()
}

fn name(model: &mut Model, mut naming: Naming, key: KeyEvent) -> Vec<Act> {
    if key.code != KeyCode::Enter {
        naming.name.key(key);
        model.overlay = Overlay::Naming(naming);
        return Vec::new();
    }
    match naming.line() {
        _ if naming.name.is_empty() => vec![Act::Say("cancelled".to_owned())],
        Ok(line) => vec![Act::Run(line)],
        Err(error) => {
            let said = Act::Say(format!("{}: {error}", naming.name.text()));
            model.overlay = Overlay::Naming(naming);
            vec![said]
        }
    }
}

/// Opens the command line (`:`).
pub(super) fn type_line(model: &mut Model, line: Typed) -> Vec<Act> {
    typed(model, line)
}

fn palette(model: &mut Model, mut line: Line, key: KeyEvent) -> Vec<Act> {
    match key.code {
        KeyCode::Enter => palette::chosen(model, &line),
        KeyCode::Down | KeyCode::Up => {
            let count = line.candidates.len();
            line.chosen = match (line.chosen, key.code) {
                (None, KeyCode::Down) => (count > 0).then_some(0),
                (Some(at), KeyCode::Down) => Some((at + 1).min(count.saturating_sub(1))),
                (Some(at), _) => at.checked_sub(1),
                (None, _) => None,
            };
            model.overlay = Overlay::Palette(line);
            Vec::new()
        }
        KeyCode::Tab => {
            let candidate = line.candidates.get(line.chosen.unwrap_or(0));
            typed(model, candidate.map_or(line.typed, |candidate| candidate.text.clone().into()))
        }
        _ if line.typed.key(key) => typed(model, line.typed),
        _ => {
            model.overlay = Overlay::Palette(line);
            Vec::new()
        }
    }
}

/// Handles a change of the line: candidates are computed at once, the rest is requested from the
/// shell.
fn typed(model: &mut Model, typed: Typed) -> Vec<Act> {
    let line = typed.text();
    let candidates = palette::candidates(model, &line);
    model.overlay = Overlay::Palette(Line { typed, candidates, chosen: None });
    vec![Act::Effect(Effect::Complete { line })]
}

/// Stores the completions of the shell for a line.
pub(super) fn completed(model: &mut Model, asked: &str, words: &[String]) {
    let Overlay::Palette(line) = &mut model.overlay else { return };
    if line.typed.text() != asked {
        return;
    }
    for word in words {
        // Completions of the shell may end with a blank.
        if !line.candidates.iter().any(|candidate| candidate.text.trim_end() == word.trim_end()) {
            line.candidates.push(Candidate { text: word.clone(), act: None });
        }
    }
    model.dirty = true;
}

pub(super) fn paste(model: &mut Model, pasted: &str) -> Vec<Act> {
    let pasted: String = pasted.chars().filter(|c| !c.is_control()).collect();
    model.dirty = true;
    match std::mem::take(&mut model.overlay) {
        Overlay::Palette(mut line) => {
            line.typed.insert(&pasted);
            typed(model, line.typed)
        }
        Overlay::Filter(mut filter) => {
            filter.insert(&pasted);
            let text = filter.text();
            model.overlay = Overlay::Filter(filter);
            model.set_filter(text);
            Vec::new()
        }
        Overlay::Naming(mut naming) => {
            naming.name.insert(&pasted);
            model.overlay = Overlay::Naming(naming);
            Vec::new()
        }
        other => {
            model.overlay = other;
            Vec::new()
        }
    }
}

pub(super) fn mouse(model: &mut Model, event: MouseEvent) -> Vec<Act> {
    let line = match &model.overlay {
        Overlay::Help(line) => *line,
        Overlay::Output { .. } if matches!(event.kind, MouseEventKind::Down(_)) => return leave(model),
        Overlay::Question { question, .. } => return answer(model, question.clone(), event),
        _ => return Vec::new(),
    };
    let last = help_lines(model).len().saturating_sub(1);
    model.overlay = match event.kind {
        MouseEventKind::ScrollDown => Overlay::Help((line + 3).min(last)),
        MouseEventKind::ScrollUp => Overlay::Help(line.saturating_sub(3)),
        _ => Overlay::None,
    };
    Vec::new()
}

/// Handles a click on a button of a question.
fn answer(model: &mut Model, question: Question, event: MouseEvent) -> Vec<Act> {
    let pressed = matches!(event.kind, MouseEventKind::Down(_))
        .then(|| Dialog::of(&question, page_area(model.shared.area)).button_at(event.column, event.row));
    match pressed.flatten() {
        Some(true) => {
            model.overlay = Overlay::None;
            vec![Act::Run(question.line)]
        }
        Some(false) => leave(model),
        None => Vec::new(),
    }
}
