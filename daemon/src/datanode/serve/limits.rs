//! Limits of the data service, with their reasons.

use std::time::Duration;

/// Reads of a connection's socket wake up at this interval, to check for an idle connection.
pub const TICK: Duration = Duration::from_secs(5);
/// An idle connection is closed after this many ticks: five minutes.
pub const IDLE_TICKS: u32 = 60;
/// In the middle of a chunk or of a header, a connection without data for this many ticks is
/// closed.
pub const SILENT_TICKS: u32 = 6;
/// A connection whose peer accepts no byte for this long is closed.
pub const SEND_STALL: Duration = Duration::from_secs(30);
/// The last datanode but one waits this long for the last one to accept data; each earlier datanode
/// waits one step longer. A client waits longer than any of them.
pub const HOP_STALL: Duration = Duration::from_secs(2);
pub const HOP_STALL_STEP: Duration = Duration::from_secs(1);
/// The same for the answer to a whole chunk, which waits for the disk of the next datanode.
pub const ANSWER_STALL: Duration = Duration::from_secs(5);
pub const ANSWER_STALL_STEP: Duration = Duration::from_millis(1_500);
/// The time limit for opening a connection to the next datanode.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The time that the last datanode of a pipeline waits for descriptors for a chunk; the others wait
/// one step longer for each datanode after them. This is less than their peers wait for them.
pub const WORK_STALL: Duration = Duration::from_millis(1_500);
pub const WORK_STALL_STEP: Duration = Duration::from_secs(1);
/// The number of idle connections that are closed at once when descriptors are scarce.
pub const RELIEF: usize = 8;
/// A disk that returns no buffer for this long has stalled.
pub const DISK_STALL: Duration = Duration::from_secs(30);
/// The maximum number of frames that wait for the disk, per connection. The buffers are the tighter
/// bound.
pub const DISK_QUEUE: usize = 16;
/// The maximum number of chunks that wait while another one is being synced, per connection.
pub const FINISHING_QUEUE: usize = 1;
/// The number of frames that are read ahead of the one being sent.
pub const READ_AHEAD: usize = 2;
/// The stack size of the threads of a connection.
pub const STACK_BYTES: usize = 512 << 10;
/// The time that a stop waits for connections to end.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(5);
