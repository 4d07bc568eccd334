//! The consensus layer on its own: conformance, full disks, groups of three.

mod groups;
mod rooms;
mod suite;
