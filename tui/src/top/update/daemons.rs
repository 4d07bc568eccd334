//! Checks the processes of the local daemons again while the dashboard runs, because they decide
//! which command fixes a problem.

use crate::top::message::{Act, Effect};
use crate::top::model::Model;
use dfs_diagnosis::Local;

/// The minimum interval between two checks.
const EVERY_MS: u64 = 1_000;
/// A response that has not arrived after this time is not awaited any longer.
const PATIENCE_MS: u64 = 10_000;

/// Requests a check of the daemons of a local cluster, unless it is too early.
pub(super) fn ask(model: &mut Model) -> Vec<Act> {
    let now = model.shared.now.elapsed_ms;
    let pause = if model.looking { PATIENCE_MS } else { EVERY_MS };
    let early = model.looked_ms.is_some_and(|looked| now < looked + pause);
    if early || model.shared.local.is_none() || model.shared.replay.is_some() {
        return Vec::new();
    }
    (model.looked_ms, model.looking) = (Some(now), true);
    vec![Act::Effect(Effect::Daemons)]
}

/// Stores the daemons; computes the findings again if a daemon has changed.
pub(super) fn came(model: &mut Model, local: &Local) -> Vec<Act> {
    model.looking = false;
    if model.shared.local.as_ref() != Some(local) {
        model.shared.local = Some(local.clone());
        model.shared.look();
    }
    Vec::new()
}
