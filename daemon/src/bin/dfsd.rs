//! The program `dfsd`: see `dfs_daemon::cli`.

use std::process::ExitCode;

/// With this allocator, freeing a large old version of the namespace stalls the least
/// (docs/performance.md).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    ExitCode::from(dfs_daemon::cli::main_with(std::env::args_os()))
}
