#![no_main]

dfs_fuzz::target!(dfs_fuzz::raft_service::run);
