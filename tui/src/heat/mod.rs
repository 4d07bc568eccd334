//! The storage heatmap: the appearance of a datanode, independent of the output.
//!
//! * [`Lens`] is the quantity to show, and [`Field`] its value for each datanode.
//! * [`Mark`](crate::nodes::Mark) is the state of a datanode; it takes precedence over the value.
//! * [`Tile`] represents one datanode, or the worst of several. Its text carries everything that
//!   colours show.
//! * [`groups`] orders datanodes by machine or by state.
//! * [`text`] formats the heatmap as lines.

mod field;
mod groups;
mod lens;
pub mod text;
mod tile;

pub use field::{Field, Shade};
pub use groups::{Group, GroupBy, groups};
pub use lens::Lens;
pub use tile::Tile;
