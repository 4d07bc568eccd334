//! The `:` palette: views, actions on the selected item, and every line of the shell.

use crate::top::message::{Act, Effect};
use crate::top::model::{Candidate, Line, Model};
use crate::top::page_id::PageId;
use crate::top::theme::ThemeName;

/// The maximum number of candidates.
const CANDIDATES_MAX: usize = 50;

/// Returns the candidates for the text: names that begin with it first, then names that contain it.
pub(super) fn candidates(model: &Model, text: &str) -> Vec<Candidate> {
    let all = all(model);
    let (begun, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|candidate| candidate.text.starts_with(text));
    let within = rest.into_iter().filter(|candidate| candidate.text.contains(text));
    begun.into_iter().chain(within).take(CANDIDATES_MAX).collect()
}

fn all(model: &Model) -> Vec<Candidate> {
    let done = |text: &str, act| Candidate { text: text.to_owned(), act: Some(act) };
    let actions = model.current().actions(&model.shared).into_iter();
    let actions = actions.map(|action| Candidate { text: action.name, act: Some(action.act) });
    let pages = PageId::ALL.into_iter().map(|page| done(page.word(), Act::Go(page)));
    let themes =
        ThemeName::ALL.into_iter().map(|theme| Candidate { text: format!("theme {}", theme.word()), act: None });
    let contexts = model.contexts.iter().map(|name| Candidate { text: format!("ctx {name}"), act: None });
    let quit = done("quit", Act::Effect(Effect::Quit));
    actions.chain(pages).chain(themes).chain(contexts).chain([quit]).collect()
}

/// Shows another cluster, unless that would end something that runs here.
fn switch(model: &Model, name: &str) -> Act {
    let shared = &model.shared;
    if shared.replay.is_some() || shared.recorded {
        return Act::Say("a recording is of one cluster".to_owned());
    }
    if shared.commands.iter().any(|command| command.ended_ms.is_none()) {
        return Act::Say("a command is still running; wait for it, or cancel it".to_owned());
    }
    Act::Effect(Effect::Context(name.to_owned()))
}

/// Handles Enter: runs the chosen candidate, otherwise the typed line.
pub(super) fn chosen(model: &mut Model, line: &Line) -> Vec<Act> {
    let typed = line.typed.text();
    let text = match line.chosen.and_then(|at| line.candidates.get(at)) {
        Some(Candidate { act: Some(act), .. }) => return vec![act.clone()],
        Some(Candidate { text, act: None }) => text.trim(),
        None => typed.trim(),
    };
    if text.is_empty() {
        return Vec::new();
    }
    // The name of a view takes precedence over a command with the same name.
    if let Some(page) = PageId::ALL.into_iter().find(|page| page.word() == text) {
        return vec![Act::Go(page)];
    }
    if let Some(candidate) = all(model).into_iter().find(|candidate| candidate.text == text && candidate.act.is_some())
    {
        return candidate.act.into_iter().collect();
    }
    if let Some(theme) = text.strip_prefix("theme ").and_then(|name| ThemeName::find(name.trim())) {
        model.shared.theme.name = theme;
        return vec![Act::Effect(Effect::Keep(model.preferences()))];
    }
    let context = text.strip_prefix("ctx ").or_else(|| text.strip_prefix("context use "));
    if let Some(name) = context.map(str::trim).filter(|name| !name.is_empty() && !name.starts_with('-')) {
        return vec![switch(model, name)];
    }
    match PageId::find(text) {
        Some(page) => vec![Act::Go(page)],
        None if text == "q" => vec![Act::Effect(Effect::Quit)],
        None if text == "ctx" => vec![Act::Run("context list".to_owned())],
        None => vec![Act::Run(text.to_owned())],
    }
}
