//! Finds paths that were typed with different letter case or with abbreviated directories. Pure;
//! the caller passes the names.

use super::choices::begins_folded;
use super::directories::Name;

/// The maximum number of directories that one abbreviated component may match.
const DIRECTORIES_MAX: usize = 32;

/// Returns the names in a directory that begin with a prefix, and true if these are all. The
/// directory is as typed, with a slash at its end; an empty text is the working directory.
pub(super) type Names<'n> = &'n mut dyn FnMut(&str, &str) -> (Vec<Name>, bool);

/// Returns the paths that the typed text may stand for: the directory, with a slash at its end, and
/// the name in it.
pub(super) fn meant(typed: &str, names: Names<'_>) -> Vec<(String, Name)> {
    let (directories, last) = typed.rsplit_once('/').map_or((None, typed), |(above, last)| (Some(above), last));
    let mut found = vec![String::new()];
    for part in directories.into_iter().flat_map(|above| above.split('/')) {
        let mut next = Vec::new();
        for above in &found {
            if matches!(part, "" | "." | ".." | "~") {
                next.push(format!("{above}{part}/"));
                continue;
            }
            let mut fitting = fitting(above, part, names);
            fitting.retain(|(_, directory)| *directory);
            // If a directory has exactly this name, no other one is tried.
            if fitting.iter().any(|(name, _)| name == part) {
                fitting.retain(|(name, _)| name == part);
            }
            next.extend(fitting.into_iter().map(|(name, _)| format!("{above}{name}/")));
        }
        next.truncate(DIRECTORIES_MAX);
        found = next;
    }
    let in_each = |above: String| {
        let names: Vec<Name> = fitting(&above, last, names);
        names.into_iter().map(move |name| (above.clone(), name))
    };
    found.into_iter().flat_map(in_each).collect()
}

/// Returns the names in a directory that begin with `part`; if none does, those that match with
/// letter case ignored.
fn fitting(above: &str, part: &str, names: Names<'_>) -> Vec<Name> {
    let (exact, _) = names(above, part);
    if part.is_empty() || !exact.is_empty() {
        return exact;
    }
    let (mut all, whole) = names(above, "");
    if !whole {
        // The directory is too large to list: the usual spellings are requested instead.
        let lower = part.to_lowercase();
        let mut letters = lower.chars();
        let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        let forms = [part.to_uppercase(), first + letters.as_str(), lower.clone()];
        all = forms.iter().flat_map(|form| names(above, form).0).collect();
        all.sort();
        all.dedup();
    }
    all.retain(|(name, _)| begins_folded(name, part));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the matches among these files; `/big` is too large to list.
    fn among(paths: &[&str], typed: &str) -> Vec<String> {
        let mut names = |above: &str, prefix: &str| {
            let mut found: Vec<Name> = Vec::new();
            for path in paths {
                let Some(rest) = path.strip_prefix(above) else { continue };
                let (name, directory) = rest.split_once('/').map_or((rest, false), |(name, _)| (name, true));
                if !name.is_empty() && name.starts_with(prefix) && !found.iter().any(|(known, _)| known == name) {
                    found.push((name.to_owned(), directory));
                }
            }
            let whole = !above.starts_with("/big/") || !prefix.is_empty();
            (if whole { found } else { Vec::new() }, whole)
        };
        let mut all: Vec<String> =
            meant(typed, &mut names).into_iter().map(|(above, (name, _))| format!("{above}{name}")).collect();
        all.sort();
        all
    }

    #[test]
    fn directories_may_be_abbreviated_and_letters_of_the_other_case() {
        let paths = [
            "/stuff/docs/a",
            "/stuff/docs.txt",
            "/stage/doors",
            "/st2",
            "/Data/x",
            "/dark/y",
            "/big/README",
            "/big/Case",
        ];
        for (typed, expected) in [
            ("/stu/do", vec!["/stuff/docs", "/stuff/docs.txt"]),
            ("/st/do", vec!["/stage/doors", "/stuff/docs", "/stuff/docs.txt"]),
            ("/st/docs.", vec!["/stuff/docs.txt"]),
            ("/ST/DO", vec!["/stage/doors", "/stuff/docs", "/stuff/docs.txt"]),
            ("/DA", vec!["/Data", "/dark"]),
            ("/da", vec!["/dark"]),
            ("/stuff/../D", vec![]),
            ("/stuff/d/a", vec!["/stuff/docs/a"]),
            ("/big/rea", vec!["/big/README"]),
            ("/big/cA", vec!["/big/Case"]),
            ("/none/x", vec![]),
            ("/st2/x", vec![]),
            ("/stuff/", vec!["/stuff/docs", "/stuff/docs.txt"]),
        ] {
            assert_eq!(among(&paths, typed), expected, "{typed}");
        }
    }
}
