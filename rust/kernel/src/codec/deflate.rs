//! Deflate (RFC 1951) inside its two wrappers, which `gzip`, `zlib` and Blosc share.
//!
//! Both wrappers end in a checksum of everything, so there is no decoding of a part: to verify
//! means to decode to the end.

use libdeflater::DecompressionError;
use memchr::memmem;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress as inflate};

use super::contexts::Contexts;
use super::output::extend_from_slice;
use crate::{KernelError, Result};

/// The most that a byte of deflated data can decode to, rounded up.
pub(super) const MAX_RATIO: usize = 1040;

const MAX_LEVEL: u8 = 9;

/// Which wrapper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Gzip,
    Zlib,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zlib => "zlib",
        }
    }
}

/// What became of the first stream or member in some data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deflated {
    /// It was decoded to this many bytes and its checksum matched.
    Complete(usize),
    /// It decodes to more than there is room for.
    TooLong,
    /// It is damaged.
    Corrupt,
}

pub(super) fn check_level(codec: &'static str, level: u8) -> Result<()> {
    if level <= MAX_LEVEL {
        Ok(())
    } else {
        Err(KernelError::BadParameter {
            codec,
            problem: format!("level {level} is not between 0 and {MAX_LEVEL}").into(),
        })
    }
}

/// Decode the first stream or member of `encoded`.
pub(super) fn decompress(
    format: Format,
    encoded: &[u8],
    decoded: &mut [u8],
    contexts: &mut Contexts,
) -> Deflated {
    let decompressor = contexts.deflate.decompressor();
    let outcome = match format {
        Format::Gzip => decompressor.gzip_decompress(encoded, decoded),
        Format::Zlib => decompressor.zlib_decompress(encoded, decoded),
    };
    match outcome {
        Ok(nbytes) => Deflated::Complete(nbytes),
        Err(DecompressionError::InsufficientSpace) => Deflated::TooLong,
        Err(DecompressionError::BadData) => Deflated::Corrupt,
    }
}

/// Put `decoded`, compressed, into `encoded`.
pub(super) fn compress(
    format: Format,
    level: u8,
    decoded: &[u8],
    encoded: &mut Vec<u8>,
    contexts: &mut Contexts,
) -> Result<()> {
    let too_large = KernelError::TooLarge {
        what: format.name(),
    };
    let bound = encoded_bound(decoded.len()).ok_or(too_large)?;
    contexts.with_scratch(bound, |scratch, contexts| {
        let nbytes = compress_into(format, level, decoded, scratch, contexts);
        let compressed = nbytes.and_then(|nbytes| scratch.get(..nbytes));
        let compressed = compressed.ok_or_else(|| KernelError::NotEncodable {
            codec: format.name(),
            problem: "the compressor failed".into(),
        })?;
        extend_from_slice(encoded, compressed)
    })
}

/// Compress into `encoded`; the length of the result, or `None` when it does not fit.
pub(super) fn compress_into(
    format: Format,
    level: u8,
    decoded: &[u8],
    encoded: &mut [u8],
    contexts: &mut Contexts,
) -> Option<usize> {
    let compressor = contexts.deflate.compressor(level);
    match format {
        Format::Gzip => compressor.gzip_compress(decoded, encoded).ok(),
        Format::Zlib => compressor.zlib_compress(decoded, encoded).ok(),
    }
}

/// Upper bound of what [`compress`] makes of `nbytes` bytes.
///
/// At worst everything is stored, in blocks of at least 5,000 bytes with five bytes of header each.
/// The rest is for the wrapper and for rounding.
pub(super) fn encoded_bound(nbytes: usize) -> Option<usize> {
    const BLOCK_NBYTES: usize = 5000;
    const WRAPPER_NBYTES: usize = 64;
    let headers = nbytes.div_ceil(BLOCK_NBYTES).checked_mul(5)?;
    nbytes.checked_add(headers)?.checked_add(WRAPPER_NBYTES)
}

/// Whether the first place where `end` occurs in `data` is its end.
pub(super) fn ends_with_first(data: &[u8], end: &[u8]) -> bool {
    memmem::find(data, end)
        .and_then(|position| position.checked_add(end.len()))
        .is_some_and(|position| position == data.len())
}

/// What [`inflate_counting`] works with: for one stream after the other, as it takes long to make.
#[derive(Default)]
pub(super) struct Inflater(Box<DecompressorOxide>);

/// How far [`inflate_counting`] came.
pub(super) struct Inflated {
    pub(super) n_read: usize,
    pub(super) n_written: usize,
}

/// Decode the raw deflate stream that `encoded` begins with and say where it ends; `None` when it
/// does not fit into `decoded`, which is then full.
pub(super) fn inflate_counting(
    codec: &'static str,
    encoded: &[u8],
    decoded: &mut [u8],
    inflater: &mut Inflater,
) -> Result<Option<Inflated>> {
    let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    inflater.0.init();
    let (status, n_read, n_written) = inflate(&mut inflater.0, encoded, decoded, 0, flags);
    match status {
        TINFLStatus::Done => Ok(Some(Inflated { n_read, n_written })),
        TINFLStatus::HasMoreOutput => Ok(None),
        _ => Err(KernelError::Corrupt {
            codec,
            problem: "the deflate stream is damaged or cut short".into(),
        }),
    }
}
