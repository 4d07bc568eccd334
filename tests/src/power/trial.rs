//! The trial: load, power cut, recovery, comparison with the oracle, repeatedly.

use super::blackout::{Blackout, Moment};
use super::cache::Losses;
use super::disk::FileSystem;
use super::machine::{Machine, Plan};
use crate::cluster::PATIENCE;
use crate::load::{self, Load, Shared};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// The number of cuts of one machine before another one is drawn; fewer in a short trial, so that
/// it uses several.
const CUTS_OF_A_LIFE: u64 = 10;
const CUTS_OF_A_SHORT_LIFE: u64 = 2;
const SHORT_TRIAL_CUTS: u64 = 20;
/// The maximum number of additional cuts of a trial whose cuts have dropped nothing so far.
const MORE_CUTS: u64 = 16;
/// The time limit, and the interval, for finding a write that is not flushed.
const UNFLUSHED_PATIENCE: Duration = Duration::from_secs(2);
const UNFLUSHED_PAUSE: Duration = Duration::from_micros(100);

/// The configuration of a trial.
#[derive(Debug, Clone)]
pub struct Trial {
    pub file_system: FileSystem,
    pub cuts: u64,
    /// The machine; drawn at random if not given.
    pub plan: Option<Plan>,
    /// Variables of every process of the cluster.
    pub variables: Vec<(&'static str, &'static str)>,
}

/// The results of a trial.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub cuts: u64,
    pub acknowledged: u64,
    pub unknown: u64,
    pub losses: Losses,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { cuts, acknowledged, unknown, losses } = self;
        let Losses { kept, torn, dropped, sectors_kept, sectors_dropped } = losses;
        write!(
            f,
            "{cuts} cuts; {acknowledged} operations acknowledged, {unknown} of unknown outcome; \
             {} write requests were not flushed at the cuts: {kept} kept, {torn} torn, {dropped} dropped \
             ({sectors_kept} sectors kept, {sectors_dropped} dropped)",
            losses.requests()
        )
    }
}

impl Tally {
    /// Returns the reason why this trial shows nothing; `None` if the fault occurred and there was
    /// data to lose.
    pub fn is_void(&self) -> Option<&'static str> {
        if self.acknowledged == 0 {
            return Some("nothing was acknowledged");
        }
        (self.losses.sectors_dropped == 0).then_some("no cut dropped anything")
    }
}

impl Trial {
    /// Creates a trial with cuts of this file system, on machines drawn at random.
    pub fn of(file_system: FileSystem, cuts: u64) -> Self {
        Self { file_system, cuts, plan: None, variables: Vec::new() }
    }

    /// Runs the trial until a fault is found, or to its end. A fault is lost or wrong data, or a
    /// cluster that does not start.
    ///
    /// # Panics
    /// Panics if a machine cannot be created.
    pub fn run(&self, random: &mut fastrand::Rng) -> (Tally, Option<String>) {
        let runtime = Runtime::new().expect("runtime");
        let mut tally = Tally::default();
        let life_cuts = if self.cuts < SHORT_TRIAL_CUTS { CUTS_OF_A_SHORT_LIFE } else { CUTS_OF_A_LIFE };
        let (mut left, mut more) = (self.cuts, MORE_CUTS);
        while left > 0 || (more > 0 && tally.is_void().is_some()) {
            let plan = self.plan.unwrap_or_else(|| Plan::draw(self.file_system, random));
            eprintln!("machine: {plan}");
            let cuts = if left > 0 { left.min(life_cuts) } else { more.min(life_cuts) };
            more -= cuts.saturating_sub(left);
            left = left.saturating_sub(cuts);
            if let Err(found) = self.live(plan, cuts, &runtime, random, &mut tally) {
                return (tally, Some(found));
            }
        }
        (tally, None)
    }

    /// Runs one machine.
    fn live(
        &self,
        plan: Plan,
        cuts: u64,
        runtime: &Runtime,
        random: &mut fastrand::Rng,
        tally: &mut Tally,
    ) -> Result<(), String> {
        let load = Load { writers: 6, paths: 8, small: 1..200 << 10, large: 1 << 20..4 << 20 };
        let mut machine = Machine::start(plan, &self.variables).expect("make a machine");
        let oracle = Shared::default();
        for writer in 0..load.writers {
            machine.cluster().ok(&["mkdir", &load::directory(writer)]);
        }
        let before = *tally;
        for _ in 0..cuts {
            let losses = work_until_cut(&load, &mut machine, &oracle, runtime, random)?;
            tally.cuts += 1;
            tally.losses.add(losses);
            let (acknowledged, unknown) = load::lock(&oracle).counts();
            (tally.acknowledged, tally.unknown) = (before.acknowledged + acknowledged, before.unknown + unknown);
            let start = Instant::now();
            machine.rise()?;
            let client = runtime.block_on(machine.cluster().client());
            let touched = load::lock(&oracle).take_touched();
            runtime.block_on(load::verify(&client, &oracle, touched))?;
            eprintln!("back after {:?}; {tally}", start.elapsed());
        }
        let client = runtime.block_on(machine.cluster().client());
        let paths = load::lock(&oracle).paths();
        runtime.block_on(load::verify(&client, &oracle, paths))
    }
}

/// Lets the writers work until the power cut, and ends the processes of the machine.
fn work_until_cut(
    load: &Load,
    machine: &mut Machine,
    oracle: &Shared,
    runtime: &Runtime,
    random: &mut fastrand::Rng,
) -> Result<Losses, String> {
    let moment = Moment::draw(random);
    let (blackout, told) = machine.blackout(random.fork());
    let acknowledged = Arc::new(AtomicU64::new(0));
    let mut writers = JoinSet::new();
    // All clients are created before the first writer starts: the power may be cut at once.
    let clients: Vec<_> = (0..load.writers).map(|_| runtime.block_on(machine.cluster().client())).collect();
    for (writer, client) in (0..).zip(clients) {
        let (load, oracle, blackout, acknowledged) =
            (load.clone(), oracle.clone(), blackout.clone(), acknowledged.clone());
        let mut random = random.fork();
        let work = async move {
            while blackout.losses().is_none() {
                if load.operate(&client, &oracle, writer, &mut random).await {
                    cut_at(moment, acknowledged.fetch_add(1, Ordering::SeqCst) + 1, &blackout);
                }
            }
        };
        writers.spawn_on(work, runtime.handle());
    }
    wait(moment, &blackout, &told);
    let fallen = machine.fall();
    // Each writer is dropped in the middle of an operation, whose outcome is then unknown.
    runtime.block_on(writers.shutdown());
    fallen?;
    blackout.losses().ok_or_else(|| format!("no load: the moment {moment:?} did not come"))
}

/// Cuts the power if this is the acknowledgement that it was scheduled after.
fn cut_at(moment: Moment, acknowledged: u64, blackout: &Blackout) {
    if let Moment::Acknowledged(awaited, later) = moment
        && awaited == acknowledged
    {
        // Much shorter than the runtime needs to return to this task.
        std::thread::sleep(later);
        blackout.cut();
    }
}

fn wait(moment: Moment, blackout: &Blackout, told: &Receiver<()>) {
    match moment {
        Moment::After(span) => {
            std::thread::sleep(span);
            blackout.cut();
        }
        Moment::Unflushed(span) => {
            std::thread::sleep(span);
            let start = Instant::now();
            while blackout.unflushed() == 0 && start.elapsed() < UNFLUSHED_PATIENCE {
                std::thread::sleep(UNFLUSHED_PAUSE);
            }
            blackout.cut();
        }
        Moment::Acknowledged(..) => drop(told.recv_timeout(PATIENCE)),
    }
}
