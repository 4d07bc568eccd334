//! The switch: takes the power of several disks away at one moment.

use super::cache::{DiskCache, Losses};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A power cut that is to come. Whoever comes first makes it; it happens once.
#[derive(Debug)]
pub struct Blackout {
    disks: Vec<Arc<Mutex<DiskCache>>>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    random: fastrand::Rng,
    losses: Option<Losses>,
    tell: Sender<()>,
}

impl Blackout {
    /// A cut of these disks, and what tells that it has come. What becomes of each write is drawn from `random`.
    pub fn new(disks: Vec<Arc<Mutex<DiskCache>>>, random: fastrand::Rng) -> (Arc<Self>, Receiver<()>) {
        let (tell, told) = channel();
        let state = Mutex::new(State { random, losses: None, tell });
        (Arc::new(Self { disks, state }), told)
    }

    /// Cuts the power, if nobody did before.
    pub fn cut(&self) {
        let mut state = self.state();
        if state.losses.is_some() {
            return;
        }
        // All disks stand still while the first of them goes dark.
        let disks: Vec<MutexGuard<'_, DiskCache>> =
            self.disks.iter().map(|disk| disk.lock().unwrap_or_else(PoisonError::into_inner)).collect();
        let mut losses = Losses::default();
        for mut disk in disks {
            let keep = chance(&mut state.random);
            losses.add(disk.cut(keep, &mut state.random));
        }
        state.losses = Some(losses);
        // Nobody may be waiting for it.
        let _ = state.tell.send(());
    }

    /// Write requests that were not flushed yet.
    pub fn unflushed(&self) -> usize {
        self.disks.iter().map(|disk| disk.lock().unwrap_or_else(PoisonError::into_inner).unflushed()).sum()
    }

    /// What the cut did; none before it.
    pub fn losses(&self) -> Option<Losses> {
        self.state().losses
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much of a cache comes to the platter: often nothing or all, since these are the clearest cases.
fn chance(random: &mut fastrand::Rng) -> f64 {
    match random.u32(..4) {
        0 => 0.0,
        1 => 1.0,
        _ => random.f64(),
    }
}

/// When the power goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// So long after the load began.
    After(Duration),
    /// As soon as something is not flushed, so long after the load began.
    Unflushed(Duration),
    /// So long after this acknowledgement since the load began, the first being 1.
    Acknowledged(u64, Duration),
}

impl Moment {
    /// One in two is soon after an acknowledgement: what was said to be durable is then as young as it can be.
    pub fn draw(random: &mut fastrand::Rng) -> Self {
        let span = Duration::from_millis(random.u64(20..500));
        match random.u32(..4) {
            0 => Self::After(span),
            1 => Self::Unflushed(span),
            _ => Self::Acknowledged(random.u64(1..60), Duration::from_micros(random.u64(..2000))),
        }
    }
}
