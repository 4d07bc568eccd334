//! Recordings that are written, read, truncated and corrupted.

use super::*;
use dfs_rpc::view::{ClusterView, ViewVersion};
use dfs_rpc::wire::ClusterStatus;
use dfs_types::ClusterId;
use proptest::prelude::*;
use std::io::Cursor;

const BEGAN: Timestamp = Timestamp(1_795_269_787_000);

fn view(seq: u64, since: Option<u64>) -> ClusterView {
    let version = |seq| ViewVersion { epoch: 9, seq };
    ClusterView {
        version: version(seq),
        since: since.map(version),
        status: ClusterStatus { files: seq, ..ClusterStatus::empty(ClusterId([1; 16]), Timestamp(seq)) },
        copies: Vec::new(),
        log: Default::default(),
        nodes: Vec::new(),
        gone: Vec::new(),
        events: Vec::new(),
        curve: Vec::new(),
    }
}

fn written(answers: &[(When, Answer)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut recorder = Recorder::begin(&mut bytes, BEGAN).expect("begins");
    for (when, answer) in answers {
        match answer {
            Answer::ClusterView(view) => {
                recorder.view(*when, view.since.is_none(), &view.encode().expect("encodes")).expect("is written");
            }
            Answer::Lost(error) => recorder.lost(*when, error).expect("is written"),
        }
    }
    bytes
}

/// The answers read from a recording, in order.
type Came = Vec<(When, Answer)>;

fn read(bytes: &[u8]) -> Result<(Came, Option<Damage>)> {
    let mut recording = Recording::open(Cursor::new(bytes))?;
    assert_eq!(recording.began(), BEGAN);
    let frames = recording.frames().to_vec();
    let answers = frames.iter().map(|frame| Ok((frame.when, recording.read(frame)?))).collect::<Result<Came>>()?;
    assert_eq!(recording.length_ms(), answers.last().map_or(0, |(when, _)| when.came_ms));
    Ok((answers, recording.damage().cloned()))
}

/// Answers one second apart: a whole view, a delta and an error in turn.
fn some(count: u64) -> Vec<(When, Answer)> {
    let answer = |seq: u64| match seq % 3 {
        0 => Answer::ClusterView(Box::new(view(seq, None))),
        1 => Answer::ClusterView(Box::new(view(seq, Some(seq - 1)))),
        _ => Answer::Lost(Error::new(ErrorCode::Unreachable, "gone").at("a:1")),
    };
    (0..count).map(|seq| (When { asked_ms: seq * 1000, came_ms: seq * 1000 + 3 }, answer(seq))).collect()
}

/// The offset of each frame, and the end of the last one.
fn borders(bytes: &[u8]) -> Vec<usize> {
    let mut borders = vec![HEAD_BYTES];
    let mut at = HEAD_BYTES;
    while let Some(length) = bytes[at..].first_chunk::<4>() {
        at += FRAME_HEAD_BYTES + u32::from_le_bytes(*length) as usize;
        borders.push(at);
    }
    borders
}

/// Corrects the checksum of the header at `at`.
fn sealed(mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
    let crc = crc32c::crc32c(&bytes[at..at + 28]);
    bytes[at + 28..at + 32].copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn patched(bytes: &[u8], at: usize, field: usize, value: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at + field..at + field + value.len()].copy_from_slice(value);
    sealed(bytes, at)
}

fn refused(bytes: &[u8]) -> Error {
    Recording::open(Cursor::new(bytes)).expect_err("is no good recording")
}

proptest! {
    #[test]
    fn a_recording_reads_back(spans in proptest::collection::vec((0..5_000u64, 0..40_000u64), 1..30)) {
        let mut answers = some(spans.len() as u64);
        let mut came = 0;
        for ((when, _), (waited, passed)) in answers.iter_mut().zip(spans) {
            came += waited + passed;
            *when = When { asked_ms: came - waited, came_ms: came };
        }
        prop_assert_eq!(read(&written(&answers)), Ok((answers, None)));
    }

    #[test]
    fn every_change_of_a_byte_is_detected(
        flips in proptest::collection::vec((0..2_000usize, 1..=255u8), 1..4), cut in 0..2_500usize, seals in any::<bool>(),
    ) {
        let mut bytes = written(&some(7));
        let frames = borders(&bytes);
        bytes.truncate(cut.max(1));
        for (at, flip) in flips {
            let at = at % bytes.len();
            bytes[at] ^= flip;
        }
        if seals {
            let length = bytes.len();
            let heads = frames.into_iter().chain([0]).filter(|at| at + FRAME_HEAD_BYTES <= length);
            bytes = heads.fold(bytes, sealed);
        }
        if let Ok(mut recording) = Recording::open(Cursor::new(&bytes)) {
            for frame in recording.frames().to_vec() {
                let _ = recording.read(&frame);
            }
        }
    }
}

#[test]
fn a_torn_tail_is_cut() {
    let answers = some(6);
    let bytes = written(&answers);
    let borders = borders(&bytes);
    for end in borders[1]..=bytes.len() {
        let whole = borders.iter().filter(|border| **border <= end).count() - 1;
        assert_eq!(read(&bytes[..end]), Ok((answers[..whole].to_vec(), None)), "cut at {end}");
        // The file system may have allocated space that was never written.
        let zeros = [&bytes[..borders[whole]], &[0; 100]].concat();
        assert_eq!(read(&zeros), Ok((answers[..whole].to_vec(), None)), "zeros from {end}");
    }
    // The last frame has its full length, but not its bytes.
    let mut torn = bytes.clone();
    torn[borders[5] + FRAME_HEAD_BYTES..].fill(0);
    assert_eq!(read(&torn), Ok((answers[..5].to_vec(), None)));
}

#[test]
fn corruption_in_the_middle_is_reported_with_its_offset() {
    let answers = some(6);
    let bytes = written(&answers);
    let borders = borders(&bytes);
    for at in borders[2]..borders[3] {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x10;
        let (read, damage) = read(&bytes).expect("what is before it is read");
        assert_eq!(read, answers[..2], "byte {at}");
        let damage = damage.expect("it is seen");
        assert_eq!((damage.at, damage.bytes), (borders[2] as u64, (bytes.len() - borders[2]) as u64), "byte {at}");
        assert!(damage.to_string().contains(&format!("at byte {}", borders[2])), "{damage}");
    }
}

#[test]
fn impossible_headers_are_refused() {
    let bytes = written(&some(6));
    let at = borders(&bytes)[1];
    let cases: [(usize, &[u8], &str); 5] = [
        (0, &u32::MAX.to_le_bytes(), "too long"),
        (4, &[9], "unknown kind"),
        (16, &0u64.to_le_bytes(), "an impossible time"),
        (16, &u64::MAX.to_le_bytes(), "an impossible time"),
        (8, &99_999u64.to_le_bytes(), "an impossible time"),
    ];
    for (field, value, what) in cases {
        let (answers, damage) = read(&patched(&bytes, at, field, value)).expect("the first frame is good");
        let said = damage.map(|damage| damage.to_string()).unwrap_or_default();
        assert!(answers.len() == 1 && said.contains(what), "{said}");
    }
}

#[test]
fn a_file_that_is_not_a_recording_is_refused_with_the_reason() {
    let good = written(&some(3));
    let head = &good[..HEAD_BYTES];
    let newer = (protocol() + 1).to_le_bytes();
    for (bytes, what) in [
        (Vec::new(), "the file is empty"),
        (b"text".to_vec(), "not a recording of dfs-top"),
        (vec![0; 4096], "not a recording of dfs-top"),
        (patched(head, 0, 8, &[2]), "of version 2, this program reads 1"),
        (patched(head, 0, 12, &newer), "of protocol version"),
        ([&head[..16], &[1], &head[17..]].concat(), "the checksum of its header does not match"),
        (head.to_vec(), "it ended before the first view"),
        ([head, &[7; 100]].concat(), "corrupt at byte 32"),
        ([head, &good[borders(&good)[1]..]].concat(), "begins with a delta"),
    ] {
        let error = refused(&bytes);
        assert!(error.message.contains(what), "{what}: {error}");
        assert_eq!(error.code.exit_code(), 1, "{error}");
    }
    let before = patched(head, 0, 12, &(protocol() - 1).to_le_bytes());
    let read_before = read(&[&before[..], &good[HEAD_BYTES..]].concat());
    assert_eq!(read_before.map(|(answers, _)| answers.len()), read(&good).map(|(answers, _)| answers.len()));
    // A dashboard that waits for a cluster may record that no answer came.
    assert_eq!(read(&written(&some(3)[2..])).map(|(answers, _)| answers.len()), Ok(1));
}

#[test]
fn a_recording_ends_when_it_is_full() {
    let mut recorder = Recorder::begin(io::sink(), BEGAN).expect("begins");
    let piece = vec![7; PAYLOAD_BYTES_MAX];
    assert!(recorder.view(When::default(), true, &[&piece[..], &[7]].concat()).is_err(), "larger than any answer");
    let full = std::iter::repeat_with(|| recorder.view(When::default(), true, &piece));
    let error = full.take(200).find_map(Result::err).expect("has an end");
    assert!(error.message.contains("1 GiB"), "{error}");
    assert!(recorder.bytes <= RECORDING_BYTES_MAX && recorder.bytes > RECORDING_BYTES_MAX - (9 << 20));
    recorder.view(When::default(), false, b"small").expect("a small frame still fits");
}
