//! Checks that playing through and seeking show the same.

use super::*;
use crate::top::fixtures;
use crate::top::frames::kept;
use crate::top::once;
use crate::top::page_id::PageId;
use dfs_client::recording::{Recorder, When};
use dfs_client::view::ViewVersion;
use dfs_client::{NodeState, NodeStatus};
use dfs_rpc::curve::{Rates, Second};
use dfs_types::ErrorCode;
use proptest::prelude::*;
use std::io::Cursor;

/// An event of a recording, so many milliseconds after the previous one: a snapshot or a loss.
#[derive(Debug, Clone, Copy)]
struct Step {
    passed_ms: u64,
    waited_ms: u64,
    lost: bool,
}

/// Returns the cluster at a moment: three datanodes at work, the third with its last heartbeat at
/// 20 s.
fn cluster(at_ms: u64, seq: u64) -> Snapshot {
    let mut snapshot = if at_ms > 30_000 { fixtures::dead() } else { fixtures::cluster(3) };
    snapshot.version = ViewVersion { epoch: 7, seq };
    snapshot.status.taken_at = Timestamp(fixtures::NOW.0 + at_ms);
    for node in &mut snapshot.nodes {
        // One heartbeat per second.
        node.heartbeat_age_ms = if node.id.0 == 3 { at_ms.saturating_sub(20_000) } else { at_ms % 1000 };
        let beats = (at_ms - node.heartbeat_age_ms) / 1000;
        node.load.bytes_read += beats * beats * 10_000;
        node.registered_ms += at_ms;
    }
    snapshot.log.changes += at_ms / 7;
    snapshot.curve = curve(1, of_master(&snapshot)).into();
    snapshot
}

/// Returns the second of a snapshot as its master counts it: the master had run for some minutes
/// before the recording.
fn of_master(snapshot: &Snapshot) -> u64 {
    (snapshot.status.taken_at.0 - fixtures::NOW.0) / 1000 + 200
}

/// Returns the curve of these seconds, as far as it is kept, with some gaps.
fn curve(from: u64, to: u64) -> Vec<Option<Second>> {
    let from = from.max((to + 1).saturating_sub(SECONDS_KEPT as u64));
    (from..=to).map(|at| (at % 50 != 0).then(|| second(at))).collect()
}

fn second(at: u64) -> Second {
    let wave = (at % 40) as f64;
    let rates = Rates { read: wave * 4e6, written: 1e8, reads: wave, writes: 12.0 };
    Second { rates: Some(rates), changes: Some(wave / 2.0), missing_replicas: Some(0), used: at << 30 }
}

/// Returns the response of a master: a full one, or the datanodes that sent a heartbeat and the
/// events since `before`.
fn view(snapshot: &Snapshot, before: Option<&Snapshot>) -> ClusterView {
    let told = before.and_then(|before| before.events.back()).map_or(0, |event| event.number);
    let was = |id| before.and_then(|before| before.nodes.iter().find(|node| node.id == id));
    let is_new =
        |node: &NodeStatus| was(node.id).is_none_or(|was| was.state != node.state || node.state == NodeState::Live);
    ClusterView {
        version: snapshot.version,
        since: before.map(|before| before.version),
        status: snapshot.status.clone(),
        copies: snapshot.copies.clone(),
        log: snapshot.log,
        nodes: snapshot.nodes.iter().filter(|node| is_new(node)).cloned().collect(),
        gone: Vec::new(),
        events: snapshot.events.iter().filter(|event| event.number > told).cloned().collect(),
        curve: curve(before.map_or(0, of_master) + 1, of_master(snapshot)),
    }
}

fn recording(steps: &[Step]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut recorder = Recorder::begin(&mut bytes, fixtures::NOW).expect("begins");
    let (mut came_ms, mut whole_ms, mut before) = (0, None, None::<Snapshot>);
    for (seq, step) in steps.iter().enumerate() {
        came_ms += step.passed_ms + step.waited_ms;
        let when = When { asked_ms: came_ms - step.waited_ms, came_ms };
        if step.lost {
            recorder.lost(when, &Error::new(ErrorCode::Unreachable, "10.0.0.1:7000: gone")).expect("is written");
            continue;
        }
        let is_whole = whole_ms.is_none_or(|at: u64| came_ms - at >= 60_000);
        let snapshot = cluster(when.asked_ms, seq as u64);
        let view = view(&snapshot, before.as_ref().filter(|_| !is_whole));
        recorder.view(when, is_whole, &view.encode().expect("encodes")).expect("is written");
        whole_ms = if is_whole { Some(came_ms) } else { whole_ms };
        before = Some(snapshot);
    }
    bytes
}

fn replay(bytes: &[u8]) -> Replay<Cursor<&[u8]>> {
    Replay::new(Recording::open(Cursor::new(bytes)).expect("a recording"))
}

/// Returns a dashboard on the recording, in its initial state.
fn dashboard(replay: &Replay<Cursor<&[u8]>>) -> Model {
    let theme = fixtures::model(fixtures::cluster(0)).shared.theme;
    let mut model = Model::new(Options { replay: Some(replay.playback()), theme, ..Options::default() });
    update(&mut model, Message::Resize(120, 40));
    model
}

fn played(replay: &mut Replay<Cursor<&[u8]>>, model: &mut Model, to_ms: u64) {
    while let Some(message) = replay.step(to_ms) {
        update(model, message);
    }
}

/// Returns everything that is visible, and the data behind it.
fn seen(model: &mut Model) -> String {
    let mut text = format!("{:?}\n", (&model.shared.now, model.shared.asked_ms, &model.shared.history));
    for page in PageId::ALL {
        model.page = page;
        text += &once::plain(&once::frame(model, 120, 40));
    }
    text
}

/// Generates steps of about a second or longer; some are lost, and sometimes the recording
/// dashboard was suspended.
fn step() -> impl Strategy<Value = Step> {
    let passed = prop_oneof![20 => 900..5_000u64, 1 => 5_000..400_000u64];
    (passed, 0..1_500u64, 0..12u8).prop_map(|(passed_ms, waited_ms, kind)| Step {
        passed_ms,
        waited_ms,
        lost: kind == 0,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn who_goes_there_sees_what_they_see_who_have_watched(
        steps in proptest::collection::vec(step(), 2..500), moments in proptest::collection::vec(0..=1000u64, 1..4),
    ) {
        let first = Step { lost: false, ..steps[0] };
        let bytes = recording(&[&[first], &steps[1..]].concat());
        let mut there = replay(&bytes);
        let mut goes = dashboard(&there);
        for moment in moments {
            let first_ms = there.recording.frames()[0].when.came_ms;
            let at_ms = (there.playback().length_ms * moment / 1000).max(first_ms);
            let mut from_begin = replay(&bytes);
            let mut watches = dashboard(&from_begin);
            played(&mut from_begin, &mut watches, at_ms);
            update(&mut goes, there.seek(at_ms));
            prop_assert_eq!(seen(&mut goes), seen(&mut watches), "at {}", at_ms);
            // Both continue in the same way.
            let later_ms = at_ms + 20_000;
            played(&mut there, &mut goes, later_ms);
            played(&mut from_begin, &mut watches, later_ms);
            prop_assert_eq!(seen(&mut goes), seen(&mut watches), "from {} on", at_ms);
        }
    }
}

/// Returns one snapshot per second for so many seconds.
fn seconds(count: u64) -> Vec<Step> {
    (0..count).map(|at| Step { passed_ms: if at == 0 { 3 } else { 1000 }, waited_ms: 0, lost: false }).collect()
}

#[test]
fn little_is_read_to_go_far() {
    let bytes = recording(&seconds(3_600));
    let replay = replay(&bytes);
    let (start, at_ms) = replay.start_for(3_000_000);
    assert!((3_000_000 - SEEN_MS - RATES_MS - 62_000..=3_000_000 - SEEN_MS - RATES_MS).contains(&at_ms), "{at_ms}");
    assert!(start > 1_900);
    assert_eq!(replay.start_for(10_000), (0, 0));
}

#[test]
fn what_is_missing_is_a_loss_until_the_next_whole_picture() {
    let mut bytes = Vec::new();
    let mut recorder = Recorder::begin(&mut bytes, fixtures::NOW).expect("begins");
    let pictures: Vec<Snapshot> = (0..5).map(|seq| cluster(seq * 1000, seq)).collect();
    for (at, before) in [(0, None), (3, Some(2)), (4, None)] {
        let when = When { asked_ms: at as u64 * 1000, came_ms: at as u64 * 1000 };
        let view = view(&pictures[at], before.map(|before: usize| &pictures[before]));
        recorder.view(when, before.is_none(), &view.encode().expect("encodes")).expect("is written");
    }
    recorder.view(When { asked_ms: 5000, came_ms: 5000 }, true, b"no view").expect("is written");
    let mut replay = replay(&bytes);
    let mut links = Vec::new();
    for at_ms in [0, 3000, 4000, 5000] {
        let mut model = dashboard(&replay);
        update(&mut model, replay.seek(at_ms));
        links.push(matches!(model.shared.link, crate::top::observation::Link::Live));
    }
    assert_eq!(links, [true, false, true, false]);
}

/// Compares frames in the middle of a recording, at a loss, and at its end.
#[test]
fn frames() {
    let lost = Step { passed_ms: 1000, waited_ms: 0, lost: true };
    let steps = [seconds(50), vec![lost; 5], seconds(5)].concat();
    let bytes = recording(&steps);
    let mut replay = replay(&bytes);
    let mut model = dashboard(&replay);
    for (name, at_ms) in [("middle", 25_500), ("lost", 53_000), ("end", replay.playback().length_ms)] {
        update(&mut model, replay.seek(at_ms));
        kept(&format!("recording-{name}"), &mut model);
    }
}
