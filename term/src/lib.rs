//! Text for terminals: figures, tables, meters, semantic colours, quoting.
//!
//! Everything except [`clock`] is a pure function from values to text. Widths, times and time zones
//! are arguments.

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
