//! The commands for the settings, the daemons of this machine, safe mode and measurements.

mod bench;
mod config;
mod dfsd;
mod fsck;
mod safemode;
mod version;
mod whoami;

use crate::command::Command;
pub(crate) use dfsd::definition_at;

/// In the order in which `help` shows them.
pub(super) static ADMIN: &[Command] = &[
    Command::of::<config::Config>(),
    Command::of::<version::Version>(),
    Command::of::<dfsd::Dfsd>(),
    Command::of::<fsck::Fsck>(),
    Command::of::<safemode::Safemode>(),
    Command::of::<whoami::Whoami>(),
    Command::of::<bench::Bench>(),
];
