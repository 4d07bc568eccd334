//! Detects file systems that do not guarantee durability, from their type and mount options.
//!
//! A sync that returns before the bytes are safe cannot be distinguished from one that does not.
//! Only the type and the options of the mount can be known, so these are reported, with their
//! consequences.

/// The mount of a directory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mount {
    /// The mount point.
    pub point: String,
    /// The type, as in `/proc/self/mountinfo`: `ext4`, `xfs`, `tmpfs`.
    pub kind: String,
    /// The options of the mount and of the file system, without duplicates.
    pub options: Vec<String>,
    /// True if it has a journal; none if this is unknown, or it uses another method.
    pub journal: Option<bool>,
}

/// Returns the mounts of `/proc/self/mountinfo`, with device numbers as `major:minor`.
pub fn mounts(mountinfo: &str) -> impl Iterator<Item = (&str, Mount)> {
    mountinfo.lines().filter_map(|line| {
        let (first, second) = line.split_once(" - ")?;
        let first: Vec<&str> = first.split(' ').collect();
        let [_, _, device, _, point, options, ..] = first.as_slice() else { return None };
        let mut second = second.splitn(3, ' ');
        let kind = second.next()?.to_owned();
        let more = second.nth(1).unwrap_or_default();
        let mut all: Vec<String> = Vec::new();
        for option in options.split(',').chain(more.split(',')) {
            if !option.is_empty() && !all.iter().any(|known| known == option) {
                all.push(option.to_owned());
            }
        }
        Some((*device, Mount { point: unescape(point), kind, options: all, journal: None }))
    })
}

/// Decodes a mount point, in which spaces and similar characters are three octal digits.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let octal = behind.get(..3).filter(|_| *first == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = behind.get(3..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Mount {
    fn has(&self, option: &str) -> bool {
        self.options.iter().any(|other| other == option)
    }

    /// Returns the risks for acknowledged files, one sentence for each cause; empty for a safe file
    /// system.
    pub fn dangers(&self) -> Vec<String> {
        let kind = self.kind.as_str();
        let mut dangers = Vec::new();
        match kind {
            "tmpfs" | "ramfs" | "devtmpfs" => {
                dangers.push(format!("{kind} is in memory: all files are lost when the machine restarts"));
            }
            "overlay" | "aufs" => dangers.push(format!(
                "{kind} is the writable layer of a container: files are deleted with the container, and syncs are those of the disk below; mount a volume"
            )),
            "nfs" | "nfs4" | "cifs" | "smb3" | "smbfs" | "9p" | "afs" | "ceph" | "glusterfs" | "fuse.glusterfs" | "fuse.sshfs"
            | "fuse.s3fs" | "lustre" => dangers.push(format!(
                "{kind} is a network file system: syncs are only as reliable as those of the server, and locks may not hold"
            )),
            "ext2" | "vfat" | "exfat" | "msdos" | "fat" => dangers.push(format!(
                "{kind} has no journal: a power cut can lose acknowledged files, and directories with them"
            )),
            "ext3" | "ext4" if self.journal == Some(false) => dangers.push(format!(
                "this {kind} has no journal: in 3 of 4 simulated power cuts acknowledged files were lost; add one with tune2fs -O has_journal"
            )),
            _ => {}
        }
        if self.has("nobarrier") || self.has("barrier=0") {
            dangers.push(
                "barriers are off (nobarrier): a sync does not reach through the disk's own cache, and a power cut can lose acknowledged files"
                    .to_owned(),
            );
        }
        if self.has("data=writeback") {
            dangers.push(
                "data=writeback: after a power cut files may hold old bytes; checksums find them, and only other replicas can replace them".to_owned(),
            );
        }
        if self.has("sync=disabled") || self.has("fsync_mode=nobarrier") {
            dangers.push("syncs are switched off: a power cut can lose acknowledged files".to_owned());
        }
        dangers
    }
}

impl std::fmt::Display for Mount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let journal = match self.journal {
            Some(true) => ", with a journal",
            Some(false) => ", without a journal",
            None => "",
        };
        write!(f, "{} mounted at {} ({}){journal}", self.kind, self.point, self.options.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(kind: &str, options: &str, journal: Option<bool>) -> Mount {
        let options = options.split(',').map(str::to_owned).collect();
        Mount { point: "/".into(), kind: kind.into(), options, journal }
    }

    #[test]
    fn each_danger_is_named_and_nothing_else() {
        #[rustfmt::skip]
        let table: [(&str, &str, Option<bool>, &[&str]); 17] = [
            ("ext4", "rw,relatime", Some(true), &[]),
            ("ext4", "rw,relatime", None, &[]),
            ("ext4", "rw,relatime", Some(false), &["this ext4 has no journal"]),
            ("ext3", "rw", Some(false), &["this ext3 has no journal"]),
            ("ext4", "rw,nobarrier", Some(true), &["barriers are off"]),
            ("ext4", "rw,barrier=0", Some(true), &["barriers are off"]),
            ("ext4", "rw,data=writeback", Some(true), &["data=writeback"]),
            ("ext4", "rw,data=ordered,barrier=1", Some(true), &[]),
            ("ext4", "rw,barrier=0,data=writeback", Some(false), &["this ext4 has no journal", "barriers are off", "data=writeback"]),
            ("ext2", "rw", None, &["ext2 has no journal"]),
            ("xfs", "rw,attr2,inode64", None, &[]),
            ("btrfs", "rw,ssd", None, &[]),
            ("tmpfs", "rw,size=1g", None, &["tmpfs is in memory"]),
            ("overlay", "rw,lowerdir=/a", None, &["overlay is the writable layer of a container"]),
            ("nfs4", "rw,vers=4.2", None, &["nfs4 is a network file system"]),
            ("vfat", "rw", None, &["vfat has no journal"]),
            ("f2fs", "rw,fsync_mode=nobarrier", None, &["syncs are switched off"]),
        ];
        for (kind, options, journal, expected) in table {
            let dangers = mount(kind, options, journal).dangers();
            let all = dangers.len() == expected.len();
            assert!(
                all && dangers.iter().zip(expected).all(|(danger, begin)| danger.starts_with(begin)),
                "{kind} {options}: {dangers:?}"
            );
        }
    }

    #[test]
    fn mountinfo_is_read_with_optional_fields_and_escapes() {
        let text = "22 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/root rw,data=ordered\n\
                    30 22 0:25 / /a\\040b rw,nosuid - tmpfs tmpfs rw,size=10k\n\
                    nonsense\n31 22 8:1 /sub /c ro - xfs\n";
        let all: Vec<_> = mounts(text).collect();
        assert_eq!(all.len(), 3);
        assert_eq!(all[0].0, "254:0");
        assert_eq!(all[0].1.options, ["rw", "relatime", "data=ordered"]);
        assert_eq!((all[1].1.point.as_str(), all[1].1.kind.as_str()), ("/a b", "tmpfs"));
        assert_eq!((all[2].0, all[2].1.options.as_slice()), ("8:1", &["ro".to_owned()][..]));
        assert_eq!(all[0].1.to_string(), "ext4 mounted at / (rw,relatime,data=ordered)");
    }
}
