//! Splits the length of a file into chunks.

use dfs_rpc::CHUNKS_PER_FILE_MAX;
use dfs_types::{Detail, Error, ErrorCode, Result};

/// Returns offset and length of chunk `index` of a file of `length` bytes; `None` beyond its end.
pub(super) fn span(index: u64, chunk_size: u32, length: u64) -> Option<(u64, u32)> {
    let offset = index.checked_mul(u64::from(chunk_size))?;
    let rest = length.checked_sub(offset).filter(|rest| *rest > 0)?;
    Some((offset, u32::try_from(rest).unwrap_or(u32::MAX).min(chunk_size)))
}

/// Returns the number of chunks of a file of `length` bytes.
pub(super) fn count(chunk_size: u32, length: u64) -> u64 {
    length.div_ceil(u64::from(chunk_size.max(1)))
}

/// # Errors
/// `invalid_argument` if a file cannot have this many chunks.
pub(super) fn check_count(chunks: u64, chunk_size: u32) -> Result<()> {
    if chunks <= CHUNKS_PER_FILE_MAX as u64 {
        return Ok(());
    }
    let detail = Detail::TooManyChunks { max: CHUNKS_PER_FILE_MAX as u64, chunk_size: u64::from(chunk_size) };
    Err(Error::of(ErrorCode::InvalidArgument, detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn splits_at_the_limits() {
        assert_eq!(span(0, 10, 0), None);
        assert_eq!(span(0, 10, 10), Some((0, 10)));
        assert_eq!(span(1, 10, 10), None);
        assert_eq!(span(1, 10, 11), Some((10, 1)));
        assert_eq!(span(u64::MAX, 10, u64::MAX), None);
        assert!(check_count(65_536, 1).is_ok() && check_count(65_537, 1).is_err());
    }

    proptest! {
        #[test]
        fn chunks_cover_the_file_once_and_all_but_the_last_are_full(length in 0u64..100_000, size in 1u32..5_000) {
            let spans: Vec<_> = (0..).map_while(|index| span(index, size, length)).collect();
            prop_assert_eq!(spans.len() as u64, count(size, length));
            let mut end = 0;
            for (offset, bytes) in &spans {
                prop_assert_eq!(*offset, end);
                end += u64::from(*bytes);
            }
            prop_assert_eq!(end, length);
            prop_assert!(spans.iter().rev().skip(1).all(|(_, bytes)| *bytes == size));
        }
    }
}
