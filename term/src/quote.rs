//! From a text to a word of the shell that reads back as that text. The shell parses; its tests hold the two together.

use crate::text::is_treacherous;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a word may hold this character without quotes, wherever it stands.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '/' | '.' | '_' | '-' | '+' | ':' | '=' | '%' | '^')
        || (!c.is_ascii() && !c.is_whitespace() && !is_treacherous(c))
}

/// The text as one word: as it is, in single quotes, or in `$'…'` when it holds what a terminal would obey.
pub fn quote(text: &str) -> Cow<'_, str> {
    if !text.is_empty() && text.chars().all(is_plain) {
        Cow::Borrowed(text)
    } else if text.contains(is_treacherous) {
        Cow::Owned(dollar_quote(text))
    } else {
        Cow::Owned(format!("'{}'", text.replace('\'', "'\\''")))
    }
}

/// Words as a line.
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
    fn only_what_needs_quotes_gets_them() {
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
