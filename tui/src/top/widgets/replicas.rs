//! Describes the replicas of all chunks in words.

use dfs_client::ReplicationStatus;
use dfs_term::figures::count;

/// Returns the number of chunks in each class of replicas, without empty classes.
pub fn replicas_in_words(chunks: &ReplicationStatus) -> String {
    let kinds = [
        (chunks.missing, "missing"),
        (chunks.at_risk, "with one replica left"),
        (chunks.under, "under-replicated"),
        (chunks.over, "over-replicated"),
        (chunks.copying, "being re-replicated"),
    ];
    let there = kinds.iter().filter(|(chunks, _)| *chunks > 0);
    let there: Vec<String> = there.map(|(chunks, kind)| format!("{} {kind}", count(*chunks))).collect();
    match (chunks.chunks, there.as_slice()) {
        (0, []) => "none yet".to_owned(),
        (all, []) => format!("{}, each with all its replicas", count(all)),
        (all, there) => format!("{}: {}", count(all), there.join(", ")),
    }
}
