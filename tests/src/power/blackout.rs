//! The power switch: cuts the power of several disks at the same moment.

use super::cache::{DiskCache, Losses};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A pending power cut. The first caller triggers it; it happens once.
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
    /// Creates a pending cut of these disks, and the channel that signals it. The fate of each
    /// write is drawn from `random`.
    pub fn new(disks: Vec<Arc<Mutex<DiskCache>>>, random: fastrand::Rng) -> (Arc<Self>, Receiver<()>) {
        let (tell, told) = channel();
        let state = Mutex::new(State { random, losses: None, tell });
        (Arc::new(Self { disks, state }), told)
    }

    /// Cuts the power, unless it is already cut.
    pub fn cut(&self) {
        let mut state = self.state();
        if state.losses.is_some() {
            return;
        }
        // All disks are locked while the first of them is cut.
        let disks: Vec<MutexGuard<'_, DiskCache>> =
            self.disks.iter().map(|disk| disk.lock().unwrap_or_else(PoisonError::into_inner)).collect();
        let mut losses = Losses::default();
        for mut disk in disks {
            let keep = chance(&mut state.random);
            losses.add(disk.cut(keep, &mut state.random));
        }
        state.losses = Some(losses);
        // The receiver may be gone.
        let _ = state.tell.send(());
    }

    /// Returns the number of write requests that were not flushed yet.
    pub fn unflushed(&self) -> usize {
        self.disks.iter().map(|disk| disk.lock().unwrap_or_else(PoisonError::into_inner).unflushed()).sum()
    }

    /// Returns the effect of the cut; `None` before it.
    pub fn losses(&self) -> Option<Losses> {
        self.state().losses
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the fraction of a cache that reaches the platter: often none or all, because these are
/// the clearest cases.
fn chance(random: &mut fastrand::Rng) -> f64 {
    match random.u32(..4) {
        0 => 0.0,
        1 => 1.0,
        _ => random.f64(),
    }
}

/// The moment of the power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// This time after the load began.
    After(Duration),
    /// As soon as a write is not flushed, at this time after the load began.
    Unflushed(Duration),
    /// This time after this acknowledgement since the load began, the first being 1.
    Acknowledged(u64, Duration),
}

impl Moment {
    /// Half of the cuts are shortly after an acknowledgement, when acknowledged data is as recent
    /// as possible.
    pub fn draw(random: &mut fastrand::Rng) -> Self {
        let span = Duration::from_millis(random.u64(20..500));
        match random.u32(..4) {
            0 => Self::After(span),
            1 => Self::Unflushed(span),
            _ => Self::Acknowledged(random.u64(1..60), Duration::from_micros(random.u64(..2000))),
        }
    }
}
