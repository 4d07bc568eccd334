//! The communication with the masters: one [`session`] per master, and their [`orders`].

pub mod copy;
pub mod orders;
mod peer;
mod reconstruct;
pub mod session;

#[cfg(test)]
mod tests;

pub use orders::Orders;
pub use session::Link;
