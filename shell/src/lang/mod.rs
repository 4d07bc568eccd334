//! The language of a line, as pure code: from text to statements, from words to arguments, from arguments to text.
//!
//! [`parse`] splits a text into [`Statement`]s of [`Word`]s; [`Scope::expand`] puts the variables in and gives
//! [`Text`]s, in which each character knows whether it was quoted; [`glob`] makes patterns of those; [`quote`] writes a
//! text so that it reads back as one word.

mod dollar;
pub mod glob;
mod parse;
mod scope;
mod text;
mod word;

pub use dfs_term::quote::{quote, quote_words};
pub use parse::{SyntaxError, parse};
pub use scope::{Scope, UnsetVariable};
pub use text::Text;
pub use word::{Action, Output, Piece, Statement, Variable, Word};
