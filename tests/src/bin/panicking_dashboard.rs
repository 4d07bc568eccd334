//! The dashboard in a world that panics as soon as it is asked for something: `panicking_dashboard
//! CREDENTIAL MASTER…`.
//!
//! It shows how the terminal is given back after a panic, without a way to panic in the program
//! that users have.

#![expect(clippy::disallowed_methods, reason = "a program of the tests, which reads a credential")]

use dfs_client::{Client, ClientOptions};
use dfs_rpc::tls::Identity;
use dfs_tui::top::run::{Source, Start, run};
use dfs_tui::top::world::World;
use dfs_tui::top::{Effect, Message, Options};
use std::sync::Arc;
use tokio::sync::mpsc::Sender;

struct PanickingWorld;

impl World for PanickingWorld {
    fn perform(&self, effect: Effect, _news: &Sender<Message>) {
        panic!("a planted panic at {effect:?}");
    }
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let pem = std::fs::read(arguments.next().expect("a credential")).expect("read the credential");
    let identity = Identity::from_pem(&pem).expect("load the credential");
    let masters = arguments.map(|master| master.parse().expect("an address")).collect();
    let client = Client::new(ClientOptions { masters, identity, settings: Default::default() });
    let source = Source::Cluster { client, world: Arc::new(PanickingWorld), record: None };
    let start = Start { options: Options::default(), source, preferences_file: None };
    run(start).await.expect("a terminal");
}
