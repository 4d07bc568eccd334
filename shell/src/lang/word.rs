//! What a text is made of once it is parsed.

/// One command with all that stands around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The line of the text on which it begins, from 1.
    pub line: usize,
    /// As it was written, without the space around it.
    pub source: String,
    /// It began with `-`: a script goes on when it fails.
    pub may_fail: bool,
    /// It began with `@`: `-v` does not show it.
    pub silent: bool,
    /// It ended with `&`: it runs in the background.
    pub background: bool,
    pub action: Action,
}

/// What a statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A command of ours; there is at least one word.
    Command { words: Vec<Word>, output: Output },
    /// `!command`: the rest of the line goes to the local shell as it is.
    Local(String),
}

/// Where the output of a command goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    Stdout,
    /// `> file`, `>> file`: a local file.
    File {
        path: Word,
        append: bool,
    },
    /// `| command`: the local shell gets the text behind the bar as it is.
    Pipe(String),
}

/// One word: pieces that stand together without space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub pieces: Vec<Piece>,
    /// Where it stands in the text, in bytes.
    pub start: usize,
    pub end: usize,
}

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Without quotes: `* ? [ ] { } ,` and a leading `~` have their meaning.
    Bare(String),
    /// Quoted or escaped: every character is itself.
    Quoted(String),
    Variable(Variable),
}

/// What stands behind a `$`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// `$name`, `${name}`.
    Named(String),
    /// `$1` to `$9`: an argument of the script.
    Argument(u8),
    /// `$@`: all arguments of the script.
    Arguments,
}
