//! Searching, one page at a time, so that no call delays the others for long.

use crate::master::refused::{invalid, refused};
use crate::master::state::Master;
use dfs_logic::repair::{Examiner, NodeView, Shortage, View};
use dfs_logic::search::Criteria;
use dfs_logic::state::{Met, State};
use dfs_rpc::wire::{Find, Found, FoundPage, Looked, UnderReplicated, Wanted};
use dfs_rpc::{CHUNKS_PER_SEARCH_MAX, ENTRIES_PER_PAGE_MAX, ENTRIES_PER_SEARCH_MAX, TEXT_BYTES_MAX};
use dfs_types::{ChunkId, DatanodeId, DfsPath, Glob, Kind, Result, Stat};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// The maximum number of chunks whose replicas are counted while the cluster state is locked. The
/// walk along the tree holds no lock, and heartbeats are processed in between.
const SLICE_CHUNKS: usize = 4_096;

pub(super) fn find(master: &Master, user: &str, find: &Find) -> Result<FoundPage> {
    let criteria = criteria(&find.wanted)?;
    let version = master.published.get();
    let namespace = &version.namespace;
    // The liveness of the datanodes is taken once, at the beginning of the page.
    let nodes =
        find.wanted.under_replicated.then(|| master.cluster_state().nodes().views(namespace, master.clock.now()));
    let mut page = Page::default();
    let mut after = find.after.clone();
    loop {
        let stretch = page.walk(namespace, user, find, &criteria, after.as_ref())?;
        let shortages = nodes.as_ref().map(|nodes| shortages(master, namespace, &stretch.matched, nodes));
        page.take(stretch.matched, shortages);
        after = stretch.next;
        if after.is_none() || page.is_full() {
            return Ok(FoundPage { next: after, ..page.found });
        }
    }
}

/// Returns the number of replicas that are missing of the chunks of each of these entries. The
/// cluster state is locked for one slice of at most [`SLICE_CHUNKS`] chunks at a time.
fn shortages(
    master: &Master,
    state: &State,
    matched: &[Matched],
    nodes: &BTreeMap<DatanodeId, NodeView>,
) -> Vec<UnderReplicated> {
    let mut all = vec![UnderReplicated::default(); matched.len()];
    let parts: Vec<Part<'_>> = matched.iter().map(|entry| Part::new(&entry.chunks, entry.replicas)).collect();
    for slice in slices(&parts) {
        let cluster = master.cluster_state();
        let view = View { namespace: state, locations: cluster.locations(), nodes };
        let mut examiner = Examiner::new(&view);
        for (at, part) in slice {
            let Some(under_replicated) = all.get_mut(at) else { continue };
            let Shortage { missing, at_risk, under } = examiner.shortage(part.chunks, part.replicas);
            under_replicated.missing += missing;
            under_replicated.at_risk += at_risk;
            under_replicated.under += under;
        }
    }
    all
}

/// An entry that matches the criteria.
#[derive(Debug)]
struct Matched {
    path: DfsPath,
    stat: Stat,
    /// Empty unless the search asks for under-replicated files.
    chunks: Vec<ChunkId>,
    replicas: u8,
}

/// Some chunks of one entry, each of which should have this many replicas.
#[derive(Debug, Clone, Copy)]
struct Part<'a> {
    chunks: &'a [ChunkId],
    replicas: u8,
}

impl<'a> Part<'a> {
    fn new(chunks: &'a [ChunkId], replicas: u8) -> Self {
        Self { chunks, replicas }
    }
}

/// Cuts the chunks of entries into slices of at most [`SLICE_CHUNKS`]; each part comes with the
/// index of its entry.
fn slices<'a>(entries: &[Part<'a>]) -> Vec<Vec<(usize, Part<'a>)>> {
    let mut slices: Vec<Vec<(usize, Part<'_>)>> = Vec::new();
    let mut room = 0;
    for (at, Part { mut chunks, replicas }) in entries.iter().copied().enumerate() {
        while !chunks.is_empty() {
            if room == 0 {
                slices.push(Vec::new());
                room = SLICE_CHUNKS;
            }
            let (part, rest) = chunks.split_at(chunks.len().min(room));
            if let Some(slice) = slices.last_mut() {
                slice.push((at, Part { chunks: part, replicas }));
            }
            room -= part.len();
            chunks = rest;
        }
    }
    slices
}

fn criteria(wanted: &Wanted) -> Result<Criteria> {
    let texts = [&wanted.name, &wanted.text];
    if texts.into_iter().flatten().any(|text| text.len() > TEXT_BYTES_MAX) {
        return Err(invalid(format!("the pattern is longer than {TEXT_BYTES_MAX} bytes")));
    }
    Ok(Criteria {
        name: wanted.name.as_deref().map(Glob::new),
        text: wanted.text.as_ref().map(|text| text.to_lowercase()),
        kind: wanted.kind,
        size: wanted.size.map(|(from, to)| from..=to),
        modified: wanted.modified.map(|(from, to)| from..=to),
    })
}

/// A page in progress, filled one stretch of the walk after the other.
#[derive(Debug)]
struct Page {
    found: FoundPage,
    chunks_examined: usize,
}

/// The outcome of one stretch of the walk.
#[derive(Debug)]
struct Stretch {
    matched: Vec<Matched>,
    next: Option<DfsPath>,
}

impl Default for Page {
    fn default() -> Self {
        let found = FoundPage { entries: Vec::new(), closed: Vec::new(), looked: Looked::default(), next: None };
        Self { found, chunks_examined: 0 }
    }
}

impl Page {
    fn is_full(&self) -> bool {
        self.is_full_with(0)
    }

    /// Returns true if the page is full with its own entries and `matched` more.
    fn is_full_with(&self, matched: usize) -> bool {
        let FoundPage { entries, closed, looked, .. } = &self.found;
        entries.len() + closed.len() + matched >= ENTRIES_PER_PAGE_MAX as usize
            || looked.files + looked.directories >= ENTRIES_PER_SEARCH_MAX
            || self.chunks_examined >= CHUNKS_PER_SEARCH_MAX
    }

    /// Walks on until the page may be full, or until there are enough chunks for a slice.
    fn walk(
        &mut self,
        namespace: &State,
        user: &str,
        find: &Find,
        criteria: &Criteria,
        after: Option<&DfsPath>,
    ) -> Result<Stretch> {
        let mut matched: Vec<Matched> = Vec::new();
        let mut chunks = 0;
        let visit = |met: &Met<'_>| {
            count(&mut self.found.looked, met);
            // Only entries that are shown need a parsed path; it consists of names of this tree, so
            // it parses.
            let path = || DfsPath::parse(met.path).ok();
            if criteria.matches(met) {
                let of_file = if find.wanted.under_replicated { met.chunks().to_vec() } else { Vec::new() };
                chunks += of_file.len();
                self.chunks_examined += of_file.len();
                let replicas = met.replicas();
                matched.extend(path().map(|path| Matched { path, stat: met.stat(), chunks: of_file, replicas }));
            }
            if met.closed {
                self.found.closed.extend(path());
            }
            let ends = chunks >= SLICE_CHUNKS || self.is_full_with(matched.len());
            if ends { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let next = namespace.walk(&find.path, after, user, visit);
        Ok(Stretch { matched, next: next.map_err(|refusal| refused(refusal, &find.path))? })
    }

    /// Adds the entries of a stretch; if shortages are given, only the entries that have one.
    fn take(&mut self, matched: Vec<Matched>, shortages: Option<Vec<UnderReplicated>>) {
        let only_under_replicated = shortages.is_some();
        let under_replicated =
            shortages.unwrap_or_default().into_iter().chain(std::iter::repeat(UnderReplicated::default()));
        let found = matched
            .into_iter()
            .zip(under_replicated)
            .filter(|(_, under_replicated)| !only_under_replicated || *under_replicated != UnderReplicated::default());
        self.found.entries.extend(found.map(|(Matched { path, stat, .. }, under_replicated)| Found {
            path,
            stat,
            under_replicated,
        }));
    }
}

fn count(looked: &mut Looked, met: &Met<'_>) {
    match met.kind() {
        Kind::Directory => looked.directories += 1,
        Kind::File => {
            looked.files += 1;
            looked.bytes += met.size();
            looked.chunks += met.chunks().len() as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_is_held_for_a_slice_of_chunks() {
        let files = [0, 1, 10_000, 4_096, 3, 0].map(|chunks| (0..chunks).map(ChunkId).collect::<Vec<_>>());
        let entries: Vec<Part<'_>> = files.iter().map(|chunks| Part::new(chunks, 3)).collect();
        let slices = slices(&entries);
        let chunks = |slice: &Vec<(usize, Part<'_>)>| slice.iter().map(|(_, part)| part.chunks.len()).sum::<usize>();
        assert!(slices.iter().all(|slice| (1..=SLICE_CHUNKS).contains(&chunks(slice))));
        let mut all = vec![Vec::new(); files.len()];
        slices.iter().flatten().for_each(|(at, part)| all[*at].extend_from_slice(part.chunks));
        assert_eq!(all, files);
    }
}
