//! Code that commands of several groups use.

pub(crate) mod change;
pub(crate) mod chunks;
pub(crate) mod destination;
pub(crate) mod entry;
pub(crate) mod found;
pub(crate) mod here;
pub(crate) mod mode;
pub(crate) mod once;
pub(crate) mod places;
pub(crate) mod redraw;
pub(crate) mod rows;
pub(crate) mod seen;
pub(crate) mod sources;
mod status_screen;
