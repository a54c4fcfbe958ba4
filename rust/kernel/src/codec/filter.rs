//! What filters of elements have in common: numbers in, as many numbers out.

use super::number::NumberType;
use super::output::{decoded_wrong_size, extend_zeroed};
use crate::{KernelError, Result};

/// Types of the elements on both sides of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sides {
    pub(super) name: &'static str,
    pub(super) decoded: NumberType,
    pub(super) encoded: NumberType,
}

impl Sides {
    /// Whether `encoded` holds as many numbers as `decoded` has room for.
    pub(super) fn check(&self, encoded: &[u8], decoded: &[u8]) -> Result<()> {
        let expected = decoded.len();
        match self.decoded_nbytes(encoded.len()) {
            Ok(nbytes) if nbytes == expected => Ok(()),
            Ok(nbytes) => Err(decoded_wrong_size(self.name, expected, Some(nbytes))),
            Err(error) => Err(error),
        }
    }

    /// Append room for the decoded form of `encoded`.
    pub(super) fn decoded_room<'buffer>(
        &self,
        encoded: &[u8],
        limit: usize,
        decoded: &'buffer mut Vec<u8>,
    ) -> Result<&'buffer mut [u8]> {
        let nbytes = self.decoded_nbytes(encoded.len())?;
        if nbytes > limit {
            return Err(decoded_wrong_size(self.name, limit, Some(nbytes)));
        }
        extend_zeroed(decoded, nbytes)
    }

    /// Append room for the encoded form of `decoded`.
    pub(super) fn encoded_room<'buffer>(
        &self,
        decoded: &[u8],
        encoded: &'buffer mut Vec<u8>,
    ) -> Result<&'buffer mut [u8]> {
        let nbytes = decoded.len();
        let itemsize = self.decoded.nbytes();
        if nbytes.checked_rem(itemsize) != Some(0) {
            return Err(KernelError::NotEncodable {
                codec: self.name,
                problem: format!("{nbytes} bytes are no whole number of elements of {itemsize}")
                    .into(),
            });
        }
        let nbytes = self
            .encoded_bound(nbytes)
            .ok_or(KernelError::TooLarge { what: self.name })?;
        extend_zeroed(encoded, nbytes)
    }

    pub(super) fn encoded_bound(&self, decoded_nbytes: usize) -> Option<usize> {
        let n_elements = decoded_nbytes.checked_div(self.decoded.nbytes())?;
        n_elements.checked_mul(self.encoded.nbytes())
    }

    fn decoded_nbytes(&self, encoded_nbytes: usize) -> Result<usize> {
        let itemsize = self.encoded.nbytes();
        if encoded_nbytes.checked_rem(itemsize) != Some(0) {
            return Err(KernelError::Corrupt {
                codec: self.name,
                problem: format!(
                    "{encoded_nbytes} bytes are no whole number of elements of {itemsize}"
                )
                .into(),
            });
        }
        let n_elements = encoded_nbytes.checked_div(itemsize).unwrap_or(0);
        n_elements
            .checked_mul(self.decoded.nbytes())
            .ok_or(KernelError::TooLarge { what: self.name })
    }
}

/// The methods of a [`BytesCodec`](super::BytesCodec) that has a field `sides` and methods
/// `decode_elements(&self, encoded, decoded)` and `encode_elements(&self, decoded, encoded)`, whose
/// arguments hold equally many elements.
macro_rules! filter_methods {
    () => {
        fn name(&self) -> &'static str {
            NAME
        }

        fn decode_into(
            &self,
            encoded: &[u8],
            decoded: &mut [u8],
            contexts: &mut Contexts,
        ) -> Result<()> {
            self.sides.check(encoded, decoded)?;
            self.decode_elements(encoded, decoded, contexts)
        }

        fn decode_bounded(
            &self,
            encoded: &[u8],
            limit: usize,
            decoded: &mut Vec<u8>,
            contexts: &mut Contexts,
        ) -> Result<()> {
            let room = self.sides.decoded_room(encoded, limit, decoded)?;
            self.decode_elements(encoded, room, contexts)
        }

        fn encode(
            &self,
            decoded: &[u8],
            encoded: &mut Vec<u8>,
            contexts: &mut Contexts,
        ) -> Result<()> {
            let room = self.sides.encoded_room(decoded, encoded)?;
            self.encode_elements(decoded, room, contexts)
        }

        fn encoded_bound(&self, decoded_nbytes: usize) -> Option<usize> {
            self.sides.encoded_bound(decoded_nbytes)
        }
    };
}
pub(super) use filter_methods;
