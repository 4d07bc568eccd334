//! An argument in which each character knows whether it was quoted.

use super::quote;
use dfs_types::glob::Symbol;

/// A word after its variables were put in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    symbols: Vec<Symbol>,
}

impl Text {
    /// A text of these symbols.
    pub fn of(symbols: &[Symbol]) -> Self {
        Self { symbols: symbols.to_vec() }
    }

    /// A text in which nothing is active.
    pub fn literal(text: &str) -> Self {
        let mut this = Self::default();
        this.push(text, false);
        this
    }

    /// A text as written without quotes.
    pub fn bare(text: &str) -> Self {
        let mut this = Self::default();
        this.push(text, true);
        this
    }

    pub(super) fn push(&mut self, text: &str, active: bool) {
        self.symbols.extend(text.chars().map(|c| Symbol { c, active }));
    }

    /// Its characters.
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// The text alone.
    pub fn plain(&self) -> String {
        self.symbols.iter().map(|symbol| symbol.c).collect()
    }

    /// As a word of a line that reads back as this text, with the patterns in it.
    pub fn written(&self) -> String {
        if self.symbols.is_empty() {
            return quote("").into_owned();
        }
        let stretches = self.symbols.chunk_by(|a, b| a.active == b.active);
        let written = stretches.map(|stretch| {
            let text: String = stretch.iter().map(|symbol| symbol.c).collect();
            if stretch.iter().all(|symbol| symbol.active) { text } else { quote(&text).into_owned() }
        });
        written.collect()
    }

    /// Whether it begins with an active `~` that stands for the home directory, and what follows that.
    pub fn behind_home(&self) -> Option<Text> {
        match self.symbols.as_slice() {
            [Symbol { c: '~', active: true }] => Some(Text::default()),
            [Symbol { c: '~', active: true }, rest @ ..] if rest.first().is_some_and(|next| next.c == '/') => {
                Some(Text::of(rest))
            }
            _ => None,
        }
    }

    /// This text with `front`, literal, before it.
    #[must_use]
    pub fn behind(&self, front: &str) -> Text {
        let mut text = Text::literal(front);
        text.symbols.extend_from_slice(&self.symbols);
        text
    }
}

#[cfg(test)]
mod tests {
    use crate::lang::{Action, Scope, parse};

    #[test]
    fn what_is_written_reads_back() {
        let mut scope = Scope::default();
        scope.set("x", "a b*");
        for line in ["/logs/*.gz", "'a b'*", "$x/*", "''", "{a,b}$x", "a\\ b", "$'a\\nb'?"] {
            let text = |line: &str| {
                let Action::Command { words, .. } = parse(line).expect("it parses").remove(0).action else {
                    panic!("a command")
                };
                scope.expand(&words[0]).expect("set").remove(0)
            };
            assert_eq!(text(&text(line).written()), text(line), "{line}");
        }
    }
}
