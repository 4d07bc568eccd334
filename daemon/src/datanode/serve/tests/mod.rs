//! Datanodes on real sockets and directories, without masters: the keys are made by hand.

mod chain;
mod faults;
mod garbage;
mod harness;
mod reads;
mod tokens;
