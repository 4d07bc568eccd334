//! Recordings of the dashboard, which people send each other.

use crate::repair::{padded, put};
use dfs_client::recording::{Answer, FRAME_HEAD_BYTES, FrameKind, HEAD_BYTES, Recorder, Recording, When};
use dfs_types::Timestamp;
use std::io::Cursor;

/// The input as a recording, the same with its checksums put right, and what it holds as frames of a good one.
pub fn run(input: &[u8]) {
    check(input);
    check(&sealed(input));
    let mut bytes = Vec::new();
    let mut recorder = Recorder::begin(&mut bytes, Timestamp(0)).expect("a vector takes all");
    let (first, second) = input.split_at(input.len() / 2);
    for (at, whole, board) in [(0, true, input), (1, true, first), (2, false, second)] {
        recorder.board(When { asked_ms: at, came_ms: at }, whole, board).expect("a vector takes all");
    }
    check(&bytes);
}

/// The magic and both versions as they must be, and all checksums right, as far as there are frames.
fn sealed(input: &[u8]) -> Vec<u8> {
    let mut good = Vec::new();
    Recorder::begin(&mut good, Timestamp(0)).expect("a vector takes all");
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

/// The head that begins at `at` ends with its checksum.
fn seal(bytes: &mut [u8], at: usize) {
    let crc = crc32c::crc32c(bytes.get(at..at + 28).unwrap_or_default());
    put(bytes, at + 28, &crc.to_le_bytes());
}

/// What is read is within the file, in order, and written as the same.
fn check(bytes: &[u8]) {
    let Ok(mut recording) = Recording::open(Cursor::new(bytes)) else { return };
    let mut written = Vec::new();
    let mut recorder = Recorder::begin(&mut written, recording.began()).expect("a vector takes all");
    let mut last_ms = 0;
    for frame in recording.frames().to_vec() {
        assert!(frame.when.asked_ms <= frame.when.came_ms && last_ms <= frame.when.came_ms, "time goes on");
        last_ms = frame.when.came_ms;
        let Ok(answer) = recording.read(&frame) else { return };
        match answer {
            Answer::Board(board) => {
                let Ok(board) = board.encode() else { return };
                recorder.board(frame.when, frame.kind == FrameKind::Whole, &board).expect("a vector takes all");
            }
            Answer::Lost(error) => recorder.lost(frame.when, &error).expect("a vector takes all"),
        }
    }
    let again = Recording::open(Cursor::new(&written)).expect("what we write can be read");
    assert_eq!(again.frames().len(), recording.frames().len());
    assert!(again.damage().is_none());
}
