//! Patterns of names: `* ? [a-z] [!a-z] {a,b} **`.

use super::text::Text;
use dfs_types::glob::{Glob, Symbol};

/// The maximum number of words that the braces of one word may produce.
pub const BRACED_MAX: usize = 4096;
/// The maximum number of characters of all these words, assuming that each is as long as the
/// original word.
const BRACED_SYMBOLS_MAX: usize = 1 << 24;

/// A pattern of a path, split into its components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// True if the pattern began with `/`.
    pub absolute: bool,
    /// True if the pattern ended with `/`: only directories match.
    pub directories_only: bool,
    pub parts: Vec<Part>,
}

/// One component of a pattern, between two `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A name without patterns.
    Name(String),
    /// A name with patterns.
    Like(Like),
    /// `**`: zero or more directories.
    AnyDepth,
}

/// The pattern of one component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Like {
    glob: Glob,
    /// True if the pattern begins with a literal dot.
    dotted: bool,
}

/// The error for a word whose braces produce too many words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the braces give more than {BRACED_MAX} words, or longer ones than can be paths")]
pub struct TooManyWords;

/// Expands braces: `a{b,c}d` becomes `abd` and `acd`. Braces without a comma are literal.
///
/// # Errors
/// Returns an error if the result has too many words or characters.
pub fn braces(text: &Text) -> Result<Vec<Text>, TooManyWords> {
    let mut done = Vec::new();
    let mut open = vec![text.symbols().to_vec()];
    while let Some(symbols) = open.pop() {
        let Some((group, alternatives)) = first_group(&symbols) else {
            done.push(Text::of(&symbols));
            continue;
        };
        // The last pushed is taken next, so that the words keep their written order.
        for (start, end) in alternatives.into_iter().rev() {
            let words = done.len() + open.len() + 1;
            if words > BRACED_MAX || words.saturating_mul(text.symbols().len()) > BRACED_SYMBOLS_MAX {
                return Err(TooManyWords);
            }
            let parts = [symbols.get(..group.0), symbols.get(start..end), symbols.get(group.1 + 1..)];
            open.push(parts.into_iter().flatten().flatten().copied().collect());
        }
    }
    Ok(done)
}

type Span = (usize, usize);

/// Returns the positions of the first `{…,…}` and of its alternatives. Takes one pass, because
/// pasted lines may be megabytes long.
fn first_group(symbols: &[Symbol]) -> Option<(Span, Vec<Span>)> {
    // Holds the position of each open brace and of the commas after it.
    let mut open: Vec<(usize, Vec<usize>)> = Vec::new();
    let mut first: Option<(Span, Vec<usize>)> = None;
    for (at, symbol) in symbols.iter().enumerate().filter(|(_, symbol)| symbol.active) {
        match symbol.c {
            '{' => open.push((at, Vec::new())),
            ',' => open.last_mut().into_iter().for_each(|(_, commas)| commas.push(at)),
            '}' => {
                let Some((start, commas)) = open.pop().filter(|(_, commas)| !commas.is_empty()) else { continue };
                if first.as_ref().is_none_or(|((earlier, _), _)| start < *earlier) {
                    first = Some(((start, at), commas));
                }
            }
            _ => {}
        }
    }
    let ((start, end), commas) = first?;
    let begins = std::iter::once(start).chain(commas.iter().copied()).map(|at| at + 1);
    let ends = commas.iter().copied().chain([end]);
    Some(((start, end), begins.zip(ends).collect()))
}

impl Pattern {
    /// Returns the pattern of a text; none if the text contains no pattern.
    pub fn of(text: &Text) -> Option<Self> {
        let symbols = text.symbols();
        let pieces: Vec<&[Symbol]> =
            symbols.split(|symbol| symbol.c == '/').filter(|piece| !piece.is_empty()).collect();
        let mut parts: Vec<Part> = pieces.into_iter().map(part).collect();
        // Consecutive `**` are equal to one; each more would walk every directory again.
        parts.dedup_by(|next, before| *next == Part::AnyDepth && *before == Part::AnyDepth);
        let ends_with_slash = symbols.last().is_some_and(|symbol| symbol.c == '/');
        parts.iter().any(|part| !matches!(part, Part::Name(_))).then(|| Self {
            absolute: symbols.first().is_some_and(|symbol| symbol.c == '/'),
            directories_only: ends_with_slash,
            parts,
        })
    }
}

fn part(symbols: &[Symbol]) -> Part {
    if let [Symbol { c: '*', active: true }, Symbol { c: '*', active: true }] = symbols {
        return Part::AnyDepth;
    }
    let glob = Glob::of(symbols);
    glob.literal().map_or_else(|| Part::Like(Like::of(glob)), Part::Name)
}

impl Like {
    fn of(glob: Glob) -> Self {
        Self { dotted: glob.prefix().starts_with('.'), glob }
    }

    /// Returns the prefix that every matching name has.
    pub fn prefix(&self) -> String {
        self.glob.prefix()
    }

    /// Returns true if the name matches. As in sh, a name that begins with a dot only matches a
    /// pattern that begins with a dot.
    pub fn matches(&self, name: &str) -> bool {
        (self.dotted || !name.starts_with('.')) && self.glob.matches(name)
    }
}

#[cfg(test)]
#[path = "glob_tests.rs"]
mod tests;
