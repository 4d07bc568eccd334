//! `dfs-shell`; also runs the daemons of a local cluster that it starts.

use dfs_shell::program::{Program, main_with};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    main_with(Program::Shell, std::env::args_os()).into()
}
