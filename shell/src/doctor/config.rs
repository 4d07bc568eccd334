//! Checks the settings and the credential of this user.

use super::{Area, Check};
use crate::session::connect::{OTHERS, denied_hint};
use dfs_client::Identity;
use dfs_config::{Directories, Loaded, keys};
use dfs_rpc::tls::valid_at;
use dfs_types::Error;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A certificate that expires within this number of days should be replaced.
const DAYS_MIN: u64 = 30;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Checks the settings: the file, and each key that was set.
pub(crate) fn settings(loaded: &Loaded, default_file: &Path) -> Vec<Check> {
    let area = Area::Config;
    let file = match &loaded.file {
        Some(file) => format!("{} is understood, every key is known", file.display()),
        None => format!("none; {} would be read", default_file.display()),
    };
    let mut checks = vec![Check::ok(area, "file", file)];
    for key in keys() {
        let dotted = key.dotted();
        if let Some(place) = loaded.place(&dotted) {
            checks.push(Check::ok(area, &dotted, format!("{}, from {place}", key.show(&loaded.settings))));
        }
    }
    if checks.len() == 1 {
        checks.push(Check::ok(area, "settings", "all defaults"));
    }
    checks
}

/// The name of the check of the context.
const CONTEXT: &str = "context";

/// Returns the problem that the context in use is not known.
pub(crate) fn context(error: &Error) -> Check {
    let fix = error.hint.clone().unwrap_or_else(|| "context list shows what there is".to_owned());
    Check::bad(Area::Config, CONTEXT, error.to_string(), fix)
}

/// Returns a check as a consequence of [`context`].
pub(crate) fn because_of_context(check: Check) -> Check {
    Check { because: Some(CONTEXT.to_owned()), ..check }
}

/// Checks the credential: it exists, only this user can read it, and it stays valid for some time.
pub(crate) fn credential(path: &Path, directories: &Directories, now: SystemTime) -> Vec<Check> {
    let (area, place) = (Area::Config, path.display());
    let pem = match std::fs::read(path) {
        Ok(pem) => pem,
        Err(error) => {
            let why = format!("{place}: {}", crate::base::report::io_message(&error));
            let fix = match error.kind() {
                std::io::ErrorKind::PermissionDenied => denied_hint(path, directories),
                _ => "name the right file as client.credential in the settings".to_owned(),
            };
            return vec![Check::bad(area, "credential", why, fix)];
        }
    };
    let mut checks = vec![who(path, &pem), permissions(path)];
    checks.extend(expiry(&pem, now));
    checks
}

fn who(path: &Path, pem: &[u8]) -> Check {
    let (area, place) = (Area::Config, path.display());
    match Identity::from_pem(pem) {
        Ok(identity) => {
            let why = format!("{place}: {} of cluster {}", identity.principal, identity.cluster);
            Check::ok(area, "credential", why)
        }
        Err(error) => {
            let fix = "have the file issued anew, or name the right one as client.credential in the settings";
            Check::bad(area, "credential", format!("{place}: {error}"), fix)
        }
    }
}

fn permissions(path: &Path) -> Check {
    let (area, name, place) = (Area::Config, "credential mode", path.display());
    match std::fs::metadata(path).map(|metadata| metadata.mode() & 0o777) {
        Ok(mode) if mode & OTHERS == 0 => Check::ok(area, name, format!("{mode:04o}: only the owner can read the key")),
        Ok(mode) => {
            let why = format!("{mode:04o}: others on this machine can use the key");
            Check::warning(area, name, why, format!("on this machine: chmod 600 {place}"))
        }
        Err(error) => {
            Check::bad(area, name, crate::base::report::io_message(&error), format!("on this machine: ls -l {place}"))
        }
    }
}

/// Checks the expiry with the code that verifies certificates on a connection.
fn expiry(pem: &[u8], now: SystemTime) -> Option<Check> {
    let (area, name) = (Area::Config, "credential validity");
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    if !valid_at(pem, now).ok()? {
        let why = "the certificate is not valid now: it has expired, or the clock of this machine is wrong";
        return Some(Check::bad(area, name, why, "date, and if that is right: have the credential issued anew"));
    }
    let ends =
        (1..=DAYS_MIN).find(|days| !valid_at(pem, now + DAY * u32::try_from(*days).unwrap_or(0)).unwrap_or(false));
    Some(match ends {
        None => Check::ok(area, name, format!("the certificate is valid for more than {DAYS_MIN} days")),
        Some(days) => {
            let why = format!("the certificate expires in less than {days} days");
            Check::warning(area, name, why, "have the credential issued anew")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;
    use dfs_daemon::authority::Authority;
    use dfs_types::{ClusterId, Principal};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_credential_is_judged_by_file_mode_and_time() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("user-ann.pem");
        let directories = Directories::under(directory.path());
        let verdicts = |at| credential(&path, &directories, at).iter().map(|check| check.verdict).collect::<Vec<_>>();
        let now = SystemTime::now();
        assert_eq!(verdicts(now), [Verdict::Bad]);
        std::fs::write(&path, "no credential").expect("written");
        assert_eq!(verdicts(now)[0], Verdict::Bad);
        let authority = Authority::create(ClusterId([7; 16]), now).expect("made");
        let pem = authority.issue(&Principal::User("ann".into()), now).expect("issued");
        std::fs::write(&path, pem).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("set");
        assert_eq!(verdicts(now), [Verdict::Ok, Verdict::Warning, Verdict::Ok]);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("set");
        assert_eq!(verdicts(now), [Verdict::Ok; 3]);
        assert_eq!(verdicts(UNIX_EPOCH), [Verdict::Ok, Verdict::Ok, Verdict::Bad]);
        let end = now + dfs_daemon::authority::VALIDITY;
        assert_eq!(verdicts(end - DAY * 10)[2], Verdict::Warning);
        assert_eq!(verdicts(end + DAY)[2], Verdict::Bad);
    }
}
