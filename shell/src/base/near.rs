//! Finds names with similar spelling.

/// Returns the name that was probably meant, if one is close enough. Case is ignored. Among names
/// at the same distance, one that is a prefix of `name` comes first.
pub(crate) fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let folded = name.to_lowercase();
    let far = |known: &'n str| Some((distance(&folded, &known.to_lowercase())?, !name.starts_with(known), known));
    names.into_iter().filter_map(far).min().map(|(.., known)| known)
}

/// Returns the number of typing errors between two names, or `None` if there are too many. Two
/// swapped letters, one additional letter and one missing letter count as errors at any position. A
/// different first letter makes a different word (`mount` is not `count`), and so does any
/// different letter in a name of two letters.
fn distance(name: &str, known: &str) -> Option<usize> {
    let letters = |text: &str| text.chars().count();
    let (shorter, longer) = (letters(name).min(letters(known)), letters(name).max(letters(known)));
    let errors_max = match shorter {
        0..2 => 0,
        2..6 => 1,
        6..10 => 2,
        _ => 3,
    };
    let errors = strsim::damerau_levenshtein(name, known);
    let moved = shorter == longer && errors == 1 && strsim::levenshtein(name, known) == 2;
    let same_first = name.chars().next() == known.chars().next();
    let another_word =
        errors > 0 && if errors == 1 && (moved || shorter != longer) { false } else { !same_first || shorter == 2 };
    (errors <= errors_max && !another_word).then_some(errors)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_typing_errors_are_near() {
        let names = ["cat", "cd", "checksum", "count", "df", "lls", "ls", "mkdir", "mv", "rm", "status", "touch"];
        for (name, expected) in [
            ("mkdri", Some("mkdir")),
            ("statsu", Some("status")),
            ("Status", Some("status")),
            ("chekcsm", Some("checksum")),
            ("lsl", Some("ls")),
            ("sl", Some("ls")),
            ("kdir", Some("mkdir")),
            ("tuoch", Some("touch")),
            ("coutn", Some("count")),
            ("mount", None),
            ("nosuch", None),
            ("hdfs", None),
            ("cp", None),
            ("vm", Some("mv")),
            ("x", None),
            ("", None),
            ("frobnicate", None),
        ] {
            assert_eq!(nearest(name, names), expected, "{name}");
        }
    }
}
