//! The filter `packbits` of numcodecs: one byte with the number of padding bits, then booleans as
//! bits, the highest first.

use super::contexts::Contexts;
use super::contract::BytesCodec;
use super::output::{decoded_wrong_size, extend_zeroed};
use crate::{KernelError, Result};

const NAME: &str = "packbits";

/// Bits in a byte.
const N_BITS: usize = 8;

/// The filter. It has no parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackBits;

impl BytesCodec for PackBits {
    fn name(&self) -> &'static str {
        NAME
    }

    fn decode_into(&self, encoded: &[u8], decoded: &mut [u8], _: &mut Contexts) -> Result<()> {
        let (n_booleans, packed) = split_header(encoded)?;
        if n_booleans != decoded.len() {
            return Err(decoded_wrong_size(NAME, decoded.len(), Some(n_booleans)));
        }
        unpack(packed, decoded);
        Ok(())
    }

    fn decode_bounded(
        &self,
        encoded: &[u8],
        limit: usize,
        decoded: &mut Vec<u8>,
        _: &mut Contexts,
    ) -> Result<()> {
        let (n_booleans, packed) = split_header(encoded)?;
        if n_booleans > limit {
            return Err(decoded_wrong_size(NAME, limit, Some(n_booleans)));
        }
        unpack(packed, extend_zeroed(decoded, n_booleans)?);
        Ok(())
    }

    fn encode(&self, decoded: &[u8], encoded: &mut Vec<u8>, _: &mut Contexts) -> Result<()> {
        let n_bytes = decoded.len().div_ceil(N_BITS);
        let n_padding = n_bytes.saturating_mul(N_BITS).saturating_sub(decoded.len());
        let room = extend_zeroed(encoded, n_bytes.saturating_add(1))?;
        let (header, packed) = room.split_at_mut(1);
        header.fill(u8::try_from(n_padding).unwrap_or(0));
        for (byte, booleans) in packed.iter_mut().zip(decoded.chunks(N_BITS)) {
            let bits = booleans.iter().zip(BITS);
            *byte = bits.fold(
                0,
                |byte, (boolean, bit)| {
                    if *boolean == 0 { byte } else { byte | bit }
                },
            );
        }
        Ok(())
    }

    fn encoded_bound(&self, decoded_nbytes: usize) -> Option<usize> {
        decoded_nbytes.div_ceil(N_BITS).checked_add(1)
    }
}

const BITS: [u8; N_BITS] = [0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01];

/// Number of booleans, and the bytes that hold them.
fn split_header(encoded: &[u8]) -> Result<(usize, &[u8])> {
    let corrupt = |problem: &'static str| KernelError::Corrupt {
        codec: NAME,
        problem: problem.into(),
    };
    let (n_padding, packed) = encoded
        .split_first()
        .ok_or_else(|| corrupt("the number of padding bits is missing"))?;
    let n_padding = usize::from(*n_padding);
    let n_booleans = packed
        .len()
        .checked_mul(N_BITS)
        .and_then(|n_bits| n_bits.checked_sub(n_padding))
        .filter(|_| n_padding < N_BITS)
        .ok_or_else(|| corrupt("the number of padding bits is too large"))?;
    Ok((n_booleans, packed))
}

fn unpack(packed: &[u8], decoded: &mut [u8]) {
    for (booleans, byte) in decoded.chunks_mut(N_BITS).zip(packed) {
        for (boolean, bit) in booleans.iter_mut().zip(BITS) {
            *boolean = u8::from(byte & bit != 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{check_round_trip, decode_anyhow, decoded, encoded};
    use super::*;

    #[test]
    fn what_numcodecs_makes_of_it() {
        // numcodecs 0.16.6, as in its documentation and one more.
        assert_eq!(encoded(&PackBits, &[1, 0, 0, 1]), [4, 144]);
        assert_eq!(
            encoded(&PackBits, &[1, 0, 1, 1, 0, 0, 0, 0, 1, 1]),
            [6, 0xB0, 0xC0]
        );
        assert_eq!(decoded(&PackBits, &[4, 144], 4), Ok(vec![1, 0, 0, 1]));
    }

    #[test]
    fn bits_of_padding_do_not_matter() {
        assert_eq!(decoded(&PackBits, &[4, 0x9F], 4), Ok(vec![1, 0, 0, 1]));
    }

    #[test]
    fn headers_that_lie() {
        for (stored, nbytes) in [
            ([].as_slice(), 0),
            (&[8, 0], 0),
            (&[255, 0], 1),
            (&[1], 0),
            (&[0, 0], 7),
            (&[0, 0], 9),
        ] {
            assert!(decoded(&PackBits, stored, nbytes).is_err(), "{stored:?}");
            decode_anyhow(&PackBits, stored, nbytes);
        }
    }

    proptest! {
        #[test]
        fn round_trips(booleans in prop::collection::vec(0..=1_u8, 0..100)) {
            check_round_trip(&PackBits, &booleans, &mut Contexts::new());
        }
    }
}
