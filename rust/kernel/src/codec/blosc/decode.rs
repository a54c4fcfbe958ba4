//! Decoding: the blocks that hold the wanted bytes, each for itself.

use std::ops::Range;

use super::container::{
    Format, HEADER_NBYTES, Header, NAME, NUMBER_NBYTES, Shuffle, corrupt, read_number,
};
use crate::Result;
use crate::codec::bitshuffle::{bitunshuffle, has_whole_groups};
use crate::codec::byteshuffle::unshuffle;
use crate::codec::contexts::Contexts;
use crate::codec::output::decoded_wrong_size;

/// Decode the blocks of `encoded` that hold `wanted` bytes into their places in `decoded`.
pub(super) fn decode(
    encoded: &[u8],
    wanted: Range<usize>,
    decoded: &mut [u8],
    contexts: &mut Contexts,
) -> Result<()> {
    let header = Header::parse(encoded)?;
    if header.nbytes != decoded.len() {
        return Err(decoded_wrong_size(NAME, decoded.len(), Some(header.nbytes)));
    }
    let Some(format) = header.format else {
        let stored = encoded.get(HEADER_NBYTES..).unwrap_or_default();
        if let (Some(to), Some(from)) = (decoded.get_mut(wanted.clone()), stored.get(wanted)) {
            to.copy_from_slice(from);
        }
        return Ok(());
    };
    if wanted.is_empty() {
        return Ok(());
    }
    let blocksize = header.blocksize.max(1);
    let first = wanted.start.checked_div(blocksize).unwrap_or(0);
    let n_touched = wanted.end.div_ceil(blocksize).saturating_sub(first);
    let starts = encoded
        .get(HEADER_NBYTES..header.blocks_start())
        .unwrap_or_default()
        .chunks_exact(NUMBER_NBYTES)
        .map(read_number);
    let blocks = decoded.chunks_mut(blocksize).zip(starts);
    for (block, start) in blocks.skip(first).take(n_touched) {
        if start < header.blocks_start() {
            return Err(corrupt("a block lies outside the data"));
        }
        let streams = encoded
            .get(start..)
            .ok_or_else(|| corrupt("a block lies outside the data"))?;
        decode_block(&header, format, streams, block, contexts)?;
    }
    Ok(())
}

/// Decode and unshuffle one block, whose streams `streams` begins with.
fn decode_block(
    header: &Header,
    format: Format,
    streams: &[u8],
    block: &mut [u8],
    contexts: &mut Contexts,
) -> Result<()> {
    let n_streams = header.n_streams(block.len());
    let (typesize, nbytes) = (header.typesize, block.len());
    let shuffle = match header.shuffle {
        Shuffle::Byte if typesize == 1 => Shuffle::None,
        Shuffle::Bit if !has_whole_groups(typesize, nbytes) => Shuffle::None,
        shuffle => shuffle,
    };
    match shuffle {
        Shuffle::None => decode_streams(format, n_streams, streams, block, contexts),
        Shuffle::Byte => contexts.with_scratch(nbytes, |shuffled, contexts| {
            decode_streams(format, n_streams, streams, shuffled, contexts)?;
            unshuffle(typesize, shuffled, block);
            Ok(())
        }),
        Shuffle::Bit => contexts.with_scratch(nbytes, |shuffled, contexts| {
            decode_streams(format, n_streams, streams, shuffled, contexts)?;
            contexts.with_scratch(nbytes, |planes, _| {
                bitunshuffle(typesize, shuffled, block, planes);
                Ok(())
            })
        }),
    }
}

/// Decode the `n_streams` streams that `streams` begins with into equal parts of `block`.
fn decode_streams(
    format: Format,
    n_streams: usize,
    streams: &[u8],
    block: &mut [u8],
    contexts: &mut Contexts,
) -> Result<()> {
    let outside = || corrupt("a stream lies outside the data");
    let part_nbytes = block.len().checked_div(n_streams).unwrap_or(0).max(1);
    let mut rest = streams;
    for part in block.chunks_exact_mut(part_nbytes) {
        let (nbytes, behind) = rest
            .split_first_chunk::<NUMBER_NBYTES>()
            .ok_or_else(outside)?;
        let (stream, behind) = behind
            .split_at_checked(read_number(nbytes))
            .ok_or_else(outside)?;
        if stream.len() == part.len() {
            part.copy_from_slice(stream);
        } else {
            format.decompress(stream, part, contexts)?;
        }
        rest = behind;
    }
    Ok(())
}
