#![no_main]

dfs_fuzz::target!(dfs_fuzz::recording::run);
