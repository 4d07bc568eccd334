//! `dfs-top`: the dashboard, as `dfs-shell top` shows it.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    dfs_shell::program::top_with(std::env::args_os()).into()
}
