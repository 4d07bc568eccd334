//! Patterns of names: `* ? [a-z] [!a-z] {a,b} **`.

use super::text::Text;
use dfs_types::glob::{Glob, Symbol};

/// The most words that the braces of one word may give.
pub const BRACED_MAX: usize = 4096;
/// The most characters that all of them may have, as if each were as long as the word.
const BRACED_SYMBOLS_MAX: usize = 1 << 24;

/// A pattern of a path, part by part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// It began with `/`.
    pub absolute: bool,
    /// It ended with `/`: only directories match.
    pub directories_only: bool,
    pub parts: Vec<Part>,
}

/// One part of a pattern, between two `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A name without patterns.
    Name(String),
    /// A name by pattern.
    Like(Like),
    /// `**`: any number of directories, none included.
    AnyDepth,
}

/// The pattern of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Like {
    glob: Glob,
    /// It begins with a dot itself.
    dotted: bool,
}

/// The braces of one word would give too many words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the braces give more than {BRACED_MAX} words, or longer ones than can be paths")]
pub struct TooManyWords;

/// Puts out the braces: `a{b,c}d` becomes `abd` and `acd`. Braces without a comma in them are text.
///
/// # Errors
/// When that gives too many.
pub fn braces(text: &Text) -> Result<Vec<Text>, TooManyWords> {
    let mut done = Vec::new();
    let mut open = vec![text.symbols().to_vec()];
    while let Some(symbols) = open.pop() {
        let Some((group, alternatives)) = first_group(&symbols) else {
            done.push(Text::of(&symbols));
            continue;
        };
        // The last pushed is the next taken, so that the words come in the order written.
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

/// The first `{…,…}`: where its braces stand, and where each of its alternatives. One pass: lines of a megabyte are pasted.
fn first_group(symbols: &[Symbol]) -> Option<(Span, Vec<Span>)> {
    // For each brace that is open: where it stands, and the commas behind it.
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
    /// The pattern that a text is; none when nothing in it is a pattern.
    pub fn of(text: &Text) -> Option<Self> {
        let symbols = text.symbols();
        let pieces: Vec<&[Symbol]> =
            symbols.split(|symbol| symbol.c == '/').filter(|piece| !piece.is_empty()).collect();
        let mut parts: Vec<Part> = pieces.into_iter().map(part).collect();
        // Any depth below any depth is any depth; each would be walked again at every directory of the one before.
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

    /// What every name that matches begins with.
    pub fn prefix(&self) -> String {
        self.glob.prefix()
    }

    /// Whether a name matches. As in sh, a name that begins with a dot only matches a pattern that says so.
    pub fn matches(&self, name: &str) -> bool {
        (self.dotted || !name.starts_with('.')) && self.glob.matches(name)
    }
}

#[cfg(test)]
#[path = "glob_tests.rs"]
mod tests;
