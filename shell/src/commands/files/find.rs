//! `find`.

use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::found::{FoundJson, show};
use clap::Args;
use dfs_client::Wanted;
use dfs_types::{ByteSize, Kind as EntryKind, Result, Timestamp};
use std::ffi::OsString;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Arguments of `find`. Its long flags may be written with one dash or two.
#[derive(Debug, Args)]
#[command(after_help = "Options may be written with one dash, as in find(1), or with two: -name, --name.")]
pub(super) struct Find {
    /// Where to search; default: the working directory.
    #[arg(value_name = "PATH")]
    paths: Vec<OsString>,
    /// Pattern for the whole name: * ? [a-z] [!a-z].
    #[arg(long, value_name = "GLOB", allow_hyphen_values = true)]
    name: Option<String>,
    /// f: files; d: directories.
    #[arg(long = "type", value_name = "f|d", value_parser = kind)]
    kind: Option<EntryKind>,
    /// Files of more than (+), less than (-), or N bytes; k, M and G count in those, rounding up.
    #[arg(long, value_name = "±N[k|M|G]", allow_hyphen_values = true, value_parser = size)]
    size: Option<(u64, u64)>,
    /// Changed more than (+), less than (-), or N whole days ago.
    #[arg(long, value_name = "±DAYS", allow_hyphen_values = true, value_parser = days)]
    mtime: Option<Ages>,
    /// Files with fewer live replicas than wanted.
    #[arg(long)]
    under_replicated: bool,
}

impl Verb for Find {
    const NAME: &'static str = "find";
    const ABOUT: &'static str = "Search for files and directories by pattern, type, size, age";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[
        ("find /data -name '*.csv' -size +1k", "by name and size"),
        ("find /data -type d", "the directories"),
        ("find / -mtime -1", "changed in the last 24 hours"),
        ("find -under-replicated", "under-replicated files below the working directory"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Remote);
    const JSON: Json = Json::of::<Vec<FoundJson<'static>>>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let now = dfs_term::clock::calendar();
        let wanted = Wanted {
            name: self.name,
            text: None,
            kind: self.kind,
            size: self.size,
            modified: self.mtime.map(|ages| ages.before(now)),
            under_replicated: self.under_replicated,
        };
        show(context, &self.paths, wanted).await
    }
}

fn kind(text: &str) -> std::result::Result<EntryKind, String> {
    match text {
        "f" => Ok(EntryKind::File),
        "d" => Ok(EntryKind::Directory),
        _ => Err("f stands for files, d for directories".to_owned()),
    }
}

/// Parses `+1M`, `-1M`, `1M` into bounds in bytes, as find(1) does: more, less, and sizes that
/// round up to the number.
fn size(text: &str) -> std::result::Result<(u64, u64), String> {
    let number = text.trim_start_matches(['+', '-']);
    let bytes = number.parse::<ByteSize>().map_err(|error| error.to_string())?.0;
    let digits = number.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match digits.parse::<u64>() {
        Ok(count) if count > 0 => (bytes / count).max(1),
        _ => 1,
    };
    match text.as_bytes() {
        [b'+', rest @ ..] if !rest.starts_with(b"-") => Ok((bytes.saturating_add(1), u64::MAX)),
        [b'-', rest @ ..] if !rest.starts_with(b"+") => match bytes.checked_sub(1) {
            Some(most) => Ok((0, most)),
            None => Err("no file has less than no bytes".to_owned()),
        },
        [b'+' | b'-', ..] => Err(format!("{text:?} has two signs")),
        _ => Ok((bytes.saturating_sub(unit - 1), bytes)),
    }
}

/// A range of ages in whole days, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ages {
    youngest: u64,
    /// No upper limit if `None`.
    oldest: Option<u64>,
}

fn days(text: &str) -> std::result::Result<Ages, String> {
    let number = text.strip_prefix(['+', '-']).unwrap_or(text);
    let plain = number.bytes().all(|byte| byte.is_ascii_digit());
    let days = number.parse::<u32>().ok().filter(|_| plain);
    let days = u64::from(days.ok_or_else(|| format!("{text:?} is no number of days; write +7, -7 or 7"))?);
    match text.as_bytes() {
        [b'+', ..] => Ok(Ages { youngest: days + 1, oldest: None }),
        [b'-', ..] => match days.checked_sub(1) {
            Some(oldest) => Ok(Ages { youngest: 0, oldest: Some(oldest) }),
            None => Err("nothing changed less than no days ago".to_owned()),
        },
        _ => Ok(Ages { youngest: days, oldest: Some(days) }),
    }
}

impl Ages {
    /// Returns the first and the last time with such an age. Times in the future have age 0.
    fn before(self, now: Timestamp) -> (Timestamp, Timestamp) {
        let day = u64::try_from(DAY.as_millis()).unwrap_or(u64::MAX);
        let ago = |days: u64| now.0.saturating_sub(days.saturating_mul(day));
        let last = if self.youngest == 0 { u64::MAX } else { ago(self.youngest) };
        let first = self.oldest.map_or(0, |oldest| ago(oldest + 1).saturating_add(1));
        (Timestamp(first), Timestamp(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("+1M", Some(((1 << 20) + 1, u64::MAX))),
            ("-1k", Some((0, 1023))),
            ("0", Some((0, 0))),
            ("100", Some((100, 100))),
            ("2k", Some((1025, 2048))),
            ("+0", Some((1, u64::MAX))),
            ("-0", None),
            ("+-1", None),
            ("1q", None),
            ("", None),
        ] {
            assert_eq!(size(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn ages_in_days() {
        let now = Timestamp(10 * 86_400_000);
        let at = |days: f64| Timestamp((days * 86_400_000.0) as u64);
        for (text, inside, outside) in [
            ("-1", vec![at(9.5), now, at(11.0)], vec![at(9.0), at(5.0)]),
            ("1", vec![at(9.0), at(8.5)], vec![at(9.5), at(8.0)]),
            ("+1", vec![at(8.0), at(0.0)], vec![at(8.5), now]),
            ("0", vec![at(9.5), now], vec![at(9.0)]),
        ] {
            let (first, last) = days(text).expect(text).before(now);
            assert!(inside.iter().all(|time| (first..=last).contains(time)), "{text} {first:?} {last:?}");
            assert!(!outside.iter().any(|time| (first..=last).contains(time)), "{text} {first:?} {last:?}");
        }
        for text in ["", "x", "1.5", "-0", "--1", "+"] {
            assert!(days(text).is_err(), "{text}");
        }
    }
}
