//! The name of the user of this process, which becomes the superuser of a local cluster.

use dfs_types::principal::is_user_name;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Returns the name of the operating system's user, if it is a valid name in dfs.
pub(super) fn name() -> String {
    let uid = rustix::process::geteuid().as_raw();
    let listed = listed(uid);
    let variable = || ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    listed.or_else(variable).filter(|name| is_user_name(name)).unwrap_or_else(|| format!("uid{uid}"))
}

/// Returns the operating system's user who owns a file; none if the file cannot be examined.
pub fn owner(path: &Path) -> Option<String> {
    let uid = std::fs::metadata(path).ok()?.uid();
    Some(listed(uid).unwrap_or_else(|| format!("uid {uid}")))
}

fn listed(uid: u32) -> Option<String> {
    std::fs::read_to_string("/etc/passwd").ok().and_then(|passwd| find(&passwd, uid))
}

/// Finds a user in passwd(5): name, password, uid, and more, separated by colons.
fn find(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_number() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\n\nbroken\nann:x:1000:1000::/home/ann:/bin/sh\n";
        assert_eq!(find(passwd, 1000).as_deref(), Some("ann"));
        assert_eq!(find(passwd, 0).as_deref(), Some("root"));
        assert_eq!(find(passwd, 1), None);
        assert!(is_user_name(&name()));
    }
}
