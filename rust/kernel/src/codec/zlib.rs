//! The codec `zlib`: one RFC 1950 stream. Anything behind it is an error.

use super::contexts::Contexts;
use super::contract::BytesCodec;
use super::deflate::{self, Deflated, Format, Inflater};
use super::output::{decode_growing, decoded_wrong_size};
use crate::memory::zeroed;
use crate::{KernelError, Result};

const NAME: &str = "zlib";

const HEADER_NBYTES: usize = 2;

/// Adler-32 of the content, big-endian, behind the compressed data.
const CHECKSUM_NBYTES: usize = 4;

/// Parameters of the codec. Decoding needs none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zlib {
    level: u8,
}

impl Zlib {
    /// `level` is 0 (stored) to 9 (smallest).
    ///
    /// # Errors
    /// [`KernelError::BadParameter`] for any other level.
    pub fn new(level: u8) -> Result<Self> {
        deflate::check_level(NAME, level).map(|()| Self { level })
    }
}

impl BytesCodec for Zlib {
    fn name(&self) -> &'static str {
        NAME
    }

    fn decode_into(
        &self,
        encoded: &[u8],
        decoded: &mut [u8],
        contexts: &mut Contexts,
    ) -> Result<()> {
        match decompress(NAME, encoded, decoded, contexts)? {
            Some(nbytes) if nbytes == decoded.len() => Ok(()),
            nbytes => Err(decoded_wrong_size(NAME, decoded.len(), nbytes)),
        }
    }

    fn decode_bounded(
        &self,
        encoded: &[u8],
        limit: usize,
        decoded: &mut Vec<u8>,
        contexts: &mut Contexts,
    ) -> Result<()> {
        let guess = encoded.len().saturating_mul(4);
        decode_growing(NAME, limit, guess, decoded, |part| {
            decompress(NAME, encoded, part, contexts)
        })
    }

    fn decode_head(
        &self,
        encoded: &[u8],
        nbytes: usize,
        _: &mut Contexts,
    ) -> Result<Option<Vec<u8>>> {
        let mut head = zeroed(nbytes)?;
        let compressed = encoded.get(HEADER_NBYTES..).unwrap_or_default();
        if let Some(inflated) =
            deflate::inflate_counting(NAME, compressed, &mut head, &mut Inflater::default())?
        {
            head.truncate(inflated.n_written);
        }
        Ok(Some(head))
    }

    fn encode(&self, decoded: &[u8], encoded: &mut Vec<u8>, contexts: &mut Contexts) -> Result<()> {
        deflate::compress(Format::Zlib, self.level, decoded, encoded, contexts)
    }

    fn encoded_bound(&self, decoded_nbytes: usize) -> Option<usize> {
        deflate::encoded_bound(decoded_nbytes)
    }
}

/// Decode the stream; `None` when it does not fit into `decoded`. Errors are in the name of `codec`.
///
/// The fast decoder does not say where the stream ends. Its last four bytes are the checksum, which
/// the decoder has verified: data that has those four bytes at its end and nowhere else is that one
/// stream. In all other data, a second and slower decoder looks for the end.
pub(super) fn decompress(
    codec: &'static str,
    encoded: &[u8],
    decoded: &mut [u8],
    contexts: &mut Contexts,
) -> Result<Option<usize>> {
    let corrupt = |problem: &'static str| KernelError::Corrupt {
        codec,
        problem: problem.into(),
    };
    match deflate::decompress(Format::Zlib, encoded, decoded, contexts) {
        Deflated::Complete(nbytes) => {
            let content = decoded.get(..nbytes).unwrap_or_default();
            let checksum = libdeflater::adler32(content).to_be_bytes();
            if deflate::ends_with_first(encoded, &checksum)
                || n_behind(codec, encoded, decoded)? == CHECKSUM_NBYTES
            {
                Ok(Some(nbytes))
            } else {
                Err(corrupt("bytes follow the end of the zlib stream"))
            }
        }
        Deflated::TooLong => Ok(None),
        Deflated::Corrupt => Err(corrupt("the zlib stream is damaged or cut short")),
    }
}

/// How many bytes lie behind the compressed data of the stream, which fits into `decoded`.
fn n_behind(codec: &'static str, encoded: &[u8], decoded: &mut [u8]) -> Result<usize> {
    let compressed = encoded.get(HEADER_NBYTES..).unwrap_or_default();
    let inflated = deflate::inflate_counting(codec, compressed, decoded, &mut Inflater::default())?;
    let n_read = inflated.map_or(0, |inflated| inflated.n_read);
    Ok(compressed.len().saturating_sub(n_read))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{
        check_hostile, check_round_trip, data, decode_anyhow, decoded, decoded_bounded, encoded,
        from_hex, wave,
    };
    use super::*;

    // numcodecs 0.16.6: Zlib(1) of FOX.
    const STORED: &str = "78012bc94855282ccd4cce56482aca2fcf5348cbaf5028a18318006f262bf3";

    fn fox() -> Vec<u8> {
        b"the quick brown fox ".repeat(6)
    }

    fn codec() -> Zlib {
        Zlib::new(1).unwrap()
    }

    #[test]
    fn a_stream_of_numcodecs() {
        assert_eq!(decoded(&codec(), &from_hex(STORED), 120), Ok(fox()));
    }

    #[test]
    fn bytes_behind_the_stream() {
        for garbage in [[0].as_slice(), b"garbage", &from_hex(STORED)] {
            let stored = [from_hex(STORED).as_slice(), garbage].concat();
            for nbytes in [120, 240] {
                assert!(decoded(&codec(), &stored, nbytes).is_err());
            }
            assert!(decoded_bounded(&codec(), &stored, 240).is_err());
        }
    }

    #[test]
    fn data_that_holds_its_own_checksum() {
        // The search finds the checksum in the content, so the end has to be counted out.
        let data = [2, 0, 1, 0, 0, 0, 230, 22];
        let stored = encoded(&Zlib::new(0).unwrap(), &data);
        assert_eq!(stored[stored.len() - 4..], data[..4]);
        assert_eq!(decoded(&codec(), &stored, 8), Ok(data.to_vec()));
        assert_eq!(decoded_bounded(&codec(), &stored, 8), Ok(data.to_vec()));
        let behind = [stored.as_slice(), &data[..4]].concat();
        assert!(decoded(&codec(), &behind, 8).is_err());
    }

    #[test]
    fn levels() {
        let data = wave(10_000, 7);
        for level in 0..=9 {
            check_round_trip(&Zlib::new(level).unwrap(), &data, &mut Contexts::new());
        }
        assert!(Zlib::new(10).is_err());
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let stored = encoded(&Zlib::new(9).unwrap(), &vec![0; 5_000_000]);
        assert!(decoded(&codec(), &stored, 1000).is_err());
        assert!(decoded_bounded(&codec(), &stored, 1000).is_err());
    }

    #[test]
    fn hostile_data() {
        check_hostile(&codec(), &from_hex(STORED), 120, true);
        let large = wave(30_000, 1);
        check_hostile(&codec(), &encoded(&codec(), &large), large.len(), true);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn round_trips(data in data(), level in 0..=9_u8) {
            check_round_trip(&Zlib::new(level).unwrap(), &data, &mut Contexts::new());
        }

        #[test]
        fn any_bytes_decode_or_fail(garbage: Vec<u8>, nbytes in 0..3000_usize) {
            decode_anyhow(&codec(), &garbage, nbytes);
            decode_anyhow(&codec(), &[&[0x78, 1], garbage.as_slice()].concat(), nbytes);
        }
    }
}
