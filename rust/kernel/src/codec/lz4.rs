//! The codec `lz4` of numcodecs: the decoded length as a little-endian uint32, then one LZ4 block.
//!
//! The length says nothing that is not known already; it is checked and not used.

use lz4::block::{CompressionMode, compress_to_buffer, decompress_to_buffer};

use super::contexts::Contexts;
use super::contract::BytesCodec;
use super::output::{check_claim, decoded_wrong_size, extend_from_slice, extend_zeroed, reserve};
use crate::{KernelError, Result};

const NAME: &str = "lz4";

/// The longest input that the library takes.
const MAX_NBYTES: usize = 0x7E00_0000;

const HEADER_NBYTES: usize = 4;

/// A match repeats this many bytes at least.
const MIN_MATCH: usize = 4;

/// Parameters of the codec. Decoding needs none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lz4 {
    acceleration: i32,
}

impl Lz4 {
    /// The higher `acceleration`, the faster and the larger. Anything below 1 means 1.
    #[must_use]
    pub fn new(acceleration: i32) -> Self {
        Self { acceleration }
    }
}

impl BytesCodec for Lz4 {
    fn name(&self) -> &'static str {
        NAME
    }

    fn decode_into(&self, encoded: &[u8], decoded: &mut [u8], _: &mut Contexts) -> Result<()> {
        let (nbytes, block) = split_header(encoded)?;
        if nbytes == decoded.len() {
            decompress_block(NAME, block, decoded)
        } else {
            Err(decoded_wrong_size(NAME, decoded.len(), Some(nbytes)))
        }
    }

    fn decode_bounded(
        &self,
        encoded: &[u8],
        limit: usize,
        decoded: &mut Vec<u8>,
        _: &mut Contexts,
    ) -> Result<()> {
        let (nbytes, block) = split_header(encoded)?;
        if nbytes > limit {
            return Err(decoded_wrong_size(NAME, limit, Some(nbytes)));
        }
        check_claim(NAME, nbytes, encoded.len())?;
        let start = decoded.len();
        let outcome = decompress_block(NAME, block, extend_zeroed(decoded, nbytes)?);
        if outcome.is_err() {
            decoded.truncate(start);
        }
        outcome
    }

    fn decode_head(
        &self,
        encoded: &[u8],
        nbytes: usize,
        _: &mut Contexts,
    ) -> Result<Option<Vec<u8>>> {
        let (whole_nbytes, block) = split_header(encoded)?;
        check_claim(NAME, whole_nbytes, encoded.len())?;
        let nbytes = nbytes.min(whole_nbytes);
        let mut head = Vec::new();
        reserve(&mut head, nbytes)?;
        decompress_head(block, nbytes, &mut head).ok_or_else(cut_short)?;
        Ok(Some(head))
    }

    fn encode(&self, decoded: &[u8], encoded: &mut Vec<u8>, contexts: &mut Contexts) -> Result<()> {
        let too_large = KernelError::TooLarge { what: NAME };
        let bound = block_bound(decoded.len()).ok_or(too_large)?;
        let mode = CompressionMode::FAST(self.acceleration);
        contexts.with_scratch(bound, |scratch, _| {
            let nbytes = compress_block(mode, decoded, scratch);
            let block = nbytes.and_then(|nbytes| scratch.get(..nbytes));
            let block = block.ok_or_else(|| KernelError::NotEncodable {
                codec: NAME,
                problem: "the compressor failed".into(),
            })?;
            let nbytes = u32::try_from(decoded.len()).unwrap_or(u32::MAX);
            extend_from_slice(encoded, &nbytes.to_le_bytes())?;
            extend_from_slice(encoded, block)
        })
    }

    fn encoded_bound(&self, decoded_nbytes: usize) -> Option<usize> {
        block_bound(decoded_nbytes)?.checked_add(HEADER_NBYTES)
    }
}

fn split_header(encoded: &[u8]) -> Result<(usize, &[u8])> {
    let (nbytes, block) = encoded
        .split_first_chunk::<HEADER_NBYTES>()
        .ok_or_else(cut_short)?;
    let nbytes = usize::try_from(u32::from_le_bytes(*nbytes)).unwrap_or(usize::MAX);
    Ok((nbytes, block))
}

fn cut_short() -> KernelError {
    KernelError::Corrupt {
        codec: NAME,
        problem: "the data is cut short".into(),
    }
}

/// The first `nbytes` of what an LZ4 block decodes to, into `head`, which is empty and has the room; all of it if
/// there is less. The library decodes whole blocks. `None` for a block that breaks off or repeats what was not there.
fn decompress_head(block: &[u8], nbytes: usize, head: &mut Vec<u8>) -> Option<()> {
    let mut rest = block;
    while head.len() < nbytes && !rest.is_empty() {
        let token = take(&mut rest)?;
        let n_literals = length(usize::from(token >> 4), &mut rest)?;
        let (literals, behind) = rest.split_at_checked(n_literals)?;
        rest = behind;
        let room = nbytes.saturating_sub(head.len());
        head.extend_from_slice(literals.get(..room).unwrap_or(literals));
        if rest.is_empty() {
            break; // the last sequence has no match
        }
        let (distance, behind) = rest.split_first_chunk::<2>()?;
        rest = behind;
        let distance = usize::from(u16::from_le_bytes(*distance));
        let n_repeated = length(usize::from(token & 15), &mut rest)?.saturating_add(MIN_MATCH);
        for _ in 0..n_repeated.min(nbytes.saturating_sub(head.len())) {
            let before = head.len().checked_sub(distance)?;
            head.push(head.get(before).copied().unwrap_or(0)); // at no distance, zeros: so the library
        }
    }
    Some(())
}

/// A length in a token: 15 means that more of it follows.
fn length(in_token: usize, rest: &mut &[u8]) -> Option<usize> {
    let mut length = in_token;
    if in_token < 15 {
        return Some(length);
    }
    loop {
        let more = take(rest)?;
        length = length.saturating_add(usize::from(more));
        if more < u8::MAX {
            return Some(length);
        }
    }
}

fn take(rest: &mut &[u8]) -> Option<u8> {
    let (first, behind) = rest.split_first()?;
    *rest = behind;
    Some(*first)
}

/// Upper bound of a compressed block, `None` when `nbytes` are too many for one.
pub(super) fn block_bound(nbytes: usize) -> Option<usize> {
    (nbytes <= MAX_NBYTES)
        .then(|| nbytes.checked_add(nbytes / 255)?.checked_add(16))
        .flatten()
}

/// Fill all of `decoded` from one LZ4 block. Errors are in the name of `codec`.
pub(super) fn decompress_block(
    codec: &'static str,
    block: &[u8],
    decoded: &mut [u8],
) -> Result<()> {
    let nbytes = i32::try_from(decoded.len())
        .ok()
        .filter(|_| i32::try_from(block.len()).is_ok())
        .and_then(|nbytes| decompress_to_buffer(block, Some(nbytes), decoded).ok());
    match nbytes {
        Some(nbytes) if nbytes == decoded.len() => Ok(()),
        Some(nbytes) => Err(decoded_wrong_size(codec, decoded.len(), Some(nbytes))),
        None => Err(KernelError::Corrupt {
            codec,
            problem: "the LZ4 block is damaged, cut short or too long".into(),
        }),
    }
}

/// Compress into `block`; the length of the result, or `None` when it does not fit.
pub(super) fn compress_block(
    mode: CompressionMode,
    decoded: &[u8],
    block: &mut [u8],
) -> Option<usize> {
    let fits = decoded.len() <= MAX_NBYTES && i32::try_from(block.len()).is_ok();
    fits.then(|| compress_to_buffer(decoded, Some(mode), false, block).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{
        check_hostile, check_round_trip, data, decode_anyhow, decoded, decoded_bounded, encoded,
        from_hex, wave,
    };
    use super::*;

    // numcodecs 0.16.6: LZ4() of FOX.
    const STORED: &str = "78000000ff0574686520717569636b2062726f776e20666f782014004c5020666f7820";

    fn fox() -> Vec<u8> {
        b"the quick brown fox ".repeat(6)
    }

    #[test]
    fn a_block_of_numcodecs() {
        assert_eq!(decoded(&Lz4::new(1), &from_hex(STORED), 120), Ok(fox()));
    }

    #[test]
    fn the_length_comes_first() {
        assert_eq!(encoded(&Lz4::new(1), &fox())[..4], [120, 0, 0, 0]);
    }

    #[test]
    fn a_length_that_lies() {
        for nbytes in [0_u32, 119, 121, 0x7FFF_FFFF, 0x8000_0000, u32::MAX] {
            let mut stored = from_hex(STORED);
            stored[..4].copy_from_slice(&nbytes.to_le_bytes());
            assert!(decoded(&Lz4::new(1), &stored, 120).is_err());
            assert!(decoded_bounded(&Lz4::new(1), &stored, 1000).is_err());
        }
    }

    #[test]
    fn accelerations() {
        for acceleration in [i32::MIN, 0, 1, 10, i32::MAX] {
            check_round_trip(
                &Lz4::new(acceleration),
                &wave(5000, 3),
                &mut Contexts::new(),
            );
        }
    }

    #[test]
    fn too_much_for_one_block() {
        assert_eq!(Lz4::new(1).encoded_bound(MAX_NBYTES + 1), None);
    }

    #[test]
    fn hostile_data() {
        check_hostile(&Lz4::new(1), &from_hex(STORED), 120, false);
        let large = wave(30_000, 1);
        check_hostile(&Lz4::new(1), &encoded(&Lz4::new(1), &large), 30_000, false);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn round_trips(data in data(), acceleration in 0..20_i32) {
            check_round_trip(&Lz4::new(acceleration), &data, &mut Contexts::new());
        }

        #[test]
        fn any_bytes_decode_or_fail(garbage: Vec<u8>, nbytes in 0..3000_u32) {
            let stored = [nbytes.to_le_bytes().as_slice(), garbage.as_slice()].concat();
            decode_anyhow(&Lz4::new(1), &stored, nbytes as usize);
            decode_anyhow(&Lz4::new(1), &garbage, nbytes as usize);
        }
    }
}
