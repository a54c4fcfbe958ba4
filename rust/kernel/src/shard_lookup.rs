//! Where the decoded chunks of a stored object lie in it: through the indexes of its shards, level by
//! level.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::chunk_reading::read_extent;
use crate::pipeline::Pipeline;
use crate::plan::ObjectPlan;
use crate::shard::{Extent, ShardLevel};
use crate::shard_index::{Entry, Table};
use crate::stored_object::Object;
use crate::{KernelError, Result};

/// The verified table of a shard index.
#[derive(Debug)]
pub(crate) struct OwnedTable(Vec<u8>);

impl OwnedTable {
    /// Read and verify the index of a shard that is a part of `object`.
    pub(crate) fn read<O: Object>(level: &ShardLevel, shard: Extent, object: &O) -> Result<Self> {
        let offset = shard
            .offset
            .saturating_add(level.index_start(shard.nbytes)?);
        let mut scratch = Vec::new();
        let encoded = object.range(offset, level.index_nbytes(), &mut scratch)?;
        Ok(Self(
            level.table(encoded, shard.nbytes)?.as_bytes().to_vec(),
        ))
    }

    pub(crate) fn nbytes(&self) -> usize {
        self.0.len()
    }

    fn entry(&self, row: usize) -> Result<Entry> {
        Table::verified(&self.0)?.entry(row)
    }
}

/// Finds inner chunks in one stored object. Every index is read and verified once.
pub(crate) struct Index<'l> {
    levels: Cow<'l, [ShardLevel]>,
    /// Verified tables, by the shard they belong to.
    tables: HashMap<Extent, Arc<OwnedTable>>,
}

impl<'l> Index<'l> {
    pub(crate) fn new(levels: Cow<'l, [ShardLevel]>) -> Self {
        Self {
            levels,
            tables: HashMap::new(),
        }
    }

    /// Where the decoded chunk at `coords` lies; `None` if it is not stored.
    pub(crate) fn find<O: Object>(
        &mut self,
        coords: &[usize],
        object: &O,
    ) -> Result<Option<Extent>> {
        self.find_in(coords, object.nbytes(), |level, shard| {
            OwnedTable::read(level, shard, object).map(Arc::new)
        })
    }

    /// As [`find`](Self::find), of an object of so many bytes whose tables come from `read`.
    pub(crate) fn find_in(
        &mut self,
        coords: &[usize],
        object_nbytes: u64,
        mut read: impl FnMut(&ShardLevel, Extent) -> Result<Arc<OwnedTable>>,
    ) -> Result<Option<Extent>> {
        let mut extent = Extent {
            offset: 0,
            nbytes: object_nbytes,
        };
        for level in self.levels.iter() {
            let row = level.row(coords)?;
            let table = match self.tables.get(&extent) {
                Some(table) => Arc::clone(table),
                None => {
                    let table = read(level, extent)?;
                    self.tables.insert(extent, Arc::clone(&table));
                    table
                }
            };
            match table.entry(row)? {
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

impl Pipeline {
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
        let mut index = Index::new(self.levels(plan)?);
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
