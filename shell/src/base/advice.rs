//! Maps errors to advice in terms of the shell: its commands and flags. Masters and the client
//! library deliver the data; the program that shows the error chooses the advice.

use dfs_types::{Detail, Error, ErrorCode, NoRoom, RoomFor};
use std::borrow::Cow;

/// Returns the advice for an error: its own hint, or one derived from its data.
pub(crate) fn advice(error: &Error) -> Option<String> {
    error.hint.clone().or_else(|| match error.detail.as_deref() {
        Some(detail) => of_detail(detail).map(Cow::into_owned),
        None if error.code == ErrorCode::NotEmpty => Some("rm -r deletes it with all that is in it".to_owned()),
        None if is_datanode_full(error) => {
            Some("delete files, or add datanodes; `status` shows the room that is left".to_owned())
        }
        None => None,
    })
}

/// Returns true if the disk of a datanode is full. A full disk of this machine is that of a device.
fn is_datanode_full(error: &Error) -> bool {
    error.code == ErrorCode::LocalIo
        && error.message.contains(": datanode-")
        && error.message.ends_with(": no space left")
}

fn of_detail(detail: &Detail) -> Option<Cow<'static, str>> {
    let text = match detail {
        Detail::CapabilityExpired { .. } => return None,
        Detail::NotLeader { leader: Some(leader) } => {
            return Some(format!("{} leads, at {}", leader.id, leader.address).into());
        }
        Detail::DrainLeavesTooFew { left, wanted, all } => {
            let enough = all.saturating_add(wanted.saturating_sub(*left));
            return Some(format!("`dfsd up --datanodes {enough}` adds what is missing").into());
        }
        Detail::DrainLeavesNoRoom { all, .. } => {
            let more = all.saturating_add(1);
            return Some(format!("delete files, or add datanodes: `dfsd up --datanodes {more}` adds one").into());
        }
        Detail::NotLeader { leader: None } => "no master leads at the moment; wait for the election to end",
        Detail::SafeMode { .. } => "wait for the datanodes to report, or start those that are missing",
        Detail::SafeModeHeld { .. } => "safemode leave ends it",
        Detail::NotSetUp => "start the first master of the cluster with a superuser",
        Detail::MasterDiskFull => {
            "make room on the disk that holds the master's data directory; nothing else needs to be done"
        }
        Detail::WriteGivenUp => "write it again",
        Detail::TooManyWrites { .. } => "wait until some of them have ended, and try again",
        Detail::BadUserName => "1 to 64 of a-z A-Z 0-9 . _ - @, not beginning with - or .",
        Detail::TooManyChunks { .. } | Detail::CommitTooLarge { .. } => "choose larger chunks with --chunk-size",
        Detail::TooFewDatanodes(few) if few.coming.is_some() => {
            "wait for the datanodes to register, or start those that are missing"
        }
        Detail::TooFewDatanodes(few) if !few.ahead.is_empty() => "set the clocks of masters and datanodes",
        Detail::TooFewDatanodes(few) => {
            let less = match few.live {
                0 => String::new(),
                live => format!("; --rep {live} writes with fewer replicas"),
            };
            return Some(format!("status shows what is missing, and the command that starts it{less}").into());
        }
        Detail::NoRoom(NoRoom { of: RoomFor::Chunk { .. }, .. }) => "delete files, or add datanodes or disks",
        Detail::NoRoom(NoRoom { of: RoomFor::File { .. }, .. }) => {
            "delete files, add datanodes or disks, or write with a lower replication"
        }
        Detail::UnknownDatanode => "nodes lists them",
        Detail::NotDead { live: true } => "drain it, stop it, and forget it when it is dead",
        Detail::NotDead { live: false } => "forget it when it is dead",
        Detail::UnnamedChunk => "it was deleted, or belongs to a write that has not ended",
        Detail::MastersUnreachable { .. } => "is the cluster running? `dfsd status` shows the local one",
        Detail::LocalExists => "-f replaces it",
        Detail::LocalDiskFull { part_kept: false, .. } => "make room on that disk",
        Detail::LocalDiskFull { part_kept: true, .. } => {
            "make room on that disk, and get it again with -c: what is there is kept"
        }
        Detail::PartName => "get it without -c",
    };
    Some(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_datanode_is_no_full_disk_of_this_machine() {
        let hint = |message: &str| advice(&Error::new(ErrorCode::LocalIo, message));
        let full = hint("gave up after 8 tries: chunk 0000000000000035: datanode-2: no space left");
        assert!(full.is_some_and(|hint| hint.starts_with("delete files, or add datanodes")));
        assert_eq!(hint("no space left on device"), None);
        assert_eq!(hint("gave up after 8 tries: chunk 0000000000000035: datanode-2: the disk fails"), None);
    }
}
