//! The glyphs that the console draws with, and what stands for each of them where the terminal's
//! character set is ASCII.

use crate::text::{truncate, width};
use std::borrow::Cow;

/// The characters that may be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Glyphs {
    /// All of them, in UTF-8.
    #[default]
    Unicode,
    /// ASCII only.
    Ascii,
}

/// Every glyph that is not ASCII, with the text that stands for it and the one cell that stands for
/// it in a frame, where each cell has its place. A test of the shell compares it with what the
/// commands print.
const TABLE: &[(char, &str, char)] = &[
    // States.
    ('·', ".", '.'),
    ('✗', "x", 'x'),
    ('»', ">", '>'),
    // Numbers and text.
    ('…', "...", '~'),
    ('–', "-", '-'),
    ('—', "-", '-'),
    ('→', "->", '>'),
    ('←', "<-", '<'),
    ('↑', "up", '^'),
    ('↓', "down", 'v'),
    ('×', "x", 'x'),
    ('±', "+-", '~'),
    ('≥', ">=", '>'),
    ('≤', "<=", '<'),
    ('µ', "u", 'u'),
    // Lines.
    ('│', "|", '|'),
    ('─', "-", '-'),
    ('┌', "+", '+'),
    ('┐', "+", '+'),
    ('└', "`", '+'),
    ('┘', "+", '+'),
    ('├', "|", '+'),
    ('┤', "|", '+'),
    ('┬', "+", '+'),
    ('┴', "+", '+'),
    ('┼', "+", '+'),
    ('╌', ":", ':'),
    // Bars and curves, by how much of a cell they fill.
    ('█', "#", '#'),
    ('▓', "#", '#'),
    ('▒', "=", '='),
    ('░', ".", '.'),
    ('▁', "_", '_'),
    ('▂', "_", '_'),
    ('▃', "-", '-'),
    ('▄', "-", '-'),
    ('▅', "=", '='),
    ('▆', "=", '='),
    ('▇', "#", '#'),
    ('▀', "^", '^'),
    ('▏', ".", '.'),
    ('▎', "-", '-'),
    ('▍', "-", '-'),
    ('▌', "=", '='),
    ('▋', "=", '='),
    ('▊', "=", '='),
    ('▉', "#", '#'),
];

impl Glyphs {
    /// Returns the glyphs of a locale: Unicode where the variable that decides (`LC_ALL`, else
    /// `LC_CTYPE`, else `LANG`; POSIX, 8.2) names UTF-8.
    pub fn of_locale(lc_all: &str, lc_ctype: &str, lang: &str) -> Self {
        let deciding = [lc_all, lc_ctype, lang].into_iter().find(|value| !value.is_empty()).unwrap_or_default();
        let name = deciding.to_ascii_lowercase();
        if name.contains("utf-8") || name.contains("utf8") { Self::Unicode } else { Self::Ascii }
    }

    /// Returns a text of ours in these glyphs. Names that users chose must not be passed: a glyph
    /// in one would be replaced, too.
    pub fn text(self, text: &str) -> Cow<'_, str> {
        let in_table = |c: char| TABLE.iter().find(|(glyph, ..)| *glyph == c);
        if self == Self::Unicode || text.is_ascii() {
            return Cow::Borrowed(text);
        }
        let mut ascii = String::with_capacity(text.len());
        for c in text.chars() {
            match in_table(c) {
                Some((_, instead, _)) => ascii.push_str(instead),
                None => ascii.push(c),
            }
        }
        Cow::Owned(ascii)
    }

    /// Returns what stands in a frame for the symbol of a cell: one cell for one cell.
    pub fn cell(self, symbol: &str) -> Option<char> {
        let mut letters = symbol.chars();
        let (letter, None) = (letters.next()?, letters.next()) else { return None };
        let found = TABLE.iter().find(|(glyph, ..)| self == Self::Ascii && *glyph == letter);
        found.map(|(.., instead)| *instead)
    }

    /// Returns the sign that something was cut.
    pub fn ellipsis(self) -> &'static str {
        if self == Self::Unicode { "…" } else { "..." }
    }

    /// Returns the text cut to at most `cells` cells, with [`ellipsis`](Self::ellipsis) at its end
    /// where something was cut.
    pub fn truncate(self, text: &str, cells: usize) -> Cow<'_, str> {
        let sign = self.ellipsis();
        if self == Self::Unicode || width(text) <= cells {
            return truncate(text, cells);
        }
        if cells <= sign.len() {
            return Cow::Owned(".".repeat(cells));
        }
        let cut = truncate(text, cells + 1 - sign.len());
        Cow::Owned(cut.trim_end_matches('…').to_owned() + sign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_decides() {
        for (lc_all, lc_ctype, lang, glyphs) in [
            ("", "", "en_US.UTF-8", Glyphs::Unicode),
            ("", "de_DE.utf8", "C", Glyphs::Unicode),
            ("C.UTF-8", "C", "C", Glyphs::Unicode),
            ("C", "", "en_US.UTF-8", Glyphs::Ascii),
            ("", "POSIX", "en_US.UTF-8", Glyphs::Ascii),
            ("", "", "de_DE.ISO-8859-1", Glyphs::Ascii),
            ("", "", "", Glyphs::Ascii),
        ] {
            assert_eq!(Glyphs::of_locale(lc_all, lc_ctype, lang), glyphs, "{lc_all} {lc_ctype} {lang}");
        }
    }

    #[test]
    fn the_table_is_sound() {
        for (at, (glyph, text, cell)) in TABLE.iter().enumerate() {
            assert!(!glyph.is_ascii() && width(&glyph.to_string()) == 1, "{glyph}");
            assert!(!text.is_empty() && text.is_ascii() && cell.is_ascii_graphic(), "{glyph}");
            assert!(TABLE.iter().skip(at + 1).all(|(other, ..)| other != glyph), "{glyph} stands there twice");
        }
    }

    #[test]
    fn states_differ_without_colour_and_without_unicode() {
        let signs = ["·", "✗", "»", "!", "~"].map(|sign| Glyphs::Ascii.text(sign).into_owned());
        for (at, sign) in signs.iter().enumerate() {
            assert!(!signs.iter().skip(at + 1).any(|other| other == sign), "{sign}");
        }
    }

    #[test]
    fn texts_and_cells() {
        assert_eq!(Glyphs::Ascii.text("· healthy │ 87 µs → ≥ 80 % 漢"), ". healthy | 87 us -> >= 80 % 漢");
        assert_eq!(Glyphs::Unicode.text("· …"), "· …");
        assert_eq!(
            [Glyphs::Ascii.cell("█"), Glyphs::Ascii.cell("a"), Glyphs::Unicode.cell("█")],
            [Some('#'), None, None]
        );
        for (text, cells, cut) in
            [("abcdef", 6, "abcdef"), ("abcdef", 5, "ab..."), ("abcdef", 2, ".."), ("漢字漢字", 6, "漢...")]
        {
            assert_eq!(Glyphs::Ascii.truncate(text, cells), cut);
        }
        assert_eq!(Glyphs::Unicode.truncate("abcdef", 4), "abc…");
    }
}
