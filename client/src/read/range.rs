//! Maps a range of a file to parts of chunks.

use dfs_rpc::frame::BLOCK_BYTES;
use std::ops::Range;

const BLOCK: u32 = BLOCK_BYTES as u32;

/// Returns the part of a chunk that is in `range`; `None` if there is none. The chunk is at
/// `offset` of the file and `length` bytes long.
pub(super) fn part(offset: u64, length: u32, range: &Range<u64>) -> Option<Range<u32>> {
    let end = offset.saturating_add(u64::from(length)).min(range.end);
    let start = offset.max(range.start);
    if start >= end {
        return None;
    }
    // Both are within the chunk, whose length is 32 bits.
    Some((start - offset) as u32..(end - offset) as u32)
}

/// Returns the bytes that a request returns: whole blocks, the last one up to the end of the chunk.
pub(super) fn blocks(part: &Range<u32>, length: u32) -> Range<u32> {
    let start = part.start / BLOCK * BLOCK;
    let end = part.end.checked_next_multiple_of(BLOCK).unwrap_or(u32::MAX).min(length);
    start..end
}

/// Returns the position of the wanted bytes in a frame with the bytes `frame` of the chunk; empty
/// if there are none.
pub(super) fn wanted(frame: &Range<u32>, part: &Range<u32>) -> Range<usize> {
    let start = part.start.clamp(frame.start, frame.end);
    let end = part.end.clamp(start, frame.end);
    (start - frame.start) as usize..(end - frame.start) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_at_the_borders_of_chunks() {
        assert_eq!(part(100, 50, &(0..100)), None);
        assert_eq!(part(100, 50, &(150..200)), None);
        assert_eq!(part(100, 50, &(120..120)), None);
        assert_eq!(part(100, 50, &(149..u64::MAX)), Some(49..50));
        assert_eq!(blocks(&(1..2), 70_000), 0..BLOCK);
        assert_eq!(blocks(&(BLOCK..BLOCK + 1), 70_000), BLOCK..70_000);
        assert_eq!(blocks(&(u32::MAX - 1..u32::MAX), u32::MAX), u32::MAX / BLOCK * BLOCK..u32::MAX);
    }

    proptest! {
        /// Checks that a file of chunks, read through `part`, `blocks` and `wanted` in frames of
        /// any number of blocks, equals its slice.
        #[test]
        fn every_range_is_read_once_and_in_order(
            size in 1u64..2_000_000,
            chunk in 1u32..400_000,
            start in 0u64..2_100_000,
            length in 0u64..2_100_000,
            frame_blocks in 1u32..9,
        ) {
            let range = start..(start + length).min(size);
            let mut reached = range.start;
            for offset in (0..size).step_by(chunk as usize) {
                let held = u64::from(chunk).min(size - offset) as u32;
                let Some(part) = part(offset, held, &range) else { continue };
                let blocks = blocks(&part, held);
                prop_assert!(blocks.start <= part.start && part.end <= blocks.end && blocks.end <= held);
                prop_assert!(part.start - blocks.start < BLOCK && blocks.end - part.end < BLOCK);
                let mut at = blocks.start;
                while at < blocks.end {
                    let frame = at..(at + frame_blocks * BLOCK).min(blocks.end);
                    let wanted = wanted(&frame, &part);
                    prop_assert_eq!(offset + u64::from(at) + wanted.start as u64, reached);
                    reached += wanted.len() as u64;
                    at = frame.end;
                }
            }
            prop_assert_eq!(reached, range.end.max(range.start));
        }
    }
}
