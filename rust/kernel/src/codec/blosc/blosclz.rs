//! BloscLZ, the compressor that only Blosc has: a relative of FastLZ.
//!
//! A stream is a row of instructions. The upper three bits of the first byte tell them apart:
//!
//! ```text
//! 000nnnnn                      n + 1 literal bytes follow
//! lllddddd [255...] [x] yyyyyyyy  copy l + 2 bytes from distance d * 256 + y + 1;
//!                               for l = 7, further bytes are added to the length up to and including
//!                               the first that is not 255
//! lll11111 [255...] [x] 11111111 hhhhhhhh yyyyyyyy
//!                               the same from distance h * 256 + y + 8192
//! ```
//!
//! The first instruction is always of literals and has bit 5 set, as a mark of the format.

/// Literals of one instruction.
const MAX_LITERALS: usize = 32;

/// Where the short form of distances ends.
const NEAR_DISTANCE: usize = 8191;

/// Where the long form ends.
const MAX_DISTANCE: usize = 65_535 + NEAR_DISTANCE - 1;

/// Set in the first byte of a stream.
const MARK: u8 = 0x20;

/// The code for a length that is continued, and for a distance that is.
const LONG: usize = 7;
const FAR: u8 = 31;

/// What is looked for at once.
const WORD: usize = 4;

/// Matches end before the last byte and do not begin in the last twelve.
const TAIL_NBYTES: usize = 12;

/// Shorter data is not worth it.
const MIN_NBYTES: usize = 16;

/// Less room than this is not worth it either.
const MIN_ROOM: usize = 66;

// -- decoding ---------------------------------------------------------------------------------------------------------

/// Fill `decoded` from the start; how many bytes that were, or `None` when the stream is damaged or
/// does not fit.
pub(super) fn decompress(encoded: &[u8], decoded: &mut [u8]) -> Option<usize> {
    let mut input = Input { rest: encoded };
    let mut position = 0;
    let mut code = input.byte()? & (MARK - 1);
    loop {
        position = if code < MARK {
            let nbytes = usize::from(code).checked_add(1)?;
            copy_literals(&mut input, decoded, position, nbytes)?
        } else {
            let (distance, nbytes) = input.reference(code)?;
            copy_match(decoded, position, distance, nbytes)?
        };
        match input.byte() {
            Some(next) => code = next,
            None => return Some(position),
        }
    }
}

struct Input<'encoded> {
    rest: &'encoded [u8],
}

impl<'encoded> Input<'encoded> {
    #[inline(always)]
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    #[inline(always)]
    fn bytes(&mut self, nbytes: usize) -> Option<&'encoded [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(nbytes)?;
        self.rest = rest;
        Some(bytes)
    }

    /// Distance and length of the copy that begins with `code`.
    #[inline(always)]
    fn reference(&mut self, code: u8) -> Option<(usize, usize)> {
        let mut nbytes = usize::from(code >> 5).checked_add(2)?;
        if code >> 5 == 7 {
            loop {
                let more = self.byte()?;
                nbytes = nbytes.checked_add(usize::from(more))?;
                if more != u8::MAX {
                    break;
                }
            }
        }
        let high = code & FAR;
        let low = self.byte()?;
        let distance = if high == FAR && low == u8::MAX {
            let far = u16::from_be_bytes([self.byte()?, self.byte()?]);
            usize::from(far).checked_add(NEAR_DISTANCE + 1)?
        } else {
            usize::from(u16::from_be_bytes([high, low])).checked_add(1)?
        };
        Some((distance, nbytes))
    }
}

/// Copies of this many bytes are made where there is room for them, whatever is needed: a fixed
/// number of bytes is moved without a call.
const STEP: usize = 16;

#[inline(always)]
fn copy_literals(
    input: &mut Input<'_>,
    decoded: &mut [u8],
    position: usize,
    nbytes: usize,
) -> Option<usize> {
    let room = decoded.get_mut(position..)?;
    if let (Some(to), Some(from)) = (
        room.first_chunk_mut::<MAX_LITERALS>(),
        input.rest.first_chunk::<MAX_LITERALS>(),
    ) {
        *to = *from;
        input.bytes(nbytes)?;
    } else {
        room.get_mut(..nbytes)?
            .copy_from_slice(input.bytes(nbytes)?);
    }
    position.checked_add(nbytes)
}

#[inline(always)]
fn copy_match(
    decoded: &mut [u8],
    position: usize,
    distance: usize,
    nbytes: usize,
) -> Option<usize> {
    let end = position.checked_add(nbytes)?;
    let start = position.checked_sub(distance)?;
    if end > decoded.len() {
        return None;
    }
    let (before, room) = decoded.split_at_mut(position);
    let source = before.get(start..)?;
    if distance >= nbytes {
        match (source.first_chunk::<STEP>(), room.first_chunk_mut::<STEP>()) {
            (Some(from), Some(to)) if nbytes <= STEP => *to = *from,
            _ => room
                .get_mut(..nbytes)?
                .copy_from_slice(source.get(..nbytes)?),
        }
    } else if distance == 1 {
        room.get_mut(..nbytes)?.fill(*source.first()?);
    } else {
        // The copy overlaps itself: what was copied is copied on, twice as much each time.
        let mut n_done = distance;
        room.get_mut(..n_done)?.copy_from_slice(source);
        while n_done < nbytes {
            let n_more = n_done.min(nbytes.checked_sub(n_done)?);
            room.copy_within(..n_more, n_done);
            n_done = n_done.checked_add(n_more)?;
        }
    }
    Some(end)
}

// -- encoding ---------------------------------------------------------------------------------------------------------

/// How much smaller a sample has to become at each level for the rest to be tried.
const MIN_RATIOS: [f64; 10] = [0.0, 2.0, 1.5, 1.2, 1.2, 1.2, 1.2, 1.15, 1.1, 1.0];

/// Beyond this ratio, longer matches alone are taken: they decode faster.
const GOOD_RATIO: f64 = 4.0;

const SAMPLE_NBYTES: usize = 4096;

/// Compress into `encoded`; the length of the result, or `None` when it does not fit or a sample
/// shows that it is not worth it. `divided` says whether the data is one stream of several in a
/// block.
pub(super) fn compress(
    level: u8,
    divided: bool,
    decoded: &[u8],
    encoded: &mut [u8],
) -> Option<usize> {
    if decoded.len() < MIN_NBYTES || encoded.len() < MIN_ROOM {
        return None;
    }
    let ratio = sample_ratio(decoded)?;
    if ratio < *MIN_RATIOS.get(usize::from(level))? {
        return None;
    }
    let slack = usize::from(divided && ratio >= GOOD_RATIO);
    let hash_bits = match level {
        0 | 1 => 12,
        2 => 13,
        _ => 14,
    };
    let mut output = Output {
        place: encoded,
        n_written: 0,
    };
    let search = Search {
        hash_bits,
        min_code: slack.checked_add(3)?,
        slack,
        twice: level == 9,
    };
    search.run(decoded, &mut output)?;
    let n_written = output.n_written;
    *encoded.first_mut()? |= MARK;
    Some(n_written)
}

/// Ratio of a sample from the last quarter.
fn sample_ratio(decoded: &[u8]) -> Option<f64> {
    let n_quarter = decoded.len() / 4;
    let quarter = decoded.get(decoded.len().checked_sub(n_quarter)?..)?;
    let sample = quarter.get(..n_quarter.min(SAMPLE_NBYTES))?;
    let mut counter = Counter { n_written: 0 };
    let search = Search {
        hash_bits: 12,
        min_code: 3,
        slack: 0,
        twice: false,
    };
    search.run(sample, &mut counter)?;
    let as_float = |count: usize| u32::try_from(count).map(f64::from).unwrap_or(f64::MAX);
    Some(as_float(sample.len()) / as_float(counter.n_written.max(1)))
}

/// Where instructions go. `None` from either means that there is no room left.
trait Sink {
    fn literals(&mut self, bytes: &[u8]) -> Option<()>;
    fn reference(&mut self, code: usize, distance: usize) -> Option<()>;
}

/// Only counts the bytes of the stream.
struct Counter {
    n_written: usize,
}

impl Sink for Counter {
    fn literals(&mut self, bytes: &[u8]) -> Option<()> {
        let n_instructions = bytes.len().div_ceil(MAX_LITERALS);
        self.n_written = self
            .n_written
            .checked_add(bytes.len())?
            .checked_add(n_instructions)?;
        Some(())
    }

    fn reference(&mut self, code: usize, distance: usize) -> Option<()> {
        let n_length = code
            .checked_sub(LONG)
            .map_or(0, |more| (more / 255).saturating_add(1));
        let n_distance = if distance <= NEAR_DISTANCE { 2 } else { 4 };
        self.n_written = self
            .n_written
            .checked_add(n_length)?
            .checked_add(n_distance)?;
        Some(())
    }
}

/// Writes the stream.
struct Output<'encoded> {
    place: &'encoded mut [u8],
    n_written: usize,
}

impl Output<'_> {
    #[inline(always)]
    fn put(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.n_written.checked_add(bytes.len())?;
        self.place
            .get_mut(self.n_written..end)?
            .copy_from_slice(bytes);
        self.n_written = end;
        Some(())
    }
}

impl Sink for Output<'_> {
    #[inline(always)]
    fn literals(&mut self, bytes: &[u8]) -> Option<()> {
        for part in bytes.chunks(MAX_LITERALS) {
            self.put(&[u8::try_from(part.len().checked_sub(1)?).ok()?])?;
            self.put(part)?;
        }
        Some(())
    }

    #[inline(always)]
    fn reference(&mut self, code: usize, distance: usize) -> Option<()> {
        let short = u8::try_from(code.min(LONG)).ok()? << 5;
        let far = distance.checked_sub(NEAR_DISTANCE + 1);
        let [high, low] = match far {
            Some(_) => [FAR, u8::MAX],
            None => u16::try_from(distance.checked_sub(1)?).ok()?.to_be_bytes(),
        };
        self.put(&[short | high])?;
        if let Some(mut more) = code.checked_sub(LONG) {
            while let Some(rest) = more.checked_sub(255) {
                self.put(&[u8::MAX])?;
                more = rest;
            }
            self.put(&[u8::try_from(more).ok()?])?;
        }
        self.put(&[low])?;
        if let Some(far) = far {
            self.put(&u16::try_from(far).ok()?.to_be_bytes())?;
        }
        Some(())
    }
}

/// How matches are looked for.
struct Search {
    hash_bits: u32,
    /// Lengths are counted less two bytes, as in the stream.
    min_code: usize,
    /// Bytes that matches are cut short by.
    slack: usize,
    /// Whether the place behind a match is remembered under two words.
    twice: bool,
}

const MAX_HASH_BITS: usize = 14;

impl Search {
    /// Send instructions for all of `data`, which has at least [`MIN_NBYTES`], to `sink`.
    #[inline(always)]
    fn run(&self, data: &[u8], sink: &mut impl Sink) -> Option<()> {
        let limit = data.len().saturating_sub(TAIL_NBYTES);
        let bound = data.len().saturating_sub(1);
        let mut seen = [0_u32; 1 << MAX_HASH_BITS];
        let mut literals_start = 0;
        let mut position = WORD;
        while position < limit {
            let word = word_at(data, position)?;
            let slot = seen.get_mut(self.slot(word))?;
            let earlier = usize::try_from(*slot).ok()?;
            *slot = u32::try_from(position).ok()?;
            let distance = position.checked_sub(earlier)?;
            let is_match =
                distance > 0 && distance < MAX_DISTANCE && word_at(data, earlier)? == word;
            if !is_match {
                position = position.checked_add(1)?;
                continue;
            }
            let n_same = n_same_bytes(data, earlier, position, bound)?;
            let code = n_same.saturating_sub(self.slack).saturating_sub(2);
            if code < self.min_code || (code <= 5 && distance > NEAR_DISTANCE) {
                position = position.checked_add(1)?;
                continue;
            }
            sink.literals(data.get(literals_start..position)?)?;
            sink.reference(code, distance)?;
            // The two bytes that the code does not count are skipped; their words are remembered.
            position = position.checked_add(code)?;
            if let Some(word) = word_at(data, position) {
                *seen.get_mut(self.slot(word))? = u32::try_from(position).ok()?;
                if self.twice {
                    let next = position.checked_add(1)?;
                    *seen.get_mut(self.slot(word >> 8))? = u32::try_from(next).ok()?;
                }
            }
            position = position.checked_add(2)?;
            literals_start = position;
        }
        sink.literals(data.get(literals_start..)?)
    }

    #[inline(always)]
    fn slot(&self, word: u32) -> usize {
        let hash = word.wrapping_mul(2_654_435_761) >> 32_u32.wrapping_sub(self.hash_bits);
        usize::try_from(hash).unwrap_or(0)
    }
}

#[inline(always)]
fn word_at(data: &[u8], position: usize) -> Option<u32> {
    let bytes = data.get(position..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

/// How many bytes from `earlier` and from `later` on are the same, with `later` staying below
/// `bound`. The first word is known to be.
#[inline(always)]
fn n_same_bytes(data: &[u8], earlier: usize, later: usize, bound: usize) -> Option<usize> {
    let there = data.get(earlier.checked_add(WORD)?..)?;
    let here = data.get(later.checked_add(WORD)?..bound)?;
    let mut n_same = WORD;
    let (there_words, here_words) = (there.chunks_exact(8), here.chunks_exact(8));
    for (there, here) in there_words.zip(here_words) {
        let there = u64::from_le_bytes(there.first_chunk().copied()?);
        let here = u64::from_le_bytes(here.first_chunk().copied()?);
        let difference = there ^ here;
        if difference != 0 {
            let n_more = usize::try_from(difference.trailing_zeros() / 8).ok()?;
            return n_same.checked_add(n_more);
        }
        n_same = n_same.checked_add(8)?;
    }
    let n_done = n_same.checked_sub(WORD)?;
    let rest = there.get(n_done..)?.iter().zip(here.get(n_done..)?);
    let n_more = rest.take_while(|(there, here)| there == here).count();
    n_same.checked_add(n_more)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::testing::{data, noise, wave};
    use super::*;

    fn compressed(level: u8, divided: bool, data: &[u8]) -> Option<Vec<u8>> {
        let mut encoded = vec![0xA5; data.len()];
        let nbytes = compress(level, divided, data, &mut encoded)?;
        encoded.truncate(nbytes);
        Some(encoded)
    }

    fn check(level: u8, divided: bool, data: &[u8]) -> Option<usize> {
        let encoded = compressed(level, divided, data)?;
        let mut decoded = vec![0xA5; data.len()];
        assert_eq!(decompress(&encoded, &mut decoded), Some(data.len()));
        assert!(decoded == data, "level {level}, divided {divided}");
        let mut short = vec![0xA5; data.len() - 1];
        assert_eq!(decompress(&encoded, &mut short), None);
        Some(encoded.len())
    }

    #[test]
    fn near_and_far_matches_of_all_lengths() {
        let words = noise(40, 1);
        for distance in [
            40, 100, 8150, 8151, 8152, 8190, 8191, 8192, 8193, 60_000, 73_000, 80_000,
        ] {
            for nbytes in [5, 6, 7, 8, 9, 10, 11, 20, 40] {
                let data = [
                    words.as_slice(),
                    &vec![0; distance - 40],
                    &words[..nbytes],
                    &noise(30, 2),
                    &vec![1; 20_000],
                ]
                .concat();
                assert!(check(9, false, &data).is_some());
                assert!(check(5, true, &data).is_some());
            }
        }
    }

    #[test]
    fn long_runs() {
        for nbytes in [16, 100, 261, 262, 263, 264, 516, 517, 518, 1000, 300_000] {
            for level in 1..=9 {
                if nbytes >= 100 {
                    assert!(check(level, false, &vec![7; nbytes]).is_some());
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_compressed() {
        assert_eq!(compressed(9, false, &noise(10_000, 3)), None);
        assert_eq!(compressed(9, false, &[0; 15]), None);
        assert!(compress(9, false, &[0; 100], &mut [0; 65]).is_none());
    }

    #[test]
    fn hand_made_streams() {
        let mut decoded = [0; 16];
        // "abc", then nine bytes from three back, then one literal.
        let stream = [0x22, b'a', b'b', b'c', 0xE0, 0, 2, 0, b'd'];
        assert_eq!(decompress(&stream, &mut decoded), Some(13));
        assert_eq!(&decoded[..13], b"abcabcabcabcd");
        for damaged in [
            [].as_slice(),
            &[0x20],                             // a literal is missing
            &[0x22, b'a'],                       // two are
            &[0x20, b'a', 0x20],                 // a distance is
            &[0x20, b'a', 0xE0, 255],            // the rest of a length is
            &[0x20, b'a', 0x20, 1],              // from before the start
            &[0x20, b'a', 0x3F, 255, 0],         // half a far distance
            &[0x20, b'a', 0x3F, 255, 0, 0],      // far before the start
            &[0x20, b'a', 0xE0, 255, 255, 0, 0], // more than there is room for
        ] {
            assert_eq!(decompress(damaged, &mut decoded), None, "{damaged:?}");
        }
    }

    #[test]
    fn a_length_of_many_bytes_does_not_overflow() {
        // The attack that c-blosc's decoder falls for: nine megabytes of 255.
        let stream = [
            &[0x20, b'a', 0xE0],
            vec![255; 9_000_000].as_slice(),
            &[0, 0],
        ]
        .concat();
        assert_eq!(decompress(&stream, &mut [0; 1000]), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn round_trips(data in data(), level in 1..=9_u8, divided: bool) {
            check(level, divided, &data);
        }

        #[test]
        fn waves_are_compressed(seed: u32, level in 6..=9_u8) {
            let data = wave(40_000, seed);
            let sorted: Vec<u8> = (0..4).flat_map(|i| data.iter().copied().skip(i).step_by(4)).collect();
            prop_assert!(check(level, false, &sorted).is_some_and(|nbytes| nbytes < 30_000));
        }

        #[test]
        fn any_bytes_decode_or_fail(garbage: Vec<u8>, nbytes in 0..5000_usize) {
            let mut decoded = vec![0; nbytes];
            let written = decompress(&garbage, &mut decoded);
            prop_assert!(written.is_none_or(|written| written <= nbytes));
        }
    }
}
