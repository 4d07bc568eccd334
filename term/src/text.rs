//! Makes text from other sources safe for a terminal, and measures it.

use std::borrow::Cow;
use std::fmt::Write as _;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Returns true if a terminal would interpret this character instead of showing it, or would
/// reorder other text because of it.
pub fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' // marks and line separators
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' // bidirectional overrides and isolates
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Returns the text with every unsafe character written as an escape: `
/// `, `\u{1b}`.
///
/// Other users choose the names in the DFS; unescaped, a name could move the cursor or hide its
/// content.
pub fn sanitise(text: &str) -> Cow<'_, str> {
    if !text.contains(is_treacherous) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if is_treacherous(c) => {
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// Returns the width of the text in cells of a terminal.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Truncates the text to at most `cells` cells, with `…` at its end if something was removed.
pub fn truncate(text: &str, cells: usize) -> Cow<'_, str> {
    if width(text) <= cells {
        return Cow::Borrowed(text);
    }
    if cells == 0 {
        return Cow::Borrowed("");
    }
    let mut cut = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = UnicodeWidthChar::width(c).unwrap_or(0);
        if used + wide > cells - 1 {
            break;
        }
        used += wide;
        cut.push(c);
    }
    cut.push('…');
    Cow::Owned(cut)
}

/// Truncates the text between two words to at most `cells` cells, with `…` at its end if something
/// was removed. If the first word is too long, [`truncate`] truncates it.
pub fn shorten(text: &str, cells: usize) -> Cow<'_, str> {
    if width(text) <= cells {
        return Cow::Borrowed(text);
    }
    let ends = text.match_indices(' ').map(|(end, _)| text.get(..end).unwrap_or_default());
    match ends.take_while(|start| width(start) + 2 <= cells).last() {
        Some(start) if !start.is_empty() => Cow::Owned(format!("{start} …")),
        _ => truncate(text, cells),
    }
}

/// Breaks the text between words into lines of at most `cells` cells. All lines but the first are
/// indented by `indent` spaces; the first is assumed to be indented already. A word that is longer
/// than a line is not broken, so that it can be copied. Colours (ECMA-48, SGR) have no width.
pub fn wrap(text: &str, cells: Option<usize>, indent: usize) -> String {
    let Some(room) = cells.map(|cells| cells.saturating_sub(indent).max(1)) else { return text.to_owned() };
    let mut wrapped = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let wide = visible_width(word);
        if used > 0 && used + 1 + wide > room {
            wrapped.push('\n');
            wrapped.extend(std::iter::repeat_n(' ', indent));
            used = 0;
        } else if used > 0 {
            wrapped.push(' ');
            used += 1;
        }
        wrapped.push_str(word);
        used += wide;
    }
    wrapped
}

/// Returns the width of a text in cells without the colours in it.
fn visible_width(text: &str) -> usize {
    let mut pieces = text.split("\x1b[");
    let plain = pieces.next().map_or(0, width);
    plain + pieces.map(|piece| piece.split_once('m').map_or(0, |(_, rest)| width(rest))).sum::<usize>()
}

/// Pads the text with trailing spaces to at least `cells` cells.
pub fn pad(text: &str, cells: usize) -> String {
    let blanks = cells.saturating_sub(width(text));
    text.chars().chain(std::iter::repeat_n(' ', blanks)).collect()
}

/// Arranges names in columns, filled downwards as `ls` does, in lines of at most `cells` cells. A
/// name that is wider than that gets its own line.
pub fn columns(names: &[String], cells: usize) -> String {
    columns_with(names, cells, |_, name| Cow::Borrowed(name))
}

/// Arranges names like [`columns`], each name as shown by `paint`, which must keep its width.
pub fn columns_with<'n>(names: &'n [String], cells: usize, paint: impl Fn(usize, &'n str) -> Cow<'n, str>) -> String {
    const GAP: usize = 2;
    if names.is_empty() {
        return String::new();
    }
    let widths: Vec<usize> = names.iter().map(|name| width(name)).collect();
    let narrowest = widths.iter().min().copied().unwrap_or(0).max(1);
    let columns_max = ((cells + GAP) / (narrowest + GAP)).clamp(1, names.len().max(1));
    let (rows, column_widths) = (1..=columns_max)
        .rev()
        .map(|count| layout(&widths, count))
        .find(|(_, sizes)| sizes.iter().sum::<usize>() + GAP * sizes.len().saturating_sub(1) <= cells)
        .unwrap_or_else(|| layout(&widths, 1));
    let mut text = String::new();
    for row in 0..rows {
        let mut pending = 0;
        for (column, column_width) in column_widths.iter().enumerate() {
            let index = column * rows + row;
            let Some((name, used)) = names.get(index).zip(widths.get(index)) else { break };
            text.extend(std::iter::repeat_n(' ', pending));
            text.push_str(&paint(index, name));
            pending = column_width - used + GAP;
        }
        text.push('\n');
    }
    text
}

/// Returns the number of rows and the width of each column for `widths` in at most `count` columns.
fn layout(widths: &[usize], count: usize) -> (usize, Vec<usize>) {
    let rows = widths.len().div_ceil(count).max(1);
    (rows, widths.chunks(rows).map(|column| column.iter().max().copied().unwrap_or(0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_is_shortened_between_words() {
        for (cells, expected) in [
            (20, "makes missing copies"),
            (19, "makes missing …"),
            (15, "makes missing …"),
            (14, "makes …"),
            (5, "make…"),
        ] {
            assert_eq!(shorten("makes missing copies", cells), expected, "{cells}");
        }
    }

    #[test]
    fn controls_and_bidi_are_escaped() {
        assert_eq!(sanitise("plain näme 漢"), "plain näme 漢");
        assert_eq!(sanitise("a\x1b[31m\n\u{202e}b"), "a\\u{1b}[31m\\n\\u{202e}b");
    }

    #[test]
    fn truncation_counts_cells() {
        assert_eq!(truncate("abcdef", 6), "abcdef");
        assert_eq!(truncate("abcdef", 4), "abc…");
        assert_eq!(truncate("漢字漢字", 5), "漢字…");
        assert_eq!(truncate("漢字漢字", 4), "漢…");
        assert_eq!(truncate("abc", 0), "");
    }

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(wrap("one two three", None, 2), "one two three");
        assert_eq!(wrap("one two three", Some(9), 2), "one two\n  three");
        assert_eq!(wrap("\x1b[31mone\x1b[0m two", Some(9), 2), "\x1b[31mone\x1b[0m two");
        assert_eq!(wrap("a overlong b", Some(4), 0), "a\noverlong\nb");
    }

    #[test]
    fn painted_columns_line_up() {
        let names: Vec<String> = ["漢", "b", "ccc"].map(str::to_owned).into();
        let painted = columns_with(&names, 80, |index, name| match index {
            0 => Cow::Owned(format!("\x1b[1m{name}\x1b[0m")),
            _ => Cow::Borrowed(name),
        });
        assert_eq!(painted, "\x1b[1m漢\x1b[0m  b  ccc\n");
        assert_eq!((pad("漢", 4), pad("abc", 2)), ("漢  ".to_owned(), "abc".to_owned()));
    }

    #[test]
    fn columns_fill_downwards() {
        let names: Vec<String> = ["a", "bb", "ccc", "d", "e"].map(str::to_owned).into();
        assert_eq!(columns(&names, 80), "a  bb  ccc  d  e\n");
        assert_eq!(columns(&names, 9), "a    d\nbb   e\nccc\n");
        assert_eq!(columns(&names, 1), "a\nbb\nccc\nd\ne\n");
        assert_eq!(columns(&[], 80), "");
    }

    proptest! {
        #[test]
        fn sanitised_text_has_no_unsafe_character(text in any::<String>()) {
            prop_assert!(!sanitise(&text).contains(is_treacherous));
        }

        #[test]
        fn truncated_text_fits(text in "[a-z漢字é]{0,40}", cells in 0usize..30) {
            prop_assert!(width(&truncate(&text, cells)) <= cells);
        }

        #[test]
        fn columns_show_every_name_and_fit(names in prop::collection::vec("[a-z漢]{1,12}", 1..40), cells in 24usize..100) {
            let text = columns(&names, cells);
            prop_assert_eq!(text.split_whitespace().count(), names.len());
            prop_assert!(text.lines().all(|line| width(line) <= cells));
        }
    }
}
