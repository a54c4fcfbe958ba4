//! The layout of a container.
//!
//! ```text
//! 0  version (2)        4  decoded length     16  start of each block, from the container's start
//! 1  format's version   8  block length           (absent when stored as it is)
//! 2  flags             12  encoded length         then the blocks, in any order
//! 3  element size
//! ```
//!
//! Numbers are little-endian and of four bytes each. A block consists of one stream, or one for each
//! byte of the elements; a stream is its encoded length in four bytes, then that many bytes. A stream
//! as long as its decoded form is stored as it is.

use crate::{KernelError, Result};

/// The codec's name, in errors about containers too.
pub(super) const NAME: &str = "blosc";

pub(super) const HEADER_NBYTES: usize = 16;

/// The longest decoded form: lengths are signed numbers of 32 bits to c-blosc.
pub(super) const MAX_NBYTES: usize = 0x7FFF_FFFF - HEADER_NBYTES;

/// Bytes of a number: of the start of a block, and of the length of a stream.
pub(super) const NUMBER_NBYTES: usize = 4;

/// Streams have at least this many bytes in c-blosc, or the block is not divided.
pub(super) const MIN_STREAM_NBYTES: usize = 128;

/// Elements larger than this are not divided.
const MAX_STREAMS: usize = 16;

const VERSION: u8 = 2;
/// That of every compressor's format.
const VERSION_OF_FORMAT: u8 = 1;
const BYTE_SHUFFLED: u8 = 0x01;
const STORED: u8 = 0x02;
const BIT_SHUFFLED: u8 = 0x04;
const RESERVED: u8 = 0x08;
const NOT_DIVIDED: u8 = 0x10;
const FORMAT_SHIFT: u32 = 5;

/// What happens to a block before it is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shuffle {
    /// Nothing.
    None,
    /// The bytes of elements are grouped by significance.
    Byte,
    /// The bits of elements are grouped by significance.
    Bit,
}

/// A header whose numbers agree with one another and with the data that it was parsed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) typesize: usize,
    pub(super) nbytes: usize,
    pub(super) blocksize: usize,
    pub(super) shuffle: Shuffle,
    /// What the streams are compressed with; `None` when the data is stored as it is.
    pub(super) format: Option<Format>,
    /// Whether blocks are divided into a stream for each byte of the elements, if they are large
    /// enough.
    pub(super) divided: bool,
}

/// The format of the streams. Those of lz4 and lz4hc are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    BloscLz,
    Lz4,
    Snappy,
    Zlib,
    Zstd,
}

const FORMATS: [Format; 5] = [
    Format::BloscLz,
    Format::Lz4,
    Format::Snappy,
    Format::Zlib,
    Format::Zstd,
];

impl Header {
    pub(super) fn parse(encoded: &[u8]) -> Result<Self> {
        let [version, version_of_format, flags, typesize, numbers @ ..] = encoded
            .first_chunk::<HEADER_NBYTES>()
            .ok_or_else(|| corrupt("the data is too short for a Blosc header"))?;
        let mut numbers = numbers.chunks_exact(NUMBER_NBYTES).map(read_number);
        let mut number = || numbers.next().unwrap_or(0);
        let (nbytes, blocksize, encoded_nbytes) = (number(), number(), number());
        if *version != VERSION {
            return Err(corrupt("the data is not a container of c-blosc 1"));
        }
        if encoded_nbytes != encoded.len() {
            return Err(corrupt("the Blosc header tells another length"));
        }
        let stored = flags & STORED != 0;
        if !stored && nbytes > 0 && *version_of_format != VERSION_OF_FORMAT {
            return Err(corrupt(
                "the data is of another version of its compressor's format",
            ));
        }
        let contradicts_itself = flags & RESERVED != 0
            || *typesize == 0
            || nbytes > MAX_NBYTES
            || (nbytes > 0 && (blocksize == 0 || blocksize > nbytes))
            || (stored && nbytes.checked_add(HEADER_NBYTES) != Some(encoded_nbytes));
        if contradicts_itself {
            return Err(corrupt("the Blosc header contradicts itself"));
        }
        let format = FORMATS
            .get(usize::from(flags >> FORMAT_SHIFT))
            .copied()
            .ok_or_else(|| corrupt("the Blosc header names an unknown compressor"))?;
        let header = Self {
            typesize: usize::from(*typesize),
            nbytes,
            blocksize,
            shuffle: shuffle_of(*flags),
            format: (!stored).then_some(format),
            divided: flags & NOT_DIVIDED == 0,
        };
        if header.blocksize.checked_rem(header.n_streams(blocksize)) != Some(0) {
            return Err(corrupt(
                "the block length is not a whole number of elements",
            ));
        }
        if !stored && header.blocks_start() > encoded_nbytes {
            return Err(corrupt("the data is too short for its blocks"));
        }
        Ok(header)
    }

    /// The header of a container of `encoded_nbytes` bytes. Lengths are at most [`MAX_NBYTES`] and
    /// 16 bytes more, and `typesize` at most 255.
    pub(super) fn to_bytes(self, format: Format, encoded_nbytes: usize) -> [u8; HEADER_NBYTES] {
        let position = FORMATS.iter().position(|other| *other == format);
        let mut flags = u8::try_from(position.unwrap_or(0)).unwrap_or(0) << FORMAT_SHIFT;
        flags |= match self.shuffle {
            Shuffle::None => 0,
            Shuffle::Byte => BYTE_SHUFFLED,
            Shuffle::Bit => BIT_SHUFFLED,
        };
        if self.format.is_none() {
            flags |= STORED;
        }
        if !self.divided {
            flags |= NOT_DIVIDED;
        }
        let mut bytes = [0; HEADER_NBYTES];
        let small = [
            VERSION,
            VERSION_OF_FORMAT,
            flags,
            u8::try_from(self.typesize).unwrap_or(1),
        ];
        let numbers = [self.nbytes, self.blocksize, encoded_nbytes].map(write_number);
        let all = [small].into_iter().chain(numbers).flatten();
        for (to, from) in bytes.iter_mut().zip(all) {
            *to = from;
        }
        bytes
    }

    pub(super) fn n_blocks(&self) -> usize {
        self.nbytes.div_ceil(self.blocksize.max(1))
    }

    /// Where the first block can lie: behind the starts of all.
    pub(super) fn blocks_start(&self) -> usize {
        let starts_nbytes = self.n_blocks().saturating_mul(NUMBER_NBYTES);
        HEADER_NBYTES.saturating_add(starts_nbytes)
    }

    /// Number of streams in a block of `block_nbytes` bytes.
    pub(super) fn n_streams(&self, block_nbytes: usize) -> usize {
        let is_whole = block_nbytes == self.blocksize;
        if self.divided && is_whole && can_be_divided(self.typesize, self.blocksize) {
            self.typesize
        } else {
            1
        }
    }
}

/// Whether blocks of this length and these elements may be divided.
pub(super) fn can_be_divided(typesize: usize, blocksize: usize) -> bool {
    let stream_nbytes = blocksize.checked_div(typesize).unwrap_or(0);
    typesize <= MAX_STREAMS && stream_nbytes >= MIN_STREAM_NBYTES
}

fn shuffle_of(flags: u8) -> Shuffle {
    if flags & BYTE_SHUFFLED != 0 {
        Shuffle::Byte
    } else if flags & BIT_SHUFFLED != 0 {
        Shuffle::Bit
    } else {
        Shuffle::None
    }
}

/// The number in four bytes. A negative one comes out too large for every comparison.
pub(super) fn read_number(stored: &[u8]) -> usize {
    let stored = stored.first_chunk().copied().unwrap_or_default();
    usize::try_from(u32::from_le_bytes(stored)).unwrap_or(usize::MAX)
}

pub(super) fn write_number(number: usize) -> [u8; NUMBER_NBYTES] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}

pub(super) fn corrupt(problem: &'static str) -> KernelError {
    KernelError::Corrupt {
        codec: NAME,
        problem: problem.into(),
    }
}
