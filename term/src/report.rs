//! What a command found out: one value, which people read as text, programs as JSON, and the dashboard as it is.

use crate::glyphs::Glyphs;
use serde::Serialize;
use std::borrow::Cow;

/// How text is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct View {
    /// Cells of a line; unlimited if none.
    pub cells: Option<usize>,
    /// Whether colours may be used.
    pub colour: bool,
    /// The characters that may be used.
    pub glyphs: Glyphs,
}

/// A colour by its meaning. Words or glyphs carry the meaning, too: colours may be off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tone {
    #[default]
    Plain,
    /// All is well with it.
    Good,
    /// To be looked at.
    Warning,
    /// Broken, or lost.
    Bad,
    /// Of less interest, or old.
    Dim,
    /// A head, or what is to be read first.
    Strong,
    /// The name of a directory.
    Directory,
    /// Something to type.
    Command,
    /// Text between quotes, in a line that is typed.
    Quoted,
    /// A name of something that is not there.
    Missing,
}

impl Tone {
    /// The numbers of the terminal's own colours and weights (ECMA-48, SGR), so that its theme holds.
    fn sgr(self) -> Option<&'static str> {
        Some(match self {
            Self::Plain => return None,
            Self::Good => "32",
            Self::Warning => "33",
            Self::Bad => "31",
            Self::Dim => "2",
            Self::Strong => "1",
            Self::Directory => "1;34",
            Self::Command => "36",
            Self::Quoted => "33",
            Self::Missing => "4",
        })
    }
}

impl View {
    /// The text in a tone, where colours may be used. The text must be safe for a terminal already.
    pub fn paint<'t>(&self, tone: Tone, text: &'t str) -> Cow<'t, str> {
        match tone.sgr() {
            Some(sgr) if self.colour && !text.is_empty() => Cow::Owned(format!("\x1b[{sgr}m{text}\x1b[0m")),
            _ => Cow::Borrowed(text),
        }
    }
}

/// What a command found out. `Serialize` is what programs read, [`Report::text`] what people read.
pub trait Report: Serialize {
    /// The text holds names that others chose, and programs read it: names must come through as
    /// they are, so that glyphs of ours are replaced in [`text`](Self::text) itself, with
    /// [`Glyphs::text`].
    const HOLDS_NAMES: bool = false;

    /// As lines for people, each ended; empty when there is nothing to say.
    fn text(&self, view: &View) -> String;

    /// Returns [`text`](Self::text) in the glyphs of the view.
    fn shown(&self, view: &View) -> String {
        let text = self.text(view);
        if Self::HOLDS_NAMES { text } else { view.glyphs.text(&text).into_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_only_where_they_may_be() {
        let (with, without) = (View { colour: true, ..View::default() }, View::default());
        assert_eq!(with.paint(Tone::Bad, "dead"), "\x1b[31mdead\x1b[0m");
        assert_eq!(with.paint(Tone::Plain, "dead"), "dead");
        assert_eq!(with.paint(Tone::Bad, ""), "");
        assert_eq!(without.paint(Tone::Bad, "dead"), "dead");
    }
}
