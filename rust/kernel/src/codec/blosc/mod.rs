//! The codec `blosc`: the container of c-blosc 1, a byte or bit shuffle followed by one of several
//! compressors.
//!
//! A container is a header of 16 bytes and a number of blocks, which were shuffled and compressed
//! each for itself, so a range is decoded from the blocks that it touches. It describes itself:
//! decoding ignores the parameters of the codec. What it says about itself is checked before it is
//! used (`container`). The container is handled here in full; of c-blosc itself, whose decoder is
//! known to write outside its memory when fed hostile data, nothing is used.

mod blosclz;
mod container;
mod decode;
mod encode;
mod inner;
mod parameters;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::contexts::Contexts;
use super::contract::BytesCodec;
use super::output::{check_claim, check_range, decoded_wrong_size, extend_zeroed};
use crate::Result;
use crate::memory::zeroed;

use container::{HEADER_NBYTES, Header, MAX_NBYTES, NAME};

pub use container::Shuffle;
pub use inner::Compressor;
pub use parameters::Blosc;

impl BytesCodec for Blosc {
    fn name(&self) -> &'static str {
        NAME
    }

    fn decode_into(
        &self,
        encoded: &[u8],
        decoded: &mut [u8],
        contexts: &mut Contexts,
    ) -> Result<()> {
        let wanted = 0..decoded.len();
        decode::decode(encoded, wanted, decoded, contexts)
    }

    fn decode_range(
        &self,
        encoded: &[u8],
        wanted: Range<usize>,
        decoded: &mut [u8],
        contexts: &mut Contexts,
    ) -> Result<()> {
        check_range(&wanted, decoded.len())?;
        decode::decode(encoded, wanted, decoded, contexts)
    }

    fn decode_bounded(
        &self,
        encoded: &[u8],
        limit: usize,
        decoded: &mut Vec<u8>,
        contexts: &mut Contexts,
    ) -> Result<()> {
        let nbytes = Header::parse(encoded)?.nbytes;
        if nbytes > limit {
            return Err(decoded_wrong_size(NAME, limit, Some(nbytes)));
        }
        check_claim(NAME, nbytes, encoded.len())?;
        let start = decoded.len();
        let part = extend_zeroed(decoded, nbytes)?;
        let outcome = decode::decode(encoded, 0..nbytes, part, contexts);
        if outcome.is_err() {
            decoded.truncate(start);
        }
        outcome
    }

    fn decode_head(
        &self,
        encoded: &[u8],
        nbytes: usize,
        contexts: &mut Contexts,
    ) -> Result<Option<Vec<u8>>> {
        let whole_nbytes = Header::parse(encoded)?.nbytes;
        check_claim(NAME, whole_nbytes, encoded.len())?;
        let nbytes = nbytes.min(whole_nbytes);
        // Blocks that are not touched take no room.
        let mut head = zeroed(whole_nbytes)?;
        decode::decode(encoded, 0..nbytes, &mut head, contexts)?;
        head.truncate(nbytes);
        Ok(Some(head))
    }

    fn encode(&self, decoded: &[u8], encoded: &mut Vec<u8>, contexts: &mut Contexts) -> Result<()> {
        encode::encode(self, decoded, encoded, contexts)
    }

    fn encoded_bound(&self, decoded_nbytes: usize) -> Option<usize> {
        (decoded_nbytes <= MAX_NBYTES)
            .then(|| decoded_nbytes.checked_add(HEADER_NBYTES))
            .flatten()
    }
}
