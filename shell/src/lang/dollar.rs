//! Parses the text after a `$`: a variable, or `'…'` with escapes.

use super::parse::{Open, Parser, SyntaxError};
use super::word::{Piece, Variable};

impl Parser<'_> {
    pub(super) fn dollar(&mut self) -> Result<Piece, SyntaxError> {
        self.next();
        let variable = match self.peek() {
            Some('@') => {
                self.next();
                Variable::Arguments
            }
            Some(c @ '1'..='9') => {
                self.next();
                Variable::Argument(c as u8 - b'0')
            }
            Some('{') => self.braced()?,
            Some('\'') => return self.dollar_quoted(),
            Some(c) if c == '_' || c.is_ascii_alphabetic() => Variable::Named(self.name()),
            // A lone dollar sign is literal.
            _ => return Ok(Piece::Quoted("$".to_owned())),
        };
        Ok(Piece::Variable(variable))
    }

    fn name(&mut self) -> String {
        let start = self.at();
        while self.peek().is_some_and(|c| c == '_' || c.is_ascii_alphanumeric()) {
            self.next();
        }
        let end = self.at();
        self.between(start, end).to_owned()
    }

    fn braced(&mut self) -> Result<Variable, SyntaxError> {
        let line = self.line;
        self.next();
        let start = self.at();
        while self.peek().is_some_and(|c| c != '}' && c != '\n') {
            self.next();
        }
        let end = self.at();
        let name = self.between(start, end);
        if !self.take('}') {
            return Err(SyntaxError { what: "a ${ is not closed".to_owned(), line, open: None });
        }
        match name.as_bytes() {
            [b'@'] => Ok(Variable::Arguments),
            [digit @ b'1'..=b'9'] => Ok(Variable::Argument(digit - b'0')),
            [first, ..] if !first.is_ascii_digit() && name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric()) => {
                Ok(Variable::Named(name.to_owned()))
            }
            _ => Err(self.error(format!("{name:?} is no name of a variable"))),
        }
    }

    /// Parses `$'…'`, for characters that cannot be typed: `\n \r \t \e \\ \' \xHH \u{HEX}`.
    fn dollar_quoted(&mut self) -> Result<Piece, SyntaxError> {
        let line = self.line;
        self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                None => return Err(Self::unclosed(Open::SingleQuote, "a $' is not closed", line)),
                Some('\'') => return Ok(Piece::Quoted(text)),
                Some('\\') => text.push(self.dollar_escape(line)?),
                Some(c) => text.push(c),
            }
        }
    }

    fn dollar_escape(&mut self, line: usize) -> Result<char, SyntaxError> {
        let c = self.next().ok_or_else(|| Self::unclosed(Open::SingleQuote, "a $' is not closed", line))?;
        match c {
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'e' => Ok('\x1b'),
            '\\' | '\'' | '"' => Ok(c),
            'x' | 'u' => self.hex(c),
            c => Err(self.error(format!("\\{c} is not known between $' and '"))),
        }
    }

    fn hex(&mut self, kind: char) -> Result<char, SyntaxError> {
        const DIGITS_MAX: usize = 6;
        let braced = kind == 'u' && self.take('{');
        let wanted = if kind == 'x' { 2 } else { DIGITS_MAX };
        let mut digits = String::new();
        while digits.len() < wanted && self.peek().is_some_and(|c| c.is_ascii_hexdigit()) {
            digits.extend(self.next());
        }
        let closed = kind == 'x' || braced && self.take('}');
        let limit = if kind == 'x' { 0x7f } else { u32::MAX };
        u32::from_str_radix(&digits, 16)
            .ok()
            .filter(|code| closed && *code <= limit)
            .and_then(char::from_u32)
            .ok_or_else(|| self.error(format!("\\{kind} wants \\xHH below 80 or \\u{{HEX}}")))
    }
}
