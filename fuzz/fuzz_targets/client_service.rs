#![no_main]

dfs_fuzz::target!(dfs_fuzz::client_service::run);
