//! The filter `astype` of numcodecs: numbers stored as another type.

use super::contexts::Contexts;
use super::contract::BytesCodec;
use super::filter::{Sides, filter_methods};
use super::number::{NumberType, convert};
use crate::Result;

const NAME: &str = "astype";

/// Parameters of the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsType {
    sides: Sides,
}

impl AsType {
    /// Numbers of type `decoded` outside, of type `encoded` in the store.
    #[must_use]
    pub fn new(decoded: NumberType, encoded: NumberType) -> Self {
        let sides = Sides {
            name: NAME,
            decoded,
            encoded,
        };
        Self { sides }
    }

    fn decode_elements(&self, encoded: &[u8], decoded: &mut [u8], _: &mut Contexts) -> Result<()> {
        convert(self.sides.encoded, encoded, self.sides.decoded, decoded);
        Ok(())
    }

    fn encode_elements(&self, decoded: &[u8], encoded: &mut [u8], _: &mut Contexts) -> Result<()> {
        convert(self.sides.decoded, decoded, self.sides.encoded, encoded);
        Ok(())
    }
}

impl BytesCodec for AsType {
    filter_methods!();
}

#[cfg(test)]
mod tests {
    use super::super::number::NumberKind;
    use super::super::testing::{check_round_trip, decode_anyhow, decoded, encoded, noise};
    use super::*;

    fn number(kind: NumberKind) -> NumberType {
        let big_endian = false;
        NumberType { kind, big_endian }
    }

    #[test]
    fn what_numcodecs_makes_of_it() {
        // numcodecs 0.16.6: AsType(encode_dtype="|i1", decode_dtype="<f4").
        let codec = AsType::new(number(NumberKind::F32), number(NumberKind::I8));
        let numbers = [1.9_f32, -1.9, 127.0, 128.0, 300.5, f32::NAN];
        let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        let stored = encoded(&codec, &bytes);
        assert_eq!(stored[..5], [1, 255, 127, 128, 44]);
        let back: Vec<u8> = [1.0_f32, -1.0, 127.0, -128.0, 44.0]
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        assert_eq!(decoded(&codec, &stored[..5], 20), Ok(back));
    }

    #[test]
    fn wider_types_come_back() {
        for (narrow, wide) in [
            (NumberKind::I8, NumberKind::I16),
            (NumberKind::U16, NumberKind::I32),
            (NumberKind::I32, NumberKind::F64),
            (NumberKind::U8, NumberKind::F16),
            (NumberKind::U32, NumberKind::U64),
        ] {
            let codec = AsType::new(number(narrow), number(wide));
            check_round_trip(&codec, &noise(800, 3), &mut Contexts::new());
        }
    }

    #[test]
    fn no_whole_number_of_elements() {
        let codec = AsType::new(number(NumberKind::I8), number(NumberKind::I32));
        assert!(decoded(&codec, &[0; 6], 1).is_err());
        decode_anyhow(&codec, &[0; 6], 2);
        let codec = AsType::new(number(NumberKind::I32), number(NumberKind::I8));
        assert!(
            codec
                .encode(&[0; 6], &mut vec![], &mut Contexts::new())
                .is_err()
        );
    }
}
