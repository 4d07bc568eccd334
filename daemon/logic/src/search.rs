//! What a search looks for.

use crate::namespace::Met;
use dfs_types::{Kind, Timestamp};
use std::ops::RangeInclusive;

/// What an entry must be to be found; what is none does not matter.
#[derive(Debug, Clone, Default)]
pub struct Criteria {
    pub name: Option<Glob>,
    /// Stands in the name, without regard to case. In lower case.
    pub text: Option<String>,
    pub kind: Option<Kind>,
    /// Bytes of a file. Folders have no size of their own and are not found.
    pub size: Option<RangeInclusive<u64>>,
    pub modified: Option<RangeInclusive<Timestamp>>,
}

impl Criteria {
    pub fn matches(&self, met: &Met<'_>) -> bool {
        self.kind.is_none_or(|kind| met.kind() == kind)
            && self.size.as_ref().is_none_or(|range| met.kind() == Kind::File && range.contains(&met.size()))
            && self.modified.as_ref().is_none_or(|range| range.contains(&met.modified()))
            && self.name.as_ref().is_none_or(|glob| glob.matches(met.name()))
            && self.text.as_ref().is_none_or(|text| has_text(met.name(), text))
    }
}

fn has_text(name: &str, lower: &str) -> bool {
    if name.is_ascii() {
        // Most names are, and need no copy.
        let (name, lower) = (name.as_bytes(), lower.as_bytes());
        return lower.is_empty() || name.windows(lower.len()).any(|window| window.eq_ignore_ascii_case(lower));
    }
    name.to_lowercase().contains(lower)
}

/// A pattern of a whole name, as `find -name` has it: `*`, `?`, `[a-z]`, `[!a-z]`, and `\` before what is meant as it is.
/// Unlike in sh, a dot that a name begins with is a character like any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(Vec<Token>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Exactly(char),
    One,
    Many,
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Glob {
    /// Every text is a pattern; a `[` without its `]` stands for itself.
    pub fn new(text: &str) -> Self {
        let mut tokens = Vec::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            let token = match c {
                '?' => Token::One,
                '*' => Token::Many,
                '\\' => Token::Exactly(rest.next().unwrap_or('\\')),
                '[' => match class(rest.as_str()) {
                    Some((token, behind)) => {
                        rest = behind.chars();
                        token
                    }
                    None => Token::Exactly('['),
                },
                c => Token::Exactly(c),
            };
            tokens.push(token);
        }
        Self(tokens)
    }

    /// Whether a name matches as a whole. The last star is the only one worth going back to, so the time is at most that of
    /// pattern times name.
    pub fn matches(&self, name: &str) -> bool {
        let mut rest = name.chars();
        let mut token = 0;
        let mut star = None;
        loop {
            let mut ahead = rest.clone();
            match (self.0.get(token), ahead.next()) {
                (Some(Token::Many), _) => {
                    token += 1;
                    star = Some((token, rest.clone()));
                    continue;
                }
                (None, None) => return true,
                (Some(wanted), Some(c)) if wanted.takes(c) => {
                    token += 1;
                    rest = ahead;
                    continue;
                }
                _ => {}
            }
            let Some((behind, from)) = &mut star else { return false };
            if from.next().is_none() {
                return false;
            }
            (token, rest) = (*behind, from.clone());
        }
    }
}

impl Token {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Exactly(wanted) => *wanted == c,
            Self::One => true,
            Self::Many => false,
            Self::Class { negated, ranges } => ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *negated,
        }
    }
}

/// A class, from behind its `[`, and what stands behind it; none when it is not closed.
fn class(text: &str) -> Option<(Token, &str)> {
    let body = text.strip_prefix(['!', '^']);
    let (negated, body) = (body.is_some(), body.unwrap_or(text));
    // A `]` that stands first is a member.
    let (close, _) = body.char_indices().skip(1).find(|(_, c)| *c == ']')?;
    let (members, behind) = (body.get(..close)?, body.get(close + 1..)?);
    let mut ranges = Vec::new();
    let mut rest = members.chars();
    while let Some(from) = rest.next() {
        let mut ahead = rest.clone();
        match (ahead.next(), ahead.next()) {
            (Some('-'), Some(to)) => {
                ranges.push((from, to));
                rest = ahead;
            }
            _ => ranges.push((from, from)),
        }
    }
    Some((Token::Class { negated, ranges }, behind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_by_pattern() {
        for (glob, yes, no) in [
            ("*.csv", vec!["a.csv", ".csv", ".x.csv"], vec!["a.csv2", "csv", ""]),
            ("?", vec!["a", "é", "."], vec!["", "ab"]),
            ("a*b*c", vec!["abc", "axbxbxc"], vec!["ab", "acb", "abcd"]),
            ("[a-c]1", vec!["a1", "c1"], vec!["d1", "-1"]),
            ("[!a-c]", vec!["d", "]"], vec!["a"]),
            ("[]x]", vec!["]", "x"], vec!["y"]),
            ("[a-]", vec!["a", "-"], vec!["b"]),
            ("[x", vec!["[x"], vec!["x"]),
            (r"\*\", vec![r"*\"], vec!["ab"]),
            ("", vec![""], vec!["a"]),
        ] {
            let pattern = Glob::new(glob);
            assert!(yes.iter().all(|name| pattern.matches(name)), "{glob} should match {yes:?}");
            assert!(!no.iter().any(|name| pattern.matches(name)), "{glob} should not match {no:?}");
        }
    }

    #[test]
    fn text_without_regard_to_case() {
        for (name, text, found) in [
            ("Report.PDF", "port.p", true),
            ("ÉTÉ", "été", true),
            ("a", "ab", false),
            ("été", "T", false),
            ("x", "", true),
        ] {
            assert_eq!(has_text(name, text), found, "{name} {text}");
        }
    }

    /// As one would define it.
    fn plainly(tokens: &[Token], name: &[char]) -> bool {
        match (tokens.split_first(), name.split_first()) {
            (None, rest) => rest.is_none(),
            (Some((Token::Many, behind)), rest) => {
                plainly(behind, name) || rest.is_some_and(|(_, shorter)| plainly(tokens, shorter))
            }
            (Some((token, behind)), Some((c, shorter))) => token.takes(*c) && plainly(behind, shorter),
            (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn as_the_definition_has_it(glob in "[ab*?\\[\\]!-]{0,8}", name in "[ab]{0,8}") {
            let glob = Glob::new(&glob);
            let chars: Vec<char> = name.chars().collect();
            prop_assert_eq!(glob.matches(&name), plainly(&glob.0, &chars));
        }

        #[test]
        fn any_text_is_a_pattern(glob in ".{0,20}", name in ".{0,20}") {
            let _ = Glob::new(&glob).matches(&name);
        }
    }
}
