//! The compressors inside a container.

use lz4::block::CompressionMode;

use super::blosclz;
use super::container::{Format, NAME, corrupt};
use crate::codec::contexts::Contexts;
use crate::codec::deflate::{self, Format as Wrapper};
use crate::codec::output::decoded_wrong_size;
use crate::codec::{lz4 as lz4_codec, zlib, zstd};
use crate::{KernelError, Result};

/// A compressor that blocks go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compressor {
    /// `blosclz`, Blosc's own.
    BloscLz,
    /// `lz4`.
    Lz4,
    /// `lz4hc`: slower, smaller, and as fast to decode as `lz4`.
    Lz4Hc,
    /// `snappy`.
    Snappy,
    /// `zlib`.
    Zlib,
    /// `zstd`.
    Zstd,
}

impl Compressor {
    /// All compressors, with their names in the metadata.
    pub const ALL: [(&'static str, Self); 6] = [
        ("blosclz", Self::BloscLz),
        ("lz4", Self::Lz4),
        ("lz4hc", Self::Lz4Hc),
        ("snappy", Self::Snappy),
        ("zlib", Self::Zlib),
        ("zstd", Self::Zstd),
    ];

    /// The compressor called `name` in the metadata.
    ///
    /// # Errors
    /// [`KernelError::BadParameter`] when there is none of this name.
    pub fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|(known, _)| *known == name);
        found
            .map(|(_, compressor)| compressor)
            .ok_or_else(|| KernelError::BadParameter {
                codec: NAME,
                problem: format!("there is no compressor {name:?}").into(),
            })
    }

    pub(super) fn format(self) -> Format {
        match self {
            Self::BloscLz => Format::BloscLz,
            Self::Lz4 | Self::Lz4Hc => Format::Lz4,
            Self::Snappy => Format::Snappy,
            Self::Zlib => Format::Zlib,
            Self::Zstd => Format::Zstd,
        }
    }

    /// Compress `decoded` into `encoded`; the length of the result, or `None` when it does not fit.
    pub(super) fn compress(
        self,
        level: u8,
        divided: bool,
        decoded: &[u8],
        encoded: &mut [u8],
        contexts: &mut Contexts,
    ) -> Option<usize> {
        let level_number = i32::from(level);
        match self {
            Self::BloscLz => blosclz::compress(level, divided, decoded, encoded),
            Self::Lz4 => {
                let acceleration = 10_i32.saturating_sub(level_number);
                let mode = CompressionMode::FAST(acceleration);
                lz4_codec::compress_block(mode, decoded, encoded)
            }
            Self::Lz4Hc => {
                let mode = CompressionMode::HIGHCOMPRESSION(level_number);
                lz4_codec::compress_block(mode, decoded, encoded)
            }
            Self::Snappy => compress_snappy(decoded, encoded, contexts),
            Self::Zlib => deflate::compress_into(Wrapper::Zlib, level, decoded, encoded, contexts),
            Self::Zstd => {
                let context = contexts.zstd.encoder().ok()?;
                context.compress(encoded, decoded, zstd_level(level)).ok()
            }
        }
    }
}

/// The level of zstd for a level of Blosc.
fn zstd_level(level: u8) -> i32 {
    const LEVELS: [i32; 10] = [1, 1, 3, 5, 7, 9, 11, 13, 15, 22];
    LEVELS.get(usize::from(level)).copied().unwrap_or(22)
}

/// The library wants room for the worst case, and the room here is what makes compression worth it.
fn compress_snappy(decoded: &[u8], encoded: &mut [u8], contexts: &mut Contexts) -> Option<usize> {
    let bound = snap::raw::max_compress_len(decoded.len());
    let outcome = contexts.with_scratch(bound, |scratch, contexts| {
        let nbytes = contexts.snappy().compress(decoded, scratch).ok();
        let compressed = nbytes.and_then(|nbytes| scratch.get(..nbytes));
        Ok(compressed.and_then(|compressed| {
            let place = encoded.get_mut(..compressed.len())?;
            place.copy_from_slice(compressed);
            Some(compressed.len())
        }))
    });
    outcome.ok().flatten()
}

impl Format {
    /// Fill all of `decoded` from one stream.
    pub(super) fn decompress(
        self,
        encoded: &[u8],
        decoded: &mut [u8],
        contexts: &mut Contexts,
    ) -> Result<()> {
        let nbytes = match self {
            Self::BloscLz => Some(
                blosclz::decompress(encoded, decoded)
                    .ok_or_else(|| corrupt("a BloscLZ stream is damaged"))?,
            ),
            Self::Lz4 => return lz4_codec::decompress_block(NAME, encoded, decoded),
            Self::Snappy => Some(decompress_snappy(encoded, decoded)?),
            Self::Zlib => zlib::decompress(NAME, encoded, decoded, contexts)?,
            Self::Zstd => zstd::decompress(NAME, encoded, decoded, contexts.zstd.one_shot()?)?,
        };
        if nbytes == Some(decoded.len()) {
            Ok(())
        } else {
            Err(decoded_wrong_size(NAME, decoded.len(), nbytes))
        }
    }
}

fn decompress_snappy(encoded: &[u8], decoded: &mut [u8]) -> Result<usize> {
    snap::raw::Decoder::new()
        .decompress(encoded, decoded)
        .map_err(|error| KernelError::Corrupt {
            codec: NAME,
            problem: error.to_string().into(),
        })
}
