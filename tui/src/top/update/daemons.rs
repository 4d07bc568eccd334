//! The processes of the local daemons: they are looked at again while the dashboard runs, because they decide which command
//! mends what is wrong.

use crate::top::message::{Act, Effect};
use crate::top::model::Model;
use dfs_diagnosis::LocalDaemon;

/// They are looked at once in so many milliseconds at most.
const EVERY_MS: u64 = 1_000;
/// An answer that has not come by then is not waited for any longer.
const PATIENCE_MS: u64 = 10_000;

/// Asks for the daemons of a local cluster, unless it is too early.
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

/// Takes the daemons in; the findings are worked out again if something has changed.
pub(super) fn came(model: &mut Model, daemons: &[LocalDaemon]) -> Vec<Act> {
    model.looking = false;
    if model.shared.local.as_deref() != Some(daemons) {
        model.shared.local = Some(daemons.to_vec());
        model.shared.look();
    }
    Vec::new()
}
