//! Colours the line while it is typed. Pure: returns the same characters with colours, without
//! terminal control characters.

use crate::lang::{Action, Output, Word, parse};
use dfs_term::text::is_treacherous;
use dfs_term::{Tone, View};
use std::borrow::Cow;

/// Longer lines are not coloured, because doing so at every key would be noticeable.
pub(super) const LINE_BYTES_MAX: usize = 4096;

/// Answers questions about the words of a line.
pub(super) trait Judge {
    /// Returns true if the command exists. Returns `None` while the name is the beginning of a
    /// command.
    fn is_command(&self, name: &str, complete: bool) -> Option<bool>;
    /// Returns true if the word names a path that is known to be missing and is not the beginning
    /// of an existing one. `before` holds the words before it, the command first.
    fn is_missing(&self, before: &[&Word], word: &Word, complete: bool) -> bool;
}

/// Returns the line with colours; `before` is the text of the previous lines.
pub(super) fn paint<'l>(before: &str, line: &'l str, view: &View, judge: &impl Judge) -> Cow<'l, str> {
    if !view.colour || before.len() + line.len() > LINE_BYTES_MAX {
        return plain(line);
    }
    if before.is_empty() {
        return Cow::Owned(painted(line, &tones(line, judge), view));
    }
    let whole = format!("{before}{line}");
    let tones = tones(&whole, judge);
    Cow::Owned(painted(line, tones.get(before.len()..).unwrap_or_default(), view))
}

/// Returns the colour of each byte.
fn tones(line: &str, judge: &impl Judge) -> Vec<Tone> {
    let mut tones = vec![Tone::Plain; line.len()];
    let mut covered = 0;
    for (words, output) in statements(line) {
        for (index, word) in words.iter().enumerate() {
            comment(line, covered, word.start, &mut tones);
            covered = word.end.min(line.len());
            let before: Vec<&Word> = words.iter().take(index).collect();
            fill(&mut tones, word.start, word.end, of_word(line, &before, word, judge));
            quoted(line, word, &mut tones);
        }
        if let Output::File { path, .. } = &output {
            quoted(line, path, &mut tones);
            covered = covered.max(path.end.min(line.len()));
        }
    }
    comment(line, covered, line.len(), &mut tones);
    tones
}

/// Returns the line without control characters, which take no cells.
fn plain(line: &str) -> Cow<'_, str> {
    if line.contains(is_hidden) { line.chars().filter(|c| !is_hidden(*c)).collect() } else { Cow::Borrowed(line) }
}

/// Newlines and tabs are handled by the editor.
fn is_hidden(c: char) -> bool {
    is_treacherous(c) && c != '\n' && c != '\t'
}

/// Returns the words of each command, even if the last quote of the line is open.
fn statements(line: &str) -> Vec<(Vec<Word>, Output)> {
    let closed = ["", "'", "\""].into_iter().find_map(|end| parse(&format!("{line}{end}")).ok());
    let actions = closed.unwrap_or_default().into_iter().map(|statement| statement.action);
    let words = |action| match action {
        Action::Command { words, output } => Some((words, output)),
        Action::Local(_) => None,
    };
    actions.filter_map(words).collect()
}

fn of_word(line: &str, before: &[&Word], word: &Word, judge: &impl Judge) -> Tone {
    let text = line.get(word.start..word.end.min(line.len())).unwrap_or_default();
    if before.is_empty() {
        return match judge.is_command(text, word.end < line.len()) {
            Some(true) => Tone::Strong,
            Some(false) => Tone::Bad,
            None => Tone::Plain,
        };
    }
    if judge.is_missing(before, word, word.end < line.len()) { Tone::Missing } else { Tone::Plain }
}

fn fill(tones: &mut [Tone], start: usize, end: usize, tone: Tone) {
    let end = end.min(tones.len());
    if let Some(stretch) = tones.get_mut(start.min(end)..end) {
        stretch.fill(tone);
    }
}

/// Colours the quoted parts and variables of a word.
fn quoted(line: &str, word: &Word, tones: &mut [Tone]) {
    let end = word.end.min(line.len());
    let Some(text) = line.get(word.start..end) else { return };
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let start = word.start + at;
        match c {
            '\\' => drop(chars.next()),
            '\'' | '"' => {
                let mut stop = text.len();
                while let Some((at, next)) = chars.next() {
                    match next {
                        '\\' if c == '"' => drop(chars.next()),
                        next if next == c => {
                            stop = at + 1;
                            break;
                        }
                        _ => {}
                    }
                }
                tint(tones, start, word.start + stop, Tone::Quoted);
            }
            '$' => {
                let name = |c: char| c == '_' || c == '{' || c == '}' || c == '@' || c.is_ascii_alphanumeric();
                while chars.next_if(|(_, c)| name(*c)).is_some() {}
                let stop = chars.peek().map_or(text.len(), |(at, _)| *at);
                tint(tones, start, word.start + stop, Tone::Command);
            }
            _ => {}
        }
    }
}

/// Colours the parts of the range that have no colour yet, so that errors stay visible.
fn tint(tones: &mut [Tone], start: usize, end: usize, tone: Tone) {
    let end = end.min(tones.len());
    for here in tones.get_mut(start.min(end)..end).into_iter().flatten().filter(|here| **here == Tone::Plain) {
        *here = tone;
    }
}

/// Colours the comments between two words: a `#` after white space or at the beginning.
fn comment(line: &str, start: usize, end: usize, tones: &mut [Tone]) {
    let Some(gap) = line.get(start..end) else { return };
    let mut at = start;
    for part in gap.split_inclusive('\n') {
        // Text for the local shell has its own comments.
        let local = part.find(['|', '!']).unwrap_or(part.len());
        if let Some(sharp) = part.find('#').filter(|sharp| *sharp < local) {
            fill(tones, at + sharp, at + part.len(), Tone::Dim);
        }
        at += part.len();
    }
}

fn painted(line: &str, tones: &[Tone], view: &View) -> String {
    let mut text = String::with_capacity(line.len() * 2);
    let mut stretch = String::new();
    let mut tone = Tone::Plain;
    for (at, c) in line.char_indices() {
        let here = tones.get(at).copied().unwrap_or_default();
        if here != tone {
            text.push_str(&view.paint(tone, &stretch));
            stretch.clear();
            tone = here;
        }
        if !is_hidden(c) {
            stretch.push(c);
        }
    }
    text.push_str(&view.paint(tone, &stretch));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A judge for which `ls` exists and `/none` is missing.
    struct Knows;

    impl Judge for Knows {
        fn is_command(&self, name: &str, complete: bool) -> Option<bool> {
            if !complete && "ls".starts_with(name) { (name == "ls").then_some(true) } else { Some(name == "ls") }
        }

        fn is_missing(&self, _: &[&Word], word: &Word, _: bool) -> bool {
            crate::prompt::target::plain(word) == "/none"
        }
    }

    const COLOURED: View = View { cells: None, colour: true, glyphs: dfs_term::Glyphs::Unicode };

    /// Returns the text with a letter before each stretch of one colour: b for bold, r for red, u
    /// for underlined, q for quoted, v for variables, d for dim.
    fn seen(line: &str) -> String {
        seen_behind("", line)
    }

    fn seen_behind(before: &str, line: &str) -> String {
        let text = paint(before, line, &COLOURED, &Knows).into_owned();
        [("1m", "b"), ("31m", "r"), ("4m", "u"), ("33m", "q"), ("36m", "v"), ("2m", "d"), ("0m", ".")]
            .iter()
            .fold(text, |text, (sgr, letter)| text.replace(&format!("\x1b[{sgr}"), &format!("<{letter}>")))
    }

    #[test]
    fn colours_by_what_a_word_is() {
        for (line, expected) in [
            ("l", "l"),
            ("ls", "<b>ls<.>"),
            ("lx", "<r>lx<.>"),
            ("l ", "<r>l<.> "),
            ("ls /none", "<b>ls<.> <u>/none<.>"),
            ("ls 'a b' x", "<b>ls<.> <q>'a b'<.> x"),
            ("ls 'a b", "<b>ls<.> <q>'a b<.>"),
            ("ls a\"b c\"", "<b>ls<.> a<q>\"b c\"<.>"),
            ("ls $x/y", "<b>ls<.> <v>$x<.>/y"),
            ("ls # more", "<b>ls<.> <d># more<.>"),
            ("ls; lx", "<b>ls<.>; <r>lx<.>"),
            ("ls | grep '# x'", "<b>ls<.> | grep '# x'"),
            ("ls > 'o'", "<b>ls<.> > <q>'o'<.>"),
            ("!anything # goes", "!anything # goes"),
        ] {
            assert_eq!(seen(line), expected, "{line}");
        }
        assert_eq!(seen_behind("ls 'a\n", "b' x"), "<q>b'<.> x");
        assert_eq!(seen_behind("ls \\\n", "ls"), "ls");
    }

    #[test]
    fn without_colour_it_is_the_line() {
        assert_eq!(paint("", "lx 'a", &View::default(), &Knows), "lx 'a");
        assert_eq!(paint("", "ls a\x07b\u{202e}", &View::default(), &Knows), "ls ab");
    }

    proptest! {
        #[test]
        fn no_character_is_lost(line in "[a-z '\"\\\\$;|>#!{}é🦀\\n\\x07-]{0,40}") {
            let text = paint("", &line, &COLOURED, &Knows).into_owned();
            let bare = ["1", "31", "4", "33", "36", "2", "0"].iter().fold(text, |text, sgr| text.replace(&format!("\x1b[{sgr}m"), ""));
            prop_assert_eq!(bare, line.replace('\x07', ""));
        }
    }
}
