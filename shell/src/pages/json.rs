//! Generates `docs/json.md`: the output of each command with `--json`.

use crate::command::Json;
use crate::commands::COMMANDS;
use serde_json::Value;
use std::fmt::Write as _;

const HEAD: &str = "\
# JSON

Made from the types of the reports by `just docs`; a test holds the real output of every command against these schemas
(JSON Schema, draft 2020-12).

`dfs-shell --json COMMAND` prints one document in one line on stdout. Errors go to stderr, also one line each:
`{\"error\":{\"code\":\"not_found\",\"message\":\"…\",\"path\":\"…\",\"hint\":\"…\"}}`, in a script with `file`, `line` and `command`; the exit
code is that of the text form. Sizes are in bytes, times in milliseconds (points in time: since 1970, UTC), ids as they are typed.
Fields may be added; none that is here changes its meaning or goes away without a new major version.
";

pub(super) fn page() -> String {
    let mut text = HEAD.to_owned();
    let mut without = Vec::new();
    for command in COMMANDS.iter() {
        match command.json {
            Json::None => without.push(format!("`{}`", command.name)),
            Json::Document(schema) => {
                let mut schema = schema().to_value();
                tidy(&mut schema);
                let schema = serde_json::to_string_pretty(&schema).unwrap_or_default();
                let _ = write!(text, "\n## {}\n\n{}.\n\n```json\n{schema}\n```\n", command.name, command.about);
            }
        }
    }
    let _ = write!(text, "\n## No document of their own\n\n{}\n", without.join(", "));
    text
}

/// Removes parts of a schema that do not help a reader: formats of integers, and the bounds of
/// every unsigned number.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.get("format").is_some_and(|format| format.as_str().is_some_and(|f| f.contains("int"))) {
                fields.remove("format");
                fields.remove("minimum");
                fields.remove("maximum");
            }
            fields.remove("$schema");
            fields.values_mut().for_each(tidy);
        }
        Value::Array(values) => values.iter_mut().for_each(tidy),
        _ => {}
    }
}
