//! Parses text into statements. Takes one pass, linear in the length of the text.

use super::word::{Action, Output, Piece, Statement, Word};
use std::iter::Peekable;
use std::str::CharIndices;

/// The error for a text that cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct SyntaxError {
    /// The message.
    pub what: String,
    /// The line of the text where the error begins, from 1.
    pub line: usize,
    /// The unfinished part that more text could complete, if that is the error.
    pub open: Option<Open>,
}

/// The end of a text that more text could complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// An open `'`, also one of `$'`.
    SingleQuote,
    /// An open `"`.
    DoubleQuote,
    /// A backslash at the end.
    Backslash,
    /// A `|` at the end.
    Pipe,
}

/// Parses a text into statements.
///
/// # Errors
/// Returns the first syntax error.
pub fn parse(text: &str) -> Result<Vec<Statement>, SyntaxError> {
    let mut parser = Parser { text, chars: text.char_indices().peekable(), line: 1 };
    let mut statements = Vec::new();
    while parser.skip_to_statement() {
        statements.extend(parser.statement()?);
    }
    Ok(statements)
}

/// Returns what the next line would complete, behind a text that ends with or without a newline.
pub fn open(text: &str) -> Option<Open> {
    // A backslash before a newline is complete: it joins the lines.
    let text = text.strip_suffix('\n').unwrap_or(text);
    parse(text.strip_suffix('\r').unwrap_or(text)).err()?.open
}

pub(super) struct Parser<'t> {
    text: &'t str,
    chars: Peekable<CharIndices<'t>>,
    pub(super) line: usize,
}

/// The error for `2>`, which means standard error in sh.
const NOT_REDIRECTED: &str = "only standard output can be redirected, with >; standard error is that of dfs-shell itself. \
                              --quiet leaves out all but errors, and - before a command lets it fail";

/// Returns true if the word is a number without quotes, which before a `>` would be a descriptor.
fn is_number(word: &Word) -> bool {
    matches!(word.pieces.as_slice(), [Piece::Bare(text)] if text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Returns true if the character ends an unquoted part of a word.
fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, ';' | '|' | '>' | '&')
}

impl<'t> Parser<'t> {
    pub(super) fn peek(&mut self) -> Option<char> {
        self.chars.peek().map(|(_, c)| *c)
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let (_, c) = self.chars.next()?;
        self.line += usize::from(c == '\n');
        Some(c)
    }

    /// Takes the next character if it is `c`.
    pub(super) fn take(&mut self, c: char) -> bool {
        let there = self.peek() == Some(c);
        if there {
            self.next();
        }
        there
    }

    /// Returns the position of the next character, in bytes.
    pub(super) fn at(&mut self) -> usize {
        self.chars.peek().map_or(self.text.len(), |(at, _)| *at)
    }

    pub(super) fn between(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or_default()
    }

    pub(super) fn error(&self, what: impl Into<String>) -> SyntaxError {
        SyntaxError { what: what.into(), line: self.line, open: None }
    }

    pub(super) fn unclosed(open: Open, what: &str, line: usize) -> SyntaxError {
        SyntaxError { what: what.to_owned(), line, open: Some(open) }
    }

    fn nothing_behind(line: usize) -> SyntaxError {
        Self::unclosed(Open::Backslash, "nothing stands behind the last \\", line)
    }

    /// Skips white space, `;` and comments; returns false at the end of the text.
    fn skip_to_statement(&mut self) -> bool {
        while let Some(c) = self.peek() {
            match c {
                '#' => self.skip_line(),
                ';' => drop(self.next()),
                c if c.is_whitespace() => drop(self.next()),
                '\\' if self.is_continuation() => self.skip_continuation(),
                _ => return true,
            }
        }
        false
    }

    fn skip_line(&mut self) {
        while self.peek().is_some_and(|c| c != '\n') {
            self.next();
        }
    }

    /// Returns true at a backslash before the end of a line, which continues the line.
    fn is_continuation(&mut self) -> bool {
        let at = self.at();
        let rest = self.text.as_bytes().get(at + 1..).unwrap_or_default();
        self.peek() == Some('\\') && (rest.starts_with(b"\n") || rest.starts_with(b"\r\n"))
    }

    fn skip_continuation(&mut self) {
        self.next();
        self.take('\r');
        self.next();
    }

    /// Skips white space within a line, and a comment at its end.
    fn skip_space(&mut self) {
        while let Some(c) = self.peek() {
            match c {
                '\n' => return,
                c if c.is_whitespace() => drop(self.next()),
                '#' => return self.skip_line(),
                '\\' if self.is_continuation() => self.skip_continuation(),
                _ => return,
            }
        }
    }

    /// Parses one statement; returns `None` if there were only marks, as in `@`.
    fn statement(&mut self) -> Result<Option<Statement>, SyntaxError> {
        let (line, start) = (self.line, self.at());
        let (mut may_fail, mut silent) = (false, false);
        loop {
            match self.peek() {
                Some('-') if !may_fail => may_fail = true,
                Some('@') if !silent => silent = true,
                _ => break,
            }
            self.next();
        }
        self.skip_space();
        let action = if self.take('!') { Some(Action::Local(self.rest_of_line())) } else { self.command()? };
        let end = self.at();
        let source = self.between(start, end).trim().to_owned();
        let background = self.take('&');
        if background && (self.peek() == Some('&') || action.is_none()) {
            let what = if action.is_none() {
                "a command must stand before &"
            } else {
                "there is no &&; write ; between commands"
            };
            return Err(self.error(what));
        }
        Ok(action.map(|action| Statement { line, source, may_fail, silent, background, action }))
    }

    fn rest_of_line(&mut self) -> String {
        let start = self.at();
        self.skip_line();
        let end = self.at();
        self.between(start, end).trim().to_owned()
    }

    fn command(&mut self) -> Result<Option<Action>, SyntaxError> {
        let mut words = Vec::new();
        let mut output = Output::Stdout;
        loop {
            self.skip_space();
            match self.peek() {
                None | Some('\n' | ';' | '&') => break,
                Some('>') => {
                    self.next();
                    let append = self.take('>');
                    self.refuse_second(&output)?;
                    output = self.redirection(append)?;
                }
                Some('|') => {
                    self.next();
                    if self.peek() == Some('|') {
                        return Err(
                            self.error("there is no ||; write ; between commands, and - before one that may fail")
                        );
                    }
                    self.refuse_second(&output)?;
                    if words.is_empty() {
                        return Err(self.error("a command must stand before |"));
                    }
                    output = Output::Pipe(self.pipe()?);
                }
                Some(_) => {
                    let word = self.word()?;
                    if self.peek() == Some('>') && is_number(&word) {
                        return Err(self.error(NOT_REDIRECTED));
                    }
                    words.push(word);
                }
            }
        }
        match (words.is_empty(), &output) {
            (true, Output::Stdout) => Ok(None),
            (true, _) => Err(self.error("a command must stand before >")),
            (false, _) => Ok(Some(Action::Command { words, output })),
        }
    }

    fn refuse_second(&self, output: &Output) -> Result<(), SyntaxError> {
        match output {
            Output::Stdout => Ok(()),
            _ => Err(self.error("the output can go to one place only")),
        }
    }

    fn redirection(&mut self, append: bool) -> Result<Output, SyntaxError> {
        self.skip_space();
        match self.peek() {
            None | Some('\n' | ';' | '|' | '>' | '&') => Err(self.error("a local file must stand behind >")),
            Some(_) => Ok(Output::File { path: self.word()?, append }),
        }
    }

    /// Returns the text for the local shell: up to an unquoted `;` or end of line. The line
    /// continues after a `|`.
    fn pipe(&mut self) -> Result<String, SyntaxError> {
        let (line, start) = (self.line, self.at());
        // A local command must follow.
        let mut goes_on = true;
        let mut before = ' ';
        while let Some(c) = self.peek() {
            match c {
                '\n' if !goes_on => break,
                ';' => break,
                '&' if self.ends_in_background() => break,
                '#' if before.is_whitespace() => self.skip_line(),
                '\'' | '"' => {
                    goes_on = false;
                    self.skip_quoted(c)?;
                }
                '\\' => {
                    let line = self.line;
                    self.next();
                    self.next().ok_or_else(|| Self::nothing_behind(line))?;
                }
                _ => {
                    goes_on = c == '|' || goes_on && c.is_whitespace();
                    self.next();
                }
            }
            before = c;
        }
        if goes_on && self.peek().is_none() {
            return Err(Self::unclosed(Open::Pipe, "a local command must stand behind |", line));
        }
        let end = self.at();
        let command = self.between(start, end).trim();
        if command.is_empty() { Err(self.error("a local command must stand behind |")) } else { Ok(command.to_owned()) }
    }

    /// Returns true if the next `&` ends the statement: nothing follows it, and it does not belong
    /// to the text before it, as in `2>&1` and `&&`.
    fn ends_in_background(&mut self) -> bool {
        let at = self.at();
        let (before, rest) = (self.between(0, at), self.between(at + 1, self.text.len()));
        let rest = rest.split(['\n', ';']).next().unwrap_or_default().trim();
        !before.ends_with(['>', '&']) && (rest.is_empty() || rest.starts_with('#'))
    }

    fn skip_quoted(&mut self, quote: char) -> Result<(), SyntaxError> {
        let line = self.line;
        let open = if quote == '"' { Open::DoubleQuote } else { Open::SingleQuote };
        self.next();
        loop {
            match self.next() {
                None => return Err(Self::unclosed(open, "a quote is not closed", line)),
                Some('\\') if quote == '"' => drop(self.next()),
                Some(c) if c == quote => return Ok(()),
                Some(_) => {}
            }
        }
    }

    fn word(&mut self) -> Result<Word, SyntaxError> {
        let start = self.at();
        let mut pieces = Vec::new();
        while let Some(c) = self.peek() {
            match c {
                c if ends_word(c) => break,
                '\\' if self.is_continuation() => self.skip_continuation(),
                '\\' => pieces.push(self.escaped()?),
                '\'' => pieces.push(self.single_quoted()?),
                '"' => self.double_quoted(&mut pieces)?,
                '$' => pieces.push(self.dollar()?),
                _ => pieces.push(self.bare()),
            }
        }
        let end = self.at();
        Ok(Word { pieces, start, end })
    }

    fn bare(&mut self) -> Piece {
        let start = self.at();
        while self.peek().is_some_and(|c| !ends_word(c) && !matches!(c, '\\' | '\'' | '"' | '$')) {
            self.next();
        }
        let end = self.at();
        Piece::Bare(self.between(start, end).to_owned())
    }

    fn escaped(&mut self) -> Result<Piece, SyntaxError> {
        let line = self.line;
        self.next();
        let escaped = self.next().ok_or_else(|| Self::nothing_behind(line))?;
        Ok(Piece::Quoted(escaped.to_string()))
    }

    fn single_quoted(&mut self) -> Result<Piece, SyntaxError> {
        let line = self.line;
        self.next();
        let start = self.at();
        while self.peek().is_some_and(|c| c != '\'') {
            self.next();
        }
        let end = self.at();
        if !self.take('\'') {
            return Err(Self::unclosed(Open::SingleQuote, "a ' is not closed", line));
        }
        Ok(Piece::Quoted(self.between(start, end).to_owned()))
    }

    fn double_quoted(&mut self, pieces: &mut Vec<Piece>) -> Result<(), SyntaxError> {
        let line = self.line;
        self.next();
        let mut text = String::new();
        // An empty pair of quotes counts as a piece: it makes an empty word.
        let before = pieces.len();
        loop {
            match self.peek() {
                None => return Err(Self::unclosed(Open::DoubleQuote, "a \" is not closed", line)),
                Some('"') => break,
                Some('\\') => self.escape_in_double(&mut text),
                Some('$') => match self.dollar()? {
                    Piece::Variable(variable) => {
                        if !text.is_empty() {
                            pieces.push(Piece::Quoted(std::mem::take(&mut text)));
                        }
                        pieces.push(Piece::Variable(variable));
                    }
                    Piece::Bare(dollar) | Piece::Quoted(dollar) => text.push_str(&dollar),
                },
                Some(c) => {
                    text.push(c);
                    self.next();
                }
            }
        }
        self.next();
        if !text.is_empty() || pieces.len() == before {
            pieces.push(Piece::Quoted(text));
        }
        Ok(())
    }

    /// Between double quotes, a backslash only escapes characters with a special meaning there.
    fn escape_in_double(&mut self, text: &mut String) {
        if self.is_continuation() {
            return self.skip_continuation();
        }
        self.next();
        match self.peek() {
            Some(c @ ('"' | '\\' | '$')) => {
                text.push(c);
                self.next();
            }
            _ => text.push('\\'),
        }
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
