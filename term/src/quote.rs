//! Quotes a text as a word that the shell parses to the same text. The parser is in the shell,
//! whose tests check that both agree.

use crate::text::is_treacherous;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Returns true if a word may contain this character without quotes in any position.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '/' | '.' | '_' | '-' | '+' | ':' | '=' | '%' | '^')
        || (!c.is_ascii() && !c.is_whitespace() && !is_treacherous(c))
}

/// Quotes a text as one word: unchanged, in single quotes, or in `$'…'` if it contains control
/// characters of a terminal.
pub fn quote(text: &str) -> Cow<'_, str> {
    if !text.is_empty() && text.chars().all(is_plain) {
        Cow::Borrowed(text)
    } else if text.contains(is_treacherous) {
        Cow::Owned(dollar_quote(text))
    } else {
        Cow::Owned(format!("'{}'", text.replace('\'', "'\\''")))
    }
}

/// Joins words to a line, each quoted.
pub fn quote_words<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> String {
    let mut line = String::new();
    for word in words {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&quote(word.as_ref()));
    }
    line
}

fn dollar_quote(text: &str) -> String {
    let mut quoted = String::from("$'");
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\\' | '\'' => quoted.extend(['\\', c]),
            c if is_treacherous(c) => {
                let _ = write!(quoted, "\\u{{{:x}}}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_only_if_necessary() {
        for (text, quoted) in [
            ("/a/b-c_d.txt", "/a/b-c_d.txt"),
            ("näme漢", "näme漢"),
            ("", "''"),
            ("a b", "'a b'"),
            ("*", "'*'"),
            ("it's", "'it'\\''s'"),
            ("a\nb", "$'a\\nb'"),
            ("\u{202e}x", "$'\\u{202e}x'"),
            ("a\u{a0}b", "'a\u{a0}b'"),
            ("@x", "'@x'"),
        ] {
            assert_eq!(quote(text), quoted);
        }
        assert_eq!(quote_words(["put", "a b", "/c"]), "put 'a b' /c");
    }
}
