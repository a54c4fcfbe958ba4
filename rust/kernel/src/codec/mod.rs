//! One module per codec, named as the codec is named in the metadata.
//!
//! All codecs answer to [`BytesCodec`]: bytes in, bytes out, with the length of the decoded form
//! known from outside (from the shape of the chunk) and never taken from the data. Codecs are made
//! once per array from checked parameters, are shared by threads, and keep nothing between calls;
//! what is worth keeping (library contexts, buffers) lives in the [`Contexts`] of the caller, one
//! per running task.

pub mod astype;
pub mod bitround;
mod bitshuffle;
pub mod blosc;
mod byteshuffle;
pub mod checksum;
mod contexts;
mod contract;
pub mod crc32c;
mod deflate;
pub mod delta;
mod filter;
pub mod fixedscaleoffset;
mod fletcher32;
pub mod gzip;
pub mod lz4;
pub mod number;
mod output;
pub mod packbits;
pub mod shuffle;
#[cfg(test)]
mod testing;
pub mod zlib;
pub mod zstd;

pub use contexts::Contexts;
pub use contract::BytesCodec;
pub(crate) use output::most_decoded;
