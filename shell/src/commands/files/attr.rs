//! `attr`: attributes `user.*` of files and directories.

use crate::base::report::{about, usage};
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb, wait_readable};
use clap::{Args, ValueEnum};
use dfs_rpc::USER_ATTRIBUTES_BYTES_MAX;
use dfs_term::text::sanitise;
use dfs_term::{Report, View};
use dfs_types::{DfsPath, Error, ErrorCode, Result, USER_ATTRIBUTE_NAME_BYTES_MAX, USER_ATTRIBUTES_TOO_LARGE};
use schemars::JsonSchema;
use serde::Serialize;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Read;
use std::os::unix::ffi::OsStringExt;

/// The prefix of all names.
const PREFIX: &str = "user.";

/// Arguments of `attr`.
#[derive(Debug, Args)]
pub(super) struct Attr {
    /// Action.
    #[arg(value_name = "ACTION")]
    action: Action,
    /// The file or directory.
    #[arg(value_name = "PATH")]
    path: OsString,
    /// The attribute, as in user.colour; not with list.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// With set: the value; -: standard input.
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    value: Option<OsString>,
}

/// An action on attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Action {
    /// All attributes with their values.
    List,
    /// The value of one, as it is.
    Get,
    /// Give one a value.
    Set,
    /// Take one away.
    Remove,
}

impl Verb for Attr {
    const NAME: &'static str = "attr";
    const ABOUT: &'static str = "List, read, set and remove attributes user.*";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::ChangesIf(|attr| matches!(attr.action, Action::Set | Action::Remove));
    const EXAMPLES: &'static [Example] = &[
        ("attr set /data/a.csv user.source 'station 7'", "up to 64 KiB of names and values for each entry"),
        ("attr list /data/a.csv", "all"),
        ("attr get /data/a.csv user.source", "the value only, as stored"),
        ("attr remove /data/a.csv user.source", "remove it"),
    ];
    const MEANING: Meaning = Meaning { first: &[Kind::Plain, Kind::Remote], rest: Kind::Plain, last: None };
    const JSON: Json = Json::of::<Attributes>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let path = context.remote(&self.path).await?;
        match (self.action, self.name, self.value) {
            (Action::List, None, None) => list(context, &path).await,
            (Action::Get, Some(name), None) => get(context, &path, &checked(name)?).await,
            (Action::Set, Some(name), Some(value)) => set(context, &path, checked(name)?, value).await,
            (Action::Remove, Some(name), None) => remove(context, &path, checked(name)?).await,
            (Action::List, ..) => Err(usage("list takes a path alone").hint("attr get PATH user.NAME reads one")),
            (Action::Set, ..) => Err(usage("set takes a path, a name and a value")),
            (Action::Get | Action::Remove, None, _) => {
                Err(usage("<NAME> is missing").hint("attr list PATH shows them"))
            }
            (Action::Get | Action::Remove, ..) => Err(usage("a value is for set alone")),
        }
    }
}

fn checked(name: String) -> Result<String> {
    let rest = name.strip_prefix(PREFIX);
    let what = match rest {
        Some(rest) if !rest.is_empty() && name.len() <= USER_ATTRIBUTE_NAME_BYTES_MAX => return Ok(name),
        Some(rest) if !rest.is_empty() => "the name of the attribute is too long",
        _ => "the name of an attribute begins with `user.`",
    };
    Err(usage(what).at(&name).hint("names are `user.` and 1 to 250 bytes more, as in user.colour"))
}

async fn list(context: &mut Context<'_>, path: &DfsPath) -> Result<()> {
    let client = context.client().await?;
    let found = context.call(client.user_attributes(path)).await.map_err(|error| about(error, path))?;
    context.show(&Attributes::of(path, &found))
}

async fn get(context: &mut Context<'_>, path: &DfsPath, name: &str) -> Result<()> {
    let client = context.client().await?;
    let found = context.call(client.user_attributes(path)).await.map_err(|error| about(error, path))?;
    let Some(found) = found.into_iter().find(|(there, _)| there == name) else {
        return Err(no_such(path, name));
    };
    if context.json() {
        return context.show(&Attributes::of(path, &[found]));
    }
    context.out.write(&found.1)?;
    // Ends the line, so that the prompt does not follow the value.
    if context.out.is_terminal() { context.print("\n") } else { Ok(()) }
}

fn no_such(path: &DfsPath, name: &str) -> Error {
    let error = Error::new(ErrorCode::NotFound, format!("no attribute {name}")).at(path);
    error.hint("attr list shows those that are there")
}

async fn set(context: &mut Context<'_>, path: &DfsPath, name: String, value: OsString) -> Result<()> {
    if context.only_planned(["set", path.as_str(), &name, &value.to_string_lossy()]) {
        return Ok(());
    }
    let value = if value == "-" { from_stdin(context, path)? } else { value.into_vec() };
    let change = (name, value);
    let client = context.client().await?;
    let (name, value) = change.clone();
    let set = context.call(client.set_user_attributes(path, &[(name, Some(value))])).await;
    set.map_err(|error| about(error, path))?;
    if context.json() { context.show(&Attributes::of(path, &[change])) } else { Ok(()) }
}

async fn remove(context: &mut Context<'_>, path: &DfsPath, name: String) -> Result<()> {
    if context.only_planned(["remove", path.as_str(), &name]) {
        return Ok(());
    }
    let client = context.client().await?;
    let removed = context.call(client.set_user_attributes(path, &[(name.clone(), None)])).await;
    if let Err(error) = removed {
        // The file may be missing instead of the attribute.
        let there = error.code == ErrorCode::NotFound && context.call(client.stat(path)).await.is_ok();
        return Err(if there { no_such(path, &name) } else { about(error, path) });
    }
    let removed = Attributes { removed: vec![name], ..Attributes::of(path, &[]) };
    if context.json() { context.show(&removed) } else { Ok(()) }
}

/// Reads a value from standard input to its end, up to the maximum size of an attribute.
fn from_stdin(context: &Context<'_>, path: &DfsPath) -> Result<Vec<u8>> {
    if context.session.console.is_some() {
        return Err(usage("standard input belongs to the session: not in the background"));
    }
    let (mut stdin, mut value, mut piece) = (std::io::stdin(), Vec::new(), [0; 4096]);
    loop {
        wait_readable(&stdin, &context.cancel)?;
        let read =
            stdin.read(&mut piece).map_err(|error| crate::base::report::local_io("standard input".as_ref(), &error))?;
        value.extend_from_slice(piece.get(..read).unwrap_or_default());
        if value.len() > USER_ATTRIBUTES_BYTES_MAX {
            return Err(Error::new(ErrorCode::InvalidArgument, USER_ATTRIBUTES_TOO_LARGE).at(path));
        }
        if read == 0 {
            return Ok(value);
        }
    }
}

/// Attributes of a file or directory.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Attributes {
    path: String,
    /// The attributes listed, read or set.
    attributes: Vec<Attribute>,
    /// Names of removed attributes.
    removed: Vec<String>,
}

/// One attribute.
#[derive(Debug, Serialize, JsonSchema)]
struct Attribute {
    name: String,
    /// Bytes of the value.
    bytes: u64,
    /// The value; null where it is not UTF-8.
    text: Option<String>,
    /// The value in hexadecimal.
    hex: String,
}

impl Attributes {
    fn of(path: &DfsPath, found: &[(String, Vec<u8>)]) -> Self {
        let attributes = found.iter().map(|(name, value)| Attribute {
            name: name.clone(),
            bytes: value.len() as u64,
            text: String::from_utf8(value.clone()).ok(),
            hex: hex(value),
        });
        Self { path: path.to_string(), attributes: attributes.collect(), removed: Vec::new() }
    }
}

impl Report for Attributes {
    const HOLDS_NAMES: bool = true;

    /// Formats like getfattr: text in quotes, other values in hexadecimal.
    fn text(&self, _: &View) -> String {
        let mut text = String::new();
        for Attribute { name, text: value, hex, .. } in &self.attributes {
            let name = sanitise(name);
            let _ = match value.as_deref().filter(|value| !value.contains(char::is_control)) {
                Some(value) => writeln!(text, "{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")),
                None => writeln!(text, "{name}=0x{hex}"),
            };
        }
        text
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_text_in_quotes_or_hexadecimal() {
        let path = DfsPath::parse("/a").expect("a path");
        let found = [
            ("user.a".to_owned(), b"it is \"so\" \\".to_vec()),
            ("user.b\n".to_owned(), b"two\nlines".to_vec()),
            ("user.c".to_owned(), vec![0, 0xff]),
            ("user.d".to_owned(), Vec::new()),
        ];
        let attributes = Attributes::of(&path, &found);
        let text = attributes.text(&View::default());
        let expected = "user.a=\"it is \\\"so\\\" \\\\\"\nuser.b\\n=0x74776f0a6c696e6573\nuser.c=0x00ff\nuser.d=\"\"\n";
        assert_eq!(text, expected);
        let json = serde_json::to_value(&attributes).expect("JSON");
        assert_eq!(json["attributes"][1]["text"], "two\nlines");
        assert_eq!(
            json["attributes"][2],
            serde_json::json!({"name": "user.c", "bytes": 2, "text": null, "hex": "00ff"})
        );
    }

    #[test]
    fn names_begin_with_user() {
        assert_eq!(checked("user.x".to_owned()).as_deref(), Ok("user.x"));
        for name in ["x", "user.", "trusted.x", ""] {
            let error = checked(name.to_owned()).expect_err(name);
            assert_eq!((error.code, error.message.contains("begins with `user.`")), (ErrorCode::Usage, true), "{name}");
        }
        let longest = "x".repeat(250);
        assert!(checked(format!("user.{longest}")).is_ok());
        let error = checked(format!("user.{longest}x")).expect_err("too long");
        assert!(error.message.contains("too long") && error.hint.is_some_and(|hint| hint.contains("1 to 250 bytes")));
    }
}
