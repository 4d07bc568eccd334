//! Handles several sources of one command with the same destination: the command does not overwrite
//! its own results, whatever its flags, as with cp(1) and mv(1).

use crate::command::Context;
use crate::transfer::{Place, just_made};
use dfs_term::text::sanitise;
use dfs_types::Result;
use std::collections::{HashMap, HashSet};

/// Returns the sources whose destination differs from all earlier ones, in order. Directories that
/// `merges` accepts may share a destination. Skipped sources are reported; a source that is given
/// twice only gets a message.
///
/// # Errors
/// `interrupted`.
pub(crate) fn each_once<S: Place, D: Place>(
    context: &mut Context<'_>,
    named: Vec<(S, D)>,
    merges: impl Fn(&S) -> bool,
) -> Result<Vec<(S, D)>> {
    let SortedOut { first, others } = sort_out(named, merges);
    for other in others {
        match other {
            Other::Again(from) => {
                let from = from.shown();
                context.session.say(&format!("{}: {}: named more than once", context.command, sanitise(&from)));
            }
            Other::Over(from, to) => context.fail(just_made(&from, &to))?,
        }
    }
    Ok(first)
}

/// Returns true if several sources have the same destination.
pub(crate) fn some_meet<S, D: Place>(named: &[(S, D)]) -> bool {
    let mut seen = HashSet::new();
    !named.iter().all(|(_, to)| seen.insert(to))
}

/// A source that is skipped.
#[derive(Debug, PartialEq, Eq)]
enum Other<S, D> {
    /// It was given before.
    Again(S),
    /// It would overwrite the result of another source.
    Over(S, D),
}

/// Sources with their destinations, and the skipped ones.
#[derive(Debug)]
struct SortedOut<S, D> {
    first: Vec<(S, D)>,
    others: Vec<Other<S, D>>,
}

fn sort_out<S: Place, D: Place>(named: Vec<(S, D)>, merges: impl Fn(&S) -> bool) -> SortedOut<S, D> {
    let mut by_destination: HashMap<D, Vec<S>> = HashMap::new();
    let (mut first, mut others) = (Vec::new(), Vec::new());
    for (from, to) in named {
        let before = by_destination.entry(to.clone()).or_default();
        if before.contains(&from) {
            others.push(Other::Again(from));
        } else if before.is_empty() || (merges(&from) && before.iter().all(&merges)) {
            before.push(from.clone());
            first.push((from, to));
        } else {
            others.push(Other::Over(from, to));
        }
    }
    SortedOut { first, others }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_types::DfsPath;

    fn path(text: &str) -> DfsPath {
        DfsPath::parse(text).expect("a path")
    }

    fn named(pairs: &[(&str, &str)]) -> Vec<(DfsPath, DfsPath)> {
        pairs.iter().map(|(from, to)| (path(from), path(to))).collect()
    }

    #[test]
    fn the_first_of_several_for_one_place_goes_there() {
        let all = named(&[("/a/x", "/d/x"), ("/a/y", "/d/y"), ("/b/x", "/d/x"), ("/a/x", "/d/x")]);
        assert!(some_meet(&all) && !some_meet(&all[..2]));
        let SortedOut { first, others } = sort_out(all.clone(), |_| false);
        assert_eq!(first, all[..2]);
        assert_eq!(others, [Other::Over(path("/b/x"), path("/d/x")), Other::Again(path("/a/x"))]);
        let error = just_made(&path("/b/x"), &path("/d/x"));
        assert_eq!(error.to_string(), "will not overwrite just-created '/d/x' with '/b/x'");
    }

    #[test]
    fn directories_go_together_and_files_over_none_of_them() {
        let all = named(&[("/a/t", "/r/t"), ("/b/t", "/r/t"), ("/c/t", "/r/t"), ("/b/t", "/r/t")]);
        let SortedOut { first, others } = sort_out(all.clone(), |from| from.as_str() != "/c/t");
        assert_eq!(first, all[..2]);
        assert_eq!(others, [Other::Over(path("/c/t"), path("/r/t")), Other::Again(path("/b/t"))]);
    }
}
