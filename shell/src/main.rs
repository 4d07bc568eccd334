//! `dfs-shell`.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    dfs_shell::program::main_with(std::env::args_os()).into()
}
