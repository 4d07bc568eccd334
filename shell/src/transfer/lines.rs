//! Formats the progress of a transfer: one line per file in progress, and one for all. None is
//! wider than the terminal.

use crate::session::running::{FileNow, Picture};
use dfs_term::figures::{count, percent, rate, size, span};
use dfs_term::text::{sanitise, truncate, width};
use std::borrow::Cow;
use std::time::Duration;

/// The maximum number of files with their own line.
pub(super) const FILES_SHOWN_MAX: usize = 8;
/// Narrower terminals show no bars.
const BAR_FROM_CELLS: usize = 60;
/// Narrower terminals show no file sizes.
const SIZE_FROM_CELLS: usize = 36;
const BAR_CELLS: usize = 16;

/// Returns the progress lines for a terminal of `cells` cells; `left` is the estimated time left.
pub(super) fn lines(picture: &Picture, bytes_per_second: f64, left: Option<Duration>, cells: usize) -> Vec<String> {
    // For a single file, the last line shows everything.
    let one = picture.files_total <= 1;
    let mut lines: Vec<String> = match picture.files.as_slice() {
        [file] if one => vec![truncate(&sanitise(&file.name), cells).into_owned()],
        files => files.iter().map(|file| file_line(file, cells)).collect(),
    };
    if picture.more > 0 {
        lines.push(truncate(&format!("… and {} more", count(picture.more as u64)), cells).into_owned());
    }
    lines.push(total_line(picture, bytes_per_second, left, cells));
    lines
}

fn file_line(file: &FileNow, cells: usize) -> String {
    let mut right = format!("{:>5}", percent(file.done.min(file.bytes), file.bytes));
    if cells >= SIZE_FROM_CELLS {
        right = format!("{right} {:>10}", size(file.bytes));
    }
    if cells >= BAR_FROM_CELLS {
        right = format!("{} {right}", bar(file.done, file.bytes));
    }
    let room = cells.saturating_sub(width(&right) + 1);
    let name = sanitise(&file.name);
    let name = end_of(&name, room);
    let space = " ".repeat(room.saturating_sub(width(&name)));
    truncate(&format!("{name}{space} {right}"), cells).into_owned()
}

fn total_line(picture: &Picture, bytes_per_second: f64, left: Option<Duration>, cells: usize) -> String {
    let Picture { done, total, known, .. } = *picture;
    let mut parts = vec![match (total > done, known) {
        (true, true) => format!("{} of {}", size(done), size(total)),
        (true, false) => format!("{} of {} or more", size(done), size(total)),
        (false, _) => size(done),
    }];
    parts.push(rate(bytes_per_second));
    parts.extend(left.filter(|_| known && total > done).map(|left| format!("{} left", whole_seconds(left))));
    match (picture.files_total, known) {
        (0 | 1, _) => {}
        (files, true) => parts.push(format!("{} of {} files", count(picture.files_done), count(files))),
        (_, false) => parts.push(format!("{} files", count(picture.files_done))),
    }
    let mut line = if cells >= BAR_FROM_CELLS { bar(done, total) + " " } else { String::new() };
    for (index, part) in parts.iter().enumerate() {
        let apart = if index > 0 { ", " } else { "" };
        if width(&line) + apart.len() + width(part) > cells {
            break;
        }
        line += apart;
        line += part;
    }
    if line.is_empty() { truncate(&percent(done, total), cells).into_owned() } else { line }
}

fn bar(done: u64, total: u64) -> String {
    let inner = BAR_CELLS - 2;
    let part = if total == 0 { 0.0 } else { done.min(total) as f64 / total as f64 };
    let full = (part * inner as f64) as usize;
    let head = if full < inner { ">" } else { "" };
    format!("[{:<inner$}]", "=".repeat(full) + head)
}

/// Returns the end of a text that is too wide; for a path that is the name.
fn end_of(text: &str, cells: usize) -> Cow<'_, str> {
    if width(text) <= cells {
        return Cow::Borrowed(text);
    }
    let room = cells.saturating_sub(1);
    let end = text.char_indices().map(|(at, _)| text.get(at..).unwrap_or_default()).find(|end| width(end) <= room);
    Cow::Owned(if cells == 0 { String::new() } else { format!("…{}", end.unwrap_or_default()) })
}

/// Rounds an estimate to whole seconds.
fn whole_seconds(left: Duration) -> String {
    let seconds = left.as_secs() + 1;
    if seconds < 60 { format!("{seconds} s") } else { span(left) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(name: &str, done: u64, bytes: u64) -> FileNow {
        FileNow { name: name.into(), done, bytes }
    }

    fn picture() -> Picture {
        Picture {
            files: vec![file("photos/2024/a\nb.jpg", 1 << 20, 2 << 20), file("photos/c.jpg", 0, 5 << 30)],
            more: 3,
            moved: 100_000_000,
            done: 100_000_000,
            total: 3_100_000_000,
            known: true,
            files_done: 2,
            files_total: 40,
        }
    }

    #[test]
    fn a_wide_terminal_has_bars_and_all_figures() {
        assert_eq!(
            lines(&picture(), 1e8, Some(Duration::from_secs(30)), 80),
            [
                "photos/2024/a\\nb.jpg                           [=======>      ]  50 %    2.0 MiB",
                "photos/c.jpg                                   [>             ]   0 %    5.0 GiB",
                "… and 3 more",
                "[>             ] 95.4 MiB of 2.9 GiB, 100 MB/s, 31 s left, 2 of 40 files",
            ]
        );
    }

    #[test]
    fn a_narrow_terminal_has_what_fits() {
        let narrow = lines(&picture(), 1e8, None, 20);
        assert_eq!(narrow.last().map(String::as_str), Some("95.4 MiB of 2.9 GiB"));
        assert_eq!(narrow.get(1).map(String::as_str), Some("photos/c.jpg     0 %"));
        assert_eq!(narrow.first().map(String::as_str), Some("…2024/a\\nb.jpg  50 %"));
    }

    #[test]
    fn one_file_takes_two_lines() {
        let mut one = Picture { files: vec![file("big.iso", 5, 10)], done: 5, total: 10, ..Picture::default() };
        one.known = true;
        assert_eq!(lines(&one, 1.0, None, 40), ["big.iso", "5 B of 10 B, 1 B/s"]);
    }

    #[test]
    fn what_is_not_known_is_not_claimed() {
        let unknown = Picture { known: false, ..picture() };
        let last = lines(&unknown, 1e8, Some(Duration::from_secs(30)), 80).pop().unwrap_or_default();
        assert_eq!(last, "[>             ] 95.4 MiB of 2.9 GiB or more, 100 MB/s, 2 files");
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_terminal(
            names in prop::collection::vec(any::<String>(), 0..9),
            done in any::<u32>(),
            total in any::<u32>(),
            cells in 1usize..120,
        ) {
            let files = names.iter().map(|name| file(name, u64::from(done), u64::from(total))).collect();
            let (done, total) = (u64::from(done), u64::from(total.max(done)));
            let picture = Picture { files, more: 2, moved: done, done, total, known: true, files_done: 1, files_total: 12 };
            for line in lines(&picture, done as f64, Some(Duration::from_secs(done)), cells) {
                prop_assert!(width(&line) <= cells, "{line:?}");
                prop_assert!(!line.contains(dfs_term::text::is_treacherous));
            }
        }
    }
}
