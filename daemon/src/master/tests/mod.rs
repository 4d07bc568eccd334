//! A whole master on a temp directory, with real connections.

mod behind;
mod boards;
mod copies;
mod datanodes;
mod drains;
mod harness;
mod healing;
mod hostile;
mod names;
mod restarts;
mod searching;
mod unfinished;
mod writes;
