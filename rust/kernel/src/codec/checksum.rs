//! Codecs that add a 32-bit checksum to the data: `crc32c` and its relatives.
//!
//! The checksum is stored as four little-endian bytes, before or after the data. Decoding is
//! verification: the decoded form is a part of the encoded form, so nothing need be copied.

use super::contexts::Contexts;
use super::contract::BytesCodec;
use super::output::{decoded_wrong_size, extend_from_slice, write_whole};
use super::{crc32c, fletcher32};
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

    /// CRC-32 of zlib. numcodecs stores it at the start unless told otherwise.
    #[must_use]
    pub fn crc32(location: Location) -> Self {
        Self {
            name: "crc32",
            compute: libdeflater::crc32,
            location,
        }
    }

    /// Adler-32. numcodecs stores it at the start unless told otherwise.
    #[must_use]
    pub fn adler32(location: Location) -> Self {
        Self {
            name: "adler32",
            compute: libdeflater::adler32,
            location,
        }
    }

    /// Fletcher-32 of HDF5, always at the end.
    #[must_use]
    pub fn fletcher32() -> Self {
        Self {
            name: "fletcher32",
            compute: fletcher32::checksum,
            location: Location::End,
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
            return Err(decoded_wrong_size(self.name, limit, Some(data.len())));
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
    use proptest::prelude::*;

    use super::super::testing::{
        check_hostile, check_round_trip, data, decoded, decoded_bounded, encoded,
    };
    use super::*;

    const LOCATIONS: [Location; 2] = [Location::Start, Location::End];

    fn all() -> Vec<Checksum32> {
        let with_location = [Checksum32::crc32c, Checksum32::crc32, Checksum32::adler32];
        with_location
            .iter()
            .flat_map(|make| LOCATIONS.map(make))
            .chain([Checksum32::fletcher32()])
            .collect()
    }

    #[test]
    fn known_values() {
        let ascending: Vec<u8> = (0..1025_u32).map(|i| (i % 256) as u8).collect();
        let ascending = [&ascending[..1024], b"x"].concat();
        let names = ["crc32", "adler32", "fletcher32"];
        // numcodecs 0.16.6.
        for (data, sums) in [
            (b"a".to_vec(), [0xE8B7_BE43, 0x0062_0062, 0x6100_6100]),
            (
                b"123456789".to_vec(),
                [0xCBF4_3926, 0x091E_01DE, 0x09DF_09D5],
            ),
            (ascending, [0x5E66_9832, 0xE360_FE88, 0x8E15_78FF]),
            (vec![0xFF; 1441], [0x4EAC_1A58, 0x8915_9BAB, 0xFF00_FF00]),
            (vec![0xFF; 4000], [0xCC3A_6F3D, 0xE68A_9142, 0xFFFF_FFFF]),
        ] {
            for codec in all() {
                if let Some(i) = names.iter().position(|name| *name == codec.name) {
                    assert_eq!((codec.compute)(&data), sums[i], "{codec:?}");
                }
            }
        }
    }

    #[test]
    fn places() {
        let sum = 0xE306_9283_u32.to_le_bytes();
        assert_eq!(
            encoded(&Checksum32::crc32c(Location::End), b"123456789"),
            [b"123456789".as_slice(), &sum].concat()
        );
        assert_eq!(
            encoded(&Checksum32::crc32c(Location::Start), b"123456789"),
            [sum.as_slice(), b"123456789"].concat()
        );
    }

    #[test]
    fn too_short_for_a_checksum() {
        for codec in all() {
            assert_eq!(
                codec.verify(&[0; 3]),
                Err(KernelError::ChecksumMissing {
                    codec: codec.name,
                    nbytes: 3
                })
            );
        }
    }

    #[test]
    fn another_length() {
        let codec = Checksum32::crc32c(Location::End);
        let stored = encoded(&codec, b"abc");
        for nbytes in [0, 2, 4] {
            assert_eq!(
                decoded(&codec, &stored, nbytes),
                Err(KernelError::DecodedWrongSize {
                    codec: "crc32c",
                    expected_nbytes: nbytes,
                    nbytes: Some(3)
                })
            );
        }
        assert!(decoded_bounded(&codec, &stored, 2).is_err());
    }

    #[test]
    fn hostile_data() {
        for codec in all() {
            check_hostile(&codec, &encoded(&codec, b"some data"), 9, true);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn round_trips(data in data()) {
            for codec in all() {
                check_round_trip(&codec, &data, &mut Contexts::new());
                let stored = encoded(&codec, &data);
                prop_assert_eq!(codec.decoded_within(&stored), Ok(Some(data.as_slice())));
            }
        }

        #[test]
        fn a_changed_byte_is_noticed(
            data: Vec<u8>, which: prop::sample::Index, position: prop::sample::Index, flip in 1..=255_u8,
        ) {
            let codec = all()[which.index(all().len())];
            let mut stored = encoded(&codec, &data);
            let position = position.index(stored.len());
            stored[position] ^= flip;
            let is_mismatch = matches!(codec.verify(&stored), Err(KernelError::ChecksumMismatch { .. }));
            prop_assert!(is_mismatch, "{:?}", codec);
        }
    }
}
