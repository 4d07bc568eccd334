//! The `format` file of a data directory, and the record of the directories that a datanode has
//! had.

use crate::repair::{padded, seal};
use dfs_daemon::datanode::store::format::DirectoryFormat;
use dfs_daemon::datanode::store::record;
use dfs_types::{ClusterId, DatanodeId};

/// The length of a format file in bytes.
const FORMAT_BYTES: usize = 48;
const CLUSTER: ClusterId = ClusterId([7; 16]);
const NODE: DatanodeId = DatanodeId(3);

pub fn run(input: &[u8]) {
    let mut sealed = padded(input, FORMAT_BYTES);
    sealed.truncate(FORMAT_BYTES);
    seal(&mut sealed, FORMAT_BYTES - 4);
    for bytes in [input, &sealed] {
        if let Ok(format) = DirectoryFormat::decode(bytes) {
            assert_eq!(format.encode(), bytes, "one format file has one form");
        }
    }
    for bytes in [input, &of_ours(input)] {
        if let Ok(directories) = record::decode(bytes, CLUSTER, NODE) {
            let written = record::encode(&directories, CLUSTER, NODE).expect("what was read can be written");
            assert_eq!(record::decode(&written, CLUSTER, NODE).expect("what we write can be read"), directories);
        }
    }
}

/// Returns a record of this cluster and datanode whose directories are `input`.
fn of_ours(input: &[u8]) -> Vec<u8> {
    let head = format!(r#"{{"version": 1, "cluster": "{CLUSTER}", "node": {}, "directories": "#, NODE.0);
    [head.as_bytes(), input, b"}"].concat()
}
