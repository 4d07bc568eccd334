//! An argument in which each character knows whether it was quoted.

/// A word after its variables were put in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    symbols: Vec<Symbol>,
}

/// One character. An active one has the meaning that it has without quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symbol {
    pub c: char,
    pub active: bool,
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

    /// Whether it begins with an active `~` that stands for the home folder, and what follows that.
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
