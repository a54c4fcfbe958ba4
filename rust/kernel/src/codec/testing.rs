//! What the tests of all codecs have in common.

use std::ops::Range;

use proptest::prelude::*;

use super::contexts::Contexts;
use super::contract::BytesCodec;
use crate::Result;

pub(super) fn encoded(codec: &dyn BytesCodec, data: &[u8]) -> Vec<u8> {
    let mut encoded = vec![];
    codec
        .encode(data, &mut encoded, &mut Contexts::new())
        .unwrap();
    encoded
}

pub(super) fn decoded(codec: &dyn BytesCodec, encoded: &[u8], nbytes: usize) -> Result<Vec<u8>> {
    let mut decoded = vec![0xA5; nbytes];
    codec
        .decode_into(encoded, &mut decoded, &mut Contexts::new())
        .map(|()| decoded)
}

pub(super) fn decoded_range(
    codec: &dyn BytesCodec,
    encoded: &[u8],
    wanted: Range<usize>,
    nbytes: usize,
) -> Result<Vec<u8>> {
    let mut decoded = vec![0xA5; nbytes];
    codec
        .decode_range(encoded, wanted.clone(), &mut decoded, &mut Contexts::new())
        .map(|()| decoded[wanted].to_vec())
}

pub(super) fn decoded_bounded(
    codec: &dyn BytesCodec,
    encoded: &[u8],
    limit: usize,
) -> Result<Vec<u8>> {
    let before = b"before".to_vec();
    let mut decoded = before.clone();
    let outcome = codec.decode_bounded(encoded, limit, &mut decoded, &mut Contexts::new());
    let appended = decoded
        .strip_prefix(before.as_slice())
        .expect("what was there before stays")
        .to_vec();
    if outcome.is_err() {
        assert!(appended.is_empty(), "an error leaves nothing behind");
    }
    outcome.map(|()| appended)
}

/// Every way to encode and decode agrees on `data`. `contexts` may have been used before.
pub(super) fn check_round_trip(codec: &dyn BytesCodec, data: &[u8], contexts: &mut Contexts) {
    let mut stored = vec![];
    codec.encode(data, &mut stored, contexts).unwrap();
    let stored = stored.as_slice();
    assert!(stored.len() <= codec.encoded_bound(data.len()).unwrap());

    let mut decoded = vec![0xA5; data.len()];
    codec.decode_into(stored, &mut decoded, contexts).unwrap();
    assert!(decoded == data, "decode_into of {codec:?}");
    let mut appended = vec![];
    codec
        .decode_bounded(stored, data.len(), &mut appended, contexts)
        .unwrap();
    assert!(appended == data, "decode_bounded of {codec:?}");
    for wanted in ranges(data.len()) {
        let mut decoded = vec![0xA5; data.len()];
        codec
            .decode_range(stored, wanted.clone(), &mut decoded, contexts)
            .unwrap();
        assert!(
            decoded[wanted.clone()] == data[wanted.clone()],
            "decode_range {wanted:?} of {codec:?}"
        );
    }
    for nbytes in [0, 1, data.len() / 2, data.len(), data.len() + 1] {
        let head = codec.decode_head(stored, nbytes, contexts).unwrap();
        let expected = &data[..nbytes.min(data.len())];
        assert!(
            head.is_none_or(|head| head == expected),
            "decode_head of {codec:?}"
        );
    }
    for nbytes in other_lengths(data.len()) {
        let mut decoded = vec![0xA5; nbytes];
        codec
            .decode_into(stored, &mut decoded, contexts)
            .expect_err("another length");
    }
    if let Some(limit) = data.len().checked_sub(1) {
        let mut appended = vec![];
        codec
            .decode_bounded(stored, limit, &mut appended, contexts)
            .expect_err("a lower limit");
    }
}

fn ranges(nbytes: usize) -> Vec<Range<usize>> {
    vec![
        0..0,
        0..nbytes.min(1),
        nbytes / 3..nbytes / 2,
        nbytes.saturating_sub(1)..nbytes,
        0..nbytes,
    ]
}

fn other_lengths(nbytes: usize) -> Vec<usize> {
    let lengths = [
        0,
        nbytes / 2,
        nbytes.saturating_sub(1),
        nbytes + 1,
        2 * nbytes + 8,
    ];
    lengths.into_iter().filter(|n| *n != nbytes).collect()
}

/// Damage `stored`, which decodes to `nbytes` bytes, in many ways. The decoder answers each of them;
/// it notices every cut, and bits that flip where `verified` says so.
pub(super) fn check_hostile(codec: &dyn BytesCodec, stored: &[u8], nbytes: usize, verified: bool) {
    let good = decoded(codec, stored, nbytes).unwrap();
    let step = stored.len().max(nbytes / 100) / 100 + 1;
    for cut in (0..stored.len()).step_by(step) {
        let part = &stored[..cut];
        decode_anyhow(codec, part, nbytes);
        assert!(decoded(codec, part, nbytes).is_err(), "cut to {cut} bytes");
    }
    for position in (0..stored.len()).step_by(step) {
        for bit in 0..8 {
            let mut damaged = stored.to_vec();
            damaged[position] ^= 1 << bit;
            decode_anyhow(codec, &damaged, nbytes);
            let outcome = decoded(codec, &damaged, nbytes);
            assert!(
                !verified || outcome.is_err() || outcome == Ok(good.clone()),
                "bit {bit} of byte {position} flipped"
            );
        }
    }
    for value in [0, 0xFF, 0x7F, 0x80] {
        for width in [1, 2, 4, 8, 16] {
            for position in (0..stored.len()).step_by(step) {
                let mut damaged = stored.to_vec();
                let end = (position + width).min(damaged.len());
                damaged[position..end].fill(value);
                decode_anyhow(codec, &damaged, nbytes);
            }
        }
    }
}

/// Decode in all ways, whatever comes of it.
pub(super) fn decode_anyhow(codec: &dyn BytesCodec, encoded: &[u8], nbytes: usize) {
    let _ = decoded(codec, encoded, nbytes);
    let _ = decoded_bounded(codec, encoded, nbytes);
    let _ = codec.decoded_within(encoded);
    let _ = codec.decode_head(encoded, nbytes / 2, &mut Contexts::new());
    for wanted in ranges(nbytes) {
        let _ = decoded_range(codec, encoded, wanted, nbytes);
    }
}

/// Bytes with and without regularity, some long enough for several blocks of any format.
pub(super) fn data() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..300),
        2 => prop::collection::vec(0..4_u8, 0..5000),
        2 => (prop::collection::vec(any::<u8>(), 1..40), 1..2000_usize)
            .prop_map(|(unit, n)| unit.repeat(n)),
        1 => (0..400_000_usize, any::<u32>()).prop_map(|(nbytes, seed)| wave(nbytes, seed)),
        1 => (0..200_000_usize, any::<u32>()).prop_map(|(nbytes, seed)| noise(nbytes, seed)),
    ]
}

/// Slowly changing 32-bit numbers.
pub(super) fn wave(nbytes: usize, seed: u32) -> Vec<u8> {
    let numbers =
        (0..nbytes.div_ceil(4) as u32).map(|i| seed.wrapping_add(i.wrapping_mul(i) / 64 + i % 3));
    let mut bytes: Vec<u8> = numbers.flat_map(u32::to_le_bytes).collect();
    bytes.truncate(nbytes);
    bytes
}

/// Bytes without regularity.
pub(super) fn noise(nbytes: usize, seed: u32) -> Vec<u8> {
    let mut state = u64::from(seed) | 1 << 40;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..nbytes).map(|_| next()).collect()
}

/// Bytes from hexadecimal digits; blanks are skipped.
pub(super) fn from_hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u32> = digits
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .collect();
    digits
        .chunks_exact(2)
        .map(|pair| (pair[0] << 4 | pair[1]) as u8)
        .collect()
}
