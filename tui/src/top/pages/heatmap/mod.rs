//! The heatmap: every datanode at once, whatever their number, and behind it which directories are big or hot.
//!
//! ```text
//! fill level by machine │ 40 datanodes, a tile each                what is shown
//! 10.0.0.1  ▅57· ▂21· 42s✗ …                                       the tiles
//! mean 43 %, min 10 % datanode-9, …                                the figures of all
//! datanode-7 · live │ 57 % of 100 GiB │ …                          what is selected,
//! read 12 MB/s, write 3.4 MB/s │ 10.0.0.1 │ …                      in two lines
//! ▁ 0  ▂ 10  … █ 95 % full and more                                the scale
//! · live  ~ stale  ✗ dead  ! failed directory                         the marks
//! ```

mod directories;
mod draw;
mod layout;
mod view;

pub use view::Heatmap;
