//! The state of one file, chunk or node in sentences, and what to run.

mod chunk;
mod directory;
mod explanation;
mod file;
mod node;
#[cfg(test)]
mod tests;

pub use chunk::chunk;
pub use directory::directory;
pub use explanation::Explanation;
pub use file::file;
pub use node::{datanode, master};
