//! One module per codec, named as the codec is named in the metadata.
//!
//! All codecs answer to [`BytesCodec`]: bytes in, bytes out, with the length of the decoded form
//! known from outside (from the shape of the chunk) and never taken from the data. Codecs are made
//! once per array from checked parameters, are shared by threads, and keep nothing between calls;
//! what is worth keeping (library contexts, buffers) lives in the [`Contexts`] of the caller, one
//! per running task.

pub mod astype;
pub mod bitround;
mod bitshuffle;
pub mod blosc;
mod byteshuffle;
pub mod checksum;
mod contexts;
pub mod crc32c;
mod deflate;
pub mod delta;
mod filter;
pub mod fixedscaleoffset;
mod fletcher32;
pub mod gzip;
pub mod lz4;
pub mod number;
pub mod packbits;
pub mod shuffle;
#[cfg(test)]
mod testing;
pub mod zlib;
pub mod zstd;

use std::fmt;
use std::ops::Range;

use crate::{KernelError, Result};

pub use contexts::Contexts;

/// A codec of the chain after elements have become bytes, or a filter of elements seen as bytes.
pub trait BytesCodec: Send + Sync + fmt::Debug {
    /// The codec's name in the metadata.
    fn name(&self) -> &'static str;

    /// Decode into all of `decoded`. Its length is the only size that is trusted.
    ///
    /// # Errors
    /// When the data is corrupt or has another decoded length; what `decoded` holds is then
    /// undefined, but initialised.
    fn decode_into(
        &self,
        encoded: &[u8],
        decoded: &mut [u8],
        contexts: &mut Contexts,
    ) -> Result<()>;

    /// Decode at least the `wanted` bytes of `decoded`, which has the full decoded length. The
    /// other bytes are undefined afterwards.
    ///
    /// A checksum that covers wanted bytes is verified even where that means decoding everything.
    ///
    /// # Errors
    /// As [`decode_into`](Self::decode_into); corruption outside what had to be looked at may go
    /// unnoticed. [`KernelError::RangeOutside`] when `wanted` does not lie in `decoded`.
    fn decode_range(
        &self,
        encoded: &[u8],
        wanted: Range<usize>,
        decoded: &mut [u8],
        contexts: &mut Contexts,
    ) -> Result<()> {
        check_range(&wanted, decoded.len())?;
        self.decode_into(encoded, decoded, contexts)
    }

    /// Append the decoded form to `decoded`, if it has at most `limit` bytes.
    ///
    /// For stages whose decoded length is not known from the shape of the chunk: all but the last
    /// one to be decoded. `limit` comes from [`encoded_bound`](Self::encoded_bound) of the codec
    /// that decodes the result; no more than that is ever allocated.
    ///
    /// # Errors
    /// As [`decode_into`](Self::decode_into), and when there are more than `limit` bytes.
    fn decode_bounded(
        &self,
        encoded: &[u8],
        limit: usize,
        decoded: &mut Vec<u8>,
        contexts: &mut Contexts,
    ) -> Result<()>;

    /// Put the encoded form of `decoded` into `encoded`, which is empty.
    ///
    /// # Errors
    /// When `decoded` is not what the codec can encode (too long, not a whole number of elements).
    fn encode(&self, decoded: &[u8], encoded: &mut Vec<u8>, contexts: &mut Contexts) -> Result<()>;

    /// Upper bound of what [`encode`](Self::encode) makes of `decoded_nbytes` bytes. `None` when
    /// that is more than an address can count.
    ///
    /// Other writers of the same format may need a little more (more and smaller blocks).
    fn encoded_bound(&self, decoded_nbytes: usize) -> Option<usize>;

    /// The decoded form, verified, where it is a part of the encoded form: a codec that only adds
    /// a checksum. `None` for all others: decode.
    ///
    /// # Errors
    /// As [`decode_into`](Self::decode_into).
    fn decoded_within<'encoded>(&self, encoded: &'encoded [u8]) -> Result<Option<&'encoded [u8]>> {
        let _ = encoded;
        Ok(None)
    }

    /// Turn the bytes of `data` from `start` on into their encoded form without a second buffer,
    /// where that saves a copy. `false`, and nothing done, for all others: encode.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    fn encode_in_place(&self, data: &mut Vec<u8>, start: usize) -> Result<bool> {
        let _ = (data, start);
        Ok(false)
    }
}

/// Refuse a range that does not lie in `nbytes` bytes.
fn check_range(wanted: &Range<usize>, nbytes: usize) -> Result<()> {
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

/// Append `data`. Too little memory is an error.
fn extend_from_slice(buffer: &mut Vec<u8>, data: &[u8]) -> Result<()> {
    let nbytes = data.len();
    buffer
        .try_reserve(nbytes)
        .map_err(|_| KernelError::OutOfMemory { nbytes })?;
    buffer.extend_from_slice(data);
    Ok(())
}

/// Copy the whole of a codec's result to where the caller wants it.
fn write_whole(codec: &'static str, result: &[u8], decoded: &mut [u8]) -> Result<()> {
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

fn decoded_wrong_size(
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

/// Room for the first attempt to decode something of unknown length.
const FIRST_GUESS_NBYTES: usize = 4096;

/// Append what `decode` yields, whose length nobody knows beforehand.
///
/// `decode` fills as much of the slice as it needs and says how much that was, or `None` when the
/// slice is too short; it is then called again with a longer one, up to `limit`. `guess` is where
/// to begin; it may come from the data, since `limit` bounds it.
fn decode_growing(
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
fn extend_zeroed(buffer: &mut Vec<u8>, nbytes: usize) -> Result<&mut [u8]> {
    let start = buffer.len();
    buffer
        .try_reserve(nbytes)
        .map_err(|_| KernelError::OutOfMemory { nbytes })?;
    buffer.resize(start.saturating_add(nbytes), 0);
    Ok(buffer.get_mut(start..).unwrap_or_default())
}
