//! The syntax tree of a text.

/// One command with its prefixes, output and suffix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The line of the text on which the statement begins, from 1.
    pub line: usize,
    /// The text as written, without surrounding white space.
    pub source: String,
    /// True if the statement began with `-`: a script continues if it fails.
    pub may_fail: bool,
    /// True if the statement began with `@`: `-v` does not print it.
    pub silent: bool,
    /// True if the statement ended with `&`: it runs in the background.
    pub background: bool,
    pub action: Action,
}

/// The action of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A command of this shell with at least one word.
    Command { words: Vec<Word>, output: Output },
    /// `!command`: the rest of the line is passed to the local shell unchanged.
    Local(String),
}

/// The destination of the output of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    Stdout,
    /// `> file`, `>> file`: a local file.
    File {
        path: Word,
        append: bool,
    },
    /// `| command`: the text after the bar is passed to the local shell unchanged.
    Pipe(String),
}

/// One word: adjacent pieces without white space between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub pieces: Vec<Piece>,
    /// The position in the text, in bytes.
    pub start: usize,
    pub end: usize,
}

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Unquoted text: `* ? [ ] { } ,` and a leading `~` have their special meaning.
    Bare(String),
    /// Quoted or escaped text: every character is literal.
    Quoted(String),
    Variable(Variable),
}

/// A variable after a `$`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// `$name`, `${name}`.
    Named(String),
    /// `$1` to `$9`: an argument of the script.
    Argument(u8),
    /// `$@`: all arguments of the script.
    Arguments,
}
