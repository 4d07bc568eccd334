//! The views, one file each.

mod all;
pub mod commands;
pub mod events;
pub mod files;
pub mod heatmap;
pub mod masters;
pub mod nodes;
pub mod overview;
pub mod replication;

pub use all::Pages;
