//! Corrupts chunk files, one batch at a time, as far as the oracle of replicas allows.

use super::damage::Damage;
use super::kind::{DamageKind, FileKind};
use super::reader::Reader;
use super::replicas::Replica;
use super::rig::{Rig, path};
use super::tally::Outcome;
use dfs_logic::chunk_file::{BLOCK_BYTES, ChunkHeader};
use dfs_types::Generation;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// The number of consecutive draws refused by the oracle after which a batch ends early.
const DRAWS_MAX: usize = 200;
/// The interval between two checks for full recovery.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// The state of the daemons while files are damaged.
#[derive(Debug, Clone, Copy)]
enum State {
    Up,
    /// Some datanodes were killed.
    Killed,
    /// Some datanodes were stopped.
    Stopped,
    /// A datanode is restarting at the same time.
    Restarting,
    /// All daemons were killed.
    AllKilled,
}

const STATES: [State; 5] = [State::Up, State::Killed, State::Stopped, State::Restarting, State::AllKilled];

/// Damages up to `count` chunk files and waits until every chunk is intact again.
pub fn damage_chunks(rig: &mut Rig, count: usize) {
    let state = STATES[rig.deal("states", STATES.len())];
    let reader = start_reader(rig);
    let nodes: Vec<String> = rig.replicas.nodes().iter().map(|(node, _)| node.clone()).collect();
    let some = rig.random.usize(1..nodes.len());
    let some = rig.random.choose_multiple(nodes, some);
    rig.note(format!("chunk files are damaged, {state:?}: {some:?}"));
    let done = match state {
        State::Up => damage_batch(rig, count),
        State::Killed | State::Stopped => {
            for node in &some {
                if matches!(state, State::Killed) {
                    rig.cluster.kill(node);
                } else {
                    rig.cluster.dfsd_ok(&["stop", node]);
                }
            }
            let done = damage_batch(rig, count);
            rig.up();
            done
        }
        State::Restarting => {
            let node = &some[0];
            let mut restart = rig.cluster.dfsd_command();
            let mut restart = restart.args(["restart", node]).stdout(Stdio::null()).spawn().expect("dfsd restart");
            let done = damage_batch(rig, count);
            let status = restart.wait().expect("dfsd restart ends");
            if !status.success() {
                rig.fail(&format!("restart {node}: {status}"));
            }
            done
        }
        State::AllKilled => {
            rig.cluster.kill_all();
            let done = damage_batch(rig, count);
            rig.up();
            done
        }
    };
    wait_until_healed(rig, &reader);
    for (kind, outcome) in done {
        rig.tally.add(FileKind::Chunk, kind, outcome);
    }
}

/// Starts reading in the background.
fn start_reader(rig: &mut Rig) -> Reader {
    let (client, files, random) = (rig.client(), rig.files(), rig.random.fork());
    Reader::start(rig.runtime.handle(), client, files, random)
}

fn damage_batch(rig: &mut Rig, count: usize) -> Vec<(DamageKind, Outcome)> {
    let mut done = Vec::new();
    let mut hurt = Vec::new();
    let mut misses = 0;
    let mut kind = rig.deal_damage("chunks");
    while done.len() < count && misses < DRAWS_MAX {
        let outcome = match kind {
            DamageKind::Age => match rig.random.u32(0..3) {
                0 => raise_dead(rig).then_some(Outcome::Harmless),
                1 => forge(rig).then_some(Outcome::Harmless),
                _ => damage_one(rig, kind, &mut hurt).then_some(Outcome::Healed),
            },
            kind => damage_one(rig, kind, &mut hurt).then_some(Outcome::Healed),
        };
        match outcome {
            Some(outcome) => {
                done.push((kind, outcome));
                kind = rig.deal_damage("chunks");
                misses = 0;
            }
            None => misses += 1,
        }
        // A kind of damage that finds no target any more is replaced by others.
        if misses > 0 && misses % 20 == 0 {
            kind = rig.deal_damage("chunks");
        }
    }
    done
}

/// Damages one replica, if the oracle allows it; in half of the cases one of a chunk that is
/// already damaged.
fn damage_one(rig: &mut Rig, kind: DamageKind, hurt: &mut Vec<u64>) -> bool {
    let ids = if !hurt.is_empty() && rig.random.bool() { hurt.clone() } else { rig.replicas.ids() };
    let Some(id) = rig.random.choice(ids) else { return false };
    let replicas = rig.replicas.replicas(id);
    let Some(Replica { node, path, .. }) = rig.random.choice(replicas) else { return false };
    let Some(damage) = draw_chunk_damage(rig, kind, &path) else { return false };
    if !rig.replicas.bears_damage(id, &path, &damage) || damage.apply(&path, &rig.stash).is_err() {
        return false;
    }
    let what = format!("  {} ({node}): {}", rig.shown(&path), damage.describe());
    rig.note(what);
    hurt.push(id);
    true
}

fn draw_chunk_damage(rig: &mut Rig, kind: DamageKind, path: &Path) -> Option<Damage> {
    if kind == DamageKind::Rename {
        return draw_chunk_rename(rig, path).map(|to| Damage::Rename { to });
    }
    let others: Vec<PathBuf> = if kind == DamageKind::Exchange {
        let ids = rig.replicas.ids();
        let other = rig.random.choice(ids)?;
        rig.replicas.replicas(other).into_iter().map(|replica| replica.path).collect()
    } else {
        Vec::new()
    };
    let older: Vec<Vec<u8>> = rig.graves.iter().map(|(_, bytes)| bytes.clone()).collect();
    kind.draw(&mut rig.random, path, &others, &older)
}

/// Returns another name for a replica: of another generation, another checksum, another chunk, or
/// in another directory.
fn draw_chunk_rename(rig: &mut Rig, path: &Path) -> Option<PathBuf> {
    let name = path.file_stem()?.to_str()?;
    let chunks = path.parent()?.parent()?;
    let mut parts: Vec<String> = name.split('_').map(str::to_owned).collect();
    let id = u64::from_str_radix(parts.first()?, 16).ok()?;
    let mut fan = format!("{:02x}", id & 0xff);
    match rig.random.u32(0..5) {
        0 => {
            // The id of another chunk of a file.
            let ids = rig.replicas.ids();
            let other = rig.random.choice(ids)?;
            fan = format!("{:02x}", other & 0xff);
            parts[0] = format!("{other:016x}");
        }
        1 => fan = format!("{:02x}", (id + rig.random.u64(1..256)) & 0xff),
        2 if parts.len() > 2 => {
            let last = parts.len() - 1;
            let flipped = u32::from_str_radix(&parts[last], 16).ok()? ^ 1 << rig.random.u32(0..32);
            parts[last] = format!("{flipped:08x}");
        }
        _ => {
            let generation: u32 = parts.get(1)?.parse().ok()?;
            let other = [generation + 1, generation + 1_000, generation.saturating_sub(1)];
            parts[1] = rig.random.choice(other)?.to_string();
        }
    }
    let to = chunks.join(fan).join(format!("{}.chunk", parts.join("_")));
    (!to.exists() && to != path).then_some(to)
}

/// Puts a replica of a deleted file back in its place.
fn raise_dead(rig: &mut Rig) -> bool {
    let Some((path, bytes)) = rig.random.choice(&rig.graves).cloned() else { return false };
    if path.exists() || std::fs::write(&path, bytes).is_err() {
        return false;
    }
    let what = format!("  {}: a replica of a deleted file put back", rig.shown(&path));
    rig.note(what);
    true
}

/// Adds complete chunk files of another generation, or of the same one with other content, next to
/// the replicas of a chunk, as an older copy of a disk may contain. They do not count as replicas.
fn forge(rig: &mut Rig) -> bool {
    let ids = rig.replicas.ids();
    let Some(id) = rig.random.choice(ids) else { return false };
    let replicas = rig.replicas.replicas(id);
    let good = replicas.iter().find(|replica| replica.is_good()).and_then(|good| std::fs::read(&good.path).ok());
    let change = rig.random.choice([-1, 0, 1]).unwrap_or_default();
    let Some((name, bytes)) = good.and_then(|bytes| forged(&bytes, change)) else { return false };
    for path in replicas.into_iter().map(|replica| replica.path.with_file_name(&name)) {
        if !path.exists() && std::fs::write(&path, &bytes).is_ok() {
            let what = format!("  {}: other bytes, complete", rig.shown(&path));
            rig.note(what);
        }
    }
    true
}

/// Waits until every file reads correctly, each chunk has all its replicas intact on the disks, and
/// the masters report so.
pub fn wait_until_healed(rig: &mut Rig, reader: &Reader) {
    let client = rig.client();
    let deadline = Instant::now() + rig.patience;
    loop {
        if let Some(what) = reader.wrong() {
            rig.fail(&format!("wrong bytes: {what}"));
        }
        let read = rig.read_all(&client);
        let without_replica = rig.replicas.without_replica();
        let healthy = rig.cluster.is_healthy();
        if read.is_ok() && without_replica.is_empty() && healthy {
            break;
        }
        if Instant::now() > deadline {
            rig.fail(&missing_parts(rig, read, &without_replica, healthy));
        }
        have_corrupt_ones_verified(rig, &client);
        std::thread::sleep(LOOK_EVERY);
    }
    let (right, failed) = reader.counts();
    rig.note(format!("  all intact again; meanwhile {right} reads succeeded, {failed} failed"));
}

/// Reports replicas to the masters, which then verify them, as a reader does for a corrupt one.
/// Replicas that are not read would otherwise be verified much later. All replicas are reported of
/// chunks with too few intact replicas or with a corrupt one.
fn have_corrupt_ones_verified(rig: &Rig, client: &dfs_client::Client) {
    let corrupt = rig.replicas.corrupt().into_iter().map(|(id, _)| id);
    let hurt: BTreeSet<u64> = rig.replicas.without_replica().into_iter().map(|(id, _)| id).chain(corrupt).collect();
    let files: BTreeSet<&str> = hurt.iter().filter_map(|id| rig.replicas.file_of(*id)).collect();
    for file in files {
        let Ok(located) = rig.runtime.block_on(client.locate(&path(file))) else { continue };
        for chunk in located.chunks.iter().filter(|chunk| hurt.contains(&chunk.chunk.id.0)) {
            for replica in &chunk.replicas {
                // The masters refuse it if they do not count that replica, which is equally
                // acceptable.
                let report = client.report_corrupt(replica.id, chunk.capability.clone());
                let _ = rig.runtime.block_on(report);
            }
        }
    }
}

fn missing_parts(
    rig: &Rig,
    read: Result<(), String>,
    without_replica: &[(u64, Vec<Replica>)],
    healthy: bool,
) -> String {
    let mut text = format!("not healed after {:?}:", rig.patience);
    if let Err(failed) = read {
        text += &format!("\n  cannot be read: {failed}");
    }
    if !healthy {
        text += &format!("\n  status: {}", rig.cluster.json(&["status"])["replication"]);
    }
    for (id, replicas) in without_replica {
        text += &format!("\n  chunk {id:016x}:");
        for replica in replicas {
            let sign = |good: bool| if good { '+' } else { '-' };
            let blocks = replica.left.blocks.iter().map(|good| sign(*good)).collect::<String>();
            text += &format!(" {} [{} {blocks}]", replica.node, sign(replica.left.header));
        }
    }
    text
}

/// Returns a complete chunk file with other content and, by `change`, another generation than
/// `bytes`, and its name.
fn forged(bytes: &[u8], change: i32) -> Option<(String, Vec<u8>)> {
    let mut header = ChunkHeader::decode(bytes).ok()?;
    let begin = usize::try_from(header.data_offset()).ok()?;
    let mut data = bytes.get(begin..)?.to_vec();
    data.iter_mut().take(header.length as usize).for_each(|byte| *byte = !*byte);
    let blocks = data.get(..header.length as usize)?.chunks(BLOCK_BYTES as usize);
    header.table = blocks.map(crc32c::crc32c).collect();
    header.generation = Generation(header.generation.0.checked_add_signed(change)?);
    let name = format!("{}_{}_{:08x}.chunk", header.chunk, header.generation, header.table_checksum());
    let mut file = header.encode().ok()?;
    file.extend_from_slice(&data);
    Some((name, file))
}
