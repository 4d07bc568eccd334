//! Recordings of the dashboard, which users exchange.

use crate::repair::{padded, put};
use dfs_client::recording::{Answer, FRAME_HEAD_BYTES, FrameKind, HEAD_BYTES, Recorder, Recording, When};
use dfs_types::Timestamp;
use std::io::Cursor;

/// Decodes the input as a recording, the same with corrected checksums, and as the payloads of the
/// frames of a valid one.
pub fn run(input: &[u8]) {
    check(input);
    check(&sealed(input));
    let mut bytes = Vec::new();
    let mut recorder = Recorder::begin(&mut bytes, Timestamp(0)).expect("writing to a vector succeeds");
    let (first, second) = input.split_at(input.len() / 2);
    for (at, whole, view) in [(0, true, input), (1, true, first), (2, false, second)] {
        recorder.view(When { asked_ms: at, came_ms: at }, whole, view).expect("writing to a vector succeeds");
    }
    check(&bytes);
}

/// Returns the input with a valid magic and valid versions, and with valid checksums of all frames.
fn sealed(input: &[u8]) -> Vec<u8> {
    let mut good = Vec::new();
    Recorder::begin(&mut good, Timestamp(0)).expect("writing to a vector succeeds");
    let mut bytes = padded(input, HEAD_BYTES);
    put(&mut bytes, 0, good.get(..16).unwrap_or_default());
    seal(&mut bytes, 0);
    let mut at = HEAD_BYTES;
    while let Some(length) = bytes.get(at..at + FRAME_HEAD_BYTES).and_then(<[u8]>::first_chunk::<4>) {
        let payload = at + FRAME_HEAD_BYTES;
        let end = payload.saturating_add(u32::from_le_bytes(*length) as usize);
        let crc = crc32c::crc32c(bytes.get(payload..end).unwrap_or_default());
        put(&mut bytes, at + 24, &crc.to_le_bytes());
        seal(&mut bytes, at);
        at = end;
    }
    bytes
}

/// Writes the checksum at the end of the header at `at`.
fn seal(bytes: &mut [u8], at: usize) {
    let crc = crc32c::crc32c(bytes.get(at..at + 28).unwrap_or_default());
    put(bytes, at + 28, &crc.to_le_bytes());
}

/// The decoded frames are within the file, in order, and are encoded to the same bytes.
fn check(bytes: &[u8]) {
    let Ok(mut recording) = Recording::open(Cursor::new(bytes)) else { return };
    let mut written = Vec::new();
    let mut recorder = Recorder::begin(&mut written, recording.began()).expect("writing to a vector succeeds");
    let mut last_ms = 0;
    for frame in recording.frames().to_vec() {
        assert!(frame.when.asked_ms <= frame.when.came_ms && last_ms <= frame.when.came_ms, "times increase");
        last_ms = frame.when.came_ms;
        let Ok(answer) = recording.read(&frame) else { return };
        match answer {
            Answer::ClusterView(view) => {
                let Ok(view) = view.encode() else { return };
                recorder.view(frame.when, frame.kind == FrameKind::Whole, &view).expect("writing to a vector succeeds");
            }
            Answer::Lost(error) => recorder.lost(frame.when, &error).expect("writing to a vector succeeds"),
        }
    }
    let again = Recording::open(Cursor::new(&written)).expect("what we write can be read");
    assert_eq!(again.frames().len(), recording.frames().len());
    assert!(again.damage().is_none());
}
