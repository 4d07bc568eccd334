//! Configuration files.

use dfs_config::{Loaded, to_toml};
use std::path::Path;

pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let file = Path::new("dfs.toml");
    match Loaded::of_text(file, text) {
        Ok(loaded) => {
            let written = to_toml(&loaded.settings);
            let read = Loaded::of_text(file, &written).expect("what we write can be read");
            assert_eq!(read.settings, loaded.settings, "{written}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
