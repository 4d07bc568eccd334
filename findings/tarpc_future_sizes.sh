#!/bin/sh
# tarpc 0.38.0: what an empty call costs depends on the largest argument of any call of its service, several times over.
#
# A service has a call `ping` without arguments, and one with an argument of N bytes that is never called. One would guess
# that the future of `ping` is small, and does not change with N. Seen, with rustc 1.95.0:
#   * each byte of the other call's argument makes the future of `ping` twelve bytes larger (1,808 with 8
#     bytes, 4,784 with 256);
#   * the future of `ping` is twice as large as that of the call of the channel inside it, and a little more: the generated
#     method takes that future in, and awaits a second copy of it.
# A program that moves such futures about (a retry, a select, a join) copies kilobytes for each empty call. Putting the
# future of the channel behind a box makes all of them small.
#
# Needs cargo and a registry. Fails if the behaviour changes.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/src"
cat > "$work/Cargo.toml" <<'TOML'
[package]
name = "sizes"
version = "0.0.0"
edition = "2024"

[dependencies]
tarpc = { version = "=0.38.0", features = ["full"] }
tokio = { version = "=1.54.1", features = ["full"] }
serde = { version = "=1.0.229", features = ["derive"] }
TOML
cat > "$work/src/main.rs" <<'RUST'
use tarpc::client::{Config, stub::Stub};
use tarpc::context;

macro_rules! service {
    ($name:ident, $words:literal) => {
        #[allow(dead_code)]
        mod $name {
            #[tarpc::service]
            pub trait Sample {
                async fn ping();
                async fn large(words: [u64; $words]);
            }

            pub async fn sizes() -> (usize, usize) {
                use super::{Config, Stub, context};
                let (one, _other) = tarpc::transport::channel::unbounded();
                let channel = tarpc::client::new(Config::default(), one).spawn();
                let inner = size_of_val(&channel.call(context::current(), SampleRequest::Ping {}));
                let client = SampleClient::from(channel);
                (size_of_val(&client.ping(context::current())), inner)
            }
        }
    };
}

service!(small, 1);
service!(large, 32);

#[tokio::main]
async fn main() {
    let (small, small_inner) = small::sizes().await;
    let (large, large_inner) = large::sizes().await;
    let grown = (large - small) as f64 / (31.0 * 8.0);
    println!("largest argument   8 bytes: ping {small}, the call of the channel in it {small_inner}");
    println!("largest argument 256 bytes: ping {large}, the call of the channel in it {large_inner}");
    println!("each byte of the other call's argument adds {grown:.1} bytes to ping");
    assert!(grown >= 4.0, "an empty call no longer grows with the arguments of others");
    assert!(small >= 2 * small_inner && large >= 2 * large_inner, "the future of the channel is no longer held twice");
}
RUST
cd "$work"
CARGO_TARGET_DIR="$work/target" cargo run --quiet --release
