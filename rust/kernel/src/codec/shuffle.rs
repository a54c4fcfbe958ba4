//! The codec `shuffle` of numcodecs: first bytes of all elements, then second bytes, and so on.

use super::byteshuffle::{shuffle, unshuffle};
use super::contexts::Contexts;
use super::contract::BytesCodec;
use super::output::{decoded_wrong_size, extend_zeroed};
use crate::{KernelError, Result};

const NAME: &str = "shuffle";

/// Parameters of the codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shuffle {
    element_nbytes: usize,
}

impl Shuffle {
    /// Elements of 0 or 1 bytes have nothing to be grouped, and are copied.
    #[must_use]
    pub fn new(element_nbytes: usize) -> Self {
        Self { element_nbytes }
    }

    fn is_whole(&self, nbytes: usize) -> bool {
        nbytes.checked_rem(self.element_nbytes).unwrap_or(0) == 0
    }

    fn decode(&self, encoded: &[u8], decoded: &mut [u8]) -> Result<()> {
        if !self.is_whole(encoded.len()) {
            return Err(KernelError::Corrupt {
                codec: NAME,
                problem: format!(
                    "{} bytes are not a whole number of elements of {} bytes",
                    encoded.len(),
                    self.element_nbytes
                )
                .into(),
            });
        }
        unshuffle(self.element_nbytes, encoded, decoded);
        Ok(())
    }
}

impl BytesCodec for Shuffle {
    fn name(&self) -> &'static str {
        NAME
    }

    fn decode_into(&self, encoded: &[u8], decoded: &mut [u8], _: &mut Contexts) -> Result<()> {
        if encoded.len() != decoded.len() {
            return Err(decoded_wrong_size(NAME, decoded.len(), Some(encoded.len())));
        }
        self.decode(encoded, decoded)
    }

    fn decode_bounded(
        &self,
        encoded: &[u8],
        limit: usize,
        decoded: &mut Vec<u8>,
        _: &mut Contexts,
    ) -> Result<()> {
        if encoded.len() > limit {
            return Err(decoded_wrong_size(NAME, limit, None));
        }
        let start = decoded.len();
        let outcome = self.decode(encoded, extend_zeroed(decoded, encoded.len())?);
        if outcome.is_err() {
            decoded.truncate(start);
        }
        outcome
    }

    fn encode(&self, decoded: &[u8], encoded: &mut Vec<u8>, _: &mut Contexts) -> Result<()> {
        if !self.is_whole(decoded.len()) {
            return Err(KernelError::NotEncodable {
                codec: NAME,
                problem: format!(
                    "{} bytes are not a whole number of elements of {} bytes",
                    decoded.len(),
                    self.element_nbytes
                )
                .into(),
            });
        }
        shuffle(
            self.element_nbytes,
            decoded,
            extend_zeroed(encoded, decoded.len())?,
        );
        Ok(())
    }

    fn encoded_bound(&self, decoded_nbytes: usize) -> Option<usize> {
        Some(decoded_nbytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{check_round_trip, data, decoded, decoded_bounded, encoded};
    use super::*;

    #[test]
    fn what_numcodecs_makes_of_it() {
        // numcodecs 0.16.6: Shuffle(3) of the bytes 0 to 8, Shuffle(1) and Shuffle(0) of b"abc".
        let ascending: Vec<u8> = (0..9).collect();
        let stored = [0, 3, 6, 1, 4, 7, 2, 5, 8];
        assert_eq!(encoded(&Shuffle::new(3), &ascending), stored);
        assert_eq!(decoded(&Shuffle::new(3), &stored, 9), Ok(ascending));
        for element_nbytes in [0, 1] {
            assert_eq!(encoded(&Shuffle::new(element_nbytes), b"abc"), b"abc");
        }
    }

    #[test]
    fn parts_of_elements() {
        let codec = Shuffle::new(4);
        assert!(matches!(
            decoded(&codec, &[0; 7], 7),
            Err(KernelError::Corrupt {
                codec: "shuffle",
                ..
            })
        ));
        assert!(decoded_bounded(&codec, &[0; 7], 100).is_err());
        assert!(matches!(
            codec.encode(&[0; 7], &mut vec![], &mut Contexts::new()),
            Err(KernelError::NotEncodable {
                codec: "shuffle",
                ..
            })
        ));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn round_trips(mut data in data(), element_nbytes in 0..20_usize) {
            data.truncate(data.len() / element_nbytes.max(1) * element_nbytes.max(1));
            check_round_trip(&Shuffle::new(element_nbytes), &data, &mut Contexts::new());
        }
    }
}
