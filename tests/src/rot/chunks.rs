//! Damage to chunk files, a batch at a time, as much as the oracle of copies allows.

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

/// Draws of a damage that the oracle refuses, in a row, until a batch ends early.
const DRAWS_MAX: usize = 200;
/// The longest that healing may take: a mend that failed is tried again after a minute, a copy after half of one.
pub const PATIENCE: Duration = Duration::from_secs(180);
/// Between two looks at whether all is good again.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// How the daemons are while files are damaged.
#[derive(Debug, Clone, Copy)]
enum State {
    Up,
    /// Some datanodes were killed.
    Killed,
    /// Some datanodes were stopped.
    Stopped,
    /// A datanode is starting meanwhile.
    Restarting,
    /// Everything was killed.
    AllKilled,
}

const STATES: [State; 5] = [State::Up, State::Killed, State::Stopped, State::Restarting, State::AllKilled];

impl Rig {
    /// Damages up to `count` chunk files and waits until every chunk is good again.
    pub fn damage_chunks(&mut self, count: usize) {
        let state = STATES[self.deal("states", STATES.len())];
        let reader = self.start_reader();
        let nodes: Vec<String> = self.replicas.nodes().iter().map(|(node, _)| node.clone()).collect();
        let some = self.random.usize(1..nodes.len());
        let some = self.random.choose_multiple(nodes, some);
        self.note(format!("chunk files are damaged, {state:?}: {some:?}"));
        let done = match state {
            State::Up => self.damage_batch(count),
            State::Killed | State::Stopped => {
                for node in &some {
                    if matches!(state, State::Killed) {
                        self.cluster.kill(node);
                    } else {
                        self.cluster.dfsd_ok(&["stop", node]);
                    }
                }
                let done = self.damage_batch(count);
                self.up();
                done
            }
            State::Restarting => {
                let node = &some[0];
                let mut restart = self.cluster.dfsd_command();
                let mut restart = restart.args(["restart", node]).stdout(Stdio::null()).spawn().expect("dfsd restart");
                let done = self.damage_batch(count);
                let status = restart.wait().expect("dfsd restart ends");
                if !status.success() {
                    self.fail(&format!("restart {node}: {status}"));
                }
                done
            }
            State::AllKilled => {
                self.cluster.kill_all();
                let done = self.damage_batch(count);
                self.up();
                done
            }
        };
        self.wait_until_healed(&reader);
        for (kind, outcome) in done {
            self.tally.add(FileKind::Chunk, kind, outcome);
        }
    }

    /// Begins to read in the background.
    fn start_reader(&mut self) -> Reader {
        let (client, files, random) = (self.client(), self.files(), self.random.fork());
        Reader::start(self.runtime.handle(), client, files, random)
    }

    fn damage_batch(&mut self, count: usize) -> Vec<(DamageKind, Outcome)> {
        let mut done = Vec::new();
        let mut hurt = Vec::new();
        let mut misses = 0;
        let mut kind = self.deal_damage("chunks");
        while done.len() < count && misses < DRAWS_MAX {
            let outcome = match kind {
                DamageKind::Age => match self.random.u32(0..3) {
                    0 => self.raise_dead().then_some(Outcome::Harmless),
                    1 => self.forge().then_some(Outcome::Harmless),
                    _ => self.damage_one(kind, &mut hurt).then_some(Outcome::Healed),
                },
                kind => self.damage_one(kind, &mut hurt).then_some(Outcome::Healed),
            };
            match outcome {
                Some(outcome) => {
                    done.push((kind, outcome));
                    kind = self.deal_damage("chunks");
                    misses = 0;
                }
                None => misses += 1,
            }
            // A kind that finds nothing any more gives way to the others.
            if misses > 0 && misses % 20 == 0 {
                kind = self.deal_damage("chunks");
            }
        }
        done
    }

    /// Damages one replica, if the oracle allows it; half of the time one of a chunk that is hurt already.
    fn damage_one(&mut self, kind: DamageKind, hurt: &mut Vec<u64>) -> bool {
        let ids = if !hurt.is_empty() && self.random.bool() { hurt.clone() } else { self.replicas.ids() };
        let Some(id) = self.random.choice(ids) else { return false };
        let replicas = self.replicas.replicas(id);
        let Some(Replica { node, path, .. }) = self.random.choice(replicas) else { return false };
        let Some(damage) = self.draw_chunk_damage(kind, &path) else { return false };
        if !self.replicas.bears_damage(id, &path, &damage) || damage.apply(&path, &self.stash).is_err() {
            return false;
        }
        let what = format!("  {} ({node}): {}", self.shown(&path), damage.describe());
        self.note(what);
        hurt.push(id);
        true
    }

    fn draw_chunk_damage(&mut self, kind: DamageKind, path: &Path) -> Option<Damage> {
        if kind == DamageKind::Rename {
            return self.draw_chunk_rename(path).map(|to| Damage::Rename { to });
        }
        let others: Vec<PathBuf> = if kind == DamageKind::Exchange {
            let ids = self.replicas.ids();
            let other = self.random.choice(ids)?;
            self.replicas.replicas(other).into_iter().map(|replica| replica.path).collect()
        } else {
            Vec::new()
        };
        let older: Vec<Vec<u8>> = self.graves.iter().map(|(_, bytes)| bytes.clone()).collect();
        kind.draw(&mut self.random, path, &others, &older)
    }

    /// Another name for a replica: of another generation, another checksum, another chunk, or in another directory.
    fn draw_chunk_rename(&mut self, path: &Path) -> Option<PathBuf> {
        let name = path.file_stem()?.to_str()?;
        let chunks = path.parent()?.parent()?;
        let mut parts: Vec<String> = name.split('_').map(str::to_owned).collect();
        let id = u64::from_str_radix(parts.first()?, 16).ok()?;
        let mut fan = format!("{:02x}", id & 0xff);
        match self.random.u32(0..5) {
            0 => {
                // Of another chunk of a file.
                let ids = self.replicas.ids();
                let other = self.random.choice(ids)?;
                fan = format!("{:02x}", other & 0xff);
                parts[0] = format!("{other:016x}");
            }
            1 => fan = format!("{:02x}", (id + self.random.u64(1..256)) & 0xff),
            2 if parts.len() > 2 => {
                let last = parts.len() - 1;
                let flipped = u32::from_str_radix(&parts[last], 16).ok()? ^ 1 << self.random.u32(0..32);
                parts[last] = format!("{flipped:08x}");
            }
            _ => {
                let generation: u32 = parts.get(1)?.parse().ok()?;
                let other = [generation + 1, generation + 1_000, generation.saturating_sub(1)];
                parts[1] = self.random.choice(other)?.to_string();
            }
        }
        let to = chunks.join(fan).join(format!("{}.chunk", parts.join("_")));
        (!to.exists() && to != path).then_some(to)
    }

    /// Puts a replica of a deleted file back where it was.
    fn raise_dead(&mut self) -> bool {
        let Some((path, bytes)) = self.random.choice(&self.graves).cloned() else { return false };
        if path.exists() || std::fs::write(&path, bytes).is_err() {
            return false;
        }
        let what = format!("  {}: a replica of a deleted file put back", self.shown(&path));
        self.note(what);
        true
    }

    /// Puts beside the replicas of a chunk whole files of another generation, or of the same one with other bytes: what an
    /// older copy of a disk may hold. They count for nothing.
    fn forge(&mut self) -> bool {
        let ids = self.replicas.ids();
        let Some(id) = self.random.choice(ids) else { return false };
        let replicas = self.replicas.replicas(id);
        let good = replicas.iter().find(|replica| replica.is_good()).and_then(|good| std::fs::read(&good.path).ok());
        let change = self.random.choice([-1, 0, 1]).unwrap_or_default();
        let Some((name, bytes)) = good.and_then(|bytes| forged(&bytes, change)) else { return false };
        for path in replicas.into_iter().map(|replica| replica.path.with_file_name(&name)) {
            if !path.exists() && std::fs::write(&path, &bytes).is_ok() {
                let what = format!("  {}: other bytes, whole", self.shown(&path));
                self.note(what);
            }
        }
        true
    }

    /// Waits until every file reads right, each chunk has all its replicas good on the disks, and the masters say so.
    pub fn wait_until_healed(&mut self, reader: &Reader) {
        let client = self.client();
        let deadline = Instant::now() + self.patience;
        loop {
            if let Some(what) = reader.wrong() {
                self.fail(&format!("wrong bytes: {what}"));
            }
            let read = self.read_all(&client);
            let lacking = self.replicas.lacking();
            let healthy = self.cluster.is_healthy();
            if read.is_ok() && lacking.is_empty() && healthy {
                break;
            }
            if Instant::now() > deadline {
                self.fail(&self.what_lacks(read, &lacking, healthy));
            }
            self.have_corrupt_ones_verified(&client);
            std::thread::sleep(LOOK_EVERY);
        }
        let (right, failed) = reader.counts();
        self.note(format!("  all good again; meanwhile {right} reads were right, {failed} failed"));
    }

    /// A replica that nobody reads is verified when somebody asks for it, as a reader does that meets a corrupt one: so all
    /// replicas are asked for of the chunks that lack good ones, or have a corrupt one.
    fn have_corrupt_ones_verified(&self, client: &dfs_client::Client) {
        let corrupt = self.replicas.corrupt().into_iter().map(|(id, _)| id);
        let hurt: BTreeSet<u64> = self.replicas.lacking().into_iter().map(|(id, _)| id).chain(corrupt).collect();
        let files: BTreeSet<&str> = hurt.iter().filter_map(|id| self.replicas.file_of(*id)).collect();
        for file in files {
            let Ok(located) = self.runtime.block_on(client.locate(&path(file))) else { continue };
            for chunk in located.chunks.iter().filter(|chunk| hurt.contains(&chunk.chunk.id.0)) {
                for replica in &chunk.replicas {
                    // It is refused where the masters do not count on that replica, and that is as good.
                    let report = client.report_damage(replica.id, chunk.capability.clone());
                    let _ = self.runtime.block_on(report);
                }
            }
        }
    }

    fn what_lacks(&self, read: Result<(), String>, lacking: &[(u64, Vec<Replica>)], healthy: bool) -> String {
        let mut text = format!("not healed after {:?}:", self.patience);
        if let Err(failed) = read {
            text += &format!("\n  cannot be read: {failed}");
        }
        if !healthy {
            text += &format!("\n  status: {}", self.cluster.json(&["status"])["replication"]);
        }
        for (id, replicas) in lacking {
            text += &format!("\n  chunk {id:016x}:");
            for replica in replicas {
                let sign = |good: bool| if good { '+' } else { '-' };
                let blocks = replica.left.blocks.iter().map(|good| sign(*good)).collect::<String>();
                text += &format!(" {} [{} {blocks}]", replica.node, sign(replica.left.header));
            }
        }
        text
    }
}

/// A whole chunk file of other bytes and, by `change`, of another generation than `bytes`, and its name.
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
