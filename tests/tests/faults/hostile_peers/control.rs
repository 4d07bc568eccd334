//! Attacks of a hostile client on the master.

use super::{DENIED, INVALID, NOTHING, Row, path, same};
use bytes::Bytes;
use dfs_rpc::capability::Receipt;
use dfs_rpc::request;
use dfs_rpc::wire::{CommitWrite, Committed, CommittedChunk, PlanRead, PlanWrite};
use dfs_tests::content;
use dfs_tests::hostile::{Outcome, Stored, World, altered, commit, context, outcome, plan};
use dfs_types::{ChunkId, DatanodeId, ErrorCode, Generation, WriteId};

const FEW: &[Outcome] = &[Outcome::Refused(ErrorCode::InsufficientDatanodes)];
/// The write has ended, or its chunks are known to be deleted, whichever the master detects first.
const GIVEN_UP: &[Outcome] = &[Outcome::Refused(ErrorCode::Timeout), Outcome::Nothing];
/// The number of reports of damage in one row: many more than a datanode is asked to verify at a
/// time.
const FLOOD: usize = 2_000;

pub(super) const ROWS: [Row; 24] = [
    Row { tries: "commit without receipts", expected: FEW, run: |w| receipts(w, |_| Vec::new()) },
    Row {
        tries: "commit with the receipt of one datanode, again and again",
        expected: FEW,
        run: |w| receipts(w, |own| vec![own[0]; 3]),
    },
    Row {
        tries: "commit with receipts whose seal is altered",
        expected: FEW,
        run: |w| receipts(w, |own| each(own, |receipt| receipt.seal[3] ^= 1)),
    },
    Row {
        tries: "commit with receipts of other datanodes",
        expected: FEW,
        run: |w| receipts(w, |own| each(own, |receipt| receipt.node = DatanodeId(receipt.node.0 % 4 + 1))),
    },
    Row {
        tries: "commit with receipts of another boot",
        expected: FEW,
        run: |w| receipts(w, |own| each(own, |receipt| receipt.boot ^= 1)),
    },
    Row {
        tries: "commit with receipts under another key",
        expected: FEW,
        run: |w| receipts(w, |own| each(own, |receipt| receipt.key = 99)),
    },
    Row {
        tries: "commit with 50,000 receipts",
        expected: FEW,
        run: |w| receipts(w, |own| vec![Receipt { seal: [0; 16], ..own[0] }; 50_000]),
    },
    Row { tries: "commit with receipts of another chunk", expected: FEW, run: receipts_of_another },
    Row {
        tries: "commit of another length than was stored",
        expected: FEW,
        run: |w| chunk(w, |chunk| chunk.chunk.length += 1),
    },
    Row {
        tries: "commit of another checksum than was stored",
        expected: FEW,
        run: |w| chunk(w, |chunk| chunk.chunk.checksum ^= 1),
    },
    Row {
        tries: "commit of another generation than was stored",
        expected: FEW,
        run: |w| chunk(w, |chunk| chunk.chunk.generation = Generation(2)),
    },
    Row {
        tries: "commit of a chunk that was never planned",
        expected: FEW,
        run: |w| chunk(w, |chunk| chunk.chunk.id = ChunkId(u64::MAX)),
    },
    Row { tries: "commit of a chunk of somebody else's file", expected: FEW, run: foreign_chunk },
    Row { tries: "commit of a chunk that a file of its own has", expected: INVALID, run: used_chunk },
    Row { tries: "commit of one chunk twice", expected: INVALID, run: twice_named },
    Row {
        tries: "the same commit twice, with one request id and with another",
        expected: NOTHING,
        run: committed_twice,
    },
    Row { tries: "commit of an abandoned write", expected: GIVEN_UP, run: abandoned },
    Row { tries: "commit with the id of somebody else's write", expected: NOTHING, run: foreign_write },
    Row { tries: "plan, renew and abandon with the id of somebody else's write", expected: DENIED, run: foreign_id },
    Row { tries: "plan_write with absurd numbers", expected: INVALID, run: absurd_plans },
    Row { tries: "plan_write and commit over the file of somebody else", expected: DENIED, run: foreign_file },
    Row { tries: "plan_read with absurd numbers", expected: NOTHING, run: absurd_reads },
    Row {
        tries: "report_corrupt with no, an altered, a foreign or a writing capability",
        expected: DENIED,
        run: reports,
    },
    Row { tries: "report_corrupt 2,000 times with a good capability", expected: NOTHING, run: flood },
];

fn small(seed: u64) -> Vec<u8> {
    content::bytes(seed, 150_000)
}

fn stored(world: &World, seed: u64) -> Stored {
    world.stored(&world.mallory, &path("/open/never"), &small(seed))
}

/// Commits as Mallory. Returns the outcome; fails if the file exists although the commit was
/// refused.
fn try_commit(world: &World, named: CommitWrite) -> Outcome {
    let file = named.path.clone();
    let outcome = match world.call(world.mallory.calls.files.commit_write(context(), named)) {
        // The chunks must be written again: nothing was committed.
        Ok(Committed::Lost(_)) => Outcome::Nothing,
        answer => outcome(answer),
    };
    match world.run(world.library.stat(&file)) {
        Ok(_) => Outcome::Through("the file is there"),
        Err(_) => outcome,
    }
}

fn each(receipts: &[Receipt], change: impl Fn(&mut Receipt)) -> Vec<Receipt> {
    let mut receipts = receipts.to_vec();
    receipts.iter_mut().for_each(change);
    receipts
}

fn receipts(world: &World, others: impl FnOnce(&[Receipt]) -> Vec<Receipt>) -> Outcome {
    let stored = stored(world, 1);
    let receipts = others(&stored.receipts);
    let chunk = CommittedChunk { receipts, ..stored.committed() };
    try_commit(world, commit(stored.write, &path("/open/never"), vec![chunk]))
}

fn chunk(world: &World, change: impl FnOnce(&mut CommittedChunk)) -> Outcome {
    let stored = stored(world, 1);
    let mut chunk = stored.committed();
    change(&mut chunk);
    try_commit(world, commit(stored.write, &path("/open/never"), vec![chunk]))
}

fn receipts_of_another(world: &World) -> Outcome {
    let (one, other) = (stored(world, 1), stored(world, 1));
    let chunk = CommittedChunk { receipts: other.receipts.clone(), ..one.committed() };
    try_commit(world, commit(one.write, &path("/open/never"), vec![chunk]))
}

/// The plan of a read has the reference, but not the receipts.
fn foreign_chunk(world: &World) -> Outcome {
    let own = stored(world, 1);
    let theirs = world.reading(&world.mallory, &path("/reference")).chunks[0].chunk;
    let chunk = CommittedChunk { chunk: theirs, receipts: own.receipts.clone() };
    try_commit(world, commit(own.write, &path("/open/never"), vec![chunk]))
}

/// Commits a file of Mallory's own.
fn file(world: &World, file: &str, seed: u64) -> Stored {
    let stored = stored(world, seed);
    let named = commit(stored.write, &path(file), vec![stored.committed()]);
    world.call(world.mallory.calls.files.commit_write(context(), named)).expect("committed");
    stored
}

fn used_chunk(world: &World) -> Outcome {
    let used = file(world, "/open/used", 2);
    let outcome = try_commit(world, commit(request::next_write(), &path("/open/never"), vec![used.committed()]));
    if world.holds(&path("/open/used"), &used.data) { outcome } else { Outcome::Through("the file has lost its chunk") }
}

fn twice_named(world: &World) -> Outcome {
    let data = content::bytes(4, 1 << 20);
    let stored = world.stored(&world.mallory, &path("/open/never"), &data);
    try_commit(world, commit(stored.write, &path("/open/never"), vec![stored.committed(), stored.committed()]))
}

fn committed_twice(world: &World) -> Outcome {
    let stored = stored(world, 7);
    let file = path("/open/twice");
    let mut named = commit(stored.write, &file, vec![stored.committed()]);
    let call = |named: &CommitWrite| world.call(world.mallory.calls.files.commit_write(context(), named.clone()));
    let (first, again) = (call(&named), call(&named));
    if !matches!((&first, &again), (Ok(Committed::File(one)), Ok(Committed::File(other))) if one == other) {
        return Outcome::Through("a repeated request has another answer");
    }
    (named.request, named.overwrite) = (request::next_request(), true);
    match call(&named) {
        Err(error) if error.code == ErrorCode::InvalidArgument && world.holds(&file, &stored.data) => Outcome::Nothing,
        other => outcome(other),
    }
}

fn abandoned(world: &World) -> Outcome {
    let stored = stored(world, 8);
    world.call(world.mallory.calls.files.abandon_write(context(), stored.write)).expect("abandoned");
    // A command of the log abandons the chunks a moment later; a commit before it would be valid.
    let first = stored.planned.id;
    world.cluster.wait_for("the chunk to be deleted", || {
        let name = format!("{first}_");
        let is_there = |id: &str| {
            let files = world.cluster.chunk_files(id);
            files.iter().any(|file| file.file_name().is_some_and(|text| text.to_string_lossy().starts_with(&name)))
        };
        !["datanode-1", "datanode-2", "datanode-3", "datanode-4"].into_iter().any(is_there)
    });
    try_commit(world, commit(stored.write, &path("/open/never"), vec![stored.committed()]))
}

/// Mallory uses the superuser's write id in a commit of her own file: those chunks must not be
/// abandoned by it.
fn foreign_write(world: &World) -> Outcome {
    let theirs = world.stored(&world.superuser, &path("/theirs"), &small(9));
    let own = stored(world, 10);
    let named = commit(theirs.write, &path("/open/own"), vec![own.committed()]);
    if let Err(error) = world.call(world.mallory.calls.files.commit_write(context(), named)) {
        return Outcome::Refused(error.code);
    }
    let named = commit(theirs.write, &path("/theirs"), vec![theirs.committed()]);
    match world.call(world.superuser.calls.files.commit_write(context(), named)) {
        Ok(Committed::File(_)) if world.holds(&path("/theirs"), &theirs.data) => Outcome::Nothing,
        _ => Outcome::Through("somebody else's write has ended"),
    }
}

fn foreign_id(world: &World) -> Outcome {
    let theirs: WriteId = world.planned(&world.superuser, &path("/their-plan")).0;
    let calls = &world.mallory.calls;
    let outcomes = [
        outcome(world.call(calls.files.plan_write(context(), plan(theirs, &path("/open/never"))))),
        outcome(world.call(calls.files.renew_write(context(), theirs))),
        outcome(world.call(calls.files.abandon_write(context(), theirs))),
    ];
    let renewed = world.call(world.superuser.calls.files.renew_write(context(), theirs));
    match renewed {
        Ok(()) => same(outcomes),
        Err(_) => Outcome::Through("somebody else's write has ended"),
    }
}

fn absurd_plans(world: &World) -> Outcome {
    let good = || plan(request::next_write(), &path("/open/never"));
    let plans = [
        PlanWrite { chunks: 0, ..good() },
        PlanWrite { chunks: 65, ..good() },
        PlanWrite { chunks: u32::MAX, ..good() },
        PlanWrite { chunk_size: Some(0), ..good() },
        PlanWrite { chunk_size: Some(65_537), ..good() },
        PlanWrite { chunk_size: Some(u32::MAX), ..good() },
        PlanWrite { replication: Some(0), ..good() },
        PlanWrite { replication: Some(255), ..good() },
    ];
    same(plans.map(|plan| outcome(world.call(world.mallory.calls.files.plan_write(context(), plan)))))
}

fn foreign_file(world: &World) -> Outcome {
    let (own, theirs) = (stored(world, 11), path("/reference"));
    let over = PlanWrite { overwrite: true, ..plan(request::next_write(), &theirs) };
    let named = CommitWrite { overwrite: true, ..commit(own.write, &theirs, vec![own.committed()]) };
    let calls = &world.mallory.calls;
    same([
        outcome(world.call(calls.files.plan_write(context(), over))),
        outcome(world.call(calls.files.commit_write(context(), named))),
        outcome(world.call(calls.files.delete(context(), request::next_request(), theirs.clone(), true))),
        outcome(world.call(calls.files.rename(context(), request::next_request(), theirs, path("/open/x"), true))),
    ])
}

fn absurd_reads(world: &World) -> Outcome {
    for (offset, length) in [(u64::MAX, u64::MAX), (u64::MAX, 1), (0, 0), (1 << 40, 7)] {
        let plan = PlanRead { path: path("/reference"), offset, length };
        match world.call(world.mallory.calls.files.plan_read(context(), plan)) {
            Ok(plan) if !plan.chunks.is_empty() => return Outcome::Through("chunks of nothing"),
            _ => {}
        }
    }
    Outcome::Nothing
}

fn reports(world: &World) -> Outcome {
    let (reference, calls) = (path("/reference"), &world.mallory.calls);
    let own = world.reading(&world.mallory, &reference).chunks.swap_remove(0);
    let theirs = world.reading(&world.superuser, &reference).chunks.swap_remove(0).capability;
    let write = stored(world, 13).planned;
    let node = own.replicas[0].id;
    let is_outside = |id: &u16| !own.replicas.iter().any(|replica| replica.id.0 == *id);
    let outside = DatanodeId((1..5).find(is_outside).expect("one more datanode than replicas"));
    let other = altered(&own.capability, |fields| fields.chunk = ChunkId(2));
    let tries = [
        (node, Bytes::new()),
        (node, other),
        (node, theirs),
        (write.pipeline[0].id, write.capability),
        (outside, own.capability.clone()),
        (DatanodeId(99), own.capability),
    ];
    same(tries.map(|(node, capability)| outcome(world.call(calls.files.report_corrupt(context(), node, capability)))))
}

/// Datanodes verify a bounded number of replicas at a time; a put works at the same time.
fn flood(world: &World) -> Outcome {
    let plan = world.reading(&world.mallory, &path("/reference"));
    let reports = (0..FLOOD).map(|turn| {
        let chunk = &plan.chunks[turn % plan.chunks.len()];
        let node = chunk.replicas[turn % chunk.replicas.len()].id;
        world.mallory.calls.files.report_corrupt(context(), node, chunk.capability.clone())
    });
    let answers = world.run(futures::future::join_all(reports));
    if answers.iter().any(|answer| !matches!(answer, Ok(Ok(())))) {
        return Outcome::Through("a report was not taken");
    }
    let stored = file(world, "/open/meanwhile", 14);
    if world.holds(&path("/open/meanwhile"), &stored.data) { Outcome::Nothing } else { Outcome::Through("no put") }
}
