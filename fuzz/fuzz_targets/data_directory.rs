#![no_main]

dfs_fuzz::target!(dfs_fuzz::data_directory::run);
