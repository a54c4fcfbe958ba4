//! The filter `delta` of numcodecs: the first number, then differences.
//!
//! Differences are taken in the decoded type and converted to the stored one; sums are taken one after
//! another, as rounding depends on the order. Integers wrap, so the sums are the same in whatever type
//! of integers NumPy takes them. Where it would take them in another type of floats, and where the
//! differences are those of booleans, the filter is left to the reference engine.

use super::contexts::Contexts;
use super::contract::BytesCodec;
use super::filter::{Sides, filter_methods};
use super::number::{Number, NumberKind, NumberType, Value, convert, with_number};
use crate::{KernelError, Result};

const NAME: &str = "delta";

/// Parameters of the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delta {
    sides: Sides,
}

impl Delta {
    /// Numbers of type `decoded` outside, of type `encoded` in the store.
    ///
    /// # Errors
    /// [`KernelError::BadParameter`] unless the types are the same but for the order of bytes, or both
    /// of integers, and neither of booleans.
    pub fn new(decoded: NumberType, encoded: NumberType) -> Result<Self> {
        if !is_covered(decoded.kind, encoded.kind) {
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
        Ok(Self { sides })
    }

    fn decode_elements(&self, encoded: &[u8], decoded: &mut [u8], _: &mut Contexts) -> Result<()> {
        convert(self.sides.encoded, encoded, self.sides.decoded, decoded);
        let big_endian = self.sides.decoded.big_endian;
        with_number!(self.sides.decoded.kind, Item => add_up::<Item>(decoded, big_endian));
        Ok(())
    }

    fn encode_elements(
        &self,
        decoded: &[u8],
        encoded: &mut [u8],
        contexts: &mut Contexts,
    ) -> Result<()> {
        let Sides {
            decoded: from,
            encoded: to,
            ..
        } = self.sides;
        if !with_number!(from.kind, From => with_number!(to.kind, To => fits::<From, To>(decoded, from.big_endian)))
        {
            return Err(KernelError::NotEncodable {
                codec: NAME,
                problem: format!("the first number does not fit into {:?}", to.kind).into(),
            });
        }
        contexts.with_scratch(decoded.len(), |differences, _| {
            with_number!(from.kind, Item => {
                subtract::<Item>(decoded, differences, from.big_endian);
            });
            convert(from, differences, to, encoded);
            Ok(())
        })
    }
}

impl BytesCodec for Delta {
    filter_methods!();
}

fn is_covered(decoded: NumberKind, encoded: NumberKind) -> bool {
    // NumPy adds signed and unsigned integers up in floats if one of them has 64 bits and no sign.
    let are_integers = [decoded, encoded].iter().all(|kind| {
        !matches!(
            kind,
            NumberKind::Bool
                | NumberKind::U64
                | NumberKind::F16
                | NumberKind::F32
                | NumberKind::F64
        )
    });
    are_integers || (decoded == encoded && decoded != NumberKind::Bool)
}

/// Whether the first number can be stored as it is. NumPy insists on that for signed integers, but
/// lets unsigned ones wrap, and all differences.
fn fits<From: Number, To: Number>(numbers: &[u8], big_endian: bool) -> bool {
    let Some(first) = numbers.get(..From::NBYTES) else {
        return true;
    };
    let is_unsigned = To::from_value(Value::Int(-1)).value() != Value::Int(-1);
    let value = From::read(first, big_endian).value();
    is_unsigned || To::from_value(value).value() == value
}

/// Replace differences by their running sums.
fn add_up<Item: Number>(numbers: &mut [u8], big_endian: bool) {
    let mut places = numbers.chunks_exact_mut(Item::NBYTES);
    let Some(first) = places.next() else {
        return;
    };
    let mut sum = Item::read(first, big_endian);
    for place in places {
        sum = sum.plus(Item::read(place, big_endian));
        sum.write(place, big_endian);
    }
}

/// Fill `differences` with the first number and the differences of the others to the one before.
fn subtract<Item: Number>(numbers: &[u8], differences: &mut [u8], big_endian: bool) {
    let mut places = differences.chunks_exact_mut(Item::NBYTES);
    let stored = numbers.chunks_exact(Item::NBYTES);
    if let (Some(place), Some(first)) = (places.next(), stored.clone().next()) {
        place.copy_from_slice(first);
    }
    for (place, (before, number)) in places.zip(stored.clone().zip(stored.skip(1))) {
        let number = Item::read(number, big_endian);
        let difference = number.minus(Item::read(before, big_endian));
        difference.write(place, big_endian);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{check_round_trip, data, decode_anyhow, decoded, encoded};
    use super::*;

    fn number(kind: NumberKind, big_endian: bool) -> NumberType {
        NumberType { kind, big_endian }
    }

    fn same(kind: NumberKind) -> Delta {
        Delta::new(number(kind, false), number(kind, false)).unwrap()
    }

    #[test]
    fn what_numcodecs_makes_of_it() {
        // numcodecs 0.16.6: Delta("<i2", "|i1") of 100, 102, ... 118 and of 100, 300, 0.
        let codec = Delta::new(
            number(NumberKind::I16, false),
            number(NumberKind::I8, false),
        );
        let codec = codec.unwrap();
        let numbers: Vec<u8> = (100..120_i16)
            .step_by(2)
            .flat_map(i16::to_le_bytes)
            .collect();
        let stored = [100, 2, 2, 2, 2, 2, 2, 2, 2, 2];
        assert_eq!(encoded(&codec, &numbers), stored);
        assert_eq!(decoded(&codec, &stored, 20), Ok(numbers));
        let numbers: Vec<u8> = [100_i16, 300, 0]
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        assert_eq!(encoded(&codec, &numbers), [100, 200, 212]);
    }

    #[test]
    fn big_endian_numbers() {
        let codec = Delta::new(number(NumberKind::U16, true), number(NumberKind::U16, true));
        let codec = codec.unwrap();
        assert_eq!(
            encoded(&codec, &[1, 0, 0, 255, 2, 0]),
            [1, 0, 0xFF, 0xFF, 1, 1]
        );
        check_round_trip(&codec, &[1, 0, 0, 255, 2, 0], &mut Contexts::new());
    }

    #[test]
    fn floats_are_rounded_one_after_another() {
        // numcodecs 0.16.6: Delta("<f4") decoding 1e8, 1, 1, 1, -1e8: ones are lost one by one.
        let stored: Vec<u8> = [1e8_f32, 1.0, 1.0, 1.0, -1e8]
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        let sums: Vec<u8> = [1e8_f32, 1e8, 1e8, 1e8, 0.0]
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        assert_eq!(decoded(&same(NumberKind::F32), &stored, 20), Ok(sums));
    }

    #[test]
    fn a_first_number_that_does_not_fit() {
        let codec = |to| Delta::new(number(NumberKind::I16, false), number(to, false)).unwrap();
        let encode = |to| codec(to).encode(&[200, 0], &mut vec![], &mut Contexts::new());
        assert!(matches!(
            encode(NumberKind::I8),
            Err(KernelError::NotEncodable { codec: "delta", .. })
        ));
        assert_eq!(encode(NumberKind::U8), Ok(()));
    }

    #[test]
    fn what_is_not_covered() {
        for (decoded, stored) in [
            (NumberKind::Bool, NumberKind::Bool),
            (NumberKind::U64, NumberKind::I8),
            (NumberKind::F32, NumberKind::F64),
            (NumberKind::F64, NumberKind::I32),
        ] {
            assert!(Delta::new(number(decoded, false), number(stored, false)).is_err());
        }
    }

    #[test]
    fn no_whole_number_of_elements() {
        let codec = same(NumberKind::I32);
        assert!(decoded(&codec, &[0; 6], 6).is_err());
        assert!(
            codec
                .encode(&[0; 6], &mut vec![], &mut Contexts::new())
                .is_err()
        );
        decode_anyhow(&codec, &[0; 6], 4);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn integers_come_back(mut data in data(), which in 0..8_usize, from_big: bool, to_big: bool) {
            let kind = [
                NumberKind::I8, NumberKind::I16, NumberKind::I32, NumberKind::I64,
                NumberKind::U8, NumberKind::U16, NumberKind::U32, NumberKind::U64,
            ][which];
            let codec = Delta::new(number(kind, from_big), number(kind, to_big)).unwrap();
            data.truncate(data.len() / 8 * 8);
            check_round_trip(&codec, &data, &mut Contexts::new());
        }
    }
}
