//! The conversation with the masters: one [`session`] per master, and their [`orders`].

pub mod copy;
mod mend;
pub mod orders;
mod peer;
pub mod session;

#[cfg(test)]
mod tests;

pub use orders::Orders;
pub use session::Link;
