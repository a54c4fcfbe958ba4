//! An array's grid, shards and codecs, compiled: stored objects to elements of a result, and back.
//!
//! Everything here is about one stored object at a time, so objects can be shared out to threads.
//! What lies between object and result is chosen per chunk, the shortest way that fits:
//!
//! - a chunk that is wholly wanted, and lies in the result as it does in memory, is decoded there;
//! - of a chunk without codecs, only the bytes that hold wanted elements are read;
//! - of any other, the codecs decode at least the wanted bytes, and those elements are copied.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::chain::{Chain, resize};
use crate::codec::Contexts;
use crate::memory::{self, ArrayMut, ArrayRef, Readable, Writable};
use crate::place::{Axis, Side, Transfer};
use crate::plan::{ChunkPlan, Grid, ObjectPlan, Plan};
use crate::selection::{AxisSelection, Selection};
use crate::shard::{Extent, Part, ShardLevel, ShardReader};
use crate::source::Object;
use crate::{KernelError, Result};

/// What a pipeline is compiled from.
#[derive(Debug)]
pub struct Description {
    /// How the array is cut into objects and decoded chunks.
    pub grid: Grid,
    /// The codecs of the decoded chunks.
    pub chain: Chain,
    /// Levels of sharding, outermost first.
    pub levels: Vec<ShardLevel>,
    /// The fill value: one element as it is in memory.
    pub fill: Vec<u8>,
    /// Store chunks that hold nothing but the fill value.
    pub keeps_empty: bool,
    /// A chunk that is not stored is an error instead of fill value.
    pub refuses_missing: bool,
}

/// See the module. Shared by threads.
#[derive(Debug)]
pub struct Pipeline {
    description: Description,
    /// The fill value as it is in a decoded chunk.
    stored_fill: Vec<u8>,
}

/// What a thread keeps between chunks.
#[derive(Debug, Default)]
pub struct Scratch {
    contexts: Contexts,
    encoded: Vec<u8>,
    chunk: Vec<u8>,
}

impl Pipeline {
    /// # Errors
    /// [`KernelError::BadDescription`] when the parts do not belong together.
    pub fn new(description: Description) -> Result<Self> {
        let element = description.chain.element();
        if description.fill.len() != element.itemsize()
            || description.chain.strides().len() != description.grid.n_axes()
        {
            return Err(KernelError::BadDescription {
                what: "fill value and chunks belong to the array",
            });
        }
        Ok(Self {
            stored_fill: element.turned(&description.fill),
            description,
        })
    }

    /// The plan of a request.
    ///
    /// # Errors
    /// When the selection does not fit the array.
    pub fn plan(&self, axes: Vec<AxisSelection>, is_points: bool) -> Result<Plan> {
        let grid = &self.description.grid;
        Plan::new(grid, &Selection::new(axes, is_points, &grid.shape())?)
    }

    /// Bytes of one element.
    #[must_use]
    pub fn itemsize(&self) -> usize {
        self.description.chain.element().itemsize()
    }

    // -- reading ------------------------------------------------------------------------------------

    /// Place what a request wants of one object into the result. `None` is an object that is not
    /// stored.
    ///
    /// # Errors
    /// Failures to read or to decode; [`KernelError::InChunk`] says in which chunk. The result may
    /// then hold anything in the places of this object.
    pub fn read_object<O: Object>(
        &self,
        plan: &ObjectPlan<'_>,
        object: Option<&O>,
        out: &ArrayMut<'_>,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let mut reader = object.map(|object| ShardReader::new(&self.description.levels, object));
        for number in 0..plan.n_chunks() {
            let chunk = plan.chunk(number)?;
            let found = match &mut reader {
                None => None,
                Some(reader) => reader.find(chunk.coords())?,
            };
            let placed = match (object, found) {
                (Some(object), Some(extent)) => {
                    self.read_chunk(&chunk, object, extent, out, scratch)
                }
                _ => self.place_missing(&chunk, out),
            };
            placed.map_err(|error| error.in_chunk(chunk.coords()))?;
        }
        Ok(())
    }

    fn transfer(&self, chunk: &ChunkPlan<'_>, out_strides: &[isize]) -> Result<Transfer> {
        chunk.transfer(self.description.chain.strides(), out_strides)
    }

    fn place_missing(&self, chunk: &ChunkPlan<'_>, out: &ArrayMut<'_>) -> Result<()> {
        if self.description.refuses_missing {
            return Err(KernelError::ChunkMissing);
        }
        let transfer = self.transfer(chunk, &out.layout.strides)?;
        let fill = Readable::from(self.description.fill.as_slice());
        let element = self.description.chain.element().verbatim();
        memory::copy(
            &transfer.spread_one().normalise(),
            fill,
            &out.memory,
            element,
        )
    }

    /// Read, decode and place one chunk whose encoded form is a part of `object`.
    fn read_chunk<O: Object>(
        &self,
        chunk: &ChunkPlan<'_>,
        object: &O,
        extent: Extent,
        out: &ArrayMut<'_>,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let chain = &self.description.chain;
        let element = chain.element();
        let transfer = self.transfer(chunk, &out.layout.strides)?.normalise();
        if transfer.is_empty() {
            return Ok(());
        }
        let wanted = wanted_bytes(&transfer, element.itemsize())?;
        if chain.is_verbatim() {
            return self.read_verbatim(object, extent, &transfer, wanted, out, scratch);
        }
        let Scratch {
            contexts,
            encoded,
            chunk,
        } = scratch;
        let nbytes = usize::try_from(extent.nbytes).map_err(|_| KernelError::OutsideMemory)?;
        let encoded = if extent.offset == 0 && extent.nbytes == object.nbytes() {
            object.whole(encoded)?
        } else {
            object.range(extent.offset, nbytes, encoded)?
        };
        if element.is_verbatim()
            && wanted == (0..chain.nbytes())
            && transfer.contiguous_nbytes(element) == Some(chain.nbytes())
        {
            let decoded = out.memory.slice_mut(transfer.to, chain.nbytes())?;
            return chain.decode_into(encoded, decoded, contexts);
        }
        let decoded = chain.decode(encoded, wanted, chunk, contexts)?;
        memory::copy(&transfer, Readable::from(decoded), &out.memory, element)
    }

    /// A chunk without codecs: read no more than what is wanted.
    fn read_verbatim<O: Object>(
        &self,
        object: &O,
        extent: Extent,
        transfer: &Transfer,
        wanted: Range<usize>,
        out: &ArrayMut<'_>,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let chain = &self.description.chain;
        let element = chain.element();
        if usize::try_from(extent.nbytes) != Ok(chain.nbytes()) {
            return Err(KernelError::DecodedWrongSize {
                codec: "bytes",
                expected_nbytes: chain.nbytes(),
                nbytes: usize::try_from(extent.nbytes).ok(),
            });
        }
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

    /// The parts of an object that a request needs, as far as they can be told from the parts that
    /// are there: what is not is answered with [`KernelError::NotFetched`] by `object`.
    ///
    /// # Errors
    /// Damaged indexes.
    pub fn missing_parts<O: Object>(
        &self,
        plan: &ObjectPlan<'_>,
        object: &O,
    ) -> Result<Vec<Extent>> {
        let mut missing = Vec::new();
        let mut scratch = Vec::new();
        let mut reader = ShardReader::new(&self.description.levels, object);
        for number in 0..plan.n_chunks() {
            let chunk = plan.chunk(number)?;
            let found = reader.find(chunk.coords()).and_then(|extent| {
                let Some(extent) = extent else { return Ok(()) };
                let nbytes =
                    usize::try_from(extent.nbytes).map_err(|_| KernelError::OutsideMemory)?;
                object
                    .range(extent.offset, nbytes, &mut scratch)
                    .map(|_| ())
            });
            match found {
                Err(KernelError::NotFetched { offset, nbytes }) => {
                    let part = Extent { offset, nbytes };
                    if missing.last() != Some(&part) {
                        missing.push(part);
                    }
                }
                other => other?,
            }
        }
        Ok(missing)
    }

    // -- writing ------------------------------------------------------------------------------------

    /// The new bytes of an object: `value`, where the request says so, over what was stored before.
    /// `None` means that it holds nothing but the fill value and is not to be stored.
    ///
    /// `old` is not looked at where the request covers everything.
    ///
    /// # Errors
    /// As [`read_object`](Self::read_object), and what the codecs cannot encode.
    pub fn write_object(
        &self,
        plan: &ObjectPlan<'_>,
        old: Option<&[u8]>,
        value: &ArrayRef<'_>,
        scratch: &mut Scratch,
    ) -> Result<Option<Vec<u8>>> {
        let numbers: Vec<usize> = (0..plan.n_chunks()).collect();
        self.rewrite_shard(plan, &numbers, 0, old, value, scratch)
    }

    /// New bytes of a shard of level `depth`, or of a chunk where there are no more levels, from
    /// the chunks with these numbers.
    fn rewrite_shard(
        &self,
        plan: &ObjectPlan<'_>,
        numbers: &[usize],
        depth: usize,
        old: Option<&[u8]>,
        value: &ArrayRef<'_>,
        scratch: &mut Scratch,
    ) -> Result<Option<Vec<u8>>> {
        let Some(level) = self.description.levels.get(depth) else {
            return self.rewrite_inner(plan, numbers, old, value, scratch);
        };
        let mut rows: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for number in numbers {
            let row = level.row(plan.chunk(*number)?.coords())?;
            rows.entry(row).or_default().push(*number);
        }
        let is_replaced = depth == 0 && plan.is_whole()?;
        let mut parts = level.parts(old.filter(|_| !is_replaced))?;
        for (row, numbers) in rows {
            let part = parts.get_mut(row).ok_or(KernelError::OutsideMemory)?;
            let after = self.rewrite_shard(
                plan,
                &numbers,
                depth.saturating_add(1),
                part.bytes(),
                value,
                scratch,
            )?;
            *part = after.map_or(Part::Absent, Part::New);
        }
        level.assemble(&parts)
    }

    fn rewrite_inner(
        &self,
        plan: &ObjectPlan<'_>,
        numbers: &[usize],
        old: Option<&[u8]>,
        value: &ArrayRef<'_>,
        scratch: &mut Scratch,
    ) -> Result<Option<Vec<u8>>> {
        let [number] = numbers else {
            return Err(KernelError::BadDescription {
                what: "the innermost level holds decoded chunks, one by one",
            });
        };
        let chunk = plan.chunk(*number)?;
        self.write_chunk(&chunk, old, value, scratch)
            .map_err(|error| error.in_chunk(chunk.coords()))
    }

    /// New bytes of one chunk.
    fn write_chunk(
        &self,
        plan: &ChunkPlan<'_>,
        old: Option<&[u8]>,
        value: &ArrayRef<'_>,
        scratch: &mut Scratch,
    ) -> Result<Option<Vec<u8>>> {
        let chain = &self.description.chain;
        let element = chain.element();
        let transfer = self
            .transfer(plan, &value.layout.strides)?
            .reversed()
            .normalise();
        let is_whole = plan.is_whole()?;
        let covers_all = is_whole && !plan.is_cut()?;
        if covers_all
            && element.is_verbatim()
            && transfer.contiguous_nbytes(element) == Some(chain.nbytes())
        {
            let decoded = value.memory.slice(transfer.from, chain.nbytes())?;
            return self.encode(decoded, &mut scratch.contexts);
        }
        let Scratch {
            contexts, chunk, ..
        } = scratch;
        if covers_all {
            resize(chunk, chain.nbytes())?;
        } else {
            match old.filter(|_| !is_whole) {
                None => self.fill(chunk)?,
                Some(old) => {
                    resize(chunk, chain.nbytes())?;
                    chain.decode_into(old, chunk, contexts)?;
                }
            }
        }
        memory::copy(
            &transfer,
            value.memory,
            &Writable::from(chunk.as_mut_slice()),
            element,
        )?;
        self.encode(chunk, contexts)
    }

    fn encode(&self, decoded: &[u8], contexts: &mut Contexts) -> Result<Option<Vec<u8>>> {
        if !self.description.keeps_empty && repeats(decoded, &self.stored_fill) {
            return Ok(None);
        }
        let mut encoded = Vec::new();
        self.description
            .chain
            .encode(decoded, &mut encoded, contexts)?;
        Ok(Some(encoded))
    }

    /// Make `chunk` a decoded chunk of nothing but the fill value.
    fn fill(&self, chunk: &mut Vec<u8>) -> Result<()> {
        let chain = &self.description.chain;
        resize(chunk, chain.nbytes())?;
        let itemsize = self.itemsize();
        let transfer = Transfer {
            axes: vec![Axis::Run {
                count: chain.nbytes().checked_div(itemsize).unwrap_or(0),
                from: 0,
                to: isize::try_from(itemsize).map_err(|_| KernelError::OutsideMemory)?,
            }],
            from: 0,
            to: 0,
        };
        let element = chain.element().verbatim();
        memory::copy(
            &transfer,
            Readable::from(self.stored_fill.as_slice()),
            &Writable::from(chunk.as_mut_slice()),
            element,
        )
    }
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

/// Whether bytes are nothing but repetitions of `pattern`, whole ones.
///
/// Equal to its beginning and to itself moved by one pattern: two comparisons that run at the speed
/// of memory.
fn repeats(bytes: &[u8], pattern: &[u8]) -> bool {
    let moved = bytes.get(pattern.len()..).unwrap_or_default();
    let Some(before) = bytes.get(..moved.len()) else {
        return false;
    };
    bytes.is_empty() || bytes.starts_with(pattern) && moved == before
}
