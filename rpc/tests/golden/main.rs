//! Compares the encoding of every message with golden files, so that accidental changes fail.
//!
//! A file of `rpc/golden/` has one line for each sample: its name, and its postcard bytes in hex.
//! Its name ends with the protocol version that introduced the messages, and a line never changes
//! while that version is supported: calls that are new in a version begin a new file, new variants
//! add lines.

// Tests may panic, and work with files, clocks and sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

mod samples;
mod scalars;

use dfs_rpc::services::Call;
use samples::Sample;
use std::collections::BTreeSet;
use std::path::PathBuf;
use strum::VariantArray;

fn file(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "golden", &format!("{name}.txt")].iter().collect()
}

fn text(samples: &[Sample]) -> String {
    samples.iter().map(|sample| format!("{} {}\n", sample.name, hex(&sample.bytes))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn messages_are_as_the_golden_files_have_them() {
    assert_eq!(*dfs_rpc::hello::VERSIONS.end(), samples::NEWEST, "new calls need files of the newest version");
    for (name, samples) in samples::all() {
        let golden = std::fs::read_to_string(file(&name)).expect("a golden file");
        let text = text(&samples);
        for (now, then) in text.lines().zip(golden.lines()) {
            assert_eq!(
                now, then,
                "{name}: the encoding of a message changed: peers of this version can no longer read it"
            );
        }
        assert_eq!(
            text.lines().count(),
            golden.lines().count(),
            "{name}: samples without golden lines, or lines without samples"
        );
    }
}

#[test]
fn messages_read_back() {
    for (name, samples) in samples::all() {
        for sample in samples {
            assert_eq!((sample.again)(&sample.bytes), sample.bytes, "{name} {}", sample.name);
        }
    }
}

/// Checks that every call has a sample of its request and of its response, and a unique number in
/// its service.
#[test]
fn every_call_has_samples() {
    let calls = samples::calls();
    let found: Vec<Call> = calls.iter().map(|pair| pair.call).collect();
    for call in Call::VARIANTS {
        assert!(found.contains(call), "{call:?} has no sample");
    }
    let numbers: BTreeSet<_> = calls.iter().map(|pair| (pair.service, &pair.number)).collect();
    assert_eq!(numbers.len(), Call::VARIANTS.len(), "samples of two calls share a number");
    for pair in calls {
        assert_eq!(pair.number, pair.answer, "{:?}: request and response have different numbers", pair.call);
    }
}

/// Checks that the refusal of a call is a response of the same call.
#[test]
fn refusals_are_answers_to_their_calls() {
    for pair in samples::calls() {
        assert_eq!(pair.refused, pair.number, "{:?}", pair.call);
    }
}

#[test]
#[ignore = "writes the golden files, when a call was added"]
fn write_the_golden_files() {
    for (name, samples) in samples::all() {
        std::fs::write(file(&name), text(&samples)).expect("writable");
    }
}
