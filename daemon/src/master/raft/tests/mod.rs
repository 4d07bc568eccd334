//! Tests of the consensus layer alone: conformance, full disks, groups of three.

mod groups;
mod rooms;
mod suite;
