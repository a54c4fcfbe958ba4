//! Room for what codecs make, and whether it has the expected length.

use std::ops::Range;

use crate::memory::zeroed;
use crate::{KernelError, Result};

/// Refuse a range that does not lie in `nbytes` bytes.
pub(super) fn check_range(wanted: &Range<usize>, nbytes: usize) -> Result<()> {
    if wanted.start <= wanted.end && wanted.end <= nbytes {
        Ok(())
    } else {
        Err(KernelError::RangeOutside {
            start: wanted.start,
            end: wanted.end,
            nbytes,
        })
    }
}

/// Make room for so many bytes more. Too little memory is an error.
pub(super) fn reserve(buffer: &mut Vec<u8>, nbytes: usize) -> Result<()> {
    buffer
        .try_reserve(nbytes)
        .map_err(|_| KernelError::OutOfMemory { nbytes })
}

/// Append `data`. Too little memory is an error.
pub(super) fn extend_from_slice(buffer: &mut Vec<u8>, data: &[u8]) -> Result<()> {
    reserve(buffer, data.len())?;
    buffer.extend_from_slice(data);
    Ok(())
}

/// Copy the whole of a codec's result to where the caller wants it.
pub(super) fn write_whole(codec: &'static str, result: &[u8], decoded: &mut [u8]) -> Result<()> {
    if result.len() == decoded.len() {
        decoded.copy_from_slice(result);
        Ok(())
    } else {
        Err(KernelError::DecodedWrongSize {
            codec,
            expected_nbytes: decoded.len(),
            nbytes: Some(result.len()),
        })
    }
}

pub(super) fn decoded_wrong_size(
    codec: &'static str,
    expected_nbytes: usize,
    nbytes: Option<usize>,
) -> KernelError {
    KernelError::DecodedWrongSize {
        codec,
        expected_nbytes,
        nbytes,
    }
}

/// The most that so many bytes decode to in any format here: four bytes of zstd repeat one 128 KiB times.
pub(crate) fn most_decoded(encoded_nbytes: usize) -> usize {
    encoded_nbytes
        .saturating_mul(MOST_RATIO)
        .saturating_add(MOST_RATIO)
}

/// Refuse a length that a header claims, if so many encoded bytes cannot stand for it. Nothing is allocated for
/// what is no more than a claim.
pub(super) fn check_claim(
    codec: &'static str,
    claimed: usize,
    encoded_nbytes: usize,
) -> Result<()> {
    if claimed <= most_decoded(encoded_nbytes) {
        return Ok(());
    }
    Err(KernelError::Corrupt {
        codec,
        problem: format!(
            "its header claims {claimed} bytes, which {encoded_nbytes} cannot decode to"
        )
        .into(),
    })
}

const MOST_RATIO: usize = 32 * 1024;

/// Room for the first attempt to decode something of unknown length.
const FIRST_GUESS_NBYTES: usize = 4096;

/// Append what `decode` yields, whose length nobody knows beforehand.
///
/// `decode` fills as much of the slice as it needs and says how much that was, or `None` when the
/// slice is too short; it is then called again with a longer one, up to `limit`. `guess` is where
/// to begin; it may come from the data, since `limit` bounds it.
pub(super) fn decode_growing(
    codec: &'static str,
    limit: usize,
    guess: usize,
    decoded: &mut Vec<u8>,
    mut decode: impl FnMut(&mut [u8]) -> Result<Option<usize>>,
) -> Result<()> {
    let start = decoded.len();
    let mut room = guess.max(FIRST_GUESS_NBYTES).min(limit);
    loop {
        let outcome = extend_zeroed(decoded, room).and_then(&mut decode);
        let nbytes = outcome.as_ref().ok().copied().flatten().unwrap_or(0);
        decoded.truncate(start.saturating_add(nbytes));
        match outcome? {
            Some(_) => return Ok(()),
            None if room == limit => return Err(decoded_wrong_size(codec, limit, None)),
            None => room = room.saturating_mul(4).min(limit),
        }
    }
}

/// Grow `buffer` by `nbytes` zeros and hand out the new part. Too little memory is an error.
pub(super) fn extend_zeroed(buffer: &mut Vec<u8>, nbytes: usize) -> Result<&mut [u8]> {
    let start = buffer.len();
    if start == 0 && buffer.capacity() < nbytes {
        *buffer = zeroed(nbytes)?;
        return Ok(buffer);
    }
    reserve(buffer, nbytes)?;
    buffer.resize(start.saturating_add(nbytes), 0);
    Ok(buffer.get_mut(start..).unwrap_or_default())
}
