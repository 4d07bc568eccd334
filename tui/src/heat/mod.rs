//! The storage heatmap: what a datanode looks like in it, whoever draws it.
//!
//! * [`Lens`] is what is looked at, and [`Field`] what it shows of each datanode, from none to most.
//! * [`Mark`](crate::nodes::Mark) is how a datanode is; it comes before everything else.
//! * [`Tile`] stands for a datanode, or for the worst of many. Its text carries all that colours could say.
//! * [`groups`] puts datanodes in order, by machine or by state.
//! * [`text`] is the heatmap in lines.

mod field;
mod groups;
mod lens;
pub mod text;
mod tile;

pub use field::{Field, Shade};
pub use groups::{Group, GroupBy, groups};
pub use lens::Lens;
pub use tile::Tile;
