//! The client against a cluster in memory that speaks the real protocol over real sockets, and fails on command.

mod cluster;
mod control;
mod endings;
mod get;
mod master;
mod node;
mod put;
