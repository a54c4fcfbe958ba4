//! What a writer of containers chooses.

use super::container::{NAME, Shuffle};
use super::inner::Compressor;
use crate::{KernelError, Result};

const MAX_LEVEL: u8 = 9;

/// Parameters of the codec. Decoding needs none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blosc {
    pub(super) compressor: Compressor,
    pub(super) level: u8,
    pub(super) shuffle: Shuffle,
    pub(super) typesize: u8,
    pub(super) blocksize: usize,
}

impl Blosc {
    /// `level` is 0 (stored) to 9, `typesize` the size of the elements to shuffle, in bytes, and
    /// `blocksize` the length of a block, or 0 for one that suits the other parameters. A container
    /// cannot express elements of more than 255 bytes; they count as single bytes, as in c-blosc.
    ///
    /// # Errors
    /// [`KernelError::BadParameter`] for a level above 9 and a `typesize` of 0.
    pub fn new(
        compressor: Compressor,
        level: u8,
        shuffle: Shuffle,
        typesize: usize,
        blocksize: usize,
    ) -> Result<Self> {
        let bad = |problem: String| KernelError::BadParameter {
            codec: NAME,
            problem: problem.into(),
        };
        if level > MAX_LEVEL {
            return Err(bad(format!(
                "level {level} is not between 0 and {MAX_LEVEL}"
            )));
        }
        if typesize == 0 {
            return Err(bad("elements cannot have 0 bytes".to_owned()));
        }
        Ok(Self {
            compressor,
            level,
            shuffle,
            typesize: u8::try_from(typesize).unwrap_or(1),
            blocksize,
        })
    }
}
