#![no_main]

dfs_fuzz::target!(dfs_fuzz::chunk_header::run);
