//! Reading: from stored objects to the elements of a result.
//!
//! A request is cut into objects, or into chunks where it meets few objects with much in them, and
//! those are shared out to threads. What lies between an object and the result is chosen per
//! chunk, the shortest way that fits:
//!
//! - a chunk that is wholly wanted, and lies in the result as it does in memory, is decoded there;
//! - of a chunk without codecs, only the bytes that hold wanted elements are read, row by row where
//!   rows lie far apart;
//! - of any other, the codecs decode at least the wanted bytes, and those elements are copied.
//!
//! Of a shard, its index and the wanted inner chunks are read, all from one version of the object.
//!
//! Indexes, and chunks of which only a part was wanted, are kept in the cache, if the store can tell
//! whether an object is still the same. A large chunk is kept when it is wanted for the second
//! time: until then decoding a part of it is cheaper.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::cache::{Cache, CacheKey};
use crate::in_memory::Whole;
use crate::keys::Keys;
use crate::memory::{self, ArrayMut, Readable};
use crate::pipeline::Pipeline;
use crate::place::{Side, Transfer};
use crate::plan::{ChunkPlan, ObjectPlan, Plan};
use crate::scratch::{self, Scratch};
use crate::shard::{Extent, ShardLevel};
use crate::shard_index::{Entry, Table};
use crate::source::{Object, Objects, Version};
use crate::stamp::Stamp;
use crate::workers::{self, Effort};
use crate::{KernelError, Result};

/// What opening a file costs, and what a read within one.
const OPEN_NS: u64 = 5_000;
const CHUNK_NS: u64 = 1_500;
/// A request below this is not worth a second thread.
const LITTLE_NS: u64 = 150_000;
/// Reading so many bytes takes as long as another read.
const GAP_NBYTES: isize = 32 * 1024;
/// Chunks up to this size are kept when first wanted: no codec decodes less of them.
const SMALL_NBYTES: usize = 128 * 1024;

/// Where the objects of a plan come from.
pub trait Source: Sync {
    /// What opening finds.
    type Object: Object + Send + Sync;

    /// Find an object; `None` if it is not stored.
    ///
    /// # Errors
    /// If that cannot be found out.
    fn open(&self, plan: &ObjectPlan<'_>) -> Result<Option<Self::Object>>;

    /// What an object is now, to look for it in the cache; `None` if the store cannot tell, or does
    /// not have it.
    ///
    /// # Errors
    /// If that cannot be found out.
    fn version(&self, plan: &ObjectPlan<'_>) -> Result<Option<Version>> {
        let _ = plan;
        Ok(None)
    }
}

/// Objects of a store, under the keys of an array.
#[derive(Debug)]
pub struct Stored<'a, S> {
    /// The store.
    pub objects: &'a S,
    /// The array's keys.
    pub keys: &'a Keys,
}

impl<S: Objects<Object: Send + Sync>> Source for Stored<'_, S> {
    type Object = S::Object;

    fn open(&self, plan: &ObjectPlan<'_>) -> Result<Option<S::Object>> {
        self.objects.open(&self.keys.key(plan.coords()))
    }

    fn version(&self, plan: &ObjectPlan<'_>) -> Result<Option<Version>> {
        self.objects.version(&self.keys.key(plan.coords()))
    }
}

/// All objects of a plan in order, fetched by somebody else; `None` is one that is not stored.
#[derive(Debug)]
pub struct Fetched<'a>(pub Vec<Option<&'a [u8]>>);

impl<'a> Source for Fetched<'a> {
    type Object = Whole<'a>;

    fn open(&self, plan: &ObjectPlan<'_>) -> Result<Option<Whole<'a>>> {
        let found = self
            .0
            .get(plan.number())
            .ok_or(KernelError::OutsideMemory)?;
        Ok(found.map(Whole))
    }
}

/// The same object, whatever is asked for.
struct Single<O>(Option<O>);

impl<O: Object + Send + Sync + Copy> Source for Single<O> {
    type Object = O;

    fn open(&self, _plan: &ObjectPlan<'_>) -> Result<Option<O>> {
        Ok(self.0)
    }
}

/// Who does the work, and who may stop it.
pub struct Workers<'a> {
    /// Most threads at work in the process.
    pub max_threads: usize,
    /// Asked now and then on the calling thread; an error stops the request.
    pub poll: &'a mut dyn FnMut() -> Result<()>,
}

impl std::fmt::Debug for Workers<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workers")
            .field("max_threads", &self.max_threads)
            .finish_non_exhaustive()
    }
}

/// What the cache holds.
enum Kept {
    /// A chunk that was wanted once.
    Seen,
    /// A decoded chunk, or the verified table of a shard index.
    Bytes(Vec<u8>),
}

impl Pipeline {
    /// Read a whole request.
    ///
    /// # Errors
    /// Failures to read or to decode, with their place; the result may then hold anything.
    pub fn read<S: Source>(
        &self,
        plan: &Plan,
        source: &S,
        out: &ArrayMut<'_>,
        workers: Workers<'_>,
    ) -> Result<()> {
        let n_objects = plan.n_objects();
        if n_objects == 0 {
            return Ok(());
        }
        let first = plan.object(0)?;
        let total_ns = self.effort_ns(plan, &first);
        if n_objects == 1 && (total_ns < LITTLE_NS || first.n_chunks() == 1) {
            return self.read_object(&first, source, out, &mut scratch::borrow());
        }
        // The order of writes matters where elements share memory.
        let is_ordered = out.overlaps(self.itemsize());
        let effort = Effort {
            total_ns,
            max_threads: if is_ordered { 1 } else { workers.max_threads },
        };
        let few = effort.max_threads.saturating_mul(2);
        if self.is_sharded() && n_objects < few && total_ns >= LITTLE_NS && !is_ordered {
            return self.read_by_chunk(plan, source, out, effort, workers.poll);
        }
        workers::run(
            n_objects,
            effort,
            workers.poll,
            scratch::borrow,
            |scratch, number| self.read_object(&plan.object(number)?, source, out, scratch),
        )
    }

    pub(crate) fn is_sharded(&self) -> bool {
        !self.description.levels.is_empty()
    }

    /// Estimate of the work, from the first object.
    pub(crate) fn effort_ns(&self, plan: &Plan, first: &ObjectPlan<'_>) -> u64 {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let n_objects = count(plan.n_objects());
        let n_chunks = n_objects.saturating_mul(count(first.n_chunks()));
        let n_elements = plan
            .shape()
            .iter()
            .fold(1_u64, |n, length| n.saturating_mul(count(*length)));
        let placing = n_elements.saturating_mul(count(self.itemsize())) >> 4;
        let chain = &self.description.chain;
        let decoding = if chain.is_verbatim() {
            0
        } else {
            chain.cost_ns()
        };
        n_chunks
            .saturating_mul(decoding.saturating_add(CHUNK_NS))
            .saturating_add(n_objects.saturating_mul(OPEN_NS))
            .saturating_add(placing)
    }

    /// Few objects with many chunks: open them, find the chunks, and share those out.
    fn read_by_chunk<S: Source>(
        &self,
        plan: &Plan,
        source: &S,
        out: &ArrayMut<'_>,
        effort: Effort,
        poll: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        let mut opened = Vec::with_capacity(plan.n_objects());
        let mut tasks = Vec::new();
        for number in 0..plan.n_objects() {
            let object_plan = plan.object(number)?;
            let located = (|| {
                let object = source.open(&object_plan)?;
                let Some(found) = &object else {
                    return Ok((None, vec![None; object_plan.n_chunks()]));
                };
                let mut index = Index::new(&self.description.levels);
                let extents = (0..object_plan.n_chunks())
                    .map(|chunk| index.find(object_plan.chunk(chunk)?.coords(), found))
                    .collect::<Result<Vec<_>>>()?;
                Ok((object, extents))
            })();
            let (object, extents) =
                located.map_err(|error: KernelError| error.in_object(object_plan.coords()))?;
            tasks.extend((0..extents.len()).map(|chunk| (number, chunk)));
            opened.push((object_plan, object, extents));
        }
        workers::run(
            tasks.len(),
            effort,
            poll,
            scratch::borrow,
            |scratch, task| {
                let found = tasks
                    .get(task)
                    .and_then(|(object, chunk)| Some((opened.get(*object)?, *chunk)));
                let ((object_plan, object, extents), number) =
                    found.ok_or(KernelError::OutsideMemory)?;
                let chunk = object_plan.chunk(number)?;
                let extent = extents.get(number).copied().flatten();
                let placed = match (object, extent) {
                    (Some(object), Some(extent)) => {
                        self.read_chunk(&chunk, object, extent, out, scratch)
                    }
                    _ => self.place_missing(&chunk, out),
                };
                placed.map_err(|error| {
                    error
                        .in_chunk(chunk.coords())
                        .in_object(object_plan.coords())
                })
            },
        )
    }

    /// Place what a request wants of one object, fetched by somebody else, into the result. `None`
    /// is an object that is not stored.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_fetched<O: Object + Send + Sync>(
        &self,
        plan: &ObjectPlan<'_>,
        object: Option<&O>,
        out: &ArrayMut<'_>,
    ) -> Result<()> {
        self.read_object(plan, &Single(object), out, &mut scratch::borrow())
    }

    fn read_object<S: Source>(
        &self,
        plan: &ObjectPlan<'_>,
        source: &S,
        out: &ArrayMut<'_>,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let mut read = || {
            let mut reader = ObjectReader::new(self, plan, source)?;
            if !reader.read(out, scratch)? {
                // Replaced between a look at the cache and opening it: once more, without the cache.
                reader = ObjectReader::uncached(self, plan, source);
                reader.read(out, scratch)?;
            }
            Ok(())
        };
        read().map_err(|error: KernelError| error.in_object(plan.coords()))
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

    fn place_decoded(
        &self,
        chunk: &ChunkPlan<'_>,
        decoded: &[u8],
        out: &ArrayMut<'_>,
    ) -> Result<()> {
        let transfer = self.transfer(chunk, &out.layout.strides)?.normalise();
        let element = self.description.chain.element();
        memory::copy(&transfer, Readable::from(decoded), &out.memory, element)
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
        if chain.is_verbatim() {
            self.check_verbatim(extent)?;
            return self.read_verbatim(object, extent, &transfer, out, scratch);
        }
        let wanted = wanted_bytes(&transfer, element.itemsize())?;
        let Scratch {
            contexts,
            encoded,
            decoded,
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

    fn check_verbatim(&self, extent: Extent) -> Result<()> {
        let chain = &self.description.chain;
        if usize::try_from(extent.nbytes) == Ok(chain.nbytes()) {
            return Ok(());
        }
        Err(KernelError::DecodedWrongSize {
            codec: "bytes",
            expected_nbytes: chain.nbytes(),
            nbytes: usize::try_from(extent.nbytes).ok(),
        })
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

    /// The parts of a shard that a request needs, as far as they can be told from the parts that
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
        let mut index = Index::new(&self.description.levels);
        for number in 0..plan.n_chunks() {
            let chunk = plan.chunk(number)?;
            let found = index.find(chunk.coords(), object).and_then(|extent| {
                extent.map_or(Ok(()), |extent| {
                    read_extent(object, extent, &mut scratch).map(|_| ())
                })
            });
            match found {
                Err(KernelError::NotFetched { offset, nbytes }) => {
                    let part = Extent { offset, nbytes };
                    if missing.last() != Some(&part) {
                        missing.push(part);
                    }
                }
                other => other.map_err(|error| error.in_object(plan.coords()))?,
            }
        }
        Ok(missing)
    }
}

fn read_extent<'a, O: Object>(
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

/// Finds inner chunks in one stored object. Every index is read and verified once.
struct Index<'l> {
    levels: &'l [ShardLevel],
    /// Verified tables, by the shard they belong to.
    tables: HashMap<Extent, Arc<Kept>>,
}

impl<'l> Index<'l> {
    fn new(levels: &'l [ShardLevel]) -> Self {
        Self {
            levels,
            tables: HashMap::new(),
        }
    }

    /// Where the decoded chunk at `coords` lies; `None` if it is not stored.
    fn find<O: Object>(&mut self, coords: &[usize], object: &O) -> Result<Option<Extent>> {
        self.find_in(coords, object.nbytes(), |level, shard| {
            read_table(level, shard, object).map(|table| Arc::new(Kept::Bytes(table)))
        })
    }

    fn find_in(
        &mut self,
        coords: &[usize],
        object_nbytes: u64,
        mut read: impl FnMut(&ShardLevel, Extent) -> Result<Arc<Kept>>,
    ) -> Result<Option<Extent>> {
        let mut extent = Extent {
            offset: 0,
            nbytes: object_nbytes,
        };
        for level in self.levels {
            let row = level.row(coords)?;
            let table = match self.tables.get(&extent) {
                Some(table) => Arc::clone(table),
                None => {
                    let table = read(level, extent)?;
                    self.tables.insert(extent, Arc::clone(&table));
                    table
                }
            };
            let Kept::Bytes(table) = table.as_ref() else {
                return Err(KernelError::OutsideMemory);
            };
            match Table::verified(table)?.entry(row)? {
                Entry::Absent => return Ok(None),
                Entry::Present { offset, nbytes } => {
                    // Inside the shard that holds it, as the table was verified.
                    extent = Extent {
                        offset: extent.offset.saturating_add(offset),
                        nbytes,
                    };
                }
            }
        }
        Ok(Some(extent))
    }
}

fn read_table<O: Object>(level: &ShardLevel, shard: Extent, object: &O) -> Result<Vec<u8>> {
    let offset = shard
        .offset
        .saturating_add(level.index_start(shard.nbytes)?);
    let mut scratch = Vec::new();
    let encoded = object.range(offset, level.index_nbytes(), &mut scratch)?;
    Ok(level.table(encoded, shard.nbytes)?.as_bytes().to_vec())
}

/// Reads what a request wants of one object: from the cache as far as that has it, and opens the
/// object only if need be.
struct ObjectReader<'r, 'p, S: Source> {
    pipeline: &'r Pipeline,
    plan: &'r ObjectPlan<'p>,
    source: &'r S,
    /// The version that the cache was asked about, if it may help.
    version: Option<Version>,
    /// What opening found.
    object: Option<Option<S::Object>>,
    index: Index<'r>,
}

impl<'r, 'p, S: Source> ObjectReader<'r, 'p, S> {
    fn new(pipeline: &'r Pipeline, plan: &'r ObjectPlan<'p>, source: &'r S) -> Result<Self> {
        let mut reader = Self::uncached(pipeline, plan, source);
        let description = &pipeline.description;
        let may_help = pipeline.is_sharded() || !description.chain.is_verbatim();
        if may_help && Cache::of_process().is_on() && !plan.is_whole()? {
            reader.version = source.version(plan)?;
        }
        Ok(reader)
    }

    fn uncached(pipeline: &'r Pipeline, plan: &'r ObjectPlan<'p>, source: &'r S) -> Self {
        Self {
            pipeline,
            plan,
            source,
            version: None,
            object: None,
            index: Index::new(&pipeline.description.levels),
        }
    }

    /// Whether all was read from one version. If not, read again.
    fn read(&mut self, out: &ArrayMut<'_>, scratch: &mut Scratch) -> Result<bool> {
        for number in 0..self.plan.n_chunks() {
            let chunk = self.plan.chunk(number)?;
            let Some(found) = self.find(chunk.coords())? else {
                return Ok(false);
            };
            let placed = match found {
                None => self.pipeline.place_missing(&chunk, out).map(|()| true),
                Some(extent) => self.read_chunk(&chunk, extent, out, scratch),
            };
            if !placed.map_err(|error| error.in_chunk(chunk.coords()))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Where a chunk lies, if it is stored. `None` if the object is not the version looked for.
    fn find(&mut self, coords: &[usize]) -> Result<Option<Option<Extent>>> {
        let Some(Version { nbytes, stamp }) = self.version.clone() else {
            if !self.open()? {
                return Ok(None);
            }
            let Some(Some(object)) = &self.object else {
                return Ok(Some(None));
            };
            return self.index.find(coords, object).map(Some);
        };
        let mut index = std::mem::replace(&mut self.index, Index::new(&[]));
        let found = index.find_in(coords, nbytes, |level, shard| {
            self.table(level, shard, &stamp)
        });
        self.index = index;
        match found {
            Err(KernelError::Replaced) => Ok(None),
            found => found.map(Some),
        }
    }

    /// A table from the cache, or from the object.
    fn table(&mut self, level: &ShardLevel, shard: Extent, stamp: &Stamp) -> Result<Arc<Kept>> {
        let cache = Cache::of_process();
        let key = CacheKey::new(stamp, level.view(), shard.offset, shard.nbytes);
        if let Some(kept) = cache.get(&key, stamp) {
            if let Ok(kept) = kept.downcast::<Kept>() {
                return Ok(kept);
            }
        }
        let object = match self.open()? {
            true => self.object.as_ref().and_then(Option::as_ref),
            false => None,
        };
        let object = object.ok_or(KernelError::Replaced)?;
        let table = read_table(level, shard, object)?;
        let nbytes = table.len();
        let kept = Arc::new(Kept::Bytes(table));
        if object.settled_stamp()?.as_ref() == Some(stamp) {
            cache.insert(key, stamp.clone(), Arc::clone(&kept) as Arc<_>, nbytes);
        }
        Ok(kept)
    }

    /// Open the object, once. `false` if it is not the version that the cache was asked about.
    fn open(&mut self) -> Result<bool> {
        if self.object.is_none() {
            let object = self.source.open(self.plan)?;
            let is_same = match (&self.version, &object) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(version), Some(object)) => object.is_version(&version.stamp),
            };
            if !is_same {
                return Ok(false);
            }
            self.object = Some(object);
        }
        Ok(true)
    }

    /// Place one chunk. `false` if the object is not the version looked for.
    fn read_chunk(
        &mut self,
        chunk: &ChunkPlan<'_>,
        extent: Extent,
        out: &ArrayMut<'_>,
        scratch: &mut Scratch,
    ) -> Result<bool> {
        let pipeline = self.pipeline;
        let chain = &pipeline.description.chain;
        let stamp = match &self.version {
            Some(version) if !chain.is_verbatim() && !chunk.is_whole()? => {
                Some(version.stamp.clone())
            }
            _ => None,
        };
        let mut is_wanted_again = false;
        if let Some(stamp) = &stamp {
            let key = CacheKey::new(stamp, pipeline.view, extent.offset, extent.nbytes);
            let kept = Cache::of_process().get(&key, stamp);
            match kept.as_ref().and_then(|kept| kept.downcast_ref::<Kept>()) {
                Some(Kept::Bytes(decoded)) => {
                    pipeline.place_decoded(chunk, decoded, out)?;
                    return Ok(true);
                }
                Some(Kept::Seen) => is_wanted_again = true,
                None => {}
            }
        }
        if !self.open()? {
            return Ok(false);
        }
        let Some(Some(object)) = &self.object else {
            return Ok(false);
        };
        let Some(stamp) = stamp else {
            pipeline.read_chunk(chunk, object, extent, out, scratch)?;
            return Ok(true);
        };
        let cache = Cache::of_process();
        let key = CacheKey::new(&stamp, pipeline.view, extent.offset, extent.nbytes);
        if is_wanted_again || chain.nbytes() <= SMALL_NBYTES {
            let encoded = read_extent(object, extent, &mut scratch.encoded)?;
            let decoded = chain.decode_whole(encoded, &mut scratch.contexts)?;
            pipeline.place_decoded(chunk, &decoded, out)?;
            if object.settled_stamp()?.as_ref() == Some(&stamp) {
                cache.insert(key, stamp, Arc::new(Kept::Bytes(decoded)), chain.nbytes());
            }
        } else {
            pipeline.read_chunk(chunk, object, extent, out, scratch)?;
            cache.insert(key, stamp, Arc::new(Kept::Seen), 0);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Chain;
    use crate::codec::BytesCodec;
    use crate::codec::shuffle::Shuffle;
    use crate::element::ElementType;
    use crate::memory::{ArrayRef, Layout, Writable};
    use crate::pipeline::Description;
    use crate::plan::Grid;
    use crate::selection::AxisSelection;
    use crate::shard::WriteOrder;
    use crate::shard_index::Location;

    const ITEM_NBYTES: usize = 2;
    const N_COLUMNS: usize = 6;

    /// An array of `n_rows` rows in chunks of one row and `width` columns.
    struct Case {
        n_rows: usize,
        width: usize,
        /// Rows in one object; more than one makes it a shard.
        object_rows: usize,
        packed: bool,
        swap_nbytes: usize,
        backwards: bool,
    }

    impl Case {
        fn pipeline(&self) -> Pipeline {
            let chunk = [1, self.width];
            let is_sharded = self.object_rows > 1;
            let object = [
                self.object_rows,
                if is_sharded { N_COLUMNS } else { self.width },
            ];
            let element = ElementType::new(ITEM_NBYTES, self.swap_nbytes).unwrap();
            let codecs: Vec<Box<dyn BytesCodec>> = if self.packed {
                vec![Box::new(Shuffle::new(ITEM_NBYTES))]
            } else {
                vec![]
            };
            let level = || {
                let n_chunks = vec![self.object_rows, N_COLUMNS / self.width];
                let order = WriteOrder::Lexicographic;
                ShardLevel::new(
                    n_chunks,
                    vec![1, 1],
                    vec![0, 1],
                    Location::End,
                    false,
                    order,
                )
            };
            Pipeline::new(Description {
                grid: Grid::new(&[self.n_rows, N_COLUMNS], &object, &chunk).unwrap(),
                chain: Chain::new(element, &chunk, &[0, 1], codecs).unwrap(),
                levels: is_sharded.then(|| level().unwrap()).into_iter().collect(),
                fill: vec![0; ITEM_NBYTES],
                keeps_empty: true,
                refuses_missing: false,
            })
            .unwrap()
        }

        fn rows(&self, backwards: bool) -> Vec<AxisSelection> {
            let run = |start, step, count| AxisSelection::Run { start, step, count };
            let rows = if backwards {
                run(self.n_rows - 1, -1, self.n_rows)
            } else {
                run(0, 1, self.n_rows)
            };
            vec![rows, run(0, 1, N_COLUMNS)]
        }

        fn layout(&self) -> Layout {
            Layout {
                shape: vec![self.n_rows, N_COLUMNS],
                strides: vec![(N_COLUMNS * ITEM_NBYTES) as isize, ITEM_NBYTES as isize],
            }
        }

        /// What is read after `value` has been written, each by several threads.
        fn round_trip(&self, value: &[u8]) -> Vec<u8> {
            let pipeline = self.pipeline();
            let poll = &mut || Ok(());
            let value = ArrayRef {
                memory: Readable::from(value),
                layout: self.layout(),
            };
            let plan = pipeline.plan(self.rows(false), false).unwrap();
            let old = vec![None; plan.n_objects()];
            let max_threads = 4;
            let workers = Workers { max_threads, poll };
            let encoded = pipeline
                .encode_all(&plan, &old, 0, &value, workers)
                .unwrap();
            let plan = pipeline.plan(self.rows(self.backwards), false).unwrap();
            let objects = Fetched(encoded.iter().map(Option::as_deref).collect());
            let mut found = vec![0; self.n_rows * N_COLUMNS * ITEM_NBYTES];
            let out = ArrayMut {
                memory: Writable::from(found.as_mut_slice()),
                layout: self.layout(),
            };
            let workers = Workers { max_threads, poll };
            pipeline.read(&plan, &objects, &out, workers).unwrap();
            found
        }
    }

    /// Miri looks at this one for races and stray accesses, hence no more rows than make the work
    /// worth a second thread.
    #[test]
    fn threads_share_the_arrays_of_a_request() {
        let placed_as_decoded = Case {
            n_rows: 26,
            width: N_COLUMNS,
            object_rows: 1,
            packed: true,
            swap_nbytes: 1,
            backwards: false,
        };
        let rows_lie_apart = Case {
            width: 3,
            packed: false,
            swap_nbytes: 2,
            ..placed_as_decoded
        };
        let backwards = Case {
            backwards: true,
            ..placed_as_decoded
        };
        let inner_chunks_shared_out = Case {
            n_rows: 52,
            width: 3,
            object_rows: 26,
            ..placed_as_decoded
        };
        for case in [
            placed_as_decoded,
            rows_lie_apart,
            backwards,
            inner_chunks_shared_out,
        ] {
            let row_nbytes = N_COLUMNS * ITEM_NBYTES;
            let nbytes = case.n_rows * row_nbytes;
            let value: Vec<u8> = (0..nbytes).map(|i| (i % 251) as u8).collect();
            let mut expected: Vec<&[u8]> = value.chunks(row_nbytes).collect();
            if case.backwards {
                expected.reverse();
            }
            assert!(case.round_trip(&value) == expected.concat());
        }
    }
}
