//! Tests of datanodes on real sockets and directories, without masters: the keys are made by the
//! tests.

mod faults;
mod garbage;
mod harness;
mod pipeline;
mod reads;
mod tokens;
