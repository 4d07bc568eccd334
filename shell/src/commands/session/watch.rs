//! `watch`: runs a command repeatedly.

use super::sleep::seconds;
use crate::command::{Context, Effect, Example, Group, Kept, Kind, Meaning, Verb};
use crate::commands::shared::redraw::redraw;
use crate::lang::quote_words;
use clap::Args;
use dfs_term::Tone;
use dfs_types::Result;
use std::ffi::OsString;
use std::time::Duration;

/// The minimum pause between two rounds.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// The width of the head on a terminal that does not report one.
const CELLS: usize = 80;

/// Arguments of `watch`.
#[derive(Debug, Args)]
pub(super) struct Watch {
    /// Seconds between two rounds, or a time with a unit.
    #[arg(short = 'n', long, value_name = "S", default_value = "2", value_parser = seconds)]
    interval: Duration,
    /// End after so many rounds; without it at Ctrl-C.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    /// The command and its arguments.
    #[arg(required = true, value_name = "COMMAND", trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

impl Verb for Watch {
    const NAME: &'static str = "watch";
    const ABOUT: &'static str = "Repeat a command until Ctrl-C";
    const GROUP: Group = Group::Shell;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[
        ("watch --count 2 nodes", "every two seconds; without --count until Ctrl-C"),
        ("watch -n 0.5 --count 3 status", "twice a second"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Line);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        // Checked first, because a mistyped command would fail in every round.
        let interpreter = context.interpreter;
        let words: Vec<String> = self.command.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        interpreter.commands().find(&words)?;
        let on_screen = context.redraws() && !context.json();
        let mut rounds = 0u32;
        loop {
            rounds = rounds.saturating_add(1);
            let Kept { text, failed } = match interpreter.kept(context, &self.command).await {
                Ok(kept) => kept,
                Err(error) if context.cancel.is_cancelled() => return if on_screen { Ok(()) } else { Err(error) },
                Err(error) => return Err(error),
            };
            let last = self.count.is_some_and(|count| rounds >= count) || context.session.options.dry_run;
            if on_screen {
                self.draw(context, &text, rounds == 1)?;
            } else {
                context.print(&text)?;
            }
            context.out.flush()?;
            if last {
                failed.into_iter().for_each(|error| context.note_failed(error));
                return Ok(());
            }
            if let Err(interrupted) = context.pause(self.interval.max(PAUSE_MIN)).await {
                return if on_screen { Ok(()) } else { Err(interrupted) };
            }
        }
    }
}

impl Watch {
    /// Draws a round over the previous one, as much as fits on the screen.
    fn draw(&self, context: &mut Context<'_>, text: &str, first: bool) -> Result<()> {
        let cells = context.out.width().unwrap_or(CELLS);
        let command = quote_words(self.command.iter().map(|word| word.to_string_lossy()));
        let every = dfs_types::format_duration(self.interval.max(PAUSE_MIN));
        let now = jiff::Zoned::now().strftime("%H:%M:%S");
        let head = format!("every {every}, {now}: {command}");
        let view = context.view();
        let head = view.paint(Tone::Dim, &view.glyphs.truncate(&head, cells)).into_owned();
        // One line is for the head, one for the next message of the terminal.
        let room = context.out.height().map_or(usize::MAX, |lines| lines.saturating_sub(2));
        context.print(&redraw(&head, text, room, first, view.glyphs))
    }
}
