//! Sealed capabilities: the input as it is, and with a valid seal.

use dfs_rpc::capability::{CapabilityError, KeyRing};
use dfs_rpc::wire::TokenKey;
use ring::hmac;

const KEY: TokenKey = TokenKey { id: 7, secret: [9; 32] };

pub fn run(input: &[u8]) {
    let keys = KeyRing::new(&[KEY]);
    assert_eq!(keys.open(input), Err(CapabilityError::Forged), "a seal cannot be guessed");
    if let Ok(capability) = keys.open(&sealed(input)) {
        let again = keys.seal(&capability).expect("there is a key");
        assert_eq!(keys.open(&again), Ok(capability));
    }
}

/// Returns `fields` with the seal that a master would make.
fn sealed(fields: &[u8]) -> Vec<u8> {
    let body = [&KEY.id.to_le_bytes(), fields].concat();
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &KEY.secret));
    context.update(b"dfs capability 2");
    context.update(&body);
    [&body, context.sign().as_ref()].concat()
}
