//! The view of datanodes: a table that can be sorted and filtered, and the details of one datanode.
//!
//! ```text
//! 997 live, 2 stale, 1 dead │ by full, falling                     description
//! NODE            STATE    USED       FULL↓  …                     headers, clickable
//! datanode-7      · live   57.0 GiB    57 %  …                     one line each
//! ```

mod one;
mod view;

pub use view::Nodes;
