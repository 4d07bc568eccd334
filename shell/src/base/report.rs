//! Formats errors for people and for scripts.

use crate::base::advice::advice;
use dfs_term::text::{sanitise, truncate};
pub(crate) use dfs_types::io_message;
use dfs_types::{DfsPath, Error, ErrorCode};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

/// The position of a command in a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The name of the script.
    pub file: String,
    /// The line number, from 1.
    pub line: usize,
    /// The command as written.
    pub command: String,
}

/// The maximum length of a message shown to people, in cells: a name from the input may be a
/// megabyte long.
const SHOWN_MAX: usize = 5000;

/// Returns the exit code of a script as an error that has already been reported.
pub(crate) fn as_code(exit_code: u8) -> Option<Error> {
    let code = match exit_code {
        0 => return None,
        2 => ErrorCode::Usage,
        3 => ErrorCode::Unreachable,
        4 => ErrorCode::PermissionDenied,
        5 => ErrorCode::NoHealthyReplica,
        6 => ErrorCode::SafeMode,
        130 => ErrorCode::Interrupted,
        _ => ErrorCode::Internal,
    };
    Some(Error::new(code, "the script failed"))
}

/// Returns `COMMAND: PATH: message`, with `  hint: advice` as a second line.
pub(crate) fn error_text(command: &str, error: &Error) -> String {
    let mut text = format!("{command}: {}\n", truncate(&sanitise(&error.to_string()), SHOWN_MAX));
    if let Some(hint) = advice(error) {
        let _ = writeln!(text, "  hint: {}", sanitise(&hint));
    }
    text
}

/// Returns `{"error":{…}}` in one line.
pub(crate) fn error_json(command: &str, error: &Error, location: Option<&Location>) -> String {
    let mut body = json!({
        "code": error.code.as_str(),
        "message": error.message,
        "path": error.path,
        "hint": advice(error),
        "command": command,
    });
    if let (Some(at), Value::Object(body)) = (location, &mut body) {
        body.insert("file".into(), at.file.clone().into());
        body.insert("line".into(), at.line.into());
        body.insert("statement".into(), at.command.clone().into());
    }
    format!("{}\n", json!({ "error": body }))
}

/// Returns an error for wrong usage: exit code 2.
pub(crate) fn usage(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::Usage, message)
}

/// Returns the error for a local file or directory that could not be used.
pub(crate) fn local_io(path: &Path, error: &std::io::Error) -> Error {
    Error::new(ErrorCode::LocalIo, io_message(error)).at(path.display())
}

/// Returns the error with the path that it concerns, if it has none yet.
pub(crate) fn about(error: Error, path: &DfsPath) -> Error {
    if error.path.is_some() { error } else { error.at(path) }
}

/// Returns the error for a command that was ended by a signal.
pub(crate) fn interrupted() -> Error {
    Error::new(ErrorCode::Interrupted, "interrupted")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_the_path_and_the_hint() {
        let error = Error::new(ErrorCode::NotFound, "no such file or directory").at("/a\nb").hint("look: ls /");
        assert_eq!(error_text("rm", &error), "rm: /a\\nb: no such file or directory\n  hint: look: ls /\n");
        assert_eq!(error_text("ls", &interrupted()), "ls: interrupted\n");
    }

    #[test]
    fn json_has_every_field() {
        let error = Error::new(ErrorCode::NotFound, "no such file or directory").at("/a");
        let at = Location { file: "x.dfs".into(), line: 7, command: "rm /a".into() };
        let value: Value = serde_json::from_str(&error_json("rm", &error, Some(&at))).expect("JSON");
        let expected = json!({"error": {"code": "not_found", "message": "no such file or directory", "path": "/a", "hint": null,
            "command": "rm", "file": "x.dfs", "line": 7, "statement": "rm /a"}});
        assert_eq!(value, expected);
    }

    #[test]
    fn messages_of_the_system_are_like_ours() {
        let error = std::io::Error::from_raw_os_error(2);
        assert_eq!(io_message(&error), "no such file or directory");
    }
}
