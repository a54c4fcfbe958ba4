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
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::{BytesCodec, Contexts, check_range, decoded_wrong_size, extend_zeroed};
use crate::{KernelError, Result};

use container::{Header, MAX_NBYTES};

pub use inner::Compressor;

const NAME: &str = "blosc";

const MAX_LEVEL: u8 = 9;

/// What happens to a block before it is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shuffle {
    /// Nothing.
    None,
    /// The bytes of elements are grouped by significance.
    Byte,
    /// The bits of elements are grouped by significance.
    Bit,
}

/// Parameters of the codec. Decoding needs none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blosc {
    compressor: Compressor,
    level: u8,
    shuffle: Shuffle,
    typesize: u8,
    blocksize: usize,
}

impl Blosc {
    /// `level` is 0 (stored) to 9, `typesize` the size of the elements to shuffle, in bytes, and
    /// `blocksize` the length of a block, or 0 for one that suits the other parameters. A container
    /// cannot express elements of more than 255 bytes; they count as single bytes, as in c-blosc.
    ///
    /// # Errors
    /// [`KernelError::BadParameter`] for a level above 9 and a `typesize` of 0.
    pub fn new(
        compressor: Compressor,
        level: u8,
        shuffle: Shuffle,
        typesize: usize,
        blocksize: usize,
    ) -> Result<Self> {
        let bad = |problem: String| KernelError::BadParameter {
            codec: NAME,
            problem: problem.into(),
        };
        if level > MAX_LEVEL {
            return Err(bad(format!(
                "level {level} is not between 0 and {MAX_LEVEL}"
            )));
        }
        if typesize == 0 {
            return Err(bad("elements cannot have 0 bytes".to_owned()));
        }
        Ok(Self {
            compressor,
            level,
            shuffle,
            typesize: u8::try_from(typesize).unwrap_or(1),
            blocksize,
        })
    }
}

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
        let start = decoded.len();
        let part = extend_zeroed(decoded, nbytes)?;
        let outcome = decode::decode(encoded, 0..nbytes, part, contexts);
        if outcome.is_err() {
            decoded.truncate(start);
        }
        outcome
    }

    fn encode(&self, decoded: &[u8], encoded: &mut Vec<u8>, contexts: &mut Contexts) -> Result<()> {
        encode::encode(self, decoded, encoded, contexts)
    }

    fn encoded_bound(&self, decoded_nbytes: usize) -> Option<usize> {
        (decoded_nbytes <= MAX_NBYTES)
            .then(|| decoded_nbytes.checked_add(container::HEADER_NBYTES))
            .flatten()
    }
}

fn corrupt(problem: &'static str) -> KernelError {
    KernelError::Corrupt {
        codec: NAME,
        problem: problem.into(),
    }
}
