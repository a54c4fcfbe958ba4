//! The codec `gzip`: RFC 1952 streams.
//!
//! Written: one member without name or time, so that equal data gives equal bytes. Read: any number
//! of members, with zero padding behind them; anything else behind them is an error.
//!
//! The fast decoder takes the first member and does not say where that ends. A member's last eight
//! bytes are its checksum and length, which the decoder has verified: data that has those eight
//! bytes at its end and nowhere else is that one member. All other data goes through a second,
//! slower decoder that counts.

use super::contexts::Contexts;
use super::contract::BytesCodec;
use super::deflate::{self, Deflated, Format, Inflater};
use super::output::{decode_growing, decoded_wrong_size};
use crate::memory::zeroed;
use crate::{KernelError, Result};

const NAME: &str = "gzip";

/// Checksum and length, four bytes each, behind the compressed data of a member.
const TRAILER_NBYTES: usize = 8;

const MAGIC: [u8; 3] = [0x1F, 0x8B, 8];
const FIXED_HEADER_NBYTES: usize = 10;
const FLAGS_POSITION: usize = 3;

/// Flags of the parts that a header may have. Text is a mere hint; the upper three bits are
/// reserved.
const HAS_HEADER_CHECKSUM: u8 = 0x02;
const HAS_EXTRA: u8 = 0x04;
const HAS_NAME: u8 = 0x08;
const HAS_COMMENT: u8 = 0x10;
const RESERVED: u8 = 0xE0;

/// Parameters of the codec. Decoding needs none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gzip {
    level: u8,
}

impl Gzip {
    /// `level` is 0 (stored) to 9 (smallest).
    ///
    /// # Errors
    /// [`KernelError::BadParameter`] for any other level.
    pub fn new(level: u8) -> Result<Self> {
        deflate::check_level(NAME, level).map(|()| Self { level })
    }
}

impl BytesCodec for Gzip {
    fn name(&self) -> &'static str {
        NAME
    }

    fn decode_into(
        &self,
        encoded: &[u8],
        decoded: &mut [u8],
        contexts: &mut Contexts,
    ) -> Result<()> {
        match decompress(encoded, decoded, contexts)? {
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
        decode_growing(NAME, limit, stored_nbytes(encoded), decoded, |part| {
            decompress(encoded, part, contexts)
        })
    }

    fn decode_head(
        &self,
        encoded: &[u8],
        nbytes: usize,
        _: &mut Contexts,
    ) -> Result<Option<Vec<u8>>> {
        let mut head = zeroed(nbytes)?;
        if let Some(nbytes) = decompress_members(encoded, &mut head)? {
            head.truncate(nbytes);
        }
        Ok(Some(head))
    }

    fn encode(&self, decoded: &[u8], encoded: &mut Vec<u8>, contexts: &mut Contexts) -> Result<()> {
        deflate::compress(Format::Gzip, self.level, decoded, encoded, contexts)
    }

    fn encoded_bound(&self, decoded_nbytes: usize) -> Option<usize> {
        deflate::encoded_bound(decoded_nbytes)
    }
}

/// Decode all members; `None` when they do not fit into `decoded`.
fn decompress(
    encoded: &[u8],
    decoded: &mut [u8],
    contexts: &mut Contexts,
) -> Result<Option<usize>> {
    if let Deflated::Complete(nbytes) =
        deflate::decompress(Format::Gzip, encoded, decoded, contexts)
    {
        let content = decoded.get(..nbytes).unwrap_or_default();
        if deflate::ends_with_first(encoded, &trailer(content)) {
            return Ok(Some(nbytes));
        }
    }
    decompress_members(encoded, decoded)
}

/// Checksum and length of `content` as they stand behind a member.
fn trailer(content: &[u8]) -> [u8; TRAILER_NBYTES] {
    let checksum = u64::from(libdeflater::crc32(content));
    let nbytes = u64::try_from(content.len()).unwrap_or(u64::MAX) & u64::from(u32::MAX);
    (nbytes << 32 | checksum).to_le_bytes()
}

/// What the last member says it holds, modulo 2^32. A guess: nothing may depend on it.
fn stored_nbytes(encoded: &[u8]) -> usize {
    let stored = encoded.last_chunk::<4>().copied().unwrap_or_default();
    usize::try_from(u32::from_le_bytes(stored))
        .unwrap_or(usize::MAX)
        .min(encoded.len().saturating_mul(deflate::MAX_RATIO))
}

/// Decode member after member; `None` when they do not fit into `decoded`, which is then full.
fn decompress_members(encoded: &[u8], decoded: &mut [u8]) -> Result<Option<usize>> {
    let mut rest = encoded;
    let mut n_done = 0_usize;
    let mut inflater = Inflater::default();
    loop {
        let room = decoded.get_mut(n_done..).unwrap_or_default();
        let compressed = skip_header(rest)?;
        let Some(part) = deflate::inflate_counting(NAME, compressed, room, &mut inflater)? else {
            return Ok(None);
        };
        let content = room.get(..part.n_written).unwrap_or_default();
        let (stored, behind) = compressed
            .get(part.n_read..)
            .and_then(<[u8]>::split_first_chunk::<TRAILER_NBYTES>)
            .ok_or_else(cut_short)?;
        if *stored != trailer(content) {
            return Err(corrupt("checksum or length of a member do not match"));
        }
        n_done = n_done.saturating_add(part.n_written);
        let n_zeros = behind.iter().take_while(|byte| **byte == 0).count();
        rest = behind.get(n_zeros..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(Some(n_done));
        }
    }
}

/// What follows the header of the member that `member` begins with.
fn skip_header(member: &[u8]) -> Result<&[u8]> {
    if !member.starts_with(&MAGIC) {
        return Err(corrupt(
            "what should be a gzip member does not begin as one",
        ));
    }
    let flags = member.get(FLAGS_POSITION).copied().ok_or_else(cut_short)?;
    if flags & RESERVED != 0 {
        return Err(corrupt("a gzip header has reserved flags"));
    }
    let mut rest = member.get(FIXED_HEADER_NBYTES..).ok_or_else(cut_short)?;
    if flags & HAS_EXTRA != 0 {
        let (nbytes, extra) = rest.split_first_chunk::<2>().ok_or_else(cut_short)?;
        let nbytes = usize::from(u16::from_le_bytes(*nbytes));
        rest = extra.get(nbytes..).ok_or_else(cut_short)?;
    }
    for text in [HAS_NAME, HAS_COMMENT] {
        if flags & text != 0 {
            let mut parts = rest.splitn(2, |byte| *byte == 0).skip(1);
            rest = parts.next().ok_or_else(cut_short)?;
        }
    }
    if flags & HAS_HEADER_CHECKSUM != 0 {
        rest = rest.get(2..).ok_or_else(cut_short)?;
    }
    Ok(rest)
}

fn cut_short() -> KernelError {
    corrupt("the gzip stream is cut short")
}

fn corrupt(problem: &'static str) -> KernelError {
    KernelError::Corrupt {
        codec: NAME,
        problem: problem.into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{
        check_hostile, check_round_trip, data, decode_anyhow, decoded, decoded_bounded, encoded,
        from_hex, wave,
    };
    use super::*;

    // numcodecs 0.16.6: GZip(1) of FOX, and Python's gzip with a name and level 6.
    const STORED: &str = "1f8b0800cf9c076b04ff2bc94855282ccd4cce56482aca2fcf5348cbaf5028a18318\
        00961a20f578000000";
    const NAMED: &str = "1f8b08080500000000ff6e616d652e747874002bc94855282ccd4cce56482aca2fcf53\
        48cbaf5028a1831800961a20f578000000";
    /// Compressed data, checksum and length of [`STORED`].
    const BODY: &str = "2bc94855282ccd4cce56482aca2fcf5348cbaf5028a1831800961a20f578000000";

    fn fox() -> Vec<u8> {
        b"the quick brown fox ".repeat(6)
    }

    fn codec() -> Gzip {
        Gzip::new(1).unwrap()
    }

    #[test]
    fn members_of_others() {
        for stored in [STORED, NAMED] {
            assert_eq!(decoded(&codec(), &from_hex(stored), 120), Ok(fox()));
        }
    }

    #[test]
    fn headers_with_everything() {
        let header = "1f8b081f 00000000 00ff 0400 65787472 6e616d6500 636f6d6d656e7400 abcd";
        let member = from_hex(&[header, BODY].concat());
        let stored = [member.clone(), member].concat();
        assert_eq!(decoded(&codec(), &stored, 240), Ok(fox().repeat(2)));
        for cut in 0..stored.len() {
            assert!(decoded(&codec(), &stored[..cut], 240).is_err(), "{cut}");
        }
    }

    #[test]
    fn several_members_and_padding() {
        let empty = encoded(&codec(), b"");
        let padding = vec![0; 100];
        let parts = [
            from_hex(STORED),
            empty.clone(),
            from_hex(NAMED),
            empty,
            padding,
        ];
        let stored = parts.concat();
        assert_eq!(decoded(&codec(), &stored, 240), Ok(fox().repeat(2)));
        assert_eq!(decoded_bounded(&codec(), &stored, 240), Ok(fox().repeat(2)));
        assert!(decoded_bounded(&codec(), &stored, 239).is_err());
        for nbytes in [0, 120, 239, 241] {
            assert!(decoded(&codec(), &stored, nbytes).is_err());
        }
    }

    #[test]
    fn bytes_behind_the_last_member() {
        for garbage in [[1, 0].as_slice(), &[0, 0, 1], b"\x1f\x8b", &[0x1F; 40]] {
            let stored = [from_hex(STORED).as_slice(), garbage].concat();
            assert!(matches!(
                decoded(&codec(), &stored, 120),
                Err(KernelError::Corrupt { codec: "gzip", .. })
            ));
        }
    }

    #[test]
    fn damage_in_a_later_member_is_noticed() {
        let first = from_hex(STORED);
        let stored = [first.clone(), from_hex(NAMED)].concat();
        for position in first.len()..stored.len() {
            if (first.len() + 3..first.len() + 19).contains(&position) {
                continue; // flag of text, time, level, system and name say nothing about the data
            }
            let mut damaged = stored.clone();
            damaged[position] ^= 1;
            assert!(decoded(&codec(), &damaged, 240).is_err(), "{position}");
        }
    }

    #[test]
    fn levels() {
        let data = wave(10_000, 7);
        for level in 0..=9 {
            check_round_trip(&Gzip::new(level).unwrap(), &data, &mut Contexts::new());
        }
        assert!(matches!(
            Gzip::new(10),
            Err(KernelError::BadParameter { codec: "gzip", .. })
        ));
    }

    #[test]
    fn the_header_says_nothing_of_time_or_place() {
        let stored = encoded(&codec(), &fox());
        assert_eq!(stored[..8], [0x1F, 0x8B, 8, 0, 0, 0, 0, 0]);
        assert_eq!(stored[9], 255);
        assert_eq!(stored, encoded(&codec(), &fox()));
    }

    #[test]
    fn nothing_is_not_a_member() {
        for nbytes in [0, 1] {
            assert!(decoded(&codec(), &[], nbytes).is_err());
            assert!(decoded(&codec(), &[0; 20], nbytes).is_err());
        }
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let member = encoded(&Gzip::new(9).unwrap(), &vec![0; 5_000_000]);
        for stored in [member.clone(), member.repeat(3)] {
            assert!(decoded(&codec(), &stored, 1000).is_err());
            assert!(decoded_bounded(&codec(), &stored, 1000).is_err());
        }
    }

    #[test]
    fn hostile_data() {
        check_hostile(&codec(), &from_hex(STORED), 120, true);
        let several = [STORED, NAMED].map(from_hex).concat();
        check_hostile(&codec(), &several, 240, true);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn round_trips(data in data(), level in 0..=9_u8) {
            check_round_trip(&Gzip::new(level).unwrap(), &data, &mut Contexts::new());
        }

        #[test]
        fn members_in_any_division(parts in prop::collection::vec(data(), 1..4), level in 0..=9_u8) {
            let codec = Gzip::new(level).unwrap();
            let stored: Vec<u8> = parts.iter().flat_map(|part| encoded(&codec, part)).collect();
            let whole = parts.concat();
            prop_assert_eq!(decoded(&codec, &stored, whole.len()), Ok(whole.clone()));
            prop_assert_eq!(decoded_bounded(&codec, &stored, whole.len()), Ok(whole));
        }

        #[test]
        fn any_bytes_decode_or_fail(garbage: Vec<u8>, nbytes in 0..3000_usize) {
            decode_anyhow(&codec(), &garbage, nbytes);
            let member = [&MAGIC, garbage.as_slice()].concat();
            decode_anyhow(&codec(), &member, nbytes);
            decode_anyhow(&codec(), &[from_hex(STORED), member].concat(), nbytes);
        }
    }
}
