//! Patterns of names: `* ? [a-z] [!a-z] {a,b} **`.

use super::text::{Symbol, Text};

/// The most words that the braces of one word may give.
pub const BRACED_MAX: usize = 4096;

/// A pattern of a path, part by part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// It began with `/`.
    pub absolute: bool,
    /// It ended with `/`: only folders match.
    pub folders_only: bool,
    pub parts: Vec<Part>,
}

/// One part of a pattern, between two `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A name without patterns.
    Name(String),
    /// A name by pattern.
    Like(Like),
    /// `**`: any number of folders, none included.
    AnyDepth,
}

/// The pattern of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Like {
    tokens: Vec<Token>,
}

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

/// The braces of one word would give too many words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the braces give more than {BRACED_MAX} words")]
pub struct TooManyWords;

/// Puts out the braces: `a{b,c}d` becomes `abd` and `acd`. Braces without a comma in them are text.
///
/// # Errors
/// When that gives too many.
pub fn braces(text: &Text) -> Result<Vec<Text>, TooManyWords> {
    let mut done = Vec::new();
    let mut open = vec![text.symbols().to_vec()];
    while let Some(symbols) = open.pop() {
        match first_group(&symbols) {
            None => done.push(Text::of(&symbols)),
            Some((group, alternatives)) => {
                // The last pushed is the next taken, so that the words come in the order written.
                for (start, end) in alternatives.into_iter().rev() {
                    let parts = [symbols.get(..group.0), symbols.get(start..end), symbols.get(group.1 + 1..)];
                    open.push(parts.into_iter().flatten().flatten().copied().collect());
                }
            }
        }
        if done.len() + open.len() > BRACED_MAX {
            return Err(TooManyWords);
        }
    }
    Ok(done)
}

type Span = (usize, usize);

/// The first `{…,…}`: where its braces stand, and where each of its alternatives.
fn first_group(symbols: &[Symbol]) -> Option<(Span, Vec<Span>)> {
    let is = |symbol: &Symbol, c: char| symbol.active && symbol.c == c;
    for (open, _) in symbols.iter().enumerate().filter(|(_, symbol)| is(symbol, '{')) {
        let mut depth = 0usize;
        let mut start = open + 1;
        let mut alternatives = Vec::new();
        for (at, symbol) in symbols.iter().enumerate().skip(open) {
            if is(symbol, '{') {
                depth += 1;
            } else if is(symbol, ',') && depth == 1 {
                alternatives.push((start, at));
                start = at + 1;
            } else if is(symbol, '}') {
                depth -= 1;
                if depth == 0 {
                    if alternatives.is_empty() {
                        break;
                    }
                    alternatives.push((start, at));
                    return Some(((open, at), alternatives));
                }
            }
        }
    }
    None
}

impl Pattern {
    /// The pattern that a text is; none when nothing in it is a pattern.
    pub fn of(text: &Text) -> Option<Self> {
        let symbols = text.symbols();
        let pieces: Vec<&[Symbol]> =
            symbols.split(|symbol| symbol.c == '/').filter(|piece| !piece.is_empty()).collect();
        let parts: Vec<Part> = pieces.into_iter().map(part).collect();
        let ends_with_slash = symbols.last().is_some_and(|symbol| symbol.c == '/');
        parts.iter().any(|part| !matches!(part, Part::Name(_))).then(|| Self {
            absolute: symbols.first().is_some_and(|symbol| symbol.c == '/'),
            folders_only: ends_with_slash,
            parts,
        })
    }
}

fn part(symbols: &[Symbol]) -> Part {
    if let [Symbol { c: '*', active: true }, Symbol { c: '*', active: true }] = symbols {
        return Part::AnyDepth;
    }
    let tokens = tokens(symbols);
    if tokens.iter().all(|token| matches!(token, Token::Exactly(_))) {
        Part::Name(symbols.iter().map(|symbol| symbol.c).collect())
    } else {
        Part::Like(Like { tokens })
    }
}

fn tokens(symbols: &[Symbol]) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(symbols.len());
    let mut rest = symbols;
    while let Some((symbol, tail)) = rest.split_first() {
        rest = tail;
        match (symbol.c, symbol.active) {
            ('?', true) => tokens.push(Token::One),
            ('*', true) => {
                // Two stars within a name are one.
                if tokens.last() != Some(&Token::Many) {
                    tokens.push(Token::Many);
                }
            }
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
    tokens
}

/// A class from behind its `[`; none when it is not closed.
fn class(symbols: &[Symbol]) -> Option<(Token, &[Symbol])> {
    let negated = symbols.first().is_some_and(|first| first.active && matches!(first.c, '!' | '^'));
    let body = symbols.get(usize::from(negated)..)?;
    // A `]` that stands first is a member.
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

impl Like {
    /// What every name that matches begins with.
    pub fn prefix(&self) -> String {
        let literal = |token: &Token| if let Token::Exactly(c) = token { Some(*c) } else { None };
        self.tokens.iter().map_while(literal).collect()
    }

    /// Whether a name matches. As in sh, a name that begins with a dot only matches a pattern that says so.
    pub fn matches(&self, name: &str) -> bool {
        if name.starts_with('.') && self.tokens.first() != Some(&Token::Exactly('.')) {
            return false;
        }
        // The last star is the only one worth going back to, so that the time is at most pattern × name.
        let name: Vec<char> = name.chars().collect();
        let (mut at, mut token) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while let Some(c) = name.get(at) {
            match self.tokens.get(token) {
                Some(Token::Many) => {
                    star = Some((token, at));
                    token += 1;
                }
                Some(wanted) if wanted.takes(*c) => {
                    at += 1;
                    token += 1;
                }
                _ => match star.as_mut() {
                    Some((back, from)) => {
                        *from += 1;
                        (token, at) = (*back + 1, *from);
                    }
                    None => return false,
                },
            }
        }
        self.tokens.iter().skip(token).all(|token| *token == Token::Many)
    }
}

#[cfg(test)]
#[path = "glob_tests.rs"]
mod tests;
