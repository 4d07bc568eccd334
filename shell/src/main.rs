//! `dfs-shell`; and, where it starts a local cluster, its daemons.

use std::ffi::OsStr;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    // The local cluster's daemons are this program started again, so that it works where it is the only one installed.
    if std::env::args_os().nth(1).as_deref() == Some(OsStr::new("__dfsd")) {
        arguments.next();
        return dfs_daemon::cli::main_with(arguments).into();
    }
    dfs_shell::program::main_with(arguments).into()
}
