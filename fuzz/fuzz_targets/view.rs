#![no_main]

dfs_fuzz::target!(dfs_fuzz::view::run);
