//! The datanodes: a table to sort and filter, and all about one of them.
//!
//! ```text
//! 997 live, 2 stale, 1 dead │ by full, falling                     what is shown
//! NODE            STATE    USED       FULL↓  …                     the heads, to click on
//! datanode-7      · live   57.0 GiB    57 %  …                     one line each
//! ```

mod one;
mod view;

pub use view::Nodes;
