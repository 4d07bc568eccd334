use super::*;
use dfs_types::DfsPath;
use proptest::prelude::*;

const TIMEOUT: Duration = Duration::from_secs(100);

fn planned(user: &str) -> Planned {
    Planned { user: user.to_owned(), path: DfsPath::root(), chunk_bytes: 10 }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp(seconds * 1000)
}

fn ids(range: Range<u64>) -> Vec<ChunkId> {
    range.map(ChunkId).collect()
}

#[test]
fn a_write_belongs_to_the_user_who_began_it() {
    let mut writes = Writes::new(TIMEOUT);
    let id = WriteId(7);
    assert_eq!(writes.check(id, "ann", 1), Ok(false));
    assert_eq!(writes.plan(id, planned("ann"), &ids(5..8), at(1)), Ok(()));
    assert_eq!(writes.check(id, "ann", 1), Ok(true));
    assert_eq!(writes.check(id, "bob", 1), Err(Refused::Foreign));
    assert_eq!(writes.plan(id, planned("bob"), &ids(8..9), at(1)), Err(Refused::Foreign));
    assert_eq!(writes.renew(id, "bob", at(2)), Err(Refused::Foreign));
    assert_eq!(writes.abandon(id, "bob"), Err(Refused::Foreign));
    assert_eq!(writes.leftovers(id, "bob", &[], 9, at(2)), []);
    writes.committed(id, "bob");
    assert_eq!(writes.lowest(), Some(ChunkId(5)));
    assert_eq!(writes.leftovers(id, "ann", &ids(6..7), 9, at(2)), [ChunkId(5), ChunkId(7)]);
    writes.committed(id, "ann");
    assert_eq!((writes.lowest(), writes.all, writes.users.len()), (None, Sums::default(), 0));
}

#[test]
fn a_write_that_is_not_renewed_expires_and_its_client_gets_an_error() {
    let mut writes = Writes::new(TIMEOUT);
    let id = WriteId(7);
    writes.plan(id, planned("ann"), &ids(5..8), at(1)).expect("begins");
    assert_eq!(writes.renew(id, "ann", at(50)), Ok(()));
    assert_eq!(writes.expired(9, at(149)), []);
    let expired = writes.expired(2, at(150)).remove(0);
    assert_eq!((expired.id, expired.abandoned, expired.chunks.clone()), (id, false, ids(5..7)));
    writes.given_up(id, &expired.chunks);
    assert_eq!(writes.plan(id, planned("ann"), &ids(9..10), at(150)), Err(Refused::GivenUp));
    assert_eq!(writes.lowest(), Some(ChunkId(7)));
    let rest = writes.expired(2, at(150)).remove(0);
    assert_eq!(rest.chunks, ids(7..8));
    writes.given_up(id, &rest.chunks);
    assert_eq!((writes.lowest(), writes.expired(2, at(999))), (None, vec![]));
    assert_eq!(writes.renew(id, "ann", at(151)), Err(Refused::GivenUp));
    assert_eq!(writes.all, Sums::default());
}

#[test]
fn an_abandoned_write_is_overdue_at_once_and_begins_no_more() {
    let mut writes = Writes::new(TIMEOUT);
    writes.plan(WriteId(7), planned("ann"), &ids(5..6), at(1)).expect("begins");
    assert_eq!(writes.abandon(WriteId(7), "ann"), Ok(()));
    assert_eq!(writes.expired(9, at(1)).first().map(|expired| expired.abandoned), Some(true));
    // The abandonment may arrive before the plan that it refers to.
    assert_eq!(writes.abandon(WriteId(8), "ann"), Ok(()));
    assert_eq!(writes.plan(WriteId(8), planned("ann"), &ids(6..7), at(1)), Err(Refused::GivenUp));
}

#[test]
fn a_master_that_stood_still_gives_nothing_up_for_it() {
    let mut writes = Writes::new(TIMEOUT);
    writes.look(at(0));
    writes.plan(WriteId(7), planned("ann"), &ids(5..6), at(1)).expect("begins");
    writes.look(at(1000));
    assert_eq!(writes.expired(9, at(1000)), []);
    for second in 1001..1100 {
        writes.look(at(second));
        assert_eq!(writes.expired(9, at(second)), []);
    }
    assert_eq!(writes.expired(9, at(1100)).len(), 1);
}

#[test]
fn users_are_bounded_one_by_one() {
    let mut writes = Writes::new(TIMEOUT);
    for number in 0..WRITES_PER_USER_MAX as u64 {
        writes.plan(WriteId(number.into()), planned("ann"), &ids(number..number + 1), at(1)).expect("within bounds");
    }
    assert_eq!(writes.check(WriteId(u128::MAX), "ann", 1), Err(Refused::UserWrites));
    assert_eq!(writes.check(WriteId(0), "ann", 1), Ok(true));
    assert_eq!(writes.check(WriteId(0), "ann", CHUNKS_PER_USER_MAX), Err(Refused::UserChunks));
    assert_eq!(writes.check(WriteId(u128::MAX), "bob", 1), Ok(false));
}

#[test]
fn the_held_space_is_reported_with_the_time_at_which_it_is_free() {
    let mut writes = Writes::new(TIMEOUT);
    writes.plan(WriteId(1), planned("ann"), &ids(1..4), at(1)).expect("begins");
    writes.plan(WriteId(2), planned("bob"), &ids(4..6), at(90)).expect("begins");
    let held = |writes: &Writes, now| {
        let mut held = Held::default();
        for holder in writes.holders(now) {
            let stretches: Vec<_> = holder.stretches(2).collect();
            let replicas =
                stretches.into_iter().map(|stretch| Holder::replicas(stretch, |id| usize::from(id.0 != 3) * 3));
            holder.add_to(&mut held, replicas.sum());
        }
        held
    };
    let quiet = Held { writes: 2, bytes: 120, ..Held::default() };
    assert_eq!(held(&writes, at(20)), quiet);
    let silent = Held { silent: 1, silent_bytes: 60, until: Some(at(101)), ..quiet };
    assert_eq!(held(&writes, at(91)), silent);
    writes.abandon(WriteId(2), "bob").expect("own");
    assert_eq!(held(&writes, at(91)).silent, 2);
}

#[derive(Debug, Clone)]
enum Step {
    Plan(u128, usize, u64),
    Renew(u128, usize),
    Abandon(u128, usize),
    Commit(u128, usize),
    GiveUp(usize),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let (id, user) = (|| 0u128..6, || 0usize..3);
    prop_oneof![
        4 => (id(), user(), 1u64..5).prop_map(|(id, user, count)| Step::Plan(id, user, count)),
        2 => (id(), user()).prop_map(|(id, user)| Step::Renew(id, user)),
        1 => (id(), user()).prop_map(|(id, user)| Step::Abandon(id, user)),
        1 => (id(), user()).prop_map(|(id, user)| Step::Commit(id, user)),
        2 => (1usize..4).prop_map(Step::GiveUp),
        2 => (1u64..9).prop_map(Step::Pass),
    ]
}

proptest! {
    /// Compared with a plain table: the counters match the content, the lowest chunk holds the
    /// floor, and only a write that was abandoned or not renewed is ever given up.
    #[test]
    fn the_table_is_what_a_plain_one_would_be(steps in prop::collection::vec(step(), 1..80)) {
        const USERS: [&str; 3] = ["ann", "bob", "cid"];
        let mut writes = Writes::new(TIMEOUT);
        let mut plain: BTreeMap<u128, (usize, BTreeSet<u64>, u64, bool)> = BTreeMap::new();
        let (mut next, mut now) = (1, 0);
        for step in steps {
            writes.look(at(now));
            match step {
                Step::Plan(id, user, count) => {
                    let chunks = ids(next..next + count);
                    if writes.plan(WriteId(id), planned(USERS[user]), &chunks, at(now)).is_ok() {
                        let write = plain.entry(id).or_insert((user, BTreeSet::new(), now, false));
                        prop_assert!(write.0 == user && !write.3);
                        write.1.extend(next..next + count);
                        write.2 = now;
                    }
                    next += count + 1;
                }
                Step::Renew(id, user) => {
                    let known = plain.get_mut(&id).filter(|write| write.0 == user && !write.3);
                    prop_assert_eq!(writes.renew(WriteId(id), USERS[user], at(now)).is_ok(), known.is_some());
                    known.into_iter().for_each(|write| write.2 = now);
                }
                Step::Abandon(id, user) => {
                    let done = writes.abandon(WriteId(id), USERS[user]);
                    let foreign = plain.get(&id).is_some_and(|write| write.0 != user);
                    prop_assert_eq!(done.is_err(), foreign);
                    plain.get_mut(&id).filter(|_| !foreign).into_iter().for_each(|write| write.3 = true);
                }
                Step::Commit(id, user) => {
                    writes.committed(WriteId(id), USERS[user]);
                    if plain.get(&id).is_some_and(|write| write.0 == user) {
                        plain.remove(&id);
                    }
                }
                Step::GiveUp(max) => for expired in writes.expired(max, at(now)) {
                    let write = plain.get_mut(&expired.id.0).expect("known");
                    prop_assert!(write.3 || write.2 + TIMEOUT.as_secs() <= now);
                    prop_assert!((1..=max).contains(&expired.chunks.len()));
                    writes.given_up(expired.id, &expired.chunks);
                    expired.chunks.iter().for_each(|chunk| assert!(write.1.remove(&chunk.0)));
                    write.3 = true;
                    if write.1.is_empty() {
                        plain.remove(&expired.id.0);
                    }
                },
                // Never so long at once that it counts as a suspension.
                Step::Pass(seconds) => now += seconds,
            }
            prop_assert_eq!(writes.check_invariants(), Ok(()));
            let chunks = || plain.values().flat_map(|write| write.1.iter().copied());
            prop_assert_eq!(writes.lowest(), chunks().min().map(ChunkId));
            prop_assert_eq!(writes.all, Sums { writes: plain.len(), chunks: chunks().count() as u64 });
            for (number, user) in USERS.iter().enumerate() {
                let own: Vec<_> = plain.values().filter(|write| write.0 == number).collect();
                let sums = Sums { writes: own.len(), chunks: own.iter().map(|write| write.1.len() as u64).sum() };
                prop_assert_eq!(writes.users.get(*user).copied().unwrap_or_default(), sums);
            }
        }
    }
}
