//! From the encoded bytes of one chunk to the elements of a result, the shortest way that fits:
//!
//! - a chunk that is wholly wanted, and lies in the result as it does in memory, is decoded there;
//! - of a chunk without codecs, only the bytes that hold wanted elements are read, row by row where
//!   rows lie far apart;
//! - of any other, the codecs decode at least the wanted bytes, and those elements are copied;
//! - a chunk of items is decoded wholly, and the wanted ones are handed to the caller.

use std::ops::Range;

use crate::caller::Out;
use crate::chain::FittedChain;
use crate::codec::Contexts;
use crate::items::{self, Items};
use crate::memory::{self, ArrayMut, Readable};
use crate::pipeline::Pipeline;
use crate::plan::ChunkPlan;
use crate::scratch::Scratch;
use crate::shard::Extent;
use crate::stored_object::Object;
use crate::transfer::{Side, Transfer};
use crate::{KernelError, Result};

/// Reading so many bytes takes as long as another read.
const GAP_NBYTES: isize = 32 * 1024;

/// A chunk that was decoded wholly.
#[derive(Debug)]
pub(crate) enum Decoded {
    Elements(Vec<u8>),
    Items(items::OwnedTable),
}

impl Decoded {
    /// What it takes in memory.
    pub(crate) fn nbytes(&self) -> usize {
        match self {
            Self::Elements(decoded) => decoded.len(),
            Self::Items(table) => table.nbytes(),
        }
    }
}

impl Pipeline {
    /// Place the fill value where the chunk would be.
    pub(crate) fn place_missing(&self, chunk: &ChunkPlan<'_>, out: &Out<'_>) -> Result<()> {
        if self.description.refuses_missing {
            return Err(KernelError::ChunkMissing);
        }
        let fill = self.description.fill.as_slice();
        let chain = self.chain(chunk)?;
        match out {
            Out::Elements(out) => {
                let transfer = chunk.transfer(chain.strides(), &out.layout.strides)?;
                let element = chain.element().verbatim();
                memory::copy(
                    &transfer.spread_one().normalise(),
                    Readable::from(fill),
                    &out.memory,
                    element,
                )
            }
            Out::Items(out) => {
                let transfer = chunk.transfer(chain.strides(), &out.layout.strides)?;
                let kind = self.items().ok_or(OTHER_ELEMENTS)?;
                out.memory.put(&Items::alike(kind, &transfer, fill))
            }
        }
    }

    /// Place what is wanted of a chunk that is decoded already.
    pub(crate) fn place_decoded(
        &self,
        chunk: &ChunkPlan<'_>,
        decoded: &Decoded,
        out: &Out<'_>,
    ) -> Result<()> {
        let chain = self.chain(chunk)?;
        match (decoded, out) {
            (Decoded::Elements(decoded), Out::Elements(out)) => {
                let transfer = chunk.transfer(chain.strides(), &out.layout.strides)?;
                memory::copy(
                    &transfer.normalise(),
                    Readable::from(decoded.as_slice()),
                    &out.memory,
                    chain.element(),
                )
            }
            (Decoded::Items(table), Out::Items(out)) => {
                let transfer = chunk.transfer(chain.strides(), &out.layout.strides)?;
                let kind = self.items().ok_or(OTHER_ELEMENTS)?;
                out.memory
                    .put(&Items::of_chunk(kind, &transfer, table.table()))
            }
            _ => Err(OTHER_ELEMENTS),
        }
    }

    /// Read, decode and place one chunk whose encoded form is a part of `object`.
    pub(crate) fn read_chunk<O: Object>(
        &self,
        chunk: &ChunkPlan<'_>,
        object: &O,
        extent: Extent,
        out: &Out<'_>,
        scratch: &mut Scratch,
    ) -> Result<()> {
        match out {
            Out::Elements(out) => self.read_elements(chunk, object, extent, out, scratch),
            Out::Items(out) => {
                let kind = self.items().ok_or(OTHER_ELEMENTS)?;
                let chain = self.chain(chunk)?;
                let transfer = chunk.transfer(chain.strides(), &out.layout.strides)?;
                let encoded = read_extent(object, extent, &mut scratch.encoded)?;
                chain.with_table(
                    encoded,
                    &mut scratch.starts,
                    &mut scratch.contexts,
                    |table, _| out.memory.put(&Items::of_chunk(kind, &transfer, table)),
                )
            }
        }
    }

    fn read_elements<O: Object>(
        &self,
        chunk: &ChunkPlan<'_>,
        object: &O,
        extent: Extent,
        out: &ArrayMut<'_>,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let chain = self.chain(chunk)?;
        let element = chain.element();
        let transfer = chunk
            .transfer(chain.strides(), &out.layout.strides)?
            .normalise();
        if transfer.is_empty() {
            return Ok(());
        }
        if chain.is_verbatim() {
            check_verbatim(&chain, extent)?;
            return self.read_verbatim(object, extent, &transfer, out, scratch);
        }
        let wanted = wanted_bytes(&transfer, element.itemsize())?;
        let Scratch {
            contexts,
            encoded,
            decoded,
            ..
        } = scratch;
        let encoded = read_extent(object, extent, encoded)?;
        if element.is_verbatim()
            && wanted == (0..chain.nbytes())
            && transfer.contiguous_nbytes(element) == Some(chain.nbytes())
        {
            let placed = out.memory.slice_mut(transfer.to, chain.nbytes())?;
            return chain.decode_into(encoded, placed, contexts);
        }
        let decoded = chain.decode(encoded, wanted, decoded, contexts)?;
        memory::copy(&transfer, Readable::from(decoded), &out.memory, element)
    }

    /// A chunk without codecs: read no more than what is wanted.
    fn read_verbatim<O: Object>(
        &self,
        object: &O,
        extent: Extent,
        transfer: &Transfer,
        out: &ArrayMut<'_>,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let element = self.description.chain.element();
        if let Some(rows) = transfer.split_far_apart(element.itemsize(), GAP_NBYTES)? {
            for row in rows {
                self.read_verbatim(object, extent, &row, out, scratch)?;
            }
            return Ok(());
        }
        let wanted = wanted_bytes(transfer, element.itemsize())?;
        let start = u64::try_from(wanted.start).map_err(|_| KernelError::OutsideMemory)?;
        let offset = extent.offset.saturating_add(start);
        if element.is_verbatim() && transfer.contiguous_nbytes(element) == Some(wanted.len()) {
            let placed = out.memory.slice_mut(transfer.to, wanted.len())?;
            return object.read_at(offset, placed);
        }
        let part = object.range(offset, wanted.len(), &mut scratch.encoded)?;
        let moved = isize::try_from(wanted.start)
            .ok()
            .and_then(|start| transfer.from.checked_sub(start))
            .ok_or(KernelError::OutsideMemory)?;
        let transfer = Transfer {
            axes: transfer.axes.clone(),
            from: moved,
            to: transfer.to,
        };
        memory::copy(&transfer, Readable::from(part), &out.memory, element)
    }
}

pub(crate) const OTHER_ELEMENTS: KernelError = KernelError::BadDescription {
    what: "the caller's memory holds elements as those of the array",
};

/// Decode a chunk wholly, to be kept.
pub(crate) fn decode_whole(
    chain: &FittedChain<'_>,
    encoded: &[u8],
    starts: &mut Vec<usize>,
    contexts: &mut Contexts,
) -> Result<Decoded> {
    if chain.items().is_none() {
        return chain.decode_whole(encoded, contexts).map(Decoded::Elements);
    }
    chain.with_table(encoded, starts, contexts, |table, _| {
        table.to_owned().map(Decoded::Items)
    })
}

fn check_verbatim(chain: &FittedChain<'_>, extent: Extent) -> Result<()> {
    if usize::try_from(extent.nbytes) == Ok(chain.nbytes()) {
        return Ok(());
    }
    Err(KernelError::DecodedWrongSize {
        codec: "bytes",
        expected_nbytes: chain.nbytes(),
        nbytes: usize::try_from(extent.nbytes).ok(),
    })
}

/// The encoded bytes of a chunk.
pub(crate) fn read_extent<'a, O: Object>(
    object: &'a O,
    extent: Extent,
    scratch: &'a mut Vec<u8>,
) -> Result<&'a [u8]> {
    if extent.offset == 0 && extent.nbytes == object.nbytes() {
        return object.whole(scratch);
    }
    let nbytes = usize::try_from(extent.nbytes).map_err(|_| KernelError::OutsideMemory)?;
    object.range(extent.offset, nbytes, scratch)
}

/// The bytes of the decoded chunk from the first wanted one to the last.
fn wanted_bytes(transfer: &Transfer, itemsize: usize) -> Result<Range<usize>> {
    let (first, last) = transfer.reach(Side::From)?;
    let start = usize::try_from(first).ok();
    let end = usize::try_from(last)
        .ok()
        .and_then(|last| last.checked_add(itemsize));
    match (start, end) {
        (Some(start), Some(end)) => Ok(start..end),
        _ => Err(KernelError::OutsideMemory),
    }
}
