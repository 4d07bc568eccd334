//! Variables and the arguments of a script.

use super::text::Text;
use super::word::{Piece, Variable, Word};
use std::collections::BTreeMap;

/// The variables and arguments that `$` can name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    variables: BTreeMap<String, String>,
    arguments: Vec<String>,
}

/// The error for a variable that is not set. Expanding it to nothing would turn `rm -r /tmp/$x`
/// into `rm -r /tmp/`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("${0} is not set")]
pub struct UnsetVariable(pub String);

impl Scope {
    /// Returns a scope without variables, with these script arguments.
    pub fn new(arguments: Vec<String>) -> Self {
        Self { variables: BTreeMap::new(), arguments }
    }

    /// Sets a variable.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.variables.insert(name.into(), value.into());
    }

    /// Returns the variables, sorted by name.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the arguments of the script.
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }

    /// Replaces the arguments of the script; returns the previous ones.
    pub fn replace_arguments(&mut self, arguments: Vec<String>) -> Vec<String> {
        std::mem::replace(&mut self.arguments, arguments)
    }

    /// Expands a word into arguments: exactly one, except for a lone `$@`, which returns all
    /// arguments of the script. Values are never split, and their characters are always literal.
    ///
    /// # Errors
    /// Returns an error if a variable is not set.
    pub fn expand(&self, word: &Word) -> Result<Vec<Text>, UnsetVariable> {
        if let [Piece::Variable(Variable::Arguments)] = word.pieces.as_slice() {
            return Ok(self.arguments.iter().map(|argument| Text::literal(argument)).collect());
        }
        let mut text = Text::default();
        for piece in &word.pieces {
            match piece {
                Piece::Bare(bare) => text.push(bare, true),
                Piece::Quoted(quoted) => text.push(quoted, false),
                Piece::Variable(variable) => text.push(&self.value(variable)?, false),
            }
        }
        Ok(vec![text])
    }

    fn value(&self, variable: &Variable) -> Result<String, UnsetVariable> {
        match variable {
            Variable::Named(name) => self.variables.get(name).cloned().ok_or_else(|| UnsetVariable(name.clone())),
            Variable::Argument(number) => {
                let index = usize::from(*number).saturating_sub(1);
                self.arguments.get(index).cloned().ok_or_else(|| UnsetVariable(number.to_string()))
            }
            Variable::Arguments => Ok(self.arguments.join(" ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::{Action, parse};

    fn expand(scope: &Scope, text: &str) -> Result<Vec<String>, UnsetVariable> {
        let Action::Command { words, .. } = parse(text).expect("it parses").remove(0).action else {
            panic!("a command")
        };
        let texts: Result<Vec<Vec<Text>>, _> = words.iter().map(|word| scope.expand(word)).collect();
        Ok(texts?.concat().iter().map(Text::plain).collect())
    }

    #[test]
    fn values_are_never_split_nor_patterns() {
        let mut scope = Scope::new(Vec::new());
        scope.set("x", "a b*");
        assert_eq!(expand(&scope, "$x"), Ok(vec!["a b*".to_owned()]));
        let word = Word { pieces: vec![Piece::Variable(Variable::Named("x".into()))], start: 0, end: 2 };
        assert!(scope.expand(&word).expect("set").iter().all(|text| text.symbols().iter().all(|s| !s.active)));
    }

    #[test]
    fn what_is_not_set_is_an_error() {
        let scope = Scope::new(vec!["a".into()]);
        assert_eq!(expand(&scope, "rm /tmp/$x"), Err(UnsetVariable("x".into())));
        assert_eq!(expand(&scope, "$1 $2"), Err(UnsetVariable("2".into())));
        assert_eq!(expand(&Scope::default(), "ls $@"), Ok(vec!["ls".to_owned()]));
    }
}
