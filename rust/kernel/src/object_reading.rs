//! Reading one object with the help of the cache.
//!
//! Indexes, and chunks of which only a part was wanted, are kept in the cache, if the store can tell
//! whether an object is still the same. A large chunk is kept when it is wanted for the second
//! time: until then decoding a part of it is cheaper. Of items there is no such part.

use std::borrow::Cow;
use std::sync::Arc;

use crate::cache::{Cache, CacheKey, Cached};
use crate::caller::Out;
use crate::chunk_reading::{Decoded, decode_whole, read_extent};
use crate::pipeline::Pipeline;
use crate::plan::{ChunkPlan, ObjectPlan};
use crate::scratch::Scratch;
use crate::shard::{Extent, ShardLevel};
use crate::shard_lookup::{Index, OwnedTable};
use crate::source::Source;
use crate::stamp::Stamp;
use crate::stored_object::{Object, Version};
use crate::{KernelError, Result};

/// Chunks up to this size are kept when first wanted: no codec decodes less of them.
const SMALL_NBYTES: usize = 128 * 1024;

/// What the cache holds of a chunk.
enum Kept {
    /// That it was wanted once.
    Seen,
    /// The decoded chunk.
    Decoded(Decoded),
}

/// Place what a request wants of one object into the result.
pub(crate) fn read_object<S: Source>(
    pipeline: &Pipeline,
    plan: &ObjectPlan<'_>,
    source: &S,
    out: &Out<'_>,
    scratch: &mut Scratch,
) -> Result<()> {
    let version = version_to_look_for(pipeline, plan, source)?;
    if !ObjectReader::new(pipeline, plan, source, version.as_ref())?.read(out, scratch)? {
        // Replaced between a look at the cache and opening it: once more, without the cache.
        ObjectReader::new(pipeline, plan, source, None)?.read(out, scratch)?;
    }
    Ok(())
}

/// The version that the cache is to be asked about, if it may help.
fn version_to_look_for<S: Source>(
    pipeline: &Pipeline,
    plan: &ObjectPlan<'_>,
    source: &S,
) -> Result<Option<Version>> {
    let may_help = pipeline.is_sharded() || !pipeline.description.chain.is_verbatim();
    if may_help && Cache::of_process().is_on() && !plan.is_whole()? {
        source.version(plan)
    } else {
        Ok(None)
    }
}

/// Reads what a request wants of one object: from the cache as far as that has it, and opens the
/// object only if need be.
struct ObjectReader<'r, 'p, S: Source> {
    pipeline: &'r Pipeline,
    plan: &'r ObjectPlan<'p>,
    source: &'r S,
    /// The version that the cache is asked about, if it may help.
    version: Option<&'r Version>,
    /// What opening found.
    object: Option<Option<S::Object>>,
    index: Index<'r>,
}

impl<'r, 'p, S: Source> ObjectReader<'r, 'p, S> {
    fn new(
        pipeline: &'r Pipeline,
        plan: &'r ObjectPlan<'p>,
        source: &'r S,
        version: Option<&'r Version>,
    ) -> Result<Self> {
        Ok(Self {
            pipeline,
            plan,
            source,
            version,
            object: None,
            index: Index::new(pipeline.levels(plan)?),
        })
    }

    /// Whether all was read from one version. If not, read again.
    fn read(&mut self, out: &Out<'_>, scratch: &mut Scratch) -> Result<bool> {
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
        let Some(Version { nbytes, stamp }) = self.version else {
            if !self.open()? {
                return Ok(None);
            }
            let Some(Some(object)) = &self.object else {
                return Ok(Some(None));
            };
            return self.index.find(coords, object).map(Some);
        };
        let mut index = std::mem::replace(&mut self.index, Index::new(Cow::Borrowed(&[])));
        let found = index.find_in(coords, *nbytes, |level, shard| {
            self.table(level, shard, stamp)
        });
        self.index = index;
        match found {
            Err(KernelError::Replaced) => Ok(None),
            found => found.map(Some),
        }
    }

    /// A table from the cache, or from the object.
    fn table(
        &mut self,
        level: &ShardLevel,
        shard: Extent,
        stamp: &Stamp,
    ) -> Result<Arc<OwnedTable>> {
        let cache = Cache::of_process();
        let key = CacheKey::new(stamp, level.view(), shard.offset, shard.nbytes);
        if let Some(kept) = cache.get(&key, stamp) {
            if let Ok(kept) = kept.downcast::<OwnedTable>() {
                return Ok(kept);
            }
        }
        let object = match self.open()? {
            true => self.object.as_ref().and_then(Option::as_ref),
            false => None,
        };
        let object = object.ok_or(KernelError::Replaced)?;
        let table = Arc::new(OwnedTable::read(level, shard, object)?);
        if object.settled_stamp()?.as_ref() == Some(stamp) {
            let kept = Arc::clone(&table) as Cached;
            cache.insert(key, stamp.clone(), kept, table.nbytes());
        }
        Ok(table)
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
        out: &Out<'_>,
        scratch: &mut Scratch,
    ) -> Result<bool> {
        let pipeline = self.pipeline;
        let chain = pipeline.chain(chunk)?;
        let stamp = match self.version {
            Some(version) if !chain.is_verbatim() && !chunk.is_whole()? => Some(&version.stamp),
            _ => None,
        };
        let view = pipeline.view(&chain);
        let mut is_wanted_again = false;
        if let Some(stamp) = stamp {
            let key = CacheKey::new(stamp, view, extent.offset, extent.nbytes);
            let kept = Cache::of_process().get(&key, stamp);
            match kept.as_ref().and_then(|kept| kept.downcast_ref::<Kept>()) {
                Some(Kept::Decoded(decoded)) => {
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
        let key = CacheKey::new(stamp, view, extent.offset, extent.nbytes);
        if is_wanted_again || chain.nbytes() <= SMALL_NBYTES || chain.items().is_some() {
            let encoded = read_extent(object, extent, &mut scratch.encoded)?;
            let decoded =
                decode_whole(&chain, encoded, &mut scratch.starts, &mut scratch.contexts)?;
            pipeline.place_decoded(chunk, &decoded, out)?;
            if object.settled_stamp()?.as_ref() == Some(stamp) {
                let nbytes = decoded.nbytes();
                let kept = Arc::new(Kept::Decoded(decoded));
                cache.insert(key, stamp.clone(), kept, nbytes);
            }
        } else {
            pipeline.read_chunk(chunk, object, extent, out, scratch)?;
            cache.insert(key, stamp.clone(), Arc::new(Kept::Seen), 0);
        }
        Ok(true)
    }
}
