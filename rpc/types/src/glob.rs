//! Glob patterns for names: `*`, `?`, `[a-z]`, `[!a-z]`.

use std::str::Chars;

/// One character of a pattern. An active one has its special meaning; one that is not active is
/// literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symbol {
    pub c: char,
    pub active: bool,
}

/// A pattern that matches whole names. A leading dot is an ordinary character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(Vec<Token>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Exactly(char),
    /// `?`.
    One,
    /// `*`.
    Many,
    /// `[…]`.
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Glob {
    /// Parses a pattern as `find -name` does: `\` makes the next character literal. Every text is a
    /// valid pattern.
    pub fn new(text: &str) -> Self {
        let mut symbols = Vec::with_capacity(text.len());
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            symbols.push(match c {
                '\\' => Symbol { c: rest.next().unwrap_or('\\'), active: false },
                c => Symbol { c, active: true },
            });
        }
        Self::of(&symbols)
    }

    /// Builds a pattern from symbols. A `[` without a closing `]` is literal.
    pub fn of(symbols: &[Symbol]) -> Self {
        let mut tokens = Vec::with_capacity(symbols.len());
        let mut rest = symbols;
        while let Some((symbol, tail)) = rest.split_first() {
            rest = tail;
            match (symbol.c, symbol.active) {
                ('?', true) => tokens.push(Token::One),
                // Consecutive stars are equivalent to one.
                ('*', true) if tokens.last() == Some(&Token::Many) => {}
                ('*', true) => tokens.push(Token::Many),
                ('[', true) => match class(tail) {
                    Some((token, behind)) => {
                        tokens.push(token);
                        rest = behind;
                    }
                    None => tokens.push(Token::Exactly('[')),
                },
                (c, _) => tokens.push(Token::Exactly(c)),
            }
        }
        Self(tokens)
    }

    /// Returns the only name that matches, if the pattern has no wildcard.
    pub fn literal(&self) -> Option<String> {
        self.0.iter().map(Token::literal).collect()
    }

    /// Returns the literal prefix that every matching name has.
    pub fn prefix(&self) -> String {
        self.0.iter().map_while(Token::literal).collect()
    }

    /// Returns true if the whole name matches. Backtracking goes only to the last star, so the time
    /// is at most the length of the pattern times the length of the name.
    pub fn matches(&self, name: &str) -> bool {
        let mut rest = name.chars();
        let mut token = 0;
        // The position after the last star, and the rest of the name where its match begins.
        let mut star: Option<(usize, Chars<'_>)> = None;
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
    fn literal(&self) -> Option<char> {
        if let Self::Exactly(c) = self { Some(*c) } else { None }
    }

    fn takes(&self, c: char) -> bool {
        match self {
            Self::Exactly(wanted) => *wanted == c,
            Self::One => true,
            Self::Many => false,
            Self::Class { negated, ranges } => ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *negated,
        }
    }
}

/// Parses a class from the character after its `[`. Returns the class and the symbols after it, or
/// `None` if it is not closed.
fn class(symbols: &[Symbol]) -> Option<(Token, &[Symbol])> {
    let negated = symbols.first().is_some_and(|first| first.active && matches!(first.c, '!' | '^'));
    let body = symbols.get(usize::from(negated)..)?;
    // A `]` in first position is a member.
    let close = body.iter().enumerate().skip(1).find(|(_, symbol)| symbol.active && symbol.c == ']')?.0;
    let (members, behind) = (body.get(..close)?, body.get(close + 1..)?);
    let mut ranges = Vec::new();
    let mut rest = members;
    while let Some((from, tail)) = rest.split_first() {
        match tail {
            [Symbol { c: '-', active: true }, to, beyond @ ..] => {
                ranges.push((from.c, to.c));
                rest = beyond;
            }
            _ => {
                ranges.push((from.c, from.c));
                rest = tail;
            }
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
            ("?", vec!["a", "é", "漢", "."], vec!["", "ab"]),
            ("a*b*c", vec!["abc", "axbxbxc"], vec!["ab", "acb", "abcd"]),
            ("a**b", vec!["ab", "axxb"], vec!["axx"]),
            ("[a-c]1", vec!["a1", "c1"], vec!["d1", "-1"]),
            ("[!a-c]", vec!["d", "]"], vec!["a"]),
            ("[^a-c]", vec!["d", "]"], vec!["a"]),
            ("[]x]", vec!["]", "x"], vec!["y"]),
            ("[a-]", vec!["a", "-"], vec!["b"]),
            ("[x", vec!["[x"], vec!["x"]),
            (r"\*\", vec![r"*\"], vec!["ab"]),
            (r"[\]x]", vec!["]", "x"], vec![r"\"]),
            (r"[\!a\-c]", vec!["!", "a", "-", "c"], vec!["b"]),
            ("", vec![""], vec!["a"]),
        ] {
            let pattern = Glob::new(glob);
            assert!(yes.iter().all(|name| pattern.matches(name)), "{glob} should match {yes:?}");
            assert!(!no.iter().any(|name| pattern.matches(name)), "{glob} should not match {no:?}");
        }
    }

    #[test]
    fn a_hard_pattern_is_matched_quickly() {
        assert!(!Glob::new(&"a*".repeat(30)).matches(&"b".repeat(20)));
        assert!(!Glob::new(&format!("{}b", "*a".repeat(100))).matches(&"a".repeat(255)));
    }

    #[test]
    fn a_text_without_wildcards_matches_one_name() {
        assert_eq!(Glob::new(r"a\*[").literal().as_deref(), Some("a*["));
        assert_eq!((Glob::new("ab*").literal(), Glob::new("ab*c").prefix()), (None, "ab".to_owned()));
    }

    /// Matches by the definition, in exponential time.
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
        fn as_the_definition_has_it(glob in r"[ab*?\[\]!\\-]{0,8}", name in "[ab]{0,8}") {
            let glob = Glob::new(&glob);
            let chars: Vec<char> = name.chars().collect();
            prop_assert_eq!(glob.matches(&name), plainly(&glob.0, &chars));
        }

        #[test]
        fn quoted_text_matches_itself_alone(text in r"[ab*?\[\]!\\-]{0,8}", other in r"[ab*?\[\]!\\-]{0,8}") {
            let symbols: Vec<_> = text.chars().map(|c| Symbol { c, active: false }).collect();
            let glob = Glob::of(&symbols);
            prop_assert!(glob.matches(&text));
            prop_assert_eq!(glob.matches(&other), text == other);
            prop_assert_eq!(glob.literal(), Some(text));
        }

        #[test]
        fn what_matches_has_the_prefix(glob in "[ab]{0,3}[*?][ab*]{0,3}", name in "[ab]{0,8}") {
            let glob = Glob::new(&glob);
            prop_assert!(!glob.matches(&name) || name.starts_with(&glob.prefix()));
        }

        #[test]
        fn any_text_is_a_pattern(glob in ".{0,20}", name in ".{0,20}") {
            let _ = Glob::new(&glob).matches(&name);
        }
    }
}
