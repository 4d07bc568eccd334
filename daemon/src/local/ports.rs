//! Chooses ports for the daemons of a local cluster.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::RangeInclusive;

/// Lower ports are used by well-known services.
const LOWEST: u16 = 10_000;
/// A range with fewer ports than this is not used.
const CHOICE_MIN: usize = 1_000;
/// The number of random ports that are tried before the system is asked for any free one.
const DRAWS_MAX: usize = 64;
/// The range of ephemeral ports when the system does not report it (the default of Linux).
const USUAL: (u16, u16) = (32_768, 60_999);

/// Returns a loopback address on which no process listens, with a port outside the range of
/// ephemeral ports. An ephemeral port could be taken by any connection while its daemon is down,
/// and the daemon would have to start on another port.
pub(super) fn free() -> SocketAddr {
    let given = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok();
    let given = given.as_deref().and_then(parse).unwrap_or(USUAL);
    let drawn = outside(given).and_then(|ports| {
        let draws = (0..DRAWS_MAX).map(|_| SocketAddr::from((Ipv4Addr::LOCALHOST, fastrand::u16(ports.clone()))));
        draws.into_iter().find(|address| TcpListener::bind(address).is_ok())
    });
    drawn.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
}

fn parse(text: &str) -> Option<(u16, u16)> {
    let mut words = text.split_whitespace().map(|word| word.parse().ok());
    words.next().flatten().zip(words.next().flatten())
}

/// Returns a range of ports that are not ephemeral: those below the ephemeral range if there are
/// enough, otherwise those above it.
fn outside((first, last): (u16, u16)) -> Option<RangeInclusive<u16>> {
    let below = first.checked_sub(1).map(|end| LOWEST..=end);
    let above = last.checked_add(1).map(|start| start.max(LOWEST)..=u16::MAX);
    [below, above].into_iter().flatten().find(|ports| ports.len() >= CHOICE_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_drawn_where_no_connection_gets_one() {
        assert_eq!(parse("32768\t60999\n"), Some((32_768, 60_999)));
        assert_eq!([parse(""), parse("1"), parse("a b"), parse("1 70000")], [None; 4]);
        assert_eq!(outside(USUAL), Some(10_000..=32_767));
        assert_eq!(outside((1_024, 60_999)), Some(61_000..=65_535));
        assert_eq!(outside((10_500, 60_999)), Some(61_000..=65_535));
        assert_eq!([outside((0, u16::MAX)), outside((1_024, u16::MAX))], [None, None]);
    }

    #[test]
    fn a_free_port_can_be_listened_on() {
        assert!(TcpListener::bind(free()).is_ok());
    }
}
