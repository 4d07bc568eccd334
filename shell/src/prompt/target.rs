//! Finds the word to complete. Pure.

use crate::lang::{Action, Output, Piece, Variable, Word, parse};

/// The word under the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// The position of its beginning in the line, in bytes.
    pub start: usize,
    /// The typed text, without quotes.
    pub typed: String,
    /// The opening quote, if it is still open.
    pub quote: Option<char>,
    pub place: Place,
}

/// The role of the word in the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// The name of a command.
    Command,
    /// An argument; holds the words before it, the name of the command first.
    Argument(Vec<String>),
    /// A local file after `>`, or an argument of a local program.
    LocalFile,
    /// The name of a local program, after `|` or `!`.
    Program,
    /// The name of a variable, after `$`.
    Variable,
}

/// Marks the cursor: a character that is never typed.
const CURSOR: char = '\u{f8ff}';

/// Finds the word under a cursor at the end of `text`; none if nothing can be completed.
pub(super) fn target(text: &str) -> Option<Target> {
    let (statements, quote) = [None, Some('\''), Some('"')].into_iter().find_map(|quote| {
        let closed: String = text.chars().chain([CURSOR]).chain(quote).collect();
        parse(&closed).ok().map(|statements| (statements, quote))
    })?;
    let (words, output) = match statements.into_iter().next_back()?.action {
        Action::Command { words, output } => (words, output),
        Action::Local(command) => return of_local(text, &command),
    };
    match &output {
        Output::File { path, .. } if holds_cursor(path) => {
            return Some(of_word(path, text, quote, Place::LocalFile));
        }
        Output::Pipe(command) if command.contains(CURSOR) => return of_local(text, command),
        _ => {}
    }
    let index = words.iter().position(holds_cursor)?;
    let before: Vec<String> = words.iter().take(index).map(plain).collect();
    let place = if before.is_empty() { Place::Command } else { Place::Argument(before) };
    words.get(index).map(|word| of_word(word, text, quote, place))
}

fn of_word(word: &Word, text: &str, quote: Option<char>, place: Place) -> Target {
    // Right after the beginning of a variable, the name of the variable is completed.
    if let [.., Piece::Variable(Variable::Named(name)), last] = word.pieces.as_slice()
        && is_cursor(last)
    {
        let start = text.len().saturating_sub(name.len());
        return Target { start, typed: name.clone(), quote: None, place: Place::Variable };
    }
    let begins_with_quote = quote.filter(|quote| text.get(word.start..).is_some_and(|word| word.starts_with(*quote)));
    Target { start: word.start, typed: plain(word).replace(CURSOR, ""), quote: begins_with_quote, place }
}

/// Returns the word at the end of a line of the local shell; none if it contains more than plain
/// characters.
fn of_local(text: &str, command: &str) -> Option<Target> {
    let command = command.strip_suffix(CURSOR)?;
    let begin = text.len().checked_sub(command.len())?;
    let (mut start, mut is_first, mut is_odd, mut quote) = (0, true, false, None);
    for (at, c) in command.char_indices() {
        let behind = at + c.len_utf8();
        match (quote, c) {
            (Some(open), c) => quote = Some(open).filter(|open| *open != c),
            (None, '\'' | '"') => (quote, is_odd) = (Some(c), true),
            (None, '\\' | '$' | '`' | '*' | '?' | '[') => is_odd = true,
            (None, '|' | ';' | '&' | '(' | '\n') => (start, is_first, is_odd) = (behind, true, false),
            (None, '<' | '>') => (start, is_first, is_odd) = (behind, false, false),
            (None, c) if c.is_whitespace() => {
                is_first &= at == start;
                (start, is_odd) = (behind, false);
            }
            (None, _) => {}
        }
    }
    let typed = command.get(start..)?.to_owned();
    let place = if is_first && !typed.contains('/') { Place::Program } else { Place::LocalFile };
    (quote.is_none() && !is_odd).then_some(Target { start: begin + start, typed, quote: None, place })
}

fn is_cursor(piece: &Piece) -> bool {
    matches!(piece, Piece::Bare(text) | Piece::Quoted(text) if text.chars().eq([CURSOR]))
}

fn holds_cursor(word: &Word) -> bool {
    word.pieces.iter().any(|piece| matches!(piece, Piece::Bare(text) | Piece::Quoted(text) if text.contains(CURSOR)))
}

/// Returns the word as text; variables stay as written.
pub(super) fn plain(word: &Word) -> String {
    let text = |piece: &Piece| match piece {
        Piece::Bare(text) | Piece::Quoted(text) => text.clone(),
        Piece::Variable(Variable::Named(name)) => format!("${name}"),
        Piece::Variable(Variable::Argument(number)) => format!("${number}"),
        Piece::Variable(Variable::Arguments) => "$@".to_owned(),
    };
    word.pieces.iter().map(text).collect()
}

/// Returns a completed word that reads back as `text` and continues the typed quote. `ended` adds
/// the closing quote and a space, because the word ends there.
pub(super) fn completed(text: &str, quote: Option<char>, ended: bool) -> String {
    use dfs_term::text::is_treacherous;
    let end = if ended { " " } else { "" };
    if text.contains(is_treacherous) {
        return format!("{}{end}", crate::lang::quote(text));
    }
    match quote {
        Some('\'') if !text.contains('\'') => format!("'{text}{}", if ended { "' " } else { "" }),
        Some('"') => {
            let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
            format!("\"{escaped}{}", if ended { "\" " } else { "" })
        }
        _ => {
            let mut word = String::new();
            for c in text.chars() {
                if crate::lang::quote(c.encode_utf8(&mut [0; 4])).len() > c.len_utf8() {
                    word.push('\\');
                }
                word.push(c);
            }
            word + end
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Scope;
    use proptest::prelude::*;

    fn seen(text: &str) -> Option<(usize, String, Option<char>, Place)> {
        target(text).map(|target| (target.start, target.typed, target.quote, target.place))
    }

    fn argument(words: &[&str]) -> Place {
        Place::Argument(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn words_under_the_cursor() {
        for (text, expected) in [
            ("", Some((0, "", None, Place::Command))),
            ("l", Some((0, "l", None, Place::Command))),
            ("ls ", Some((3, "", None, argument(&["ls"])))),
            ("pwd; ls -l /a", Some((11, "/a", None, argument(&["ls", "-l"])))),
            ("ls 'my fi", Some((3, "my fi", Some('\''), argument(&["ls"])))),
            ("ls \"my fi", Some((3, "my fi", Some('"'), argument(&["ls"])))),
            ("ls my\\ fi", Some((3, "my fi", None, argument(&["ls"])))),
            ("ls a'b c", Some((3, "ab c", None, argument(&["ls"])))),
            ("ls my\\", Some((3, "my", None, argument(&["ls"])))),
            ("ls > o", Some((5, "o", None, Place::LocalFile))),
            ("ls $da", Some((4, "da", None, Place::Variable))),
            ("ls | gre", Some((5, "gre", None, Place::Program))),
            ("ls |", Some((4, "", None, Place::Program))),
            ("ls | grep a | so", Some((14, "so", None, Place::Program))),
            ("ls | grep ab", Some((10, "ab", None, Place::LocalFile))),
            ("ls | grep 'a b' /t", Some((16, "/t", None, Place::LocalFile))),
            ("ls | grep 'a", None),
            ("ls | grep $a", None),
            ("ls | ./pro", Some((5, "./pro", None, Place::LocalFile))),
            ("pwd; !l", Some((6, "l", None, Place::Program))),
            ("! ec", Some((2, "ec", None, Place::Program))),
            ("!cat <fi", Some((6, "fi", None, Place::LocalFile))),
            ("ls # com", None),
        ] {
            let expected = expected.map(|(start, typed, quote, place)| (start, typed.to_owned(), quote, place));
            assert_eq!(seen(text), expected, "{text}");
        }
    }

    fn reads_back(word: &str) -> String {
        let mut statements = parse(&format!("x {word}")).expect("it parses");
        let Action::Command { words, .. } = statements.remove(0).action else { panic!("a command") };
        assert_eq!(words.len(), 2, "{word}");
        Scope::default().expect_plain(&words[1])
    }

    impl Scope {
        fn expect_plain(&self, word: &Word) -> String {
            self.expand(word).expect("set").iter().map(|text| text.plain()).collect()
        }
    }

    proptest! {
        #[test]
        fn completed_words_read_back(name in "[a-z '\"\\\\$;|>#*\\n🦀-]{1,12}", quote in prop::option::of(prop::sample::select(vec!['\'', '"']))) {
            prop_assert_eq!(reads_back(&completed(&name, quote, true)), name);
        }

        #[test]
        fn completion_never_fails(text in "[a-z '\"\\\\$;|>#!{}-]{0,24}") {
            if let Some(target) = target(&text) {
                prop_assert!(text.get(target.start..).is_some());
            }
        }
    }
}
