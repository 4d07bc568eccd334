//! Searching: a page at a time, so that no call keeps the others waiting.

use crate::master::refused::{invalid, refused};
use crate::master::state::Master;
use dfs_logic::repair::{Examiner, Shortage, View};
use dfs_logic::search::Criteria;
use dfs_logic::state::{Met, State};
use dfs_rpc::wire::{Find, Found, FoundPage, Looked, Short, Wanted};
use dfs_rpc::{CHUNKS_PER_SEARCH_MAX, ENTRIES_PER_PAGE_MAX, ENTRIES_PER_SEARCH_MAX, TEXT_BYTES_MAX};
use dfs_types::{DfsPath, Glob, Kind, Result};
use std::ops::ControlFlow;

impl Master {
    pub(super) fn find(&self, user: &str, find: &Find) -> Result<FoundPage> {
        let criteria = criteria(&find.wanted)?;
        let version = self.published.get();
        if !find.wanted.short {
            return page(&version.namespace, user, find, &criteria, None);
        }
        let registry = self.registry();
        let nodes = registry.views(&version.namespace, self.clock.now());
        let view = View { namespace: &version.namespace, locations: &registry.locations, nodes: &nodes };
        page(&version.namespace, user, find, &criteria, Some(Examiner::new(&view)))
    }
}

fn criteria(wanted: &Wanted) -> Result<Criteria> {
    let texts = [&wanted.name, &wanted.text];
    if texts.into_iter().flatten().any(|text| text.len() > TEXT_BYTES_MAX) {
        return Err(invalid(format!("a pattern of more than {TEXT_BYTES_MAX} bytes")));
    }
    Ok(Criteria {
        name: wanted.name.as_deref().map(Glob::new),
        text: wanted.text.as_ref().map(|text| text.to_lowercase()),
        kind: wanted.kind,
        size: wanted.size.map(|(from, to)| from..=to),
        modified: wanted.modified.map(|(from, to)| from..=to),
    })
}

fn page(
    namespace: &State,
    user: &str,
    find: &Find,
    criteria: &Criteria,
    mut examiner: Option<Examiner<'_>>,
) -> Result<FoundPage> {
    let mut page = FoundPage { entries: Vec::new(), closed: Vec::new(), looked: Looked::default(), next: None };
    let mut chunks_examined = 0;
    let visit = |met: &Met<'_>| {
        count(&mut page.looked, met);
        // Only what is shown needs a path of its own; it was put together from names of this tree.
        let path = || DfsPath::parse(met.path).ok();
        if criteria.matches(met) {
            let short = examiner.as_mut().map_or_else(Short::default, |examiner| {
                chunks_examined += met.chunks().len();
                let Shortage { missing, endangered, under } = examiner.shortage(met.chunks(), met.replicas());
                Short { missing, endangered, under }
            });
            if !find.wanted.short || short != Short::default() {
                page.entries.extend(path().map(|path| Found { path, stat: met.stat(), short }));
            }
        }
        if met.closed {
            page.closed.extend(path());
        }
        let looked = page.looked.files + page.looked.directories;
        let full = page.entries.len() + page.closed.len() >= ENTRIES_PER_PAGE_MAX as usize
            || looked >= ENTRIES_PER_SEARCH_MAX
            || chunks_examined >= CHUNKS_PER_SEARCH_MAX;
        if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let next = namespace.walk(&find.path, find.after.as_ref(), user, visit);
    page.next = next.map_err(|refusal| refused(refusal, &find.path))?;
    Ok(page)
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
