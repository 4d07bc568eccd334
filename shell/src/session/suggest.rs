//! Implements `did you mean` for missing remote paths, in one place for all commands. It reads one
//! page of the directory that should contain the name, within a time limit.

use crate::base::advice::advice;
use crate::base::near;
use crate::lang::quote;
use crate::session::Session;
use dfs_client::{Client, ListDirectory};
use dfs_types::{DfsPath, Error, ErrorCode};
use std::time::Duration;

/// The maximum number of names compared per directory.
const NAMES_MAX: u32 = 1000;
/// The maximum delay of an error message.
const PATIENCE: Duration = Duration::from_millis(300);

/// Returns the error, with the path that was probably meant as its hint.
pub(crate) async fn suggested(session: &Session, error: Error) -> Error {
    let wanted = error.code == ErrorCode::NotFound && advice(&error).is_none() && !session.options.quiet;
    let (Some(text), Some(client)) = (error.path.as_deref().filter(|_| wanted), session.client_if_any()) else {
        return error;
    };
    if text.contains(['*', '?', '[', '{']) {
        return error;
    }
    let Ok(path) = DfsPath::resolve(&session.directory, text) else { return error };
    let client = client.fail_fast().with_timeout(PATIENCE);
    match tokio::time::timeout(PATIENCE, near(&client, &session.directory, path)).await {
        Ok(Some(hint)) => error.hint(hint),
        _ => error,
    }
}

/// Walks up to the first directory that exists, and searches it.
async fn near(client: &Client, working: &DfsPath, path: DfsPath) -> Option<String> {
    let mut missing = path.clone();
    loop {
        let directory = missing.parent()?;
        let name = missing.name()?.to_owned();
        let names = match names(client, &directory, "").await {
            Ok((names, false)) => names,
            Ok((some, true)) => match nearest(&name, &some) {
                Some(_) => some,
                // In a large directory, names with the same first letter are the likeliest matches.
                None => self::names(client, &directory, name.get(..1)?).await.ok()?.0,
            },
            Err(error) if error.code == ErrorCode::NotFound => {
                missing = directory;
                continue;
            }
            Err(_) => return None,
        };
        if working.is_within(&missing) && !names.contains(&name) {
            return Some("the working directory is gone; cd / leaves it".to_owned());
        }
        let found = directory.join(nearest(&name, &names)?).ok()?;
        let rest = path.as_str().strip_prefix(missing.as_str())?;
        let whole = DfsPath::parse(&format!("{found}{rest}")).ok()?;
        let there = rest.is_empty() || client.stat(&whole).await.is_ok();
        let meant = if there { whole } else { found };
        return Some(format!("did you mean {}?", quote(meant.as_str())));
    }
}

async fn names(client: &Client, directory: &DfsPath, prefix: &str) -> dfs_types::Result<(Vec<String>, bool)> {
    let list = ListDirectory { path: directory.clone(), after: None, prefix: prefix.to_owned(), limit: NAMES_MAX };
    let page = client.list(list).await?;
    Ok((page.entries.into_iter().map(|entry| entry.name).collect(), page.more))
}

/// Returns the name with the most similar spelling, if it is close enough.
fn nearest<'n>(name: &str, names: &'n [String]) -> Option<&'n str> {
    near::nearest(name, names.iter().map(String::as_str).filter(|known| *known != name))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn names_that_are_spelled_alike() {
        let names = ["a.csv", "b.csv", "Data", "big.bin", "x"].map(str::to_owned);
        for (name, expected) in [
            ("a.cvs", Some("a.csv")),
            ("data", Some("Data")),
            ("bigg.bin", Some("big.bin")),
            ("notes.txt", None),
            ("y", None),
            ("x", None),
        ] {
            assert_eq!(nearest(name, &names), expected, "{name}");
        }
    }
}
