//! Bounds of the data service, with their reasons.

use std::time::Duration;

/// Reads of a connection's socket wake up this often, to look after an idle connection.
pub const TICK: Duration = Duration::from_secs(5);
/// An idle connection is closed after so many ticks: five minutes.
pub const IDLE_TICKS: u32 = 60;
/// In the middle of a chunk, or of a header, so many ticks of silence end the connection.
pub const SILENT_TICKS: u32 = 6;
/// A peer that takes no byte for this long is given up.
pub const SEND_STALL: Duration = Duration::from_secs(30);
/// The last datanode but one waits so long for the last to take data; those before it longer, by one step each. A client
/// waits longer than any of them.
pub const HOP_STALL: Duration = Duration::from_secs(2);
pub const HOP_STALL_STEP: Duration = Duration::from_secs(1);
/// The same for the answer to a whole chunk, which waits for the next one's disk.
pub const ANSWER_STALL: Duration = Duration::from_secs(5);
pub const ANSWER_STALL_STEP: Duration = Duration::from_millis(1_500);
/// How long a connection to the next datanode may take to open.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the last datanode of a chain waits for descriptors for a chunk, and the others for each datanode behind them: less
/// than their peers wait for them.
pub const WORK_STALL: Duration = Duration::from_millis(1_500);
pub const WORK_STALL_STEP: Duration = Duration::from_secs(1);
/// Idle connections that are closed at once when descriptors are scarce.
pub const RELIEF: usize = 8;
/// A disk that gives no buffer back for this long has stalled.
pub const DISK_STALL: Duration = Duration::from_secs(30);
/// Frames that wait for the disk, per connection. The buffers are the tighter bound.
pub const DISK_QUEUE: usize = 16;
/// Chunks that wait for their sync behind the one being synced, per connection.
pub const FINISHING_QUEUE: usize = 1;
/// Frames read ahead of the one being sent.
pub const READ_AHEAD: usize = 2;
/// Stack of a connection's threads.
pub const STACK_BYTES: usize = 512 << 10;
/// How long a stop waits for connections to end.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(5);
