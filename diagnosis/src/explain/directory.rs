//! One directory.

use super::explanation::Explanation;
use crate::observation::Observation;
use dfs_term::figures::{plural, size};
use dfs_term::quote::quote;
use dfs_types::{DfsPath, Stat};

/// Explains the state of a directory, as far as the figures of the whole cluster tell it.
pub fn directory(path: &DfsPath, stat: &Stat, seen: &Observation<'_>) -> Explanation {
    let mut why = Explanation::new(path);
    let files = plural(stat.files, "file", "files");
    let directories = plural(stat.directories, "directory", "directories");
    why.say(format!("{path} is a directory with {files} and {directories} below it, {}.", size(stat.size)));
    let place = quote(path.as_str());
    let status = seen.status;
    let chunks = &status.replication;
    let under_replicated = chunks.under_replicated();
    if status.safe_mode.is_some() || status.counted_ms.is_none() || status.awaited().is_some() {
        why.wrong("Whether all replicas exist is not known yet: not all datanodes have reported.");
        why.say_awaited(status);
        why.run = "status".to_owned();
    } else if under_replicated == 0 {
        why.say("Every chunk in the cluster has all its replicas, so every file here has.");
        why.run = format!("ls -lh {place}");
    } else {
        let chunks = plural(under_replicated, "chunk in the cluster lacks", "chunks in the cluster lack");
        why.wrong(format!("{chunks} replicas; their files may be here or elsewhere."));
        why.run = format!("find {place} -under-replicated");
    }
    why
}
