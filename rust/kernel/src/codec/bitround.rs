//! The filter `bitround` of numcodecs: floats rounded to some bits of their fraction, half to even.
//!
//! The rounded floats are floats; decoding has nothing to do.

use super::contexts::Contexts;
use super::contract::BytesCodec;
use super::filter::{Sides, filter_methods};
use super::number::{NumberKind, NumberType};
use crate::{KernelError, Result};

const NAME: &str = "bitround";

/// Parameters of the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BitRound {
    n_dropped: u32,
    sides: Sides,
}

impl BitRound {
    /// `keepbits` of the 10, 23 or 52 bits of the fraction of `number` are kept.
    ///
    /// # Errors
    /// [`KernelError::BadParameter`] when `number` is no little-endian float (numcodecs has no others)
    /// or has fewer bits than `keepbits`.
    pub fn new(keepbits: u32, number: NumberType) -> Result<Self> {
        let n_bits: u32 = match number.kind {
            NumberKind::F16 => 10,
            NumberKind::F32 => 23,
            NumberKind::F64 => 52,
            _ => 0,
        };
        let bad = || KernelError::BadParameter {
            codec: NAME,
            problem: format!("{keepbits} bits of {:?} cannot be kept", number.kind).into(),
        };
        let n_dropped = n_bits
            .checked_sub(keepbits)
            .filter(|_| number.is_float() && !number.big_endian)
            .ok_or_else(bad)?;
        let sides = Sides {
            name: NAME,
            decoded: number,
            encoded: number,
        };
        Ok(Self { n_dropped, sides })
    }

    fn decode_elements(&self, encoded: &[u8], decoded: &mut [u8], _: &mut Contexts) -> Result<()> {
        decoded.copy_from_slice(encoded);
        Ok(())
    }

    fn encode_elements(&self, decoded: &[u8], encoded: &mut [u8], _: &mut Contexts) -> Result<()> {
        encoded.copy_from_slice(decoded);
        if self.n_dropped > 0 {
            match self.sides.decoded.nbytes() {
                2 => self.round::<2>(encoded),
                4 => self.round::<4>(encoded),
                _ => self.round::<8>(encoded),
            }
        }
        Ok(())
    }

    /// Round all floats of `N` bytes in place, as numbers without sign: what carries out of the
    /// fraction goes on into the exponent.
    fn round<const N: usize>(&self, floats: &mut [u8]) {
        let unit = 1_u64.wrapping_shl(self.n_dropped);
        let below_half = (unit >> 1).wrapping_sub(1);
        for place in floats.chunks_exact_mut(N) {
            let mut bytes = [0; 8];
            for (to, from) in bytes.iter_mut().zip(&*place) {
                *to = *from;
            }
            let bits = u64::from_le_bytes(bytes);
            let is_odd = bits >> self.n_dropped & 1;
            let rounded =
                bits.wrapping_add(below_half).wrapping_add(is_odd) & !unit.wrapping_sub(1);
            for (to, from) in place.iter_mut().zip(rounded.to_le_bytes()) {
                *to = from;
            }
        }
    }
}

impl BytesCodec for BitRound {
    filter_methods!();
}

#[cfg(test)]
mod tests {
    use super::super::testing::{decoded, encoded};
    use super::*;

    fn number(kind: NumberKind) -> NumberType {
        let big_endian = false;
        NumberType { kind, big_endian }
    }

    fn round(keepbits: u32, value: f32) -> f32 {
        let codec = BitRound::new(keepbits, number(NumberKind::F32)).unwrap();
        let stored = encoded(&codec, &value.to_le_bytes());
        assert_eq!(decoded(&codec, &stored, 4), Ok(stored.clone()));
        f32::from_le_bytes(stored.try_into().unwrap())
    }

    #[test]
    fn to_the_nearest_and_halves_to_even() {
        // numcodecs 0.16.6: BitRound(2) and BitRound(0).
        for (value, rounded) in [
            (1.0, 1.0),
            (1.1, 1.0),
            (1.125, 1.0),
            (1.375, 1.5),
            (-1.3, -1.25),
            (1.9, 2.0),
            (f32::INFINITY, f32::INFINITY),
            (f32::MAX, f32::INFINITY),
        ] {
            assert_eq!(round(2, value), rounded, "{value}");
        }
        assert_eq!(round(0, 2.9), 2.0);
        assert_eq!(round(0, 3.1), 4.0);
    }

    #[test]
    fn all_bits_kept_is_no_rounding() {
        assert_eq!(round(23, 1.000_000_1), 1.000_000_1);
    }

    #[test]
    fn other_sizes() {
        let codec = BitRound::new(1, number(NumberKind::F64)).unwrap();
        assert_eq!(
            encoded(&codec, &1.3_f64.to_le_bytes()),
            1.5_f64.to_le_bytes()
        );
        let codec = BitRound::new(1, number(NumberKind::F16)).unwrap();
        assert_eq!(
            encoded(&codec, &0x3D33_u16.to_le_bytes()),
            0x3E00_u16.to_le_bytes()
        );
    }

    #[test]
    fn what_is_not_covered() {
        let big = NumberType {
            kind: NumberKind::F32,
            big_endian: true,
        };
        assert!(BitRound::new(2, big).is_err());
        assert!(BitRound::new(24, number(NumberKind::F32)).is_err());
        assert!(BitRound::new(0, number(NumberKind::I32)).is_err());
    }
}
