//! User-defined names for command lines. An alias replaces the first word of a statement, once: its
//! own text is not expanded again.

use crate::lang::{Action, Piece, Statement, SyntaxError, Word, parse};
use std::collections::BTreeMap;

/// The aliases of a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aliases {
    texts: BTreeMap<String, String>,
}

impl Aliases {
    /// Defines an alias. The name must be valid, and the text must parse.
    ///
    /// # Errors
    /// Returns the syntax error in the text.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), SyntaxError> {
        parse(text)?;
        self.texts.insert(name.to_owned(), text.to_owned());
        Ok(())
    }

    /// Removes an alias; returns true if it existed.
    pub fn remove(&mut self, name: &str) -> bool {
        self.texts.remove(name).is_some()
    }

    pub fn clear(&mut self) {
        self.texts.clear();
    }

    /// Returns the text of an alias.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }

    /// Returns all names with their texts, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// Returns the statements after expansion of the alias; `None` if the first word is not an
    /// alias.
    ///
    /// # Errors
    /// If the text of the alias and the rest of the statement do not parse together.
    pub fn expand(&self, statement: &Statement) -> Result<Option<Vec<Statement>>, SyntaxError> {
        if self.texts.is_empty() {
            return Ok(None);
        }
        let Action::Command { words, .. } = &statement.action else { return Ok(None) };
        let Some(text) = words.first().and_then(bare).and_then(|name| self.get(name)) else { return Ok(None) };
        // The positions in the statement refer to the whole text, so its source is parsed again.
        let again = parse(&statement.source)?;
        let Some(Action::Command { words, .. }) = again.first().map(|statement| &statement.action) else {
            return Ok(None);
        };
        let Some(first) = words.first() else { return Ok(None) };
        let (before, behind) = (statement.source.get(..first.start), statement.source.get(first.end..));
        let line = format!("{}{text}{}", before.unwrap_or_default(), behind.unwrap_or_default());
        let mut statements = parse(&line)?;
        for one in &mut statements {
            one.line = statement.line;
        }
        if let Some(last) = statements.last_mut() {
            // The `&` is not part of the source.
            last.background |= statement.background;
        }
        Ok(Some(statements))
    }

    /// Returns the words with a leading alias replaced by its words, for completion and hints.
    pub fn unfolded(&self, words: &[String]) -> Vec<String> {
        let unfolded = || {
            let (name, behind) = words.split_first()?;
            let statement = parse(self.get(name)?).ok()?.pop()?;
            let Action::Command { words, .. } = statement.action else { return None };
            let words = words.iter().map(|word| word.pieces.iter().map(plain).collect::<String>());
            Some(words.chain(behind.iter().cloned()).collect())
        };
        unfolded().unwrap_or_else(|| words.to_vec())
    }
}

/// Returns true if this can be the name of an alias: one word without special characters.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | ':');
    !name.is_empty() && !name.starts_with('-') && name.chars().all(plain)
}

/// Returns the text of a word that is written without quotes: quoting disables aliases.
fn bare(word: &Word) -> Option<&str> {
    match word.pieces.as_slice() {
        [Piece::Bare(text)] => Some(text),
        _ => None,
    }
}

fn plain(piece: &Piece) -> &str {
    match piece {
        Piece::Bare(text) | Piece::Quoted(text) => text,
        Piece::Variable(_) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(aliases: &[(&str, &str)], line: &str) -> Vec<String> {
        let mut all = Aliases::default();
        for (name, text) in aliases {
            all.set(name, text).expect("it parses");
        }
        let statements = parse(line).expect("it parses");
        let last = statements.last().expect("a statement");
        let expanded = all.expand(last).expect("it parses").unwrap_or_else(|| vec![last.clone()]);
        expanded.into_iter().map(|statement| statement.source).collect()
    }

    #[test]
    fn the_first_word_once() {
        let ll = [("ll", "ls -l"), ("ls", "ls -a"), ("up", "cd ..; pwd")];
        for (line, expected) in [
            ("ll /a > x", vec!["ls -l /a > x"]),
            ("pwd; ll | wc", vec!["ls -l | wc"]),
            ("-ll /none", vec!["-ls -l /none"]),
            ("ls ll", vec!["ls -a ll"]),
            ("'ll' /a", vec!["'ll' /a"]),
            ("up", vec!["cd ..", "pwd"]),
            ("stat /a", vec!["stat /a"]),
        ] {
            assert_eq!(expanded(&ll, line), expected, "{line}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let mut aliases = Aliases::default();
        assert!(aliases.set("x", "ls 'open").is_err());
        assert!(is_name("l.1") && !is_name("a b") && !is_name("") && !is_name("-r") && !is_name("a;b"));
        aliases.set("out", "ls > x").expect("it parses");
        let statement = parse("out > y").expect("it parses").remove(0);
        assert!(aliases.expand(&statement).is_err(), "two outputs");
        let statement = parse("out &").expect("it parses").remove(0);
        let expanded = aliases.expand(&statement).expect("it parses").expect("an alias");
        assert!(expanded.iter().all(|one| one.background));
    }

    #[test]
    fn words_for_completion() {
        let mut aliases = Aliases::default();
        aliases.set("keep", "setrep -w 3").expect("it parses");
        assert_eq!(aliases.unfolded(&["keep".into(), "/a".into()]), ["setrep", "-w", "3", "/a"]);
        assert_eq!(aliases.unfolded(&["ls".into()]), ["ls"]);
    }
}
