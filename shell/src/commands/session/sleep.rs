//! `sleep`: waits for a given time.

use crate::command::{Context, Effect, Example, Group, Kind, Meaning, Verb};
use clap::Args;
use dfs_types::Result;
use std::time::Duration;

/// Arguments of `sleep`.
#[derive(Debug, Args)]
pub(super) struct Sleep {
    /// How long: seconds, as in 2 or 0.5, or with a unit, as in 500ms or 5m.
    #[arg(value_name = "TIME", value_parser = seconds)]
    time: Duration,
}

impl Verb for Sleep {
    const NAME: &'static str = "sleep";
    const ABOUT: &'static str = "Wait for a time";
    const GROUP: Group = Group::Shell;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[("sleep 0.2", "a fifth of a second"), ("sleep 100ms", "with a unit")];
    const MEANING: Meaning = Meaning::all(Kind::Plain);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        if context.only_planned([dfs_types::format_duration(self.time)]) {
            return Ok(());
        }
        context.pause(self.time).await
    }
}

/// The maximum duration.
const TIME_MAX: Duration = Duration::from_secs(366 * 24 * 3600);

/// Parses seconds, with a fraction or a unit.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let time = match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).map_err(|_| "not a time".to_owned())?,
        Err(_) => dfs_types::parse_duration(text).map_err(|error| error.to_string())?,
    };
    if time > TIME_MAX { Err("more than a year".to_owned()) } else { Ok(time) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_with_and_without_a_unit() {
        assert_eq!(seconds("2"), Ok(Duration::from_secs(2)));
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(seconds("300ms"), Ok(Duration::from_millis(300)));
        for wrong in ["", "-1", "nan", "inf", "1e99", "x", "4000d"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
