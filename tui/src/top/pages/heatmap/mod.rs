//! The heatmap: all datanodes at once, whatever their number, and a view of directories by size or
//! heat.
//!
//! ```text
//! fill level by machine │ 40 datanodes, a tile each                description
//! 10.0.0.1  ▅57· ▂21· 42s✗ …                                       the tiles
//! mean 43 %, min 10 % datanode-9, …                                statistics of all
//! datanode-7 · live │ 57 % of 100 GiB │ …                          the selected one,
//! read 12 MB/s, write 3.4 MB/s │ 10.0.0.1 │ …                      in two lines
//! ▁ 0  ▂ 10  … █ 95 % full and more                                the scale
//! · live  ~ stale  ✗ dead  ! failed directory                      the marks
//! ```

mod directories;
mod draw;
mod layout;
mod view;

pub use view::Heatmap;
