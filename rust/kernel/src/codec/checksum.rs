//! Codecs that add a 32-bit checksum to the data: `crc32c` and its relatives.
//!
//! The checksum is stored as four little-endian bytes, before or after the data. Decoding is
//! verification: the decoded form is a part of the encoded form, so nothing need be copied.

use super::{BytesCodec, Contexts, crc32c, extend_from_slice, write_whole};
use crate::{KernelError, Result};

/// Bytes that a checksum adds.
pub const CHECKSUM_NBYTES: usize = 4;

/// Where the checksum is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// Before the data.
    Start,
    /// After the data.
    End,
}

/// Which checksum is stored where.
#[derive(Clone, Copy, Debug)]
pub struct Checksum32 {
    name: &'static str,
    compute: fn(&[u8]) -> u32,
    location: Location,
}

impl Checksum32 {
    /// CRC-32C (Castagnoli). Zarr stores it at the end.
    #[must_use]
    pub fn crc32c(location: Location) -> Self {
        Self {
            name: "crc32c",
            compute: crc32c::checksum,
            location,
        }
    }

    /// The data inside `encoded`, after a look at the checksum.
    ///
    /// # Errors
    /// [`KernelError::ChecksumMissing`] when `encoded` is too short to hold a checksum and
    /// [`KernelError::ChecksumMismatch`] when the data does not match it.
    pub fn verify<'encoded>(&self, encoded: &'encoded [u8]) -> Result<&'encoded [u8]> {
        let parts = match self.location {
            Location::Start => encoded
                .split_first_chunk::<CHECKSUM_NBYTES>()
                .map(|(stored, data)| (data, stored)),
            Location::End => encoded.split_last_chunk::<CHECKSUM_NBYTES>(),
        };
        let (data, stored) = parts.ok_or(KernelError::ChecksumMissing {
            codec: self.name,
            nbytes: encoded.len(),
        })?;
        let stored = u32::from_le_bytes(*stored);
        let computed = (self.compute)(data);
        if stored == computed {
            Ok(data)
        } else {
            Err(KernelError::ChecksumMismatch {
                codec: self.name,
                stored,
                computed,
            })
        }
    }
}

impl BytesCodec for Checksum32 {
    fn name(&self) -> &'static str {
        self.name
    }

    fn decode_into(&self, encoded: &[u8], decoded: &mut [u8], _: &mut Contexts) -> Result<()> {
        write_whole(self.name, self.verify(encoded)?, decoded)
    }

    fn decode_bounded(
        &self,
        encoded: &[u8],
        limit: usize,
        decoded: &mut Vec<u8>,
        _: &mut Contexts,
    ) -> Result<()> {
        let data = self.verify(encoded)?;
        if data.len() > limit {
            return Err(KernelError::DecodedWrongSize {
                codec: self.name,
                expected_nbytes: limit,
                nbytes: None,
            });
        }
        extend_from_slice(decoded, data)
    }

    fn encode(&self, decoded: &[u8], encoded: &mut Vec<u8>, _: &mut Contexts) -> Result<()> {
        let start = encoded.len();
        extend_from_slice(encoded, decoded)?;
        self.encode_in_place(encoded, start).map(|_| ())
    }

    fn encoded_bound(&self, decoded_nbytes: usize) -> Option<usize> {
        decoded_nbytes.checked_add(CHECKSUM_NBYTES)
    }

    fn decoded_within<'encoded>(&self, encoded: &'encoded [u8]) -> Result<Option<&'encoded [u8]>> {
        self.verify(encoded).map(Some)
    }

    fn encode_in_place(&self, data: &mut Vec<u8>, start: usize) -> Result<bool> {
        let sum = (self.compute)(data.get(start..).unwrap_or_default()).to_le_bytes();
        extend_from_slice(data, &sum)?;
        if self.location == Location::Start {
            data.get_mut(start..)
                .unwrap_or_default()
                .rotate_right(CHECKSUM_NBYTES);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LOCATIONS: [Location; 2] = [Location::Start, Location::End];

    fn encoded(codec: Checksum32, data: &[u8]) -> Vec<u8> {
        let mut encoded = vec![];
        codec
            .encode(data, &mut encoded, &mut Contexts::new())
            .unwrap();
        encoded
    }

    #[test]
    fn places() {
        let sum = 0xE306_9283_u32.to_le_bytes();
        assert_eq!(
            encoded(Checksum32::crc32c(Location::End), b"123456789"),
            [b"123456789".as_slice(), &sum].concat()
        );
        assert_eq!(
            encoded(Checksum32::crc32c(Location::Start), b"123456789"),
            [sum.as_slice(), b"123456789"].concat()
        );
    }

    #[test]
    fn too_short_for_a_checksum() {
        for location in LOCATIONS {
            assert_eq!(
                Checksum32::crc32c(location).verify(&[0; 3]),
                Err(KernelError::ChecksumMissing {
                    codec: "crc32c",
                    nbytes: 3
                })
            );
        }
    }

    #[test]
    fn another_length() {
        let codec = Checksum32::crc32c(Location::End);
        let encoded = encoded(codec, b"abc");
        for nbytes in [0, 2, 4] {
            assert_eq!(
                codec.decode_into(&encoded, &mut vec![0; nbytes], &mut Contexts::new()),
                Err(KernelError::DecodedWrongSize {
                    codec: "crc32c",
                    expected_nbytes: nbytes,
                    nbytes: Some(3)
                })
            );
        }
        let mut decoded = vec![];
        assert!(
            codec
                .decode_bounded(&encoded, 2, &mut decoded, &mut Contexts::new())
                .is_err()
        );
        assert!(decoded.is_empty());
    }

    proptest! {
        #[test]
        fn round_trips(before: Vec<u8>, data: Vec<u8>, at_start: bool) {
            let codec = Checksum32::crc32c(LOCATIONS[usize::from(at_start)]);
            let mut stored = before.clone();
            codec.encode(&data, &mut stored, &mut Contexts::new()).unwrap();
            prop_assert_eq!(&stored[..before.len()], &before);
            let stored = &stored[before.len()..];
            prop_assert_eq!(Some(stored.len()), codec.encoded_bound(data.len()));
            prop_assert_eq!(codec.decoded_within(stored), Ok(Some(data.as_slice())));
            let mut decoded = before.clone();
            codec.decode_bounded(stored, data.len(), &mut decoded, &mut Contexts::new()).unwrap();
            prop_assert_eq!(&decoded[before.len()..], &data);
        }

        #[test]
        fn a_changed_byte_is_noticed(
            data: Vec<u8>, at_start: bool, position: prop::sample::Index, flip in 1..=255_u8,
        ) {
            let codec = Checksum32::crc32c(LOCATIONS[usize::from(at_start)]);
            let mut stored = encoded(codec, &data);
            let position = position.index(stored.len());
            stored[position] ^= flip;
            let is_mismatch = matches!(codec.verify(&stored), Err(KernelError::ChecksumMismatch { .. }));
            prop_assert!(is_mismatch);
        }
    }
}
