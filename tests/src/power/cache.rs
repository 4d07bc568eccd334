//! A disk with a volatile cache, in memory: written data can be read at once, and is on the platter
//! after a flush.

/// The unit that a disk writes atomically, in bytes.
pub const SECTOR_BYTES: usize = 512;

/// One of this many requests longer than a sector is torn by a power cut.
const TORN_ONE_IN: u64 = 4;

/// The effect of a power cut on the requests that were written and not flushed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Losses {
    pub kept: u64,
    pub torn: u64,
    pub dropped: u64,
    pub sectors_kept: u64,
    pub sectors_dropped: u64,
}

impl Losses {
    /// Returns the number of write requests that were not flushed when the power was cut.
    pub fn requests(&self) -> u64 {
        self.kept + self.torn + self.dropped
    }

    pub fn add(&mut self, other: Self) {
        self.kept += other.kept;
        self.torn += other.torn;
        self.dropped += other.dropped;
        self.sectors_kept += other.sectors_kept;
        self.sectors_dropped += other.sectors_dropped;
    }
}

/// The reason why the disk refused a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The power is off.
    Dark,
    /// The request ends past the end of the disk.
    Beyond,
}

/// A write request that was answered and is not flushed yet.
#[derive(Debug)]
struct Request {
    offset: usize,
    data: Vec<u8>,
}

/// The disk. Its memory is allocated when it is written.
pub struct DiskCache {
    /// The data that certainly survives a power cut.
    platter: Vec<u8>,
    /// The data returned by reads: the platter with everything written since.
    seen: Vec<u8>,
    pending: Vec<Request>,
    dark: bool,
}

impl std::fmt::Debug for DiskCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("DiskCache");
        shown.field("bytes", &self.seen.len()).field("pending", &self.pending.len()).field("dark", &self.dark).finish()
    }
}

impl DiskCache {
    /// Creates an empty disk of whole sectors, with the power on.
    pub fn new(bytes: usize) -> Self {
        let bytes = bytes.next_multiple_of(SECTOR_BYTES);
        Self { platter: vec![0; bytes], seen: vec![0; bytes], pending: Vec::new(), dark: false }
    }

    pub fn bytes(&self) -> usize {
        self.seen.len()
    }

    /// Returns the number of write requests since the last flush.
    pub fn unflushed(&self) -> usize {
        self.pending.len()
    }

    /// Reads at `offset`; fewer bytes at the end of the disk.
    ///
    /// # Errors
    /// Returns an error if the power is off.
    pub fn read(&self, offset: usize, length: usize) -> Result<&[u8], Refusal> {
        if self.dark {
            return Err(Refusal::Dark);
        }
        let start = offset.min(self.seen.len());
        let end = start.saturating_add(length).min(self.seen.len());
        Ok(&self.seen[start..end])
    }

    /// Writes into the cache.
    ///
    /// # Errors
    /// Returns an error if the power is off, or if the disk is too small.
    pub fn write(&mut self, offset: usize, data: &[u8]) -> Result<(), Refusal> {
        if self.dark {
            return Err(Refusal::Dark);
        }
        let end = offset.checked_add(data.len()).filter(|end| *end <= self.seen.len()).ok_or(Refusal::Beyond)?;
        self.seen[offset..end].copy_from_slice(data);
        self.pending.push(Request { offset, data: data.to_owned() });
        Ok(())
    }

    /// Writes the cache to the platter.
    ///
    /// # Errors
    /// Returns an error if the power is off: nothing may be reported as durable then.
    pub fn flush(&mut self) -> Result<(), Refusal> {
        if self.dark {
            return Err(Refusal::Dark);
        }
        for Request { offset, data } in self.pending.drain(..) {
            self.platter[offset..offset + data.len()].copy_from_slice(&data);
        }
        Ok(())
    }

    /// Cuts the power. Each request that was not flushed is kept with the probability `keep`,
    /// dropped, or torn at a sector boundary, independently of the others: of two writes to one
    /// sector only the earlier one may remain.
    pub fn cut(&mut self, keep: f64, random: &mut fastrand::Rng) -> Losses {
        let mut losses = Losses::default();
        self.dark = true;
        let pending = std::mem::take(&mut self.pending);
        for Request { offset, data } in &pending {
            let sectors = data.len().div_ceil(SECTOR_BYTES);
            let (from, to) = if sectors > 1 && keep > 0.0 && keep < 1.0 && random.u64(..TORN_ONE_IN) == 0 {
                losses.torn += 1;
                let at = random.usize(1..sectors);
                if random.bool() { (0, at) } else { (at, sectors) }
            } else if random.f64() < keep {
                losses.kept += 1;
                (0, sectors)
            } else {
                losses.dropped += 1;
                (0, 0)
            };
            losses.sectors_kept += (to - from) as u64;
            losses.sectors_dropped += (sectors - (to - from)) as u64;
            let (from, to) = (from * SECTOR_BYTES, (to * SECTOR_BYTES).min(data.len()));
            self.platter[offset + from..offset + to].copy_from_slice(&data[from..to]);
        }
        for Request { offset, data } in &pending {
            let place = *offset..offset + data.len();
            self.seen[place.clone()].copy_from_slice(&self.platter[place]);
        }
        losses
    }

    /// Restores the power. Reads now return the data of the platter.
    pub fn light(&mut self) {
        self.dark = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISK_BYTES: usize = 64 * SECTOR_BYTES;

    fn sectors(value: u8, count: usize) -> Vec<u8> {
        vec![value; count * SECTOR_BYTES]
    }

    #[test]
    fn flushed_data_stays_and_the_rest_is_lost() {
        let mut disk = DiskCache::new(DISK_BYTES);
        disk.write(0, &sectors(1, 4)).expect("write");
        disk.flush().expect("flush");
        disk.write(0, &sectors(2, 2)).expect("write");
        assert_eq!(disk.read(0, SECTOR_BYTES).expect("read"), sectors(2, 1));
        let losses = disk.cut(0.0, &mut fastrand::Rng::with_seed(1));
        assert_eq!(losses, Losses { dropped: 1, sectors_dropped: 2, ..Losses::default() });
        assert_eq!(disk.read(0, 1), Err(Refusal::Dark));
        assert_eq!(disk.write(0, &sectors(3, 1)), Err(Refusal::Dark));
        assert_eq!(disk.flush(), Err(Refusal::Dark));
        disk.light();
        assert_eq!(disk.read(0, 5 * SECTOR_BYTES).expect("read"), [sectors(1, 4), sectors(0, 1)].concat());
    }

    #[test]
    fn the_whole_cache_may_have_reached_the_platter() {
        let mut disk = DiskCache::new(DISK_BYTES);
        disk.write(0, &sectors(1, 4)).expect("write");
        disk.write(SECTOR_BYTES, &sectors(2, 1)).expect("write");
        let losses = disk.cut(1.0, &mut fastrand::Rng::with_seed(1));
        assert_eq!(losses, Losses { kept: 2, sectors_kept: 5, ..Losses::default() });
        disk.light();
        let expected = [sectors(1, 1), sectors(2, 1), sectors(1, 2)].concat();
        assert_eq!(disk.read(0, 4 * SECTOR_BYTES).expect("read"), expected);
    }

    #[test]
    fn each_sector_is_one_that_was_written_and_every_fate_occurs() {
        let mut fates = Losses::default();
        for seed in 0..100 {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut disk = DiskCache::new(DISK_BYTES);
            for value in 1..=20 {
                let count = random.usize(1..8);
                disk.write(random.usize(..56) * SECTOR_BYTES, &sectors(value, count)).expect("write");
            }
            fates.add(disk.cut(0.5, &mut random));
            disk.light();
            let whole = |sector: &[u8]| sector[0] <= 20 && sector.iter().all(|byte| *byte == sector[0]);
            assert!(disk.read(0, DISK_BYTES).expect("read").chunks(SECTOR_BYTES).all(whole));
        }
        assert_eq!(fates.requests(), 2000);
        assert!(fates.kept > 100 && fates.torn > 100 && fates.dropped > 100, "{fates:?}");
    }

    #[test]
    fn a_write_past_the_end_is_refused() {
        let mut disk = DiskCache::new(DISK_BYTES);
        assert_eq!(disk.write(DISK_BYTES - SECTOR_BYTES, &sectors(1, 2)), Err(Refusal::Beyond));
        assert_eq!(disk.write(usize::MAX, &sectors(1, 1)), Err(Refusal::Beyond));
        assert!(disk.read(DISK_BYTES, 1).expect("read").is_empty());
    }
}
