//! Text for terminals: figures, tables, meters, colours by meaning, quoting.
//!
//! Everything but [`clock`] is a function from values to text. Widths, times and time zones come in as arguments.

#![cfg_attr(test, allow(clippy::disallowed_methods))]

pub mod clock;
pub mod figures;
pub mod glyphs;
pub mod meter;
pub mod quote;
pub mod report;
pub mod table;
pub mod text;

pub use glyphs::Glyphs;
pub use meter::Meter;
pub use report::{Report, Tone, View};
pub use table::{Align, Cell, Table};
