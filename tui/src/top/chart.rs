//! Draws curves of the last seconds with block characters of eighths.

/// The blank and the eight heights of a block.
const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Marks columns without data.
const GAP: char = '╌';

/// Returns the values in so many columns, each the mean of the seconds that it covers; the newest
/// is the last column. A column without known values is `None`.
pub fn columns(
    values: impl DoubleEndedIterator<Item = Option<f64>>,
    seconds: usize,
    columns: usize,
) -> Vec<Option<f64>> {
    let newest_first: Vec<Option<f64>> = values.rev().take(seconds).collect();
    let mean = |column: usize| {
        let (from, to) = (
            column * seconds / columns.max(1),
            ((column + 1) * seconds / columns.max(1)).max(column * seconds / columns.max(1) + 1),
        );
        let known: Vec<f64> =
            newest_first.get(from..to.min(newest_first.len())).unwrap_or_default().iter().flatten().copied().collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    };
    (0..columns).rev().map(mean).collect()
}

/// Returns the curve in so many rows, the top one first; `most` fills all rows.
pub fn rows(columns: &[Option<f64>], most: f64, rows: usize) -> Vec<String> {
    let eighths = |value: f64| {
        let all = rows as f64 * 8.0;
        let height = if most > 0.0 { (value / most * all).round() } else { 0.0 };
        // A value above zero is always visible.
        let least = if value > 0.0 { 1.0 } else { 0.0 };
        height.clamp(least, all) as usize
    };
    let letter = |row: usize, value: &Option<f64>| match value {
        None if row == 0 => GAP,
        None => ' ',
        Some(value) => BLOCKS.get(eighths(*value).saturating_sub(row * 8).min(8)).copied().unwrap_or(' '),
    };
    (0..rows).rev().map(|row| columns.iter().map(|value| letter(row, value)).collect()).collect()
}

/// Returns the largest value.
pub fn most(columns: &[Option<f64>]) -> f64 {
    columns.iter().flatten().copied().fold(0.0, f64::max)
}

/// Returns the round figure (1, 2 or 5 times a power of ten) that is not below the value: the upper
/// end of a scale.
pub fn ceiling(value: f64) -> f64 {
    if !value.is_finite() || value <= 0.0 {
        return 0.0;
    }
    let decade = 10f64.powf(value.log10().floor());
    // Computed with the tolerance of the logarithm.
    let step = [1.0, 2.0, 5.0].into_iter().find(|step| step * decade >= value * (1.0 - 1e-9));
    step.unwrap_or(10.0) * decade
}

/// Returns the mean of the known columns; `None` if none is known.
pub fn average(columns: &[Option<f64>]) -> Option<f64> {
    let known: Vec<f64> = columns.iter().flatten().copied().collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

/// Minimum number of cells between the starts of two labels of a time axis.
const LABEL_CELLS: usize = 10;
/// Spans between two labels, in seconds.
const LABEL_STEPS: [usize; 4] = [15, 60, 300, 900];

/// Returns the time axis of a curve of so many seconds in so many columns: `-5m -4m … now`.
pub fn time_axis(seconds: usize, columns: usize) -> String {
    let fits = |step: &usize| columns * step >= LABEL_CELLS * seconds && seconds.is_multiple_of(*step);
    let step = LABEL_STEPS.into_iter().find(fits).unwrap_or(seconds.max(1));
    let mut axis = String::with_capacity(columns);
    for ago in (1..=seconds / step).rev().map(|at| at * step) {
        let label = if ago.is_multiple_of(60) { format!("-{}m", ago / 60) } else { format!("-{ago}s") };
        let at = columns - columns * ago / seconds.max(1);
        axis.extend(std::iter::repeat_n(' ', at.saturating_sub(axis.len())));
        axis.push_str(&label);
    }
    let now = "now";
    axis.truncate(columns.saturating_sub(now.len()));
    axis.extend(std::iter::repeat_n(' ', columns.saturating_sub(axis.len() + now.len())));
    axis.push_str(now);
    axis
}

/// Returns a fraction as a bar of so many cells.
pub fn bar(part: f64, cells: usize) -> String {
    let part = if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 };
    let eighths = (part * cells as f64 * 8.0).round() as usize;
    let partial = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let mut bar: String = std::iter::repeat_n('█', eighths / 8).collect();
    bar.extend((eighths % 8).checked_sub(1).and_then(|rest| partial.get(rest)));
    let used = bar.chars().count();
    bar.extend(std::iter::repeat_n('░', cells.saturating_sub(used)));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_means_and_end_with_the_newest() {
        let values = || [Some(1.0), Some(3.0), None, None, Some(6.0), Some(8.0)].into_iter();
        assert_eq!(columns(values(), 6, 3), [Some(2.0), None, Some(7.0)]);
        assert_eq!(columns(values(), 12, 3), [None, Some(2.0), Some(7.0)]);
        assert_eq!(columns(values(), 2, 4).len(), 4);
        assert_eq!(columns(values(), 0, 0), []);
    }

    #[test]
    fn curves_have_gaps_where_nothing_is_known() {
        assert_eq!(rows(&[Some(0.0), Some(0.1), Some(4.0), None, Some(8.0)], 8.0, 1), [" ▁▄╌█"]);
        assert_eq!(rows(&[Some(4.0), Some(6.0), Some(8.0), None], 8.0, 2), [" ▄█ ", "███╌"]);
        assert_eq!(rows(&[Some(0.0)], 0.0, 1), [" "]);
    }

    #[test]
    fn scales_end_at_round_figures() {
        let ends =
            [(0.0, 0.0), (0.3, 0.5), (1.0, 1.0), (1.01, 2.0), (99.0, 100.0), (160e6, 200e6), (1e9, 1e9), (5e9, 5e9)];
        for (value, end) in ends {
            assert!((ceiling(value) - end).abs() <= end * 1e-9, "{value}: {}", ceiling(value));
        }
        assert_eq!(
            (ceiling(f64::NAN), average(&[None]), average(&[Some(1.0), None, Some(3.0)])),
            (0.0, None, Some(2.0))
        );
    }

    #[test]
    fn time_axes_end_with_now() {
        assert_eq!(time_axis(300, 60), "-5m         -4m         -3m         -2m         -1m      now");
        assert_eq!(time_axis(60, 40), "-1m       -45s      -30s      -15s   now");
        assert_eq!(time_axis(300, 30), "-5m                        now");
        assert_eq!(time_axis(900, 40), "-15m          -10m         -5m       now");
        for columns in 0..200 {
            for seconds in [60, 180, 300, 900] {
                let axis = time_axis(seconds, columns);
                assert!(axis.ends_with("now") && axis.len() == columns.max(3), "{seconds} in {columns}: {axis}");
            }
        }
    }

    #[test]
    fn bars_fill_their_cells() {
        assert_eq!(bar(0.5, 4), "██░░");
        assert_eq!(bar(0.6, 4), "██▍░");
        assert_eq!((bar(7.0, 2), bar(f64::NAN, 2)), ("██".to_owned(), "░░".to_owned()));
    }
}
