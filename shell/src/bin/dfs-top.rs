//! `dfs-top`: the dashboard, as `dfs-shell top` shows it; and, where it starts a local cluster, its daemons.

use dfs_shell::program::{Program, main_with};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    main_with(Program::Top, std::env::args_os()).into()
}
