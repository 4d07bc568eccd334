#![no_main]

dfs_fuzz::target!(dfs_fuzz::node_service::run);
