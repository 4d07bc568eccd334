//! Messages of version 9 that replace messages of version 8.

use super::attributes::Stat;
use super::files::ListPage;
use dfs_types::{Entry, EntryId};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The twin of [`dfs_types::Stat`] with the id of the entry. Version 8 has none: there it is
/// [`EntryId::UNKNOWN`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatV9<'a> {
    pub id: EntryId,
    pub stat: Stat<'a>,
}

impl<'a> From<&'a dfs_types::Stat> for StatV9<'a> {
    fn from(stat: &'a dfs_types::Stat) -> Self {
        Self { id: stat.id, stat: stat.into() }
    }
}

impl From<dfs_types::Stat> for StatV9<'static> {
    fn from(stat: dfs_types::Stat) -> Self {
        Self { id: stat.id, stat: stat.into() }
    }
}

impl From<StatV9<'_>> for dfs_types::Stat {
    fn from(StatV9 { id, stat }: StatV9<'_>) -> Self {
        Self { id, ..stat.into() }
    }
}

/// A page of a directory, with the ids of its entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPageV9 {
    #[serde(with = "entries")]
    pub entries: Vec<Entry>,
    /// True if there are names after the last of `entries`.
    pub more: bool,
}

impl From<ListPage> for ListPageV9 {
    fn from(ListPage { entries, more }: ListPage) -> Self {
        Self { entries, more }
    }
}

impl From<ListPageV9> for ListPage {
    fn from(ListPageV9 { entries, more }: ListPageV9) -> Self {
        Self { entries, more }
    }
}

/// The twin of [`Entry`].
#[derive(Serialize, Deserialize)]
struct EntryV9<'a> {
    name: Cow<'a, str>,
    stat: StatV9<'a>,
}

impl<'a> From<&'a Entry> for EntryV9<'a> {
    fn from(Entry { name, stat }: &'a Entry) -> Self {
        Self { name: name.into(), stat: stat.into() }
    }
}

impl From<EntryV9<'_>> for Entry {
    fn from(EntryV9 { name, stat }: EntryV9<'_>) -> Self {
        Self { name: name.into_owned(), stat: stat.into() }
    }
}

/// Encodes and decodes entries as their twins.
mod entries {
    use super::{Entry, EntryV9};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(entries: &[Entry], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(entries.iter().map(EntryV9::from))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Entry>, D::Error> {
        let entries: Vec<EntryV9<'static>> = Deserialize::deserialize(deserializer)?;
        Ok(entries.into_iter().map(Entry::from).collect())
    }
}
