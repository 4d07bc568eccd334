//! What people see of the cluster, as text: figures, tables, meters, the status screen.
//!
//! Everything here is a function from values to text. It knows no terminal, clock or network: widths, times and
//! time zones come in as arguments.

#![cfg_attr(test, allow(clippy::disallowed_methods))]

pub mod clock;
pub mod cluster;
pub mod figures;
pub mod heat;
pub mod jobs;
pub mod meter;
pub mod nodes;
pub mod quote;
pub mod report;
pub mod table;
pub mod text;
pub mod top;

pub use meter::Meter;
pub use report::{Report, Tone, View};
pub use table::{Align, Cell, Table};
