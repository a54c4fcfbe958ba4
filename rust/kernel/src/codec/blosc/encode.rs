//! Encoding. Block lengths, levels and the division into streams are those of c-blosc, so that
//! containers have the sizes and the speed that people know.

use super::container::{
    HEADER_NBYTES, Header, MAX_NBYTES, MIN_STREAM_NBYTES, NAME, NUMBER_NBYTES, Shuffle,
    can_be_divided, write_number,
};
use super::inner::Compressor;
use super::parameters::Blosc;
use crate::codec::bitshuffle::{bitshuffle, has_whole_groups};
use crate::codec::byteshuffle::shuffle;
use crate::codec::contexts::Contexts;
use crate::codec::output::extend_from_slice;
use crate::{KernelError, Result};

/// The block length that others derive from: about what a first-level cache holds.
const BASE_BLOCKSIZE: usize = 32 * 1024;

/// Times [`BASE_BLOCKSIZE`], in quarters, for each level.
const BLOCKSIZE_QUARTERS: [usize; 10] = [1, 2, 4, 8, 16, 16, 32, 32, 32, 32];

/// Bounds of a divided block, and of one stream in it.
const MIN_DIVIDED: usize = 64 * 1024;
const MAX_DIVIDED: usize = 1024 * 1024;
const MAX_STREAM: usize = 256 * 1024;

/// The longest block that c-blosc takes.
const MAX_BLOCKSIZE: usize = (0x7FFF_FFFF - 255 * 4) / 3;

/// Append the container of `decoded`.
pub(super) fn encode(
    codec: &Blosc,
    decoded: &[u8],
    encoded: &mut Vec<u8>,
    contexts: &mut Contexts,
) -> Result<()> {
    if decoded.len() > MAX_NBYTES {
        return Err(KernelError::NotEncodable {
            codec: NAME,
            problem: format!(
                "{} bytes are more than the {MAX_NBYTES} that a container can hold; use smaller chunks",
                decoded.len()
            )
            .into(),
        });
    }
    let header = header_for(codec, decoded.len());
    let room = decoded.len().saturating_add(HEADER_NBYTES);
    contexts.with_scratch(room, |container, contexts| {
        let nbytes = header
            .format
            .and_then(|_| encode_blocks(codec, &header, decoded, container, contexts));
        if let Some(nbytes) = nbytes {
            extend_from_slice(encoded, &header.to_bytes(codec.compressor.format(), nbytes))?;
            let behind = container.get(HEADER_NBYTES..nbytes).unwrap_or_default();
            extend_from_slice(encoded, behind)
        } else {
            let stored = Header {
                format: None,
                ..header
            };
            extend_from_slice(encoded, &stored.to_bytes(codec.compressor.format(), room))?;
            extend_from_slice(encoded, decoded)
        }
    })
}

fn header_for(codec: &Blosc, nbytes: usize) -> Header {
    let is_worth_it = codec.level > 0 && nbytes >= MIN_STREAM_NBYTES;
    let typesize = usize::from(codec.typesize);
    let blocksize = choose_blocksize(codec, nbytes);
    Header {
        typesize,
        nbytes,
        blocksize,
        shuffle: codec.shuffle,
        format: is_worth_it.then(|| codec.compressor.format()),
        divided: divides(codec.compressor, typesize, blocksize),
    }
}

fn divides(compressor: Compressor, typesize: usize, blocksize: usize) -> bool {
    compressor != Compressor::Zstd && can_be_divided(typesize, blocksize)
}

fn choose_blocksize(codec: &Blosc, nbytes: usize) -> usize {
    let typesize = usize::from(codec.typesize);
    if nbytes < typesize {
        return 1;
    }
    let mut blocksize = match codec.blocksize {
        0 if nbytes < BASE_BLOCKSIZE => nbytes,
        0 => blocksize_for_level(codec.compressor, codec.level),
        asked_for => asked_for.clamp(MIN_STREAM_NBYTES, MAX_BLOCKSIZE),
    };
    if codec.level > 0 && divides(codec.compressor, typesize, blocksize) {
        blocksize = blocksize
            .min(MAX_STREAM)
            .saturating_mul(typesize)
            .clamp(MIN_DIVIDED, MAX_DIVIDED);
    }
    let blocksize = blocksize.min(nbytes);
    let part_of_element = blocksize.checked_rem(typesize).unwrap_or(0);
    if blocksize > typesize {
        blocksize.saturating_sub(part_of_element)
    } else {
        blocksize
    }
}

fn blocksize_for_level(compressor: Compressor, level: u8) -> usize {
    let is_slow = matches!(
        compressor,
        Compressor::Lz4Hc | Compressor::Zlib | Compressor::Zstd
    );
    let quarters = BLOCKSIZE_QUARTERS.get(usize::from(level)).copied();
    let factor = match (is_slow, level) {
        (false, _) => 1,
        (true, 9) => 4,
        (true, _) => 2,
    };
    (BASE_BLOCKSIZE / 4)
        .saturating_mul(quarters.unwrap_or(1))
        .saturating_mul(factor)
}

/// Fill `container` but for its header; its length, or `None` when it does not fit.
fn encode_blocks(
    codec: &Blosc,
    header: &Header,
    decoded: &[u8],
    container: &mut [u8],
    contexts: &mut Contexts,
) -> Option<usize> {
    let mut position = header.blocks_start();
    for (number, block) in decoded.chunks(header.blocksize.max(1)).enumerate() {
        let number_position = number
            .checked_mul(NUMBER_NBYTES)?
            .checked_add(HEADER_NBYTES)?;
        put_number(container, number_position, position)?;
        position = encode_block(codec, header, block, container, position, contexts)?;
    }
    Some(position)
}

/// Shuffle and encode one block to `position`; the position behind it.
fn encode_block(
    codec: &Blosc,
    header: &Header,
    block: &[u8],
    container: &mut [u8],
    position: usize,
    contexts: &mut Contexts,
) -> Option<usize> {
    let (typesize, nbytes) = (header.typesize, block.len());
    let mut streams = |block: &[u8], contexts: &mut Contexts| {
        encode_streams(codec, header, block, container, position, contexts)
    };
    let outcome = match header.shuffle {
        Shuffle::Byte if typesize > 1 => contexts.with_scratch(nbytes, |shuffled, contexts| {
            shuffle(typesize, block, shuffled);
            Ok(streams(shuffled, contexts))
        }),
        Shuffle::Bit if has_whole_groups(typesize, nbytes) => {
            contexts.with_scratch(nbytes, |shuffled, contexts| {
                contexts.with_scratch(nbytes, |planes, _| {
                    bitshuffle(typesize, block, shuffled, planes);
                    Ok(())
                })?;
                Ok(streams(shuffled, contexts))
            })
        }
        _ => Ok(streams(block, contexts)),
    };
    // Without memory for shuffling, the container still can be stored as it is.
    outcome.ok().flatten()
}

fn encode_streams(
    codec: &Blosc,
    header: &Header,
    block: &[u8],
    container: &mut [u8],
    mut position: usize,
    contexts: &mut Contexts,
) -> Option<usize> {
    let n_streams = header.n_streams(block.len());
    let part_nbytes = block.len().checked_div(n_streams)?.max(1);
    for part in block.chunks_exact(part_nbytes) {
        let start = position.checked_add(NUMBER_NBYTES)?;
        let room = container.get_mut(start..)?;
        let n_room = room.len().min(part.len());
        let compressed = codec.compressor.compress(
            codec.level,
            header.divided,
            part,
            room.get_mut(..n_room)?,
            contexts,
        );
        let nbytes = match compressed {
            Some(nbytes) if nbytes < part.len() => nbytes,
            _ => {
                room.get_mut(..part.len())?.copy_from_slice(part);
                part.len()
            }
        };
        put_number(container, position, nbytes)?;
        position = start.checked_add(nbytes)?;
    }
    Some(position)
}

fn put_number(container: &mut [u8], position: usize, number: usize) -> Option<()> {
    let place = container.get_mut(position..)?.first_chunk_mut()?;
    *place = write_number(number);
    Some(())
}
