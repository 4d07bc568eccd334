//! `chown`.

use crate::base::report::usage;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::change::{Asked, Changes, change};
use clap::Args;
use dfs_client::AttributeChange;
use dfs_types::Result;
use std::ffi::OsString;
use std::str::FromStr;

/// Arguments of `chown`.
#[derive(Debug, Args)]
pub(super) struct Chown {
    /// Recursively; up to 10,000 entries change atomically, more than that directory by directory.
    #[arg(short = 'R')]
    recursive: bool,
    /// The new owner, and the new group.
    #[arg(value_name = "USER[:GROUP]")]
    owner: String,
    /// Paths to change.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
}

impl Verb for Chown {
    const NAME: &'static str = "chown";
    const ABOUT: &'static str = "Change the owner and group of files and directories";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Changes;
    const EXAMPLES: &'static [Example] = &[
        ("chown ann /data/a.csv", "the owner alone"),
        ("chown -R ann:staff /data/2026", "owner and group, recursively"),
        ("chown :staff /data/b.csv", "the group alone"),
    ];
    const MEANING: Meaning = Meaning { first: &[Kind::User], rest: Kind::Remote, last: None };
    const JSON: Json = Json::of::<Changes>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let Owner { user, group } = self.owner.parse().map_err(usage)?;
        let asked = Asked { paths: &self.paths, what: &self.owner, recursive: self.recursive, uniform: true };
        change(context, asked, |_| AttributeChange {
            owner: user.clone(),
            group: group.clone(),
            ..AttributeChange::default()
        })
        .await
    }
}

/// `USER`, `USER:GROUP` or `:GROUP`. The masters check the names.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Owner {
    user: Option<String>,
    group: Option<String>,
}

impl FromStr for Owner {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (user, group) = text.split_once(':').unwrap_or((text, ""));
        let name = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let owner = Self { user: name(user), group: name(group) };
        if owner.user.is_none() && owner.group.is_none() {
            return Err("names neither a user nor a group; write USER, USER:GROUP or :GROUP".to_owned());
        }
        Ok(owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_and_groups() {
        let owned = |text: &str| Some(text.to_owned());
        for (text, user, group) in [
            ("a", owned("a"), None),
            ("a:b", owned("a"), owned("b")),
            (":b", None, owned("b")),
            ("a:", owned("a"), None),
        ] {
            assert_eq!(text.parse(), Ok(Owner { user, group }), "{text}");
        }
        assert!("".parse::<Owner>().is_err());
        assert!(":".parse::<Owner>().is_err());
    }
}
