//! The hello messages of both sides of a connection.

use crate::repair::{padded, seal};
use dfs_rpc::hello::{HELLO_BYTES, Hello, HelloReply};

pub fn run(input: &[u8]) {
    let bytes = padded(input, HELLO_BYTES);
    let Some((head, text)) = bytes.split_first_chunk::<HELLO_BYTES>() else { return };
    let mut sealed = *head;
    seal(&mut sealed, HELLO_BYTES - 4);
    for bytes in [head, &sealed] {
        if let Ok(hello) = Hello::decode(bytes) {
            assert_eq!(&hello.encode(), bytes, "one hello has one form");
            let _ = hello.common_version(&dfs_rpc::hello::VERSIONS);
        }
        if let Ok((mut reply, length)) = HelloReply::decode(bytes) {
            reply.text = String::from_utf8_lossy(&padded(text, length)[..length]).into_owned();
            let written = reply.encode();
            let (head, text) = written.split_first_chunk::<HELLO_BYTES>().expect("a complete header");
            let (mut read, length) = HelloReply::decode(head).expect("what we write can be read");
            assert_eq!(text.len(), length);
            read.text = String::from_utf8(text.to_vec()).expect("a text is cut between two characters");
            // Invalid UTF-8 became longer when it was decoded.
            assert!(reply.text.starts_with(&read.text));
            reply.text.truncate(read.text.len());
            assert_eq!(read, reply);
        }
    }
}
