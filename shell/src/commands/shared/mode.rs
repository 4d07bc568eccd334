//! Permission bits as people write them: `644`, `u+x`, `go-w,a=rX`.

use std::str::FromStr;

/// A change of permission bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    /// These bits, whatever the mode was.
    Bits(u16),
    /// Clauses applied in order, each to the result of the previous one.
    Clauses(Vec<Clause>),
}

/// One clause, as `+x` for some of owner, group and others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clause {
    /// The bits that it may change.
    mask: u16,
    operation: Operation,
    rights: Rights,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Add,
    Remove,
    Set,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rights {
    Bits {
        /// Bits for owner, group and others alike; the mask selects.
        bits: u16,
        /// `X`: execute permission, for directories and for files with any execute bit.
        pass: bool,
    },
    /// The bits that owner (6), group (3) or others (0) have; the number is their shift.
    CopyOf(u16),
}

const ALL: u16 = 0o7777;

impl Mode {
    /// Returns the new bits of an entry with the bits `mode`.
    pub(crate) fn apply(&self, mode: u16, directory: bool) -> u16 {
        match self {
            Self::Bits(bits) => *bits,
            Self::Clauses(clauses) => clauses.iter().fold(mode, |mode, clause| clause.apply(mode, directory)),
        }
    }
}

impl Clause {
    fn apply(self, mode: u16, directory: bool) -> u16 {
        let bits = match self.rights {
            Rights::Bits { bits, pass } if pass && (directory || mode & 0o111 != 0) => bits | 0o111,
            Rights::Bits { bits, .. } => bits,
            Rights::CopyOf(shift) => ((mode >> shift) & 7) * 0o111,
        };
        let bits = bits & self.mask;
        match self.operation {
            Operation::Add => mode | bits,
            Operation::Remove => mode & !bits,
            Operation::Set => (mode & !self.mask) | bits,
        }
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a mode; write it as 644, or as u+x,go-w");
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            let bits = u16::from_str_radix(text, 8).ok().filter(|bits| *bits <= ALL);
            return bits.map(Self::Bits).ok_or_else(wrong);
        }
        let mut clauses = Vec::new();
        for part in text.split(',') {
            let at = part.find(['+', '-', '=']).ok_or_else(wrong)?;
            let (who, mut rest) = part.split_at(at);
            let mask = mask(who).ok_or_else(wrong)?;
            while let Some(operation) = rest.chars().next() {
                let behind = rest.get(1..).unwrap_or_default();
                let end = behind.find(['+', '-', '=']).unwrap_or(behind.len());
                let rights = rights(behind.get(..end).unwrap_or_default()).ok_or_else(wrong)?;
                let operation = match operation {
                    '+' => Operation::Add,
                    '-' => Operation::Remove,
                    _ => Operation::Set,
                };
                clauses.push(Clause { mask, operation, rights });
                rest = behind.get(end..).unwrap_or_default();
            }
        }
        Ok(Self::Clauses(clauses))
    }
}

fn mask(who: &str) -> Option<u16> {
    if who.is_empty() {
        return Some(ALL);
    }
    who.chars().try_fold(0, |mask, c| {
        let more = match c {
            'u' => 0o4700,
            'g' => 0o2070,
            'o' => 0o1007,
            'a' => ALL,
            _ => return None,
        };
        Some(mask | more)
    })
}

fn rights(text: &str) -> Option<Rights> {
    match text {
        "u" => return Some(Rights::CopyOf(6)),
        "g" => return Some(Rights::CopyOf(3)),
        "o" => return Some(Rights::CopyOf(0)),
        _ => {}
    }
    let (mut bits, mut pass) = (0, false);
    for c in text.chars() {
        match c {
            'r' => bits |= 0o444,
            'w' => bits |= 0o222,
            'x' => bits |= 0o111,
            's' => bits |= 0o6000,
            't' => bits |= 0o1000,
            'X' => pass = true,
            _ => return None,
        }
    }
    Some(Rights::Bits { bits, pass })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_chmod_has_it() {
        for (mode, before, directory, after) in [
            ("644", 0o777, false, 0o644),
            ("0", 0o777, false, 0),
            ("7777", 0, false, 0o7777),
            ("u+x", 0o644, false, 0o744),
            ("+x", 0o644, false, 0o755),
            ("go-w", 0o666, false, 0o644),
            ("a=r", 0o755, false, 0o444),
            ("u=rwx,go=rx", 0o600, false, 0o755),
            ("u+r-w", 0o200, false, 0o400),
            ("go=", 0o777, false, 0o700),
            ("g=u", 0o740, false, 0o770),
            ("o+g", 0o750, false, 0o755),
            ("a+X", 0o644, false, 0o644),
            ("a+X", 0o744, false, 0o755),
            ("a+X", 0o644, true, 0o755),
            ("u+s", 0o755, false, 0o4755),
            ("g+s", 0o755, true, 0o2755),
            ("+t", 0o777, true, 0o1777),
            ("-x", 0o755, false, 0o644),
        ] {
            let parsed: Mode = mode.parse().expect(mode);
            assert_eq!(parsed.apply(before, directory), after, "{mode} to {before:o}");
        }
    }

    #[test]
    fn what_is_no_mode() {
        for text in ["", "888", "77777", "u", "x+r", "u+q", "u+x,", "é+x", "u+é", "+ur"] {
            assert!(text.parse::<Mode>().is_err(), "{text}");
        }
    }
}
