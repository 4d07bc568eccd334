//! Errors of settings.

use crate::key::keys;
use crate::settings::SECTIONS;
use std::path::PathBuf;

/// The longest part of a wrong value that an error repeats, in characters.
const GIVEN_CHARS_MAX: usize = 80;

/// The reason why the settings cannot be used. The message names the place, the key and the allowed
/// values.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{}: {}", file.display(), dfs_types::io_message(source))]
    Unreadable { file: PathBuf, source: std::io::Error },
    #[error("{place}: invalid TOML: {message}")]
    Syntax { place: String, message: String },
    #[error("{place}: unknown key {key}{}", hint(suggestion))]
    Unknown { place: String, key: String, suggestion: Option<String> },
    #[error("{place}: {key} = {}: {problem}", shortened(given))]
    Refused { place: String, key: String, given: String, problem: String },
    #[error("command line: {0:?} is not a setting; write section.key=value, as in master.replication=2")]
    NoOverride(String),
    #[error("{0}")]
    NoHome(&'static str),
}

fn hint(suggestion: &Option<String>) -> String {
    match suggestion {
        Some(known) => format!("; did you mean {known}?"),
        None => "; `dfsd config default` lists all keys".to_owned(),
    }
}

fn shortened(given: &str) -> String {
    match given.char_indices().nth(GIVEN_CHARS_MAX) {
        Some((cut, _)) => format!("{}...", &given[..cut]),
        None => given.to_owned(),
    }
}

impl ConfigError {
    pub(crate) fn unknown(place: String, key: String) -> Self {
        let suggestion = suggest(&key);
        Self::Unknown { place, key, suggestion }
    }

    pub(crate) fn unknown_variable(name: &str) -> Self {
        let suggestion = nearest(name, keys().iter().map(|key| key.variable()));
        Self::Unknown { place: "environment".to_owned(), key: name.to_owned(), suggestion }
    }
}

/// Returns the key or section that was probably meant: the same name in another section, or the
/// nearest spelling.
fn suggest(key: &str) -> Option<String> {
    let bare = key.rsplit('.').next().unwrap_or(key);
    if key.contains('.') {
        let elsewhere = keys().iter().find(|known| known.name == bare).map(|known| known.dotted());
        return elsewhere.or_else(|| nearest(key, keys().iter().map(|known| known.dotted())));
    }
    let section = nearest(key, SECTIONS.iter().map(|(section, _)| (*section).to_owned()));
    section.map(|section| format!("[{section}]")).or_else(|| {
        let name = nearest(key, keys().iter().map(|known| known.name.to_owned()))?;
        keys().iter().find(|known| known.name == name).map(|known| format!("{} in [{}]", known.name, known.section))
    })
}

fn nearest(given: &str, known: impl Iterator<Item = String>) -> Option<String> {
    let limit = 1 + given.len() / 5;
    known
        .map(|name| (strsim::damerau_levenshtein(given, &name), name))
        .filter(|(far, _)| *far <= limit)
        .min()
        .map(|(_, name)| name)
}
