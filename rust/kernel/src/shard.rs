//! Shards: where the inner chunks of a stored object lie, level by level, and how an object is put
//! together again.

use crate::shard_index::{self, Entry, Location, Surroundings, Table};
use crate::{KernelError, Result};

/// One level of sharding. Lengths count decoded chunks, along the axes of the array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardLevel {
    /// Shape of the shard.
    shard: Vec<usize>,
    /// Shape of its inner chunks.
    inner: Vec<usize>,
    /// Order in which the axes are stored.
    axes: Vec<usize>,
    location: Location,
    checksum: bool,
    n_inner: usize,
}

impl ShardLevel {
    /// A level whose shards of shape `shard` hold inner chunks of shape `inner`.
    ///
    /// # Errors
    /// [`KernelError::BadDescription`] when inner chunks do not divide the shard or `axes` is no
    /// permutation; [`KernelError::TooLarge`] when there are too many inner chunks.
    pub fn new(
        shard: Vec<usize>,
        inner: Vec<usize>,
        axes: Vec<usize>,
        location: Location,
        checksum: bool,
    ) -> Result<Self> {
        let bad = KernelError::BadDescription {
            what: "inner chunks divide a shard along each of its axes",
        };
        let mut sorted = axes.clone();
        sorted.sort_unstable();
        if shard.len() != inner.len() || !sorted.into_iter().eq(0..shard.len()) {
            return Err(bad);
        }
        let mut n_inner = 1_usize;
        for (length, inner) in shard.iter().zip(&inner) {
            if length.checked_rem(*inner) != Some(0) || *length == 0 {
                return Err(bad);
            }
            n_inner = length
                .checked_div(*inner)
                .and_then(|count| n_inner.checked_mul(count))
                .ok_or(KernelError::TooLarge { what: "a shard" })?;
        }
        shard_index::encoded_nbytes(n_inner, checksum)?;
        Ok(Self {
            shard,
            inner,
            axes,
            location,
            checksum,
            n_inner,
        })
    }

    /// Stands for how an index is decoded, see [`crate::cache::CacheKey`].
    pub(crate) fn view(&self) -> u64 {
        let kind = u64::from(self.checksum) | u64::from(self.location == Location::End) << 1;
        let n_inner = u64::try_from(self.n_inner).unwrap_or(u64::MAX);
        kind | n_inner.wrapping_mul(4)
    }

    /// Length of the encoded index.
    pub(crate) fn index_nbytes(&self) -> usize {
        shard_index::encoded_nbytes(self.n_inner, self.checksum).unwrap_or(usize::MAX)
    }

    /// Row of the index for the inner chunk that holds the decoded chunk at `coords`.
    pub(crate) fn row(&self, coords: &[usize]) -> Result<usize> {
        let mut row = 0_usize;
        for axis in &self.axes {
            let found = (|| {
                let (shard, inner) = (self.shard.get(*axis)?, self.inner.get(*axis)?);
                let inside = coords
                    .get(*axis)?
                    .checked_rem(*shard)?
                    .checked_div(*inner)?;
                row.checked_mul(shard.checked_div(*inner)?)?
                    .checked_add(inside)
            })();
            row = found.ok_or(KernelError::TooLarge { what: "a shard" })?;
        }
        Ok(row)
    }

    /// Verify the encoded index of a shard of `shard_nbytes` bytes; the table is what remains.
    pub(crate) fn table<'a>(&self, encoded: &'a [u8], shard_nbytes: u64) -> Result<Table<'a>> {
        let index_nbytes = u64::try_from(encoded.len()).unwrap_or(u64::MAX);
        let surroundings = Surroundings {
            object_nbytes: Some(shard_nbytes),
            index_offset: Some(self.location.index_offset(index_nbytes, shard_nbytes)?),
        };
        shard_index::decode(encoded, self.n_inner, self.checksum, surroundings)
    }

    /// Put a shard together from the encoded forms of its inner chunks, in index order; `None`
    /// where there is none.
    pub(crate) fn assemble(&self, parts: &[Part<'_>]) -> Result<Option<Vec<u8>>> {
        let too_large = KernelError::TooLarge { what: "a shard" };
        let index_nbytes = self.index_nbytes();
        let payload: Option<usize> = parts.iter().try_fold(0_usize, |n, part| {
            n.checked_add(part.bytes().map_or(0, <[u8]>::len))
        });
        let nbytes = payload
            .and_then(|n| n.checked_add(index_nbytes))
            .ok_or_else(|| too_large.clone())?;
        if parts.iter().all(|part| part.bytes().is_none()) {
            return Ok(None);
        }
        let mut position = match self.location {
            Location::Start => u64::try_from(index_nbytes).map_err(|_| too_large.clone())?,
            Location::End => 0,
        };
        let mut entries = Vec::with_capacity(parts.len());
        for part in parts {
            let Some(bytes) = part.bytes() else {
                entries.push(Entry::Absent);
                continue;
            };
            let nbytes = u64::try_from(bytes.len()).map_err(|_| too_large.clone())?;
            entries.push(Entry::Present {
                offset: position,
                nbytes,
            });
            position = position.saturating_add(nbytes); // no more than the length of the whole
        }
        let index = shard_index::encode_entries(entries, self.checksum)?;
        let mut shard = Vec::new();
        shard
            .try_reserve_exact(nbytes)
            .map_err(|_| KernelError::OutOfMemory { nbytes })?;
        if self.location == Location::Start {
            shard.extend_from_slice(&index);
        }
        for part in parts {
            shard.extend_from_slice(part.bytes().unwrap_or_default());
        }
        if self.location == Location::End {
            shard.extend_from_slice(&index);
        }
        Ok(Some(shard))
    }

    /// The inner chunks of a stored shard, in index order.
    pub(crate) fn parts<'a>(&self, shard: Option<&'a [u8]>) -> Result<Vec<Part<'a>>> {
        let Some(shard) = shard else {
            return Ok((0..self.n_inner).map(|_| Part::Absent).collect());
        };
        let nbytes = u64::try_from(shard.len()).unwrap_or(u64::MAX);
        let start = self.index_start(nbytes)?;
        let index = slice(shard, start, self.index_nbytes())?;
        self.table(index, nbytes)?
            .entries()
            .map(|entry| match entry? {
                Entry::Absent => Ok(Part::Absent),
                Entry::Present { offset, nbytes } => {
                    let nbytes = usize::try_from(nbytes).map_err(|_| KernelError::OutsideMemory)?;
                    Ok(Part::Old(slice(shard, offset, nbytes)?))
                }
            })
            .collect()
    }

    /// Where in a shard of this length the index lies.
    pub(crate) fn index_start(&self, shard_nbytes: u64) -> Result<u64> {
        let index_nbytes = u64::try_from(self.index_nbytes()).unwrap_or(u64::MAX);
        self.location.index_offset(index_nbytes, shard_nbytes)
    }
}

fn slice(bytes: &[u8], offset: u64, nbytes: usize) -> Result<&[u8]> {
    usize::try_from(offset)
        .ok()
        .and_then(|start| bytes.get(start..start.checked_add(nbytes)?))
        .ok_or(KernelError::OutsideMemory)
}

/// The encoded form of one inner chunk.
#[derive(Debug)]
pub(crate) enum Part<'a> {
    Absent,
    Old(&'a [u8]),
    New(Vec<u8>),
}

impl Part<'_> {
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Absent => None,
            Self::Old(bytes) => Some(bytes),
            Self::New(bytes) => Some(bytes),
        }
    }
}

/// A run of bytes of a stored object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Extent {
    /// Its first byte.
    pub offset: u64,
    /// Its length.
    pub nbytes: u64,
}
