//! The commands that show the state of the cluster, and manage its datanodes.

mod admin_state;
mod doctor;
mod events;
mod heatmap;
mod locate;
mod masters;
mod node;
mod nodes;
mod replication;
mod status;
mod top;
mod top_program;
mod why;

use crate::command::Command;
pub(crate) use top_program::as_words as top_as_words;

/// In the order in which `help` shows them.
pub(super) static CLUSTER: &[Command] = &[
    Command::of::<top::Top>(),
    Command::of::<status::Status>(),
    Command::of::<doctor::Doctor>(),
    Command::of::<nodes::Nodes>(),
    Command::of::<node::Node>(),
    Command::of::<masters::Masters>(),
    Command::of::<replication::Replication>(),
    Command::of::<heatmap::Heatmap>(),
    Command::of::<events::Events>(),
    Command::of::<why::Why>(),
    Command::of::<locate::Locate>(),
];
