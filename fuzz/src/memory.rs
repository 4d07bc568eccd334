//! How much memory a decoder may take.

use cap::Cap;
use std::alloc::System;

/// What one input may take, in bytes. An input has a few KiB; what it claims to hold must not be believed.
const INPUT_MEMORY_BYTES_MAX: usize = 16 << 20;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Lets the one panic pass that our codec catches: tarpc's, where a deadline overflows the clock. All others abort, so
/// that libFuzzer sees them where they happen.
pub fn init() {
    let abort = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload_as_str() != Some("overflow when adding duration to instant") {
            // Telling where it happened takes memory too.
            let _ = MEMORY.set_limit(usize::MAX);
            abort(panic);
        }
    }));
}

/// Runs `run` with so little memory that an allocation by a number in the input aborts the program.
pub fn bounded(run: impl FnOnce()) {
    let _ = MEMORY.set_limit(MEMORY.allocated() + INPUT_MEMORY_BYTES_MAX);
    run();
    let _ = MEMORY.set_limit(usize::MAX);
}
