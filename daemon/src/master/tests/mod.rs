//! Tests of a complete master in a temporary directory, with real connections.

mod behind;
mod copies;
mod datanodes;
mod drains;
mod harness;
mod hostile;
mod names;
mod repair;
mod restarts;
mod searching;
mod unfinished;
mod views;
mod writes;
