//! Stored objects whose bytes somebody else has fetched: whole, or in pieces.

use crate::stored_object::Object;
use crate::{KernelError, Result};

/// All bytes of an object.
#[derive(Clone, Copy, Debug)]
pub struct Whole<'a>(pub &'a [u8]);

impl Object for Whole<'_> {
    fn nbytes(&self) -> u64 {
        u64::try_from(self.0.len()).unwrap_or(u64::MAX)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<()> {
        into.copy_from_slice(part(self.0, offset, into.len())?);
        Ok(())
    }

    fn range<'a>(
        &'a self,
        offset: u64,
        nbytes: usize,
        _scratch: &'a mut Vec<u8>,
    ) -> Result<&'a [u8]> {
        part(self.0, offset, nbytes)
    }

    fn whole<'a>(&'a self, _scratch: &'a mut Vec<u8>) -> Result<&'a [u8]> {
        Ok(self.0)
    }
}

/// Some bytes of an object.
#[derive(Clone, Debug)]
pub struct Pieces<'a> {
    nbytes: u64,
    /// Where each piece begins, in increasing order, and its bytes.
    pieces: Vec<(u64, &'a [u8])>,
}

impl<'a> Pieces<'a> {
    /// An object of `nbytes` bytes, of which these pieces are known.
    #[must_use]
    pub fn new(nbytes: u64, mut pieces: Vec<(u64, &'a [u8])>) -> Self {
        pieces.sort_by_key(|(offset, _)| *offset);
        Self { nbytes, pieces }
    }

    fn find(&self, offset: u64, nbytes: usize) -> Result<&'a [u8]> {
        let not_fetched = || KernelError::NotFetched {
            offset,
            nbytes: u64::try_from(nbytes).unwrap_or(u64::MAX),
        };
        let n_before = self.pieces.partition_point(|(start, _)| *start <= offset);
        let (start, bytes) = n_before
            .checked_sub(1)
            .and_then(|last| self.pieces.get(last))
            .ok_or_else(not_fetched)?;
        part(bytes, offset.saturating_sub(*start), nbytes).map_err(|_| not_fetched())
    }
}

impl Object for Pieces<'_> {
    fn nbytes(&self) -> u64 {
        self.nbytes
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<()> {
        into.copy_from_slice(self.find(offset, into.len())?);
        Ok(())
    }

    fn range<'a>(
        &'a self,
        offset: u64,
        nbytes: usize,
        _scratch: &'a mut Vec<u8>,
    ) -> Result<&'a [u8]> {
        self.find(offset, nbytes)
    }

    fn whole<'a>(&'a self, scratch: &'a mut Vec<u8>) -> Result<&'a [u8]> {
        let nbytes = usize::try_from(self.nbytes).map_err(|_| KernelError::OutsideMemory)?;
        self.range(0, nbytes, scratch)
    }
}

fn part(bytes: &[u8], offset: u64, nbytes: usize) -> Result<&[u8]> {
    usize::try_from(offset)
        .ok()
        .and_then(|start| bytes.get(start..start.checked_add(nbytes)?))
        .ok_or(KernelError::OutsideMemory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_say_what_is_missing() {
        let pieces = Pieces::new(100, vec![(50, b"klm"), (10, b"abcd")]);
        let mut scratch = Vec::new();
        assert_eq!(pieces.range(11, 2, &mut scratch), Ok(&b"bc"[..]));
        assert_eq!(pieces.range(50, 3, &mut scratch), Ok(&b"klm"[..]));
        for (offset, nbytes) in [(0, 1), (9, 2), (12, 3), (51, 3), (99, 1)] {
            let missing = KernelError::NotFetched {
                offset,
                nbytes: nbytes as u64,
            };
            assert_eq!(pieces.range(offset, nbytes, &mut scratch), Err(missing));
        }
    }

    #[test]
    fn ranges_outside_an_object_are_refused() {
        let whole = Whole(b"abc");
        let mut scratch = Vec::new();
        assert_eq!(whole.range(1, 2, &mut scratch), Ok(&b"bc"[..]));
        assert!(whole.range(1, 3, &mut scratch).is_err());
        assert!(whole.range(u64::MAX, 1, &mut scratch).is_err());
        assert!(whole.read_at(2, &mut [0; 2]).is_err());
    }
}
