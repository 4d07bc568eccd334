//! Results of commands: one value, shown to people as text, to programs as JSON, and used by the
//! dashboard directly.

use crate::glyphs::Glyphs;
use serde::Serialize;
use std::borrow::Cow;

/// The properties of the output that text is formatted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct View {
    /// The width of a line in cells; unlimited if none.
    pub cells: Option<usize>,
    /// True if colours are allowed.
    pub colour: bool,
    /// The characters that may be used.
    pub glyphs: Glyphs,
}

/// A colour by its meaning. Words or symbols always carry the meaning too, since colours may be
/// off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tone {
    #[default]
    Plain,
    /// Healthy.
    Good,
    /// Needs attention.
    Warning,
    /// Failed or lost.
    Bad,
    /// Less important or outdated.
    Dim,
    /// A heading or other important text.
    Strong,
    /// The name of a directory.
    Directory,
    /// A command to type.
    Command,
    /// Quoted text in a line that is typed.
    Quoted,
    /// The name of something that does not exist.
    Missing,
    /// The one of several that is selected.
    Selected,
}

impl Tone {
    /// Returns the code of one of the terminal's own colours and weights (ECMA-48, SGR), so that
    /// the terminal's theme applies.
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
            Self::Selected => "7",
        })
    }
}

impl View {
    /// Returns the text in a tone if colours are allowed. The text must already be safe for a
    /// terminal.
    pub fn paint<'t>(&self, tone: Tone, text: &'t str) -> Cow<'t, str> {
        match tone.sgr() {
            Some(sgr) if self.colour && !text.is_empty() => Cow::Owned(format!("\x1b[{sgr}m{text}\x1b[0m")),
            _ => Cow::Borrowed(text),
        }
    }
}

/// The result of a command. Programs read its `Serialize` form, people its [`Report::text`].
pub trait Report: Serialize {
    /// True if the text holds names that others chose, and programs read it: names must be printed
    /// unchanged, so glyphs are replaced in [`text`](Self::text) itself, with [`Glyphs::text`].
    const HOLDS_NAMES: bool = false;

    /// Returns lines for people, each with a line end; empty if there is nothing to show.
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
    fn colours_only_where_allowed() {
        let (with, without) = (View { colour: true, ..View::default() }, View::default());
        assert_eq!(with.paint(Tone::Bad, "dead"), "\x1b[31mdead\x1b[0m");
        assert_eq!(with.paint(Tone::Plain, "dead"), "dead");
        assert_eq!(with.paint(Tone::Bad, ""), "");
        assert_eq!(without.paint(Tone::Bad, "dead"), "dead");
    }
}
