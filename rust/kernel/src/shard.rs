//! Shards: where the inner chunks of a stored object lie, level by level, and how an object is put
//! together again.

use std::sync::Arc;

use crate::kept::Kept;
use crate::shard_index::{self, Entry, Location, Surroundings, Table};
use crate::stored_object::Sink;
use crate::{KernelError, Result};

/// Order in which a shard lays its inner chunks, by their coordinates along the stored axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteOrder {
    /// That of the index: the last axis first.
    Lexicographic,
    /// The first axis first.
    Colexicographic,
    /// By the interleaved bits of the coordinates, the first axis lowest; an axis takes part only
    /// as far as it has bits.
    Morton,
}

impl WriteOrder {
    /// Rows of the index, in the order in which their inner chunks are laid.
    fn rows(self, n_rows: usize, lengths: &[usize]) -> Vec<usize> {
        let mut rows: Vec<usize> = (0..n_rows).collect();
        match self {
            Self::Lexicographic => {}
            Self::Colexicographic => rows.sort_by_cached_key(|row| column_rank(*row, lengths)),
            Self::Morton => rows.sort_by_cached_key(|row| morton_code(*row, lengths)),
        }
        rows
    }
}

/// Coordinates of a row of the index, the last axis first, each with the length of its axis.
fn from_last_axis(row: usize, lengths: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    let mut rest = row;
    lengths.iter().rev().map(move |length| {
        let coord = rest.checked_rem(*length).unwrap_or(0);
        rest = rest.checked_div(*length).unwrap_or(0);
        (coord, *length)
    })
}

fn column_rank(row: usize, lengths: &[usize]) -> usize {
    from_last_axis(row, lengths).fold(0_usize, |rank, (coord, length)| {
        rank.saturating_mul(length).saturating_add(coord) // less than the number of rows
    })
}

fn morton_code(row: usize, lengths: &[usize]) -> u128 {
    let mut axes: Vec<(usize, u32)> = from_last_axis(row, lengths)
        .map(|(coord, length)| {
            let highest = length.saturating_sub(1);
            (coord, usize::BITS.saturating_sub(highest.leading_zeros()))
        })
        .collect();
    axes.reverse();
    let (mut code, mut shift) = (0_u128, 0_u32);
    for bit in 0..axes.iter().map(|(_, n_bits)| *n_bits).max().unwrap_or(0) {
        for (coord, _) in axes.iter().filter(|(_, n_bits)| bit < *n_bits) {
            let value = u128::from(coord.checked_shr(bit).unwrap_or(0) & 1 == 1);
            code |= value.checked_shl(shift).unwrap_or(0);
            shift = shift.saturating_add(1);
        }
    }
    code
}

/// One level of sharding. Lengths count decoded chunks, along the axes of the array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardLevel {
    /// Shape of the shard.
    shard: Vec<usize>,
    /// Where it begins, if it is one of several that differ. Others begin at multiples of their shape.
    origin: Option<Vec<usize>>,
    /// Shape of its inner chunks.
    inner: Vec<usize>,
    /// Order in which the axes are stored.
    axes: Vec<usize>,
    location: Location,
    checksum: bool,
    n_inner: usize,
    write_order: WriteOrder,
    /// Rows of the index in this order, made when a shard is first written.
    laid: Kept<Arc<[usize]>>,
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
        write_order: WriteOrder,
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
            origin: None,
            inner,
            axes,
            location,
            checksum,
            n_inner,
            write_order,
            laid: Kept::new(),
        })
    }

    /// The same level for a shard of another shape, that begins somewhere.
    pub(crate) fn at(&self, (shard, origin): (Vec<usize>, Vec<usize>)) -> Result<Self> {
        let (inner, axes) = (self.inner.clone(), self.axes.clone());
        let made = Self::new(
            shard,
            inner,
            axes,
            self.location,
            self.checksum,
            self.write_order,
        )?;
        Ok(Self {
            origin: Some(origin),
            ..made
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
                let coord = *coords.get(*axis)?;
                let inside = match &self.origin {
                    None => coord.checked_rem(*shard)?,
                    Some(origin) => coord.checked_sub(*origin.get(*axis)?)?,
                };
                let inside = inside.checked_div(*inner)?;
                row.checked_mul(shard.checked_div(*inner)?)?
                    .checked_add(inside)
            })();
            row = found.ok_or(KernelError::TooLarge { what: "a shard" })?;
        }
        Ok(row)
    }

    /// Rows of the index, in the order in which their inner chunks are laid.
    pub(crate) fn laid(&self) -> Arc<[usize]> {
        self.laid.get_or(|| {
            let lengths: Vec<usize> = self
                .axes
                .iter()
                .map(|axis| {
                    let (shard, inner) = (self.shard.get(*axis), self.inner.get(*axis));
                    shard.zip(inner).and_then(|(n, m)| n.checked_div(*m))
                })
                .map(|length| length.unwrap_or(1)) // `new` has seen to it
                .collect();
            self.write_order.rows(self.n_inner, &lengths).into()
        })
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
        if parts.iter().all(|part| part.bytes().is_none()) {
            return Ok(None);
        }
        let nbytes = parts
            .iter()
            .try_fold(self.index_nbytes(), |n, part| {
                n.checked_add(part.bytes().map_or(0, <[u8]>::len))
            })
            .ok_or(KernelError::TooLarge { what: "a shard" })?;
        let mut shard = Vec::new();
        shard
            .try_reserve_exact(nbytes)
            .map_err(|_| KernelError::OutOfMemory { nbytes })?;
        let mut new = NewShard::begin(self, &mut shard)?;
        for row in self.laid().iter() {
            let part = parts.get(*row).ok_or(KernelError::OutsideMemory)?;
            if let Some(bytes) = part.bytes() {
                new.add(*row, bytes)?;
            }
        }
        new.finish()?;
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

/// A shard that is put together inner chunk by inner chunk.
pub(crate) struct NewShard<'a> {
    level: &'a ShardLevel,
    sink: &'a mut dyn Sink,
    entries: Vec<Entry>,
    position: u64,
}

impl<'a> NewShard<'a> {
    pub(crate) fn begin(level: &'a ShardLevel, sink: &'a mut dyn Sink) -> Result<Self> {
        let mut new = Self {
            level,
            sink,
            entries: vec![Entry::Absent; level.n_inner],
            position: 0,
        };
        if level.location == Location::Start {
            new.append(&vec![0; level.index_nbytes()])?; // until it is known
        }
        Ok(new)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.sink.append(bytes)?;
        self.position = u64::try_from(bytes.len())
            .ok()
            .and_then(|nbytes| self.position.checked_add(nbytes))
            .ok_or(KernelError::TooLarge { what: "a shard" })?;
        Ok(())
    }

    /// Lay the inner chunk of a row of the index behind those that are there.
    pub(crate) fn add(&mut self, row: usize, bytes: &[u8]) -> Result<()> {
        let offset = self.position;
        self.append(bytes)?;
        let entry = self.entries.get_mut(row);
        *entry.ok_or(KernelError::OutsideMemory)? = Entry::Present {
            offset,
            nbytes: self.position.saturating_sub(offset),
        };
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<()> {
        let index = shard_index::encode_entries(self.entries, self.level.checksum)?;
        match self.level.location {
            Location::Start => self.sink.overwrite(0, &index),
            Location::End => self.sink.append(&index),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_laid_in_the_order_that_is_asked_for() {
        let of =
            |order: WriteOrder, lengths: &[usize]| order.rows(lengths.iter().product(), lengths);
        assert_eq!(of(WriteOrder::Lexicographic, &[2, 2]), [0, 1, 2, 3]);
        assert_eq!(of(WriteOrder::Colexicographic, &[2, 3]), [0, 3, 1, 4, 2, 5]);
        assert_eq!(of(WriteOrder::Morton, &[2, 4]), [0, 4, 1, 5, 2, 6, 3, 7]);
        assert_eq!(of(WriteOrder::Morton, &[1, 3, 1]), [0, 1, 2]);
        for order in [WriteOrder::Colexicographic, WriteOrder::Morton] {
            assert_eq!(of(order, &[]), [0]);
            let mut rows = of(order, &[3, 5, 2]);
            rows.sort_unstable();
            assert!(rows.into_iter().eq(0..30));
        }
    }
}
