//! The `crc32c` codec: the data followed by its CRC-32C (Castagnoli) as four little-endian bytes.

use crate::{KernelError, Result};

/// The codec's name in the metadata.
const NAME: &str = "crc32c";

/// Bytes that the codec adds.
pub const CHECKSUM_NBYTES: usize = 4;

/// CRC-32C of `data`.
#[must_use]
pub fn checksum(data: &[u8]) -> u32 {
    ::crc32c::crc32c(data)
}

/// Length of the encoded form of `nbytes` bytes.
///
/// # Errors
/// [`KernelError::TooLarge`] when that is more than an address can count.
pub fn encoded_nbytes(nbytes: usize) -> Result<usize> {
    nbytes
        .checked_add(CHECKSUM_NBYTES)
        .ok_or(KernelError::TooLarge { what: "crc32c" })
}

/// `data` with its checksum appended.
#[must_use]
pub fn encode(data: &[u8]) -> Vec<u8> {
    let sum = checksum(data).to_le_bytes();
    [data, sum.as_slice()].concat()
}

/// Fill `encoded` with `data` and the checksum of what was copied.
///
/// The checksum is taken from the copy: should another thread change `data` meanwhile, the result
/// is still consistent.
///
/// # Errors
/// [`KernelError::OutputWrongSize`] unless `encoded` has [`encoded_nbytes`] of `data`.
pub fn encode_into(data: &[u8], encoded: &mut [u8]) -> Result<()> {
    let nbytes = encoded.len();
    match encoded.split_last_chunk_mut::<CHECKSUM_NBYTES>() {
        Some((copy, sum)) if copy.len() == data.len() => {
            copy.copy_from_slice(data);
            *sum = checksum(copy).to_le_bytes();
            Ok(())
        }
        _ => Err(KernelError::OutputWrongSize {
            expected_nbytes: encoded_nbytes(data.len())?,
            nbytes,
        }),
    }
}

/// The part of `encoded` before the checksum, verified. Nothing is copied.
///
/// # Errors
/// [`KernelError::ChecksumMissing`] when `encoded` is too short to hold a checksum and
/// [`KernelError::ChecksumMismatch`] when the data does not match it.
pub fn decode(encoded: &[u8]) -> Result<&[u8]> {
    let (data, stored) =
        encoded
            .split_last_chunk::<CHECKSUM_NBYTES>()
            .ok_or(KernelError::ChecksumMissing {
                codec: NAME,
                nbytes: encoded.len(),
            })?;
    let stored = u32::from_le_bytes(*stored);
    let computed = checksum(data);
    if stored == computed {
        Ok(data)
    } else {
        Err(KernelError::ChecksumMismatch {
            codec: NAME,
            stored,
            computed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// CRC-32C one bit at a time, straight from the definition: the oracle.
    fn checksum_bitwise(data: &[u8]) -> u32 {
        let mut register = u32::MAX;
        for byte in data {
            register ^= u32::from(*byte);
            for _ in 0..8 {
                let carry = register & 1;
                register = (register >> 1) ^ (carry * 0x82F6_3B78);
            }
        }
        !register
    }

    #[test]
    fn known_values() {
        // RFC 3720, appendix B.4.
        assert_eq!(checksum(b""), 0);
        assert_eq!(checksum(&[0; 32]), 0x8A91_36AA);
        assert_eq!(checksum(&[0xFF; 32]), 0x62A8_AB43);
        let ascending: Vec<u8> = (0..32).collect();
        assert_eq!(checksum(&ascending), 0x46DD_794E);
        assert_eq!(checksum(b"123456789"), 0xE306_9283);
    }

    #[test]
    fn checksum_is_stored_little_endian_after_the_data() {
        assert_eq!(encode(b"123456789"), b"123456789\x83\x92\x06\xE3");
    }

    #[test]
    fn encoding_in_place_wants_the_exact_size() {
        for nbytes in [0, 3, 6, 8] {
            assert_eq!(
                encode_into(b"abc", &mut vec![0; nbytes]),
                Err(KernelError::OutputWrongSize {
                    expected_nbytes: 7,
                    nbytes
                })
            );
        }
        assert!(matches!(
            encoded_nbytes(usize::MAX),
            Err(KernelError::TooLarge { .. })
        ));
    }

    #[test]
    fn too_short_is_an_error() {
        for nbytes in 0..CHECKSUM_NBYTES {
            assert_eq!(
                decode(&vec![0; nbytes]),
                Err(KernelError::ChecksumMissing {
                    codec: NAME,
                    nbytes
                })
            );
        }
    }

    #[test]
    fn empty_data_round_trips() {
        assert_eq!(encode(b""), [0; 4]);
        assert_eq!(decode(&[0; 4]), Ok(&[] as &[u8]));
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(data: Vec<u8>) {
            prop_assert_eq!(checksum(&data), checksum_bitwise(&data));
        }

        #[test]
        fn round_trips(data: Vec<u8>) {
            let encoded = encode(&data);
            prop_assert_eq!(decode(&encoded), Ok(data.as_slice()));
            let mut in_place = vec![0; encoded_nbytes(data.len()).unwrap()];
            prop_assert_eq!(encode_into(&data, &mut in_place), Ok(()));
            prop_assert_eq!(in_place, encoded);
        }

        #[test]
        fn a_changed_byte_is_noticed(data: Vec<u8>, position: prop::sample::Index, flip in 1..=255_u8) {
            let mut encoded = encode(&data);
            let position = position.index(encoded.len());
            encoded[position] ^= flip;
            let is_mismatch = matches!(decode(&encoded), Err(KernelError::ChecksumMismatch { .. }));
            prop_assert!(is_mismatch);
        }
    }
}
