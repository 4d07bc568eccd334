//! Numbers formatted for people.

use dfs_types::{ByteSize, Timestamp};
use jiff::tz::TimeZone;
use std::time::Duration;

/// Formats a size: `25.7 GiB`.
pub fn size(bytes: u64) -> String {
    ByteSize(bytes).human()
}

/// Formats a size in at most five cells, as `ls -h` does: `25.7G`, `512`.
pub fn size_short(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["K", "M", "G", "T", "P", "E"];
    if bytes < 1024 {
        return bytes.to_string();
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let unit = UNITS.get(unit).copied().unwrap_or("E");
    if value < 9.95 { format!("{value:.1}{unit}") } else { format!("{value:.0}{unit}") }
}

/// Formats a number with separators of thousands: `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Formats a number with its noun: `1 file`, `2 files`.
pub fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// Formats a rate in decimal units, as disk vendors use: `172 MB/s`, `3.4 MB/s`, `12 kB/s`.
pub fn rate(bytes_per_second: f64) -> String {
    let rate = if bytes_per_second.is_finite() { bytes_per_second.max(0.0) } else { 0.0 };
    match rate {
        r if r >= 1e10 => format!("{:.1} GB/s", r / 1e9),
        r if r >= 9.95e6 => format!("{:.0} MB/s", r / 1e6),
        r if r >= 1e5 => format!("{:.1} MB/s", r / 1e6),
        r if r >= 1e3 => format!("{:.0} kB/s", r / 1e3),
        r => format!("{r:.0} B/s"),
    }
}

/// Formats a duration in at most two units: `0.25 s`, `12 s`, `3m 20s`, `2h 05m`, `4d 03h`.
pub fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..10 => format!("{:.2} s", span.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d {:02}h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// Formats an age in one unit: `now`, `4 s ago`, `3 min ago`, `2 h ago`, `5 d ago`.
pub fn age(span: Duration) -> String {
    match span.as_secs() {
        0 => "now".to_owned(),
        s @ 1..60 => format!("{s} s ago"),
        s @ 60..3600 => format!("{} min ago", s / 60),
        s @ 3600..86_400 => format!("{} h ago", s / 3600),
        s => format!("{} d ago", s / 86_400),
    }
}

/// Formats a latency: `87 µs`, `1.25 ms`, `2.50 s`.
pub fn latency(span: Duration) -> String {
    match span.as_micros() {
        us @ 0..1000 => format!("{us} µs"),
        us @ 1000..1_000_000 => format!("{:.2} ms", us as f64 / 1e3),
        us => format!("{:.2} s", us as f64 / 1e6),
    }
}

/// Formats the difference between two clocks with two digits at most after the point: `3.00 ms`,
/// `2.50 s`, `1d 00h`.
pub fn apart(skew_ms: i64) -> String {
    let off = Duration::from_millis(skew_ms.unsigned_abs());
    if off < Duration::from_secs(10) { latency(off) } else { span(off) }
}

/// Formats a fraction in percent, with one digit after the point below ten: `3.4 %`, `57 %`; `–` if
/// `whole` is zero.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let value = part as f64 * 100.0 / whole as f64;
    if value > 0.0 && value < 9.95 { format!("{value:.1} %") } else { format!("{value:.0} %") }
}

/// Formats a time in the zone: `2026-11-21 09:03`.
pub fn time(at: Timestamp, zone: &TimeZone) -> String {
    stamp(at, zone, "%Y-%m-%d %H:%M")
}

/// Formats a time rounded up to the next full minute: `09:04` for 09:03:07.
pub fn minute_by(at: Timestamp, zone: &TimeZone) -> String {
    stamp(Timestamp(at.0.saturating_add(59_999)), zone, "%H:%M")
}

/// Formats a time in the zone: `2026-11-21 09:03:07`.
pub fn time_seconds(at: Timestamp, zone: &TimeZone) -> String {
    stamp(at, zone, "%Y-%m-%d %H:%M:%S")
}

/// Formats a time in the zone: `2026-11-21 09:03:07.123 +0100`.
pub fn time_exact(at: Timestamp, zone: &TimeZone) -> String {
    stamp(at, zone, "%Y-%m-%d %H:%M:%S%.3f %z")
}

fn stamp(at: Timestamp, zone: &TimeZone, form: &str) -> String {
    let known = i64::try_from(at.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    known.map_or_else(|| "–".to_owned(), |time| time.to_zoned(zone.clone()).strftime(form).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_stay_short() {
        for (bytes, text) in [
            (0, "0"),
            (1023, "1023"),
            (1024, "1.0K"),
            (10 << 10, "10K"),
            (1_023_500, "1.0M"),
            (64 << 20, "64M"),
            (3 << 29, "1.5G"),
            (u64::MAX, "16E"),
        ] {
            assert_eq!(size_short(bytes), text, "{bytes}");
        }
    }

    #[test]
    fn counts_and_plurals() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(plural(1, "file", "files"), "1 file");
        assert_eq!(plural(1000, "file", "files"), "1,000 files");
    }

    #[test]
    fn rates_and_spans() {
        assert_eq!(rate(172.4e6), "172 MB/s");
        assert_eq!(rate(3.42e6), "3.4 MB/s");
        assert_eq!(rate(12_000.0), "12 kB/s");
        assert_eq!(rate(f64::NAN), "0 B/s");
        assert_eq!(span(Duration::from_millis(250)), "0.25 s");
        assert_eq!(span(Duration::from_secs(200)), "3m 20s");
        assert_eq!(span(Duration::from_secs(7500)), "2h 05m");
        assert_eq!(age(Duration::from_millis(900)), "now");
        assert_eq!(age(Duration::from_secs(190)), "3 min ago");
        assert_eq!(latency(Duration::from_micros(1250)), "1.25 ms");
        assert_eq!(percent(34, 1000), "3.4 %");
        assert_eq!(percent(0, 1000), "0 %");
        assert_eq!(percent(1, 0), "–");
    }

    #[test]
    fn times_in_a_zone() {
        let zone = jiff::tz::offset(1).to_time_zone();
        assert_eq!(time(Timestamp(0), &zone), "1970-01-01 01:00");
        assert_eq!(time_exact(Timestamp(1_500), &TimeZone::UTC), "1970-01-01 00:00:01.500 +0000");
        assert_eq!(time(Timestamp(u64::MAX), &zone), "–");
    }
}
