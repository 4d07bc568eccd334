//! Plays a recording at its pace and handles requests to change the playback.

use super::effects::no_cluster;
use crate::top::message::{CommandNews, CommandState, Effect, Message};
use crate::top::playback::{Play, Playback};
use crate::top::replay::Replay;
use crate::top::world::World;
use std::io::{Read, Seek};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{Sender, UnboundedReceiver};
use tokio::task::block_in_place;

/// Bounds of the time between two polls of the recording, in microseconds.
const LOOK_US: std::ops::RangeInclusive<u64> = 20_000..=1_000_000;

/// A target no further ahead than this is reached by playing, not by seeking.
const NEAR_MS: u64 = 60_000;

/// Plays from a moment on, until a channel is closed. Needs a runtime with more than one thread.
pub(super) async fn play<R: Read + Seek>(
    mut replay: Replay<R>,
    from_ms: u64,
    mut requests: UnboundedReceiver<Play>,
    news: Sender<Message>,
) {
    let mut playback = replay.playback();
    if news.send(block_in_place(|| replay.seek(from_ms))).await.is_err() {
        return;
    }
    let mut at_us = replay.at_ms() * 1000;
    loop {
        let looked = Instant::now();
        let wait = wait_us(&replay, &playback, at_us);
        let apply = match wait.filter(|_| !playback.stopped) {
            Some(us) => tokio::select! {
                biased;
                apply = requests.recv() => apply.map(Some),
                () = tokio::time::sleep(Duration::from_micros(us)) => Some(None),
            },
            None => requests.recv().await.map(Some),
        };
        let Some(apply) = apply else { return };
        if !playback.stopped {
            // A dashboard that was suspended meanwhile (Ctrl-Z) continues at the same position.
            let passed_us = u64::try_from(looked.elapsed().as_micros()).unwrap_or(u64::MAX).min(*LOOK_US.end());
            at_us = (at_us + playback.recorded_us(passed_us)).min(playback.length_ms * 1000);
        }
        if let Some(first) = apply {
            let mut to_ms = at_us / 1000;
            let mut request = Some(first);
            while let Some(play) = request {
                (playback, to_ms) = playback.apply(play, to_ms);
                request = requests.try_recv().ok();
            }
            if news.send(Message::Playing(playback)).await.is_err() {
                return;
            }
            if to_ms.checked_sub(at_us / 1000).is_none_or(|ahead_ms| ahead_ms > NEAR_MS) {
                if news.send(block_in_place(|| replay.seek(to_ms))).await.is_err() {
                    return;
                }
                at_us = replay.at_ms() * 1000;
            } else {
                at_us = at_us.max(to_ms * 1000);
            }
        }
        while let Some(message) = block_in_place(|| replay.step(at_us / 1000)) {
            if news.send(message).await.is_err() {
                return;
            }
        }
    }
}

/// Returns the time until the next message or the next second; `None` at the end.
fn wait_us<R: Read + Seek>(replay: &Replay<R>, playback: &Playback, at_us: u64) -> Option<u64> {
    if at_us >= playback.length_ms * 1000 {
        return None;
    }
    let second_us = (at_us / 1_000_000 + 1) * 1_000_000;
    let next_us = replay.next_ms().map_or(second_us, |ms| second_us.min(ms * 1000));
    let left_us = playback.passing_us(next_us.saturating_sub(at_us));
    Some(left_us.clamp(*LOOK_US.start(), *LOOK_US.end()))
}

/// The shell for a recording: there is no cluster to act on.
#[derive(Debug)]
pub(super) struct NoWorld;

impl World for NoWorld {
    fn perform(&self, effect: Effect, news: &Sender<Message>) {
        let answer = match effect {
            Effect::Look { path, .. } => Message::Looked { path, text: Err(no_cluster()) },
            Effect::ReadLog { node } => Message::Log { node, lines: Err(no_cluster()) },
            Effect::Run { number, .. } => {
                let state = CommandState::Ended { code: no_cluster().code.exit_code(), output: no_cluster().message };
                Message::Command(CommandNews { number, state })
            }
            _ => return,
        };
        // If the channel is full, the dashboard asks again.
        let _ = news.try_send(answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_client::recording::{Recorder, Recording, When};
    use dfs_types::{Error, ErrorCode, Timestamp};
    use std::io::Cursor;
    use tokio::sync::mpsc;

    /// Returns a recording of losses at 0, 50 and 100 ms; the first is visible at once.
    fn replay() -> Replay<Cursor<Vec<u8>>> {
        let mut bytes = Vec::new();
        let mut recorder = Recorder::begin(&mut bytes, Timestamp(0)).expect("begins");
        for came_ms in [0, 50, 100] {
            let error = Error::new(ErrorCode::Unreachable, "gone");
            recorder.lost(When { asked_ms: came_ms, came_ms }, &error).expect("is written");
        }
        Replay::new(Recording::open(Cursor::new(bytes)).expect("a recording"))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn it_plays_to_the_end_and_goes_where_it_is_wished() {
        let (request, requests) = mpsc::unbounded_channel();
        let (send, mut news) = mpsc::channel(1);
        let playing = tokio::spawn(play(replay(), 0, requests, send));
        let mut lost = 0;
        loop {
            match news.recv().await.expect("it plays on") {
                Message::Lost(_) => lost += 1,
                Message::Tick(now) if now.elapsed_ms == 100 && lost == 1 => break,
                _ => {}
            }
        }
        assert!(matches!(news.recv().await, Some(Message::Lost(_))));
        request.send(Play::Stop).expect("it listens");
        request.send(Play::Begin).expect("it listens");
        let mut stopped = false;
        loop {
            match news.recv().await.expect("it plays on") {
                Message::Playing(playback) => stopped = playback.stopped,
                Message::Sought(seen) => break assert_eq!(seen.now.elapsed_ms, 0),
                _ => {}
            }
        }
        assert!(stopped, "and stays there");
        drop(request);
        playing.await.expect("it ends with who listens");
    }
}
