//! The memory limit of a decoder.

use cap::Cap;
use std::alloc::System;

/// The memory limit for one input, in bytes. An input has a few KiB; lengths in it must not be
/// trusted.
const INPUT_MEMORY_BYTES_MAX: usize = 16 << 20;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Ignores the one panic that our codec catches: that of tarpc when a deadline overflows the clock.
/// All others abort, so that libFuzzer detects them where they occur.
pub fn init() {
    let abort = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload_as_str() != Some("overflow when adding duration to instant") {
            // Printing the location takes memory too.
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
