//! The commands of the session itself.

mod alias;
mod bg;
mod context;
mod echo;
mod exit;
mod fg;
mod help;
mod history;
mod jobs;
mod lcd;
mod lls;
mod lpwd;
mod set;
mod sleep;
mod source;
mod time;
mod topics;
mod unalias;
mod wait;
mod watch;

use crate::command::Command;
pub(crate) use help::help_of;
pub(crate) use set::shell_options;

/// In the order in which `help` shows them.
pub(super) static SESSION: &[Command] = &[
    Command::of::<lcd::Lcd>(),
    Command::of::<lpwd::Lpwd>(),
    Command::of::<lls::Lls>(),
    Command::of::<set::Set>(),
    Command::of::<context::Of>(),
    Command::of::<jobs::Jobs>(),
    Command::of::<fg::Fg>(),
    Command::of::<bg::Bg>(),
    Command::of::<wait::Wait>(),
    Command::of::<source::Source>(),
    Command::of::<echo::Echo>(),
    Command::of::<time::Time>(),
    Command::of::<watch::Watch>(),
    Command::of::<sleep::Sleep>(),
    Command::of::<alias::Set>(),
    Command::of::<unalias::Unalias>(),
    Command::of::<history::Show>(),
    Command::of::<help::Help>(),
    Command::of::<exit::Exit>(),
];
