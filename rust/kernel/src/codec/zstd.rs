//! The codec `zstd`: Zstandard frames (RFC 8878).
//!
//! Written: one frame with its content size. Read: any number of frames, skippable ones among them,
//! with or without a content size; anything else behind them is an error.
//!
//! A frame is made of blocks of at most 128 KiB, and can be decoded up to any of them. Without a
//! checksum over the whole frame, that is all a range needs.

use std::ops::Range;

use zstd_safe::zstd_sys::ZSTD_ErrorCode;
use zstd_safe::{CCtx, CParameter, DCtx, InBuffer, OutBuffer, ResetDirective};

use super::contexts::Contexts;
use super::contract::BytesCodec;
use super::output::{check_claim, check_range, decode_growing, decoded_wrong_size};
use crate::memory::zeroed;
use crate::{KernelError, Result};

const NAME: &str = "zstd";

/// The most that one block decodes to: frames of up to this size have nothing to leave out.
const BLOCK_NBYTES: usize = 128 * 1024;

/// The most that the length of a block can say.
const LARGEST_BLOCK_NBYTES: usize = 1 << 21;

/// Decoders of parts that grew beyond this are not kept.
const MAX_KEPT_NBYTES: usize = 4 * 1024 * 1024;

/// Bytes of a frame with which decoding begins: magic number and descriptor.
const MIN_HEADER_NBYTES: usize = 5;

/// Bit of the frame header that announces a checksum.
const CHECKSUM_FLAG: u8 = 0x04;

/// Frame header: four bytes of magic number, then the descriptor.
const DESCRIPTOR_POSITION: usize = 4;

/// Parameters of the codec. Decoding needs none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zstd {
    level: i32,
    checksum: bool,
}

impl Zstd {
    /// `level` is -131072 (fastest) to 22 (smallest), 0 being the library's default.
    ///
    /// # Errors
    /// [`KernelError::BadParameter`] for any other level.
    pub fn new(level: i32, checksum: bool) -> Result<Self> {
        if (zstd_safe::min_c_level()..=zstd_safe::max_c_level()).contains(&level) {
            Ok(Self { level, checksum })
        } else {
            Err(KernelError::BadParameter {
                codec: NAME,
                problem: format!("level {level} is not between -131072 and 22").into(),
            })
        }
    }
}

impl BytesCodec for Zstd {
    fn name(&self) -> &'static str {
        NAME
    }

    fn decode_into(
        &self,
        encoded: &[u8],
        decoded: &mut [u8],
        contexts: &mut Contexts,
    ) -> Result<()> {
        let expected_nbytes = decoded.len();
        match decompress(NAME, encoded, decoded, contexts.zstd.one_shot()?)? {
            Some(nbytes) if nbytes == expected_nbytes => Ok(()),
            nbytes => Err(decoded_wrong_size(NAME, expected_nbytes, nbytes)),
        }
    }

    fn decode_range(
        &self,
        encoded: &[u8],
        wanted: Range<usize>,
        decoded: &mut [u8],
        contexts: &mut Contexts,
    ) -> Result<()> {
        check_range(&wanted, decoded.len())?;
        let is_worth_it = decoded.len() > BLOCK_NBYTES
            && decoded.len().saturating_sub(wanted.end) >= BLOCK_NBYTES;
        if is_worth_it && is_one_frame_without_checksum(encoded, decoded.len()) {
            // The library takes some malformed blocks at once and not piece by piece. What is an
            // error must not depend on the part that is wanted: the whole decides.
            if decompress_head(encoded, decoded, wanted.end, contexts).unwrap_or(false) {
                return Ok(());
            }
        }
        self.decode_into(encoded, decoded, contexts)
    }

    fn decode_bounded(
        &self,
        encoded: &[u8],
        limit: usize,
        decoded: &mut Vec<u8>,
        contexts: &mut Contexts,
    ) -> Result<()> {
        let context = contexts.zstd.one_shot()?;
        let claimed = content_nbytes(encoded);
        check_claim(NAME, claimed.unwrap_or(0), encoded.len())?;
        let guess = claimed.unwrap_or(BLOCK_NBYTES);
        decode_growing(NAME, limit, guess, decoded, |part| {
            decompress(NAME, encoded, part, context)
        })
    }

    fn decode_head(
        &self,
        encoded: &[u8],
        nbytes: usize,
        contexts: &mut Contexts,
    ) -> Result<Option<Vec<u8>>> {
        // What does not fit is told when a block does not: all before it is there.
        let mut head = zeroed(nbytes.saturating_add(LARGEST_BLOCK_NBYTES))?;
        let n_written = decompress(NAME, encoded, &mut head, contexts.zstd.one_shot()?)?;
        head.truncate(n_written.map_or(nbytes, |n_written| n_written.min(nbytes)));
        Ok(Some(head))
    }

    fn encode(&self, decoded: &[u8], encoded: &mut Vec<u8>, contexts: &mut Contexts) -> Result<()> {
        // Room for the worst case: what is not touched costs nothing.
        let bound = zstd_safe::compress_bound(decoded.len());
        encoded
            .try_reserve(bound)
            .map_err(|_| KernelError::OutOfMemory { nbytes: bound })?;
        let context = self.prepare(contexts)?;
        context.compress2(encoded, decoded).map_err(not_encodable)?;
        Ok(())
    }

    fn encoded_bound(&self, decoded_nbytes: usize) -> Option<usize> {
        let bound = zstd_safe::compress_bound(decoded_nbytes);
        (bound >= decoded_nbytes).then_some(bound)
    }
}

impl Zstd {
    /// The encoder's context, set to these parameters.
    fn prepare<'contexts>(
        &self,
        contexts: &'contexts mut Contexts,
    ) -> Result<&'contexts mut CCtx<'static>> {
        let context = contexts.zstd.encoder()?;
        for parameter in [
            CParameter::CompressionLevel(self.level),
            CParameter::ChecksumFlag(self.checksum),
        ] {
            context.set_parameter(parameter).map_err(not_encodable)?;
        }
        Ok(context)
    }
}

/// Decode all frames; `None` when they do not fit into `decoded`. Errors are in the name of `codec`.
pub(super) fn decompress(
    codec: &'static str,
    encoded: &[u8],
    decoded: &mut [u8],
    context: &mut DCtx<'static>,
) -> Result<Option<usize>> {
    if encoded.is_empty() {
        return Err(corrupt(codec, "there is no Zstandard frame"));
    }
    match context.decompress(decoded, encoded) {
        Ok(nbytes) => Ok(Some(nbytes)),
        Err(code) if is_too_small(code) => Ok(None),
        Err(code) => Err(corrupt(codec, zstd_safe::get_error_name(code))),
    }
}

fn is_too_small(code: usize) -> bool {
    zstd_safe::is_error_kind(code, ZSTD_ErrorCode::ZSTD_error_dstSize_tooSmall)
}

/// Fill `decoded` from the only frame, at least up to `end`. `false` when its window is larger than
/// a streaming decoder will allocate.
fn decompress_head(
    encoded: &[u8],
    decoded: &mut [u8],
    end: usize,
    contexts: &mut Contexts,
) -> Result<bool> {
    let context = contexts.zstd.streaming()?;
    let outcome = stream(encoded, decoded, end, context);
    let is_reusable = context.reset(ResetDirective::SessionOnly).is_ok();
    if !is_reusable || context.sizeof() > MAX_KEPT_NBYTES {
        contexts.zstd.drop_streaming();
    }
    outcome
}

fn stream(
    encoded: &[u8],
    decoded: &mut [u8],
    end: usize,
    context: &mut DCtx<'static>,
) -> Result<bool> {
    let mut output = OutBuffer::around(decoded);
    let (mut consumed, mut hint) = (0, MIN_HEADER_NBYTES);
    while output.pos() < end {
        let before = (consumed, output.pos());
        // No more than the library asks for, which is a block: it would go on to the end.
        let given = encoded.get(consumed..).unwrap_or_default();
        let mut input = InBuffer::around(given.get(..hint).unwrap_or(given));
        hint = match context.decompress_stream(&mut output, &mut input) {
            Ok(hint) => hint,
            Err(code) if is_window_too_large(code) => return Ok(false),
            Err(code) => return Err(corrupt(NAME, zstd_safe::get_error_name(code))),
        };
        consumed = consumed.saturating_add(input.pos());
        let is_stuck = (consumed, output.pos()) == before;
        if output.pos() < end && (hint == 0 || is_stuck) {
            return Err(decoded_wrong_size(NAME, end, Some(output.pos())));
        }
    }
    Ok(true)
}

fn is_window_too_large(code: usize) -> bool {
    zstd_safe::is_error_kind(
        code,
        ZSTD_ErrorCode::ZSTD_error_frameParameter_windowTooLarge,
    )
}

/// Whether `encoded` is a single frame that nothing forbids to decode in part.
///
/// Everything else, damaged data included, is left to the decoder of whole chunks.
fn is_one_frame_without_checksum(encoded: &[u8], decoded_nbytes: usize) -> bool {
    let has_checksum = encoded
        .get(DESCRIPTOR_POSITION)
        .is_none_or(|descriptor| descriptor & CHECKSUM_FLAG != 0);
    !has_checksum
        && zstd_safe::find_frame_compressed_size(encoded) == Ok(encoded.len())
        && match zstd_safe::get_frame_content_size(encoded) {
            Ok(Some(nbytes)) => u64::try_from(decoded_nbytes) == Ok(nbytes),
            Ok(None) => true,
            Err(_) => false,
        }
}

/// What the first frame says it holds. A guess: nothing may depend on it.
fn content_nbytes(encoded: &[u8]) -> Option<usize> {
    let nbytes = zstd_safe::get_frame_content_size(encoded).ok().flatten()?;
    usize::try_from(nbytes).ok()
}

fn corrupt(codec: &'static str, problem: &'static str) -> KernelError {
    KernelError::Corrupt {
        codec,
        problem: problem.into(),
    }
}

fn not_encodable(code: usize) -> KernelError {
    KernelError::NotEncodable {
        codec: NAME,
        problem: zstd_safe::get_error_name(code).into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{
        check_hostile, check_round_trip, data, decode_anyhow, decoded, decoded_bounded,
        decoded_range, encoded, from_hex, noise, wave,
    };
    use super::*;

    // numcodecs 0.16.6: Zstd(level=3) and Zstd(level=3, checksum=True) of FOX.
    const STORED: &str = "28b52ffd2078dd0000a074686520717569636b2062726f776e20666f78200100c2a59309";
    const STORED_WITH_CHECKSUM: &str =
        "28b52ffd2478dd0000a074686520717569636b2062726f776e20666f78200100c2a59309dc657e4b";
    const SKIPPABLE: &str = "502a4d18 03000000 010203";

    fn fox() -> Vec<u8> {
        b"the quick brown fox ".repeat(6)
    }

    fn codec() -> Zstd {
        Zstd::new(1, false).unwrap()
    }

    /// One frame without content size, as streaming writers leave it.
    fn streamed(data: &[u8], checksum: bool) -> Vec<u8> {
        let mut context = CCtx::create();
        context
            .set_parameter(CParameter::ContentSizeFlag(false))
            .unwrap();
        context
            .set_parameter(CParameter::ChecksumFlag(checksum))
            .unwrap();
        let mut encoded = Vec::with_capacity(zstd_safe::compress_bound(data.len()));
        context.compress2(&mut encoded, data).unwrap();
        encoded
    }

    #[test]
    fn frames_of_numcodecs() {
        for stored in [STORED, STORED_WITH_CHECKSUM] {
            assert_eq!(decoded(&codec(), &from_hex(stored), 120), Ok(fox()));
        }
    }

    #[test]
    fn levels() {
        let data = wave(10_000, 7);
        for level in [-131_072, -5, -1, 0, 1, 3, 9, 19, 22] {
            let codec = Zstd::new(level, level % 2 == 0).unwrap();
            check_round_trip(&codec, &data, &mut Contexts::new());
        }
        for level in [-131_073, 23] {
            assert!(matches!(
                Zstd::new(level, false),
                Err(KernelError::BadParameter { codec: "zstd", .. })
            ));
        }
    }

    #[test]
    fn the_content_size_is_written_and_the_checksum_on_request() {
        for checksum in [false, true] {
            let stored = encoded(&Zstd::new(1, checksum).unwrap(), &fox());
            assert_eq!(stored[4] & CHECKSUM_FLAG != 0, checksum);
            assert_eq!(content_nbytes(&stored), Some(120));
        }
    }

    #[test]
    fn beginnings() {
        // Of some blocks, and of blocks that are smaller than they could be.
        for (data, level) in [(noise(400_000, 7), 1), (wave(400_000, 7), 5)] {
            let stored = encoded(&Zstd::new(level, false).unwrap(), &data);
            for stored in [stored.clone(), [from_hex(SKIPPABLE), stored].concat()] {
                for nbytes in [0, 1, 131_072, 131_073, 300_000, 400_000, 500_000] {
                    let head = codec().decode_head(&stored, nbytes, &mut Contexts::new());
                    let expected = &data[..nbytes.min(data.len())];
                    assert!(head.unwrap().unwrap() == expected, "{nbytes}");
                }
            }
        }
    }

    #[test]
    fn several_frames_and_skippable_ones() {
        let frames = [
            SKIPPABLE,
            STORED,
            SKIPPABLE,
            STORED_WITH_CHECKSUM,
            SKIPPABLE,
        ];
        let stored = frames.map(from_hex).concat();
        let twice = fox().repeat(2);
        assert_eq!(decoded(&codec(), &stored, 240), Ok(twice.clone()));
        assert_eq!(decoded_bounded(&codec(), &stored, 240), Ok(twice.clone()));
        assert_eq!(
            decoded_range(&codec(), &stored, 100..130, 240),
            Ok(twice[100..130].to_vec())
        );
    }

    #[test]
    fn nothing_is_not_a_frame() {
        for nbytes in [0, 1] {
            assert!(decoded(&codec(), &[], nbytes).is_err());
            assert!(decoded_bounded(&codec(), &[], nbytes).is_err());
        }
    }

    #[test]
    fn bytes_behind_the_last_frame() {
        let mut stored = from_hex(STORED);
        stored.extend(b"garbage");
        assert!(matches!(
            decoded(&codec(), &stored, 120),
            Err(KernelError::Corrupt { codec: "zstd", .. })
        ));
        assert!(decoded_range(&codec(), &stored, 0..1, 120).is_err());
    }

    #[test]
    fn unknown_content_size() {
        for checksum in [false, true] {
            let data = wave(700_000, 3);
            let stored = streamed(&data, checksum);
            assert_eq!(content_nbytes(&stored), None);
            assert_eq!(decoded(&codec(), &stored, data.len()), Ok(data.clone()));
            assert_eq!(
                decoded_bounded(&codec(), &stored, data.len()),
                Ok(data.clone())
            );
            assert!(decoded_bounded(&codec(), &stored, data.len() - 1).is_err());
            assert_eq!(
                decoded_range(&codec(), &stored, 5000..5008, data.len()),
                Ok(data[5000..5008].to_vec())
            );
        }
    }

    #[test]
    fn a_range_stops_early_unless_there_is_a_checksum() {
        let data = noise(1_000_000, 5);
        for checksum in [false, true] {
            let mut stored = encoded(&Zstd::new(1, checksum).unwrap(), &data);
            // Noise is stored as it is, so only the checksum can notice this.
            let position = stored.len() - 100;
            stored[position] ^= 1;
            let outcome = decoded_range(&codec(), &stored, 10..20, data.len());
            assert_eq!(outcome.is_ok(), !checksum);
        }
    }

    #[test]
    fn a_frame_that_claims_to_be_huge() {
        // Single segment, content size of eight bytes: 2^62; then an empty last block.
        let stored = from_hex("28b52ffd e0 0000000000000040 010000");
        for nbytes in [0, 100] {
            decode_anyhow(&codec(), &stored, nbytes);
            assert!(decoded(&codec(), &stored, nbytes).is_err());
        }
        assert!(decoded_bounded(&codec(), &stored, 100).is_err());
    }

    #[test]
    fn a_window_too_large_to_stream_still_decodes() {
        // The second byte after the magic number is the window: 2^28, more than is allocated.
        let mut stored = from_hex("28b52ffd 00 90");
        for last in [0, 0, 1] {
            // Blocks of 128 KiB of one repeated byte.
            stored.extend_from_slice(&(131_072_u32 << 3 | 1 << 1 | last).to_le_bytes()[..3]);
            stored.push(b'r');
        }
        let data = vec![b'r'; 3 * 131_072];
        assert_eq!(
            decoded_range(&codec(), &stored, 5..9, data.len()),
            Ok(b"rrrr".to_vec())
        );
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let stored = encoded(&codec(), &vec![0; 50_000_000]);
        assert!(stored.len() < 10_000);
        assert!(matches!(
            decoded(&codec(), &stored, 1000),
            Err(KernelError::DecodedWrongSize { nbytes: None, .. })
        ));
        assert!(decoded_bounded(&codec(), &stored, 1000).is_err());
        let bomb = streamed(&vec![0; 50_000_000], false);
        assert!(decoded_bounded(&codec(), &bomb, 1000).is_err());
    }

    #[test]
    fn hostile_data() {
        check_hostile(&codec(), &from_hex(STORED), 120, false);
        check_hostile(&codec(), &from_hex(STORED_WITH_CHECKSUM), 120, true);
        let large = wave(140_000, 1);
        check_hostile(&codec(), &encoded(&codec(), &large), large.len(), false);
    }

    #[test]
    fn parts_decode_where_the_whole_does() {
        // One block that repeats a byte 200,000 times, in a frame whose blocks have at most 1,024.
        let encoded = [0x28, 0xB5, 0x2F, 0xFD, 0, 0, 3, 0x6A, 0x18, 7];
        let mut contexts = Contexts::new();
        let mut decoded = vec![0; 200_000];
        codec()
            .decode_into(&encoded, &mut decoded, &mut contexts)
            .unwrap();
        let mut part = vec![0; 200_000];
        codec()
            .decode_range(&encoded, 10..20, &mut part, &mut contexts)
            .unwrap();
        assert_eq!(part[10..20], decoded[10..20]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn round_trips(data in data(), level in -7..=12_i32, checksum: bool) {
            let mut contexts = Contexts::new();
            for _ in 0..2 {
                check_round_trip(&Zstd::new(level, checksum).unwrap(), &data, &mut contexts);
            }
        }

        #[test]
        fn any_bytes_decode_or_fail(garbage: Vec<u8>, nbytes in 0..300_000_usize) {
            decode_anyhow(&codec(), &garbage, nbytes);
            let framed = [&[0x28, 0xB5, 0x2F, 0xFD], garbage.as_slice()].concat();
            decode_anyhow(&codec(), &framed, nbytes);
        }
    }
}
