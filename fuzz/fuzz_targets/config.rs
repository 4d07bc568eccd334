#![no_main]

dfs_fuzz::target!(dfs_fuzz::config::run);
