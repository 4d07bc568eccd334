//! An argument in which each quoted character is marked as such.

use super::quote;
use dfs_types::glob::Symbol;

/// A word after the expansion of its variables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    symbols: Vec<Symbol>,
}

impl Text {
    /// Returns a text of these symbols.
    pub fn of(symbols: &[Symbol]) -> Self {
        Self { symbols: symbols.to_vec() }
    }

    /// Returns a text in which every character is literal.
    pub fn literal(text: &str) -> Self {
        let mut this = Self::default();
        this.push(text, false);
        this
    }

    /// Returns a text as written without quotes.
    pub fn bare(text: &str) -> Self {
        let mut this = Self::default();
        this.push(text, true);
        this
    }

    pub(super) fn push(&mut self, text: &str, active: bool) {
        self.symbols.extend(text.chars().map(|c| Symbol { c, active }));
    }

    /// Returns the characters.
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// Returns the plain text.
    pub fn plain(&self) -> String {
        self.symbols.iter().map(|symbol| symbol.c).collect()
    }

    /// Returns the text as a word of a line that reads back as this text, including its patterns.
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

    /// Returns the text after an active `~` that stands for the home directory; none if there is no
    /// such `~`.
    pub fn behind_home(&self) -> Option<Text> {
        match self.symbols.as_slice() {
            [Symbol { c: '~', active: true }] => Some(Text::default()),
            [Symbol { c: '~', active: true }, rest @ ..] if rest.first().is_some_and(|next| next.c == '/') => {
                Some(Text::of(rest))
            }
            _ => None,
        }
    }

    /// Returns this text with the literal `front` before it.
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
