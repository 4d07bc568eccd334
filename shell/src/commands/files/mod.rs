//! The commands that work with files and directories of the DFS.

mod attr;
mod cat;
mod cd;
mod checksum;
mod chmod;
mod chown;
mod cmp;
mod count;
mod cp;
mod df;
mod du;
mod find;
mod get;
mod getrange;
mod head;
mod info;
mod ls;
mod mkdir;
mod mv;
mod put;
mod pwd;
mod rm;
mod search;
mod setrep;
mod stat;
mod tail;
mod touch;
mod tree;

use crate::command::Command;

/// In the order in which `help` shows them.
pub(super) static FILES: &[Command] = &[
    Command::of::<ls::Ls>(),
    Command::of::<cd::Cd>(),
    Command::of::<pwd::Pwd>(),
    Command::of::<mkdir::Mkdir>(),
    Command::of::<touch::Touch>(),
    Command::of::<put::Put>(),
    Command::of::<get::Get>(),
    Command::of::<getrange::GetRange>(),
    Command::of::<cat::Cat>(),
    Command::of::<head::Head>(),
    Command::of::<tail::Tail>(),
    Command::of::<cmp::Cmp>(),
    Command::of::<checksum::Checksum>(),
    Command::of::<mv::Mv>(),
    Command::of::<cp::Cp>(),
    Command::of::<rm::Rm>(),
    Command::of::<stat::Stat>(),
    Command::of::<info::Info>(),
    Command::of::<du::Du>(),
    Command::of::<df::Df>(),
    Command::of::<tree::Tree>(),
    Command::of::<count::Count>(),
    Command::of::<find::Find>(),
    Command::of::<search::Search>(),
    Command::of::<chmod::Chmod>(),
    Command::of::<chown::Chown>(),
    Command::of::<setrep::Setrep>(),
    Command::of::<attr::Attr>(),
];
