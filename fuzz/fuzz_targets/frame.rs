#![no_main]

dfs_fuzz::target!(dfs_fuzz::frame::run);
