//! Refusals: the message of a program that does not accept a file.

use std::path::Path;

/// Words of an instruction. A refusal without one of them does not help its reader.
const INSTRUCTIONS: &[&str] = &[
    "restore", "mount", "move", "run", "start", "put", "bring", "delete", "remove", "replace", "repair", "upgrade",
    "issue", "issued", "mend", "name",
];

/// Returns the refusal in `said` as one line. It must name `path`, if given.
///
/// # Errors
/// Returns an error that says what the refusal lacks: text, the path or its directory, or an
/// instruction.
pub fn check(said: &str, path: Option<&Path>) -> Result<String, String> {
    let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return Err("refused without a message".to_owned());
    }
    if let Some(path) = path.filter(|path| !names(&line, path)) {
        return Err(format!("the refusal does not name {}: {line}", path.display()));
    }
    if !instructs(&line) {
        return Err(format!("the refusal does not say what to do: {line}"));
    }
    Ok(line)
}

/// Returns true if a text names a file, or a directory that contains it.
fn names(line: &str, path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let directories = path.ancestors().skip(1).take(2).map(|directory| directory.display().to_string());
    std::iter::once(name).chain(directories).any(|name| line.contains(&name))
}

/// Returns true if a text says what to do.
pub fn instructs(line: &str) -> bool {
    // The name of the program alone is no instruction, a command of it is one.
    let command = ["dfsd ", "dfs-shell "].iter().any(|program| line.contains(program));
    let mut words = line.split(|letter: char| !(letter.is_alphanumeric() || letter == '-')).map(str::to_lowercase);
    command || words.any(|word| INSTRUCTIONS.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_file_and_says_what_to_do() {
        let path = Some(Path::new("/home/data/master-1/log/vote"));
        assert!(check("", path).is_err());
        assert!(check("vote is corrupt", path).is_err_and(|lack| lack.contains("what to do")));
        assert!(check("restore it from a backup", path).is_err_and(|lack| lack.contains("name")));
        assert!(check("restore it from a backup", None).is_ok());
        assert!(check("vote is corrupt;\n restore it", path).is_ok());
        assert!(check("/home/data/master-1/log: mount it", path).is_ok());
    }
}
