//! Bounds the callers of a daemon: unauthenticated ones, and authenticated ones.
//!
//! Anyone can open a connection and send nothing. So callers are accepted immediately, and bounded:
//! in all, and for each address. If there is no room, the oldest unauthenticated caller of the
//! address with the most callers is disconnected. An honest caller needs milliseconds, so it gets
//! in from an address of its own, and even from the address of a crowd.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};

/// The number of a caller, in the order of arrival.
pub type CallerId = u64;

/// The unauthenticated callers.
#[derive(Debug)]
pub struct PendingCallers {
    most: usize,
    per_address: usize,
    next: CallerId,
    address_of: HashMap<CallerId, IpAddr>,
    of_address: BTreeMap<IpAddr, BTreeSet<CallerId>>,
    /// Addresses, sorted by the number of their callers.
    crowds: BTreeSet<(usize, IpAddr)>,
}

/// Returns the address that counts: one host has a whole /64 of IPv6 addresses.
fn host(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}

impl PendingCallers {
    /// Makes bounds of `most` callers in all, and `per_address` of one address; both at least one.
    pub fn new(most: usize, per_address: usize) -> Self {
        Self {
            most: most.max(1),
            per_address: per_address.max(1),
            next: 0,
            address_of: HashMap::new(),
            of_address: BTreeMap::new(),
            crowds: BTreeSet::new(),
        }
    }

    /// Returns the number of unauthenticated callers.
    pub fn len(&self) -> usize {
        self.address_of.len()
    }

    pub fn is_empty(&self) -> bool {
        self.address_of.is_empty()
    }

    /// Adds a caller. The second id is that of a caller that is disconnected to make room.
    pub fn arrive(&mut self, address: IpAddr) -> (CallerId, Option<CallerId>) {
        let address = host(address);
        let of_this = self.of_address.get(&address).map_or(0, BTreeSet::len);
        let crowd = if of_this >= self.per_address {
            Some(address)
        } else if self.len() >= self.most {
            self.crowds.last().map(|(_, crowd)| *crowd)
        } else {
            None
        };
        let shed = crowd.and_then(|crowd| self.of_address.get(&crowd)).and_then(BTreeSet::first).copied();
        shed.into_iter().for_each(|shed| self.leave(shed));
        let id = self.next;
        self.next += 1;
        self.address_of.insert(id, address);
        self.change(address, |callers| callers.insert(id));
        debug_assert!(self.len() <= self.most, "{} unauthenticated callers, {} at most", self.len(), self.most);
        (id, shed)
    }

    /// Removes a caller: it is authenticated, or has disconnected. An unknown one is no error.
    pub fn leave(&mut self, id: CallerId) {
        if let Some(address) = self.address_of.remove(&id) {
            self.change(address, |callers| callers.remove(&id));
        }
    }

    /// Removes the oldest caller of the largest crowd, whatever the bounds.
    pub fn shed(&mut self) -> Option<CallerId> {
        let (_, crowd) = self.crowds.last()?;
        let oldest = self.of_address.get(crowd)?.first().copied()?;
        self.leave(oldest);
        Some(oldest)
    }

    fn change(&mut self, address: IpAddr, change: impl FnOnce(&mut BTreeSet<CallerId>) -> bool) {
        let callers = self.of_address.entry(address).or_default();
        let before = callers.len();
        change(callers);
        let after = callers.len();
        if after == 0 {
            self.of_address.remove(&address);
        }
        self.crowds.remove(&(before, address));
        if after > 0 {
            self.crowds.insert((after, address));
        }
        debug_assert_eq!(self.crowds.len(), self.of_address.len(), "an address is one crowd");
    }
}

/// The numbers of authenticated connections per principal.
#[derive(Debug)]
pub struct ConnectionQuota<K> {
    most: usize,
    per_guest: usize,
    total: usize,
    counts: HashMap<K, usize>,
}

/// Returns the maximum number of connections of one principal, if there may be `most` in all: an
/// eighth is reserved for others.
pub fn per_principal(most: usize) -> usize {
    (most - most / 8).max(1)
}

impl<K: Hash + Eq + Clone> ConnectionQuota<K> {
    /// Makes bounds of `most` connections in all, and [`per_principal`] of one principal.
    pub fn new(most: usize) -> Self {
        let most = most.max(1);
        Self { most, per_guest: per_principal(most), total: 0, counts: HashMap::new() }
    }

    /// Counts a connection; returns false if there is no room for it.
    pub fn enter(&mut self, who: &K) -> bool {
        let count = self.counts.get(who).copied().unwrap_or(0);
        if self.total >= self.most || count >= self.per_guest {
            return false;
        }
        self.total += 1;
        self.counts.insert(who.clone(), count + 1);
        debug_assert!(self.total <= self.most, "{} connections, {} at most", self.total, self.most);
        true
    }

    /// Removes a connection that was counted.
    pub fn leave(&mut self, who: &K) {
        if let Some(count) = self.counts.get_mut(who) {
            *count -= 1;
            self.total -= 1;
            if *count == 0 {
                self.counts.remove(who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[test]
    fn the_oldest_of_the_largest_crowd_is_sent_away() {
        let mut door = PendingCallers::new(4, 10);
        let crowd: Vec<_> = (0..3).map(|_| door.arrive(address(1)).0).collect();
        let (other, none) = door.arrive(address(2));
        assert_eq!(none, None);
        assert_eq!(door.arrive(address(2)).1, Some(crowd[0]));
        // Two and two: the crowd with the most callers, then the one with the higher address, loses
        // its oldest caller.
        assert_eq!(door.arrive(address(3)).1, Some(other));
        assert_eq!(door.len(), 4);
    }

    #[test]
    fn a_crowd_at_one_address_makes_room_for_its_own() {
        let mut door = PendingCallers::new(100, 2);
        let (first, _) = door.arrive(address(1));
        let (second, _) = door.arrive(address(1));
        assert_eq!(door.arrive(address(1)).1, Some(first));
        door.leave(second);
        assert_eq!(door.arrive(address(1)).1, None);
        assert_eq!(door.len(), 2);
    }

    #[test]
    fn addresses_of_one_host_are_one() {
        let mut door = PendingCallers::new(100, 1);
        let (first, _) = door.arrive("2001:db8::1".parse().expect("address"));
        assert_eq!(door.arrive("2001:db8::2".parse().expect("address")).1, Some(first));
        assert_eq!(door.arrive("2001:db8:0:1::2".parse().expect("address")).1, None);
        let (mapped, _) = door.arrive("::ffff:10.0.0.1".parse().expect("address"));
        assert_eq!(door.arrive(address(1)).1, Some(mapped));
    }

    #[test]
    fn one_principal_leaves_room_for_others() {
        let mut guests = ConnectionQuota::new(16);
        assert_eq!((0..20).filter(|_| guests.enter(&"ann")).count(), 14);
        assert!(guests.enter(&"bob") && guests.enter(&"eve") && !guests.enter(&"bob"));
        guests.leave(&"ann");
        assert!(guests.enter(&"bob"));
        assert!(ConnectionQuota::new(1).enter(&"ann"));
    }

    #[derive(Debug, Clone, Copy)]
    enum Event {
        Arrive(u8),
        /// Removes the caller at this index.
        Leave(usize),
        Shed,
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![4 => (0u8..5).prop_map(Event::Arrive), 1 => any::<usize>().prop_map(Event::Leave), 1 => Just(Event::Shed)]
    }

    proptest! {
        /// Compared with a plain list: the bounds hold, and only the oldest caller of the largest
        /// crowd is disconnected, or that of the new caller's own address if that is full. So a
        /// caller whose address has few callers stays until it leaves.
        #[test]
        fn the_door_is_bounded_and_fair(events in prop::collection::vec(event(), 1..200), most in 1usize..12, per in 1usize..8) {
            let mut door = PendingCallers::new(most, per);
            let mut model: Vec<(CallerId, IpAddr)> = Vec::new();
            for event in events {
                let count = |model: &[(CallerId, IpAddr)], of: IpAddr| model.iter().filter(|(_, address)| *address == of).count();
                let oldest = |model: &[(CallerId, IpAddr)], of: IpAddr| model.iter().find(|(_, address)| *address == of).map(|(id, _)| *id);
                match event {
                    Event::Arrive(last) => {
                        let from = address(last);
                        let full = model.len() >= most || count(&model, from) >= per;
                        let (id, shed) = door.arrive(from);
                        prop_assert_eq!(shed.is_some(), full);
                        if let Some(shed) = shed {
                            let whose = model.iter().find(|(id, _)| *id == shed).expect("it was at the door").1;
                            prop_assert_eq!(oldest(&model, whose), Some(shed));
                            let largest = model.iter().map(|(_, address)| count(&model, *address)).max().unwrap_or(0);
                            prop_assert!(count(&model, whose) == largest || (whose == from && count(&model, from) >= per));
                            model.retain(|(id, _)| *id != shed);
                        }
                        model.push((id, from));
                    }
                    Event::Leave(place) if !model.is_empty() => {
                        let (id, _) = model.remove(place % model.len());
                        door.leave(id);
                        door.leave(id);
                    }
                    Event::Leave(_) => {}
                    Event::Shed => {
                        let shed = door.shed();
                        prop_assert_eq!(shed.is_some(), !model.is_empty());
                        model.retain(|(id, _)| Some(*id) != shed);
                    }
                }
                prop_assert_eq!(door.len(), model.len());
                prop_assert!(model.len() <= most);
                prop_assert!(model.iter().all(|(_, address)| count(&model, *address) <= per));
            }
        }
    }
}
