//! The outcome of each damage, by kind of file and kind of damage.

use super::kind::{DamageKind, FileKind};
use std::collections::BTreeMap;
use std::fmt;

/// The outcome of a damage. Lost or wrong bytes are no outcome: they end the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// All replicas are intact again.
    Healed,
    /// A program refused to work with the file, and said what to do.
    Refused,
    /// No acknowledged data depends on the file, or on this part of it.
    Harmless,
}

/// The numbers of outcomes.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    cells: BTreeMap<(FileKind, DamageKind), BTreeMap<Outcome, u64>>,
    /// One message for each kind of refused file and kind of damage.
    sentences: BTreeMap<(FileKind, DamageKind), String>,
}

impl Tally {
    pub fn add(&mut self, file: FileKind, damage: DamageKind, outcome: Outcome) {
        *self.cells.entry((file, damage)).or_default().entry(outcome).or_default() += 1;
    }

    /// Keeps a message with which a file was refused, the first of each cell.
    pub fn sentence(&mut self, file: FileKind, damage: DamageKind, sentence: &str) {
        self.sentences.entry((file, damage)).or_insert_with(|| sentence.to_owned());
    }

    /// Returns the number of damages counted so far.
    pub fn total(&self) -> u64 {
        self.cells.values().flat_map(BTreeMap::values).sum()
    }

    pub fn count(&self, outcome: Outcome) -> u64 {
        self.cells.values().filter_map(|cell| cell.get(&outcome)).sum()
    }

    /// Returns the number of damages of one kind of file.
    pub fn of_file(&self, file: FileKind) -> u64 {
        self.cells.iter().filter(|((kind, _), _)| *kind == file).flat_map(|(_, cell)| cell.values()).sum()
    }

    /// Returns the number of damages of one kind, of chunk files.
    pub fn of_chunks(&self, damage: DamageKind) -> u64 {
        self.cells.get(&(FileKind::Chunk, damage)).into_iter().flat_map(BTreeMap::values).sum()
    }
}

impl fmt::Display for Tally {
    /// Formats a table of counts, healed/refused/harmless, and the messages.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:<18}", "healed/refused/ok")?;
        DamageKind::ALL.iter().try_for_each(|damage| write!(out, " {:>10}", damage.name()))?;
        writeln!(out)?;
        for file in FileKind::ALL.into_iter().filter(|file| self.of_file(*file) > 0) {
            write!(out, "{:<18}", file.name())?;
            for damage in DamageKind::ALL {
                let text = self.cells.get(&(file, damage)).map_or_else(String::new, |cell| {
                    let count = |outcome| cell.get(&outcome).copied().unwrap_or_default();
                    format!("{}/{}/{}", count(Outcome::Healed), count(Outcome::Refused), count(Outcome::Harmless))
                });
                write!(out, " {text:>10}")?;
            }
            writeln!(out)?;
        }
        let [healed, refused, harmless] =
            [Outcome::Healed, Outcome::Refused, Outcome::Harmless].map(|outcome| self.count(outcome));
        writeln!(
            out,
            "{} damages: {healed} healed, {refused} refused, {harmless} harmless, 0 lost, 0 wrong",
            self.total()
        )?;
        for ((file, damage), sentence) in &self.sentences {
            writeln!(out, "{}, {}: {sentence}", file.name(), damage.name())?;
        }
        Ok(())
    }
}
