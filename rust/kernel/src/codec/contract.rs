//! What every codec of bytes can be asked to do.

use std::fmt;
use std::ops::Range;

use super::contexts::Contexts;
use super::output::check_range;
use crate::Result;

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
    /// unnoticed. [`crate::KernelError::RangeOutside`] when `wanted` does not lie in `decoded`.
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

    /// The beginning of the decoded form, `nbytes` of it or all if there is less: what there is to
    /// look at before memory is spent on the rest. `None` where a beginning costs as much as everything.
    ///
    /// # Errors
    /// As [`decode_into`](Self::decode_into); corruption behind the beginning may go unnoticed.
    fn decode_head(
        &self,
        encoded: &[u8],
        nbytes: usize,
        contexts: &mut Contexts,
    ) -> Result<Option<Vec<u8>>> {
        let _ = (encoded, nbytes, contexts);
        Ok(None)
    }

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
