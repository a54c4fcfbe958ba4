//! The filter `fixedscaleoffset` of numcodecs: `round((x - offset) * scale)` in another type.
//!
//! Floats of 32 and 64 bits are covered. NumPy computes in the type of the array, to which offset and
//! scale are converted first, and in 64 bits where the stored type is one of integers. Subtraction
//! comes before multiplication, and rounding is half to even.

use super::contexts::Contexts;
use super::contract::BytesCodec;
use super::filter::{Sides, filter_methods};
use super::number::{NumberKind, NumberType, convert};
use crate::{KernelError, Result};

const NAME: &str = "fixedscaleoffset";

/// Parameters of the filter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FixedScaleOffset {
    offset: f64,
    scale: f64,
    sides: Sides,
}

impl FixedScaleOffset {
    /// Numbers of type `decoded` outside, of type `encoded` in the store.
    ///
    /// # Errors
    /// [`KernelError::BadParameter`] unless `decoded` are floats of 32 or 64 bits, and `encoded`
    /// those or integers.
    pub fn new(offset: f64, scale: f64, decoded: NumberType, encoded: NumberType) -> Result<Self> {
        let is_covered = matches!(decoded.kind, NumberKind::F32 | NumberKind::F64)
            && !matches!(encoded.kind, NumberKind::Bool | NumberKind::F16);
        if !is_covered {
            return Err(KernelError::BadParameter {
                codec: NAME,
                problem: format!(
                    "{:?} stored as {:?} is not supported",
                    decoded.kind, encoded.kind
                )
                .into(),
            });
        }
        let sides = Sides {
            name: NAME,
            decoded,
            encoded,
        };
        Ok(Self {
            offset,
            scale,
            sides,
        })
    }

    fn decode_elements(
        &self,
        encoded: &[u8],
        decoded: &mut [u8],
        contexts: &mut Contexts,
    ) -> Result<()> {
        let kind = if self.sides.encoded.kind == NumberKind::F32 {
            NumberKind::F32
        } else {
            NumberKind::F64
        };
        self.compute(
            (self.sides.encoded, encoded),
            (self.sides.decoded, decoded),
            kind,
            contexts,
            |number, offset, scale| number / scale + offset,
            |number, offset, scale| number / scale + offset,
        )
    }

    fn encode_elements(
        &self,
        decoded: &[u8],
        encoded: &mut [u8],
        contexts: &mut Contexts,
    ) -> Result<()> {
        self.compute(
            (self.sides.decoded, decoded),
            (self.sides.encoded, encoded),
            self.sides.decoded.kind,
            contexts,
            |number, offset, scale| ((number - offset) * scale).round_ties_even(),
            |number, offset, scale| ((number - offset) * scale).round_ties_even(),
        )
    }

    /// Convert to `kind`, compute with one of the two functions, and convert to the result's type.
    fn compute(
        &self,
        (from, stored): (NumberType, &[u8]),
        (to, result): (NumberType, &mut [u8]),
        kind: NumberKind,
        contexts: &mut Contexts,
        compute_32: impl Fn(f32, f32, f32) -> f32,
        compute_64: impl Fn(f64, f64, f64) -> f64,
    ) -> Result<()> {
        let between = NumberType {
            kind,
            big_endian: false,
        };
        let n_elements = stored.len().checked_div(from.nbytes()).unwrap_or(0);
        let nbytes = n_elements
            .checked_mul(between.nbytes())
            .ok_or(KernelError::TooLarge { what: NAME })?;
        contexts.with_scratch(nbytes, |numbers, _| {
            convert(from, stored, between, numbers);
            if kind == NumberKind::F32 {
                let (offset, scale) = (narrow(self.offset), narrow(self.scale));
                for place in numbers.chunks_exact_mut(4) {
                    let number =
                        f32::from_le_bytes(place.first_chunk().copied().unwrap_or_default());
                    place.copy_from_slice(&compute_32(number, offset, scale).to_le_bytes());
                }
            } else {
                for place in numbers.chunks_exact_mut(8) {
                    let number =
                        f64::from_le_bytes(place.first_chunk().copied().unwrap_or_default());
                    place.copy_from_slice(
                        &compute_64(number, self.offset, self.scale).to_le_bytes(),
                    );
                }
            }
            convert(between, numbers, to, result);
            Ok(())
        })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "rounding is meant")]
fn narrow(value: f64) -> f32 {
    value as f32
}

impl BytesCodec for FixedScaleOffset {
    filter_methods!();
}

#[cfg(test)]
mod tests {
    use super::super::testing::{decode_anyhow, decoded, encoded};
    use super::*;

    fn number(kind: NumberKind, big_endian: bool) -> NumberType {
        NumberType { kind, big_endian }
    }

    fn doubles(numbers: &[f64]) -> Vec<u8> {
        numbers.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    #[test]
    fn what_numcodecs_makes_of_it() {
        // numcodecs 0.16.6: FixedScaleOffset(offset=1000, scale=10, dtype="<f8", astype="|u1") of
        // linspace(1000, 1001, 10), as in its documentation.
        let (from, to) = (
            number(NumberKind::F64, false),
            number(NumberKind::U8, false),
        );
        let codec = FixedScaleOffset::new(1000.0, 10.0, from, to).unwrap();
        let numbers: Vec<f64> = (0..10).map(|i| 1000.0 + f64::from(i) / 9.0).collect();
        let stored = [0, 1, 2, 3, 4, 6, 7, 8, 9, 10];
        assert_eq!(encoded(&codec, &doubles(&numbers)), stored);
        let back = [
            1000.0, 1000.1, 1000.2, 1000.3, 1000.4, 1000.6, 1000.7, 1000.8, 1000.9, 1001.0,
        ];
        assert_eq!(decoded(&codec, &stored, 80), Ok(doubles(&back)));
    }

    #[test]
    fn halves_are_rounded_to_even_and_integers_wrap() {
        let (from, to) = (
            number(NumberKind::F64, false),
            number(NumberKind::U8, false),
        );
        let codec = FixedScaleOffset::new(0.0, 1.0, from, to).unwrap();
        let numbers = [0.5, 1.5, 2.5, -1.0, 256.0, 255.5];
        assert_eq!(encoded(&codec, &doubles(&numbers)), [0, 2, 2, 255, 0, 0]);
    }

    #[test]
    fn floats_of_32_bits_are_computed_with_32_bits() {
        // numcodecs 0.16.6: FixedScaleOffset(0.1, 1e4, ">f4", "<f4").
        let (from, to) = (
            number(NumberKind::F32, true),
            number(NumberKind::F32, false),
        );
        let codec = FixedScaleOffset::new(0.1, 1e4, from, to).unwrap();
        let stored = encoded(&codec, &16_777.3_f32.to_be_bytes());
        assert_eq!(stored, 1.677_720_2e8_f32.to_le_bytes());
    }

    #[test]
    fn what_is_not_covered() {
        for (from, to) in [
            (NumberKind::I32, NumberKind::I8),
            (NumberKind::F16, NumberKind::I8),
            (NumberKind::F64, NumberKind::Bool),
        ] {
            let (from, to) = (number(from, false), number(to, false));
            assert!(FixedScaleOffset::new(0.0, 1.0, from, to).is_err());
        }
    }

    #[test]
    fn no_whole_number_of_elements() {
        let (from, to) = (
            number(NumberKind::F64, false),
            number(NumberKind::I16, false),
        );
        let codec = FixedScaleOffset::new(0.0, 1.0, from, to).unwrap();
        assert!(decoded(&codec, &[0; 3], 8).is_err());
        decode_anyhow(&codec, &[0; 3], 8);
    }
}
