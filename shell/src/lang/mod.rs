//! The language of a line, as pure code: parses text into statements, expands words into arguments,
//! quotes arguments as text.
//!
//! [`parse`] splits a text into [`Statement`]s of [`Word`]s; [`Scope::expand`] expands the
//! variables and returns [`Text`]s, in which each quoted character is marked; [`glob`] turns those
//! into patterns; [`quote`] writes a text so that it reads back as one word.

mod dollar;
pub mod glob;
mod parse;
mod scope;
mod text;
mod word;

pub use dfs_term::quote::{quote, quote_words};
pub use parse::{Open, SyntaxError, open, parse};
pub use scope::{Scope, UnsetVariable};
pub use text::Text;
pub use word::{Action, Output, Piece, Statement, Variable, Word};
