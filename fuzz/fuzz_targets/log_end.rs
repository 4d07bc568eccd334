#![no_main]

dfs_fuzz::target!(dfs_fuzz::log_end::run);
