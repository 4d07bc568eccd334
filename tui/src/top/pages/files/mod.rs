//! The view of files: the DFS on the left, this machine on the right, transfers between them below.
//!
//! ```text
//! > dfs  /data · 3 entries               │   here /home/ann · 12 entries
//!   NAME             SIZE  MODIFIED      │   NAME             SIZE  MODIFIED
//! > photos/       266 MiB  2026-11-20    │ > a.csv         1.2 MiB  2026-11-21
//! ── preview of /data/a.csv ──
//! …
//! ── transfers ──
//! x ███░░░░░  41 % 88 MB/s put -r /home/ann/photos /data
//! ```

mod draw;
mod pane;
mod state;
mod verbs;
mod view;

pub use state::Files;
