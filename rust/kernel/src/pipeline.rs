//! An array's grid, shards and codecs, compiled once and used by every request.
//!
//! [`crate::reading`] and [`crate::writing`] hold what it does.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::chain::{Chain, ChunkLayout, FittedChain};
use crate::grid::Grid;
use crate::items::ItemKind;
use crate::plan::{ChunkPlan, ObjectPlan, Plan};
use crate::selection::{AxisSelection, Selection};
use crate::shard::ShardLevel;
use crate::{KernelError, Result};

/// What opening a file costs, and what a read within one.
const OPEN_NS: u64 = 5_000;
const CHUNK_NS: u64 = 1_500;

/// What a pipeline is compiled from.
#[derive(Debug)]
pub struct Description {
    /// How the array is cut into objects and decoded chunks.
    pub grid: Grid,
    /// The codecs of the decoded chunks.
    pub chain: Chain,
    /// Levels of sharding, outermost first. Where objects differ, the shape of the first one is that
    /// of none of them.
    pub levels: Vec<ShardLevel>,
    /// The fill value: one element as it is in memory, or the bytes of an item.
    pub fill: Vec<u8>,
    /// Store chunks that hold nothing but the fill value.
    pub keeps_empty: bool,
    /// A chunk that is not stored is an error instead of fill value.
    pub refuses_missing: bool,
}

/// See the module. Shared by threads.
#[derive(Debug)]
pub struct Pipeline {
    pub(crate) description: Description,
    /// The fill value as it is in a decoded chunk.
    pub(crate) stored_fill: Vec<u8>,
    /// Stands for what the codecs make of the same bytes, see [`crate::cache::CacheKey`].
    view: u64,
    /// Of the decoded chunks; none where they differ.
    layout: Option<ChunkLayout>,
}

impl Pipeline {
    /// # Errors
    /// [`KernelError::BadDescription`] when the parts do not belong together.
    pub fn new(description: Description) -> Result<Self> {
        let element = description.chain.element();
        let is_any_length = description.chain.items().is_some();
        if description.fill.len() != element.itemsize() && !is_any_length
            || description.chain.n_axes() != description.grid.n_axes()
        {
            return Err(KernelError::BadDescription {
                what: "fill value and chunks belong to the array",
            });
        }
        let chunk_shape = description.grid.chunk_shape();
        let layout = chunk_shape
            .map(|shape| description.chain.layout(&shape))
            .transpose()?;
        let mut hasher = DefaultHasher::new();
        format!("{:?}{layout:?}", description.chain).hash(&mut hasher);
        Ok(Self {
            stored_fill: element.turned(&description.fill),
            view: hasher.finish(),
            layout,
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

    /// What elements of variable length are; `None` for those of a fixed size.
    #[must_use]
    pub fn items(&self) -> Option<ItemKind> {
        self.description.chain.items()
    }

    /// Bytes of one element, of a fixed size.
    #[must_use]
    pub fn itemsize(&self) -> usize {
        self.description.chain.element().itemsize()
    }

    /// The codecs of a chunk.
    pub(crate) fn chain(&self, chunk: &ChunkPlan<'_>) -> Result<FittedChain<'_>> {
        let chain = &self.description.chain;
        let layout = match &self.layout {
            Some(layout) => Cow::Borrowed(layout),
            None => Cow::Owned(chain.layout(&chunk.chunk_shape())?),
        };
        Ok(chain.fitted(layout))
    }

    /// Stands for what the codecs of a chunk make of the same bytes, see [`crate::cache::CacheKey`].
    pub(crate) fn view(&self, chain: &FittedChain<'_>) -> u64 {
        if self.layout.is_some() {
            return self.view;
        }
        let mut hasher = DefaultHasher::new();
        self.view.hash(&mut hasher);
        chain.layout().hash(&mut hasher);
        hasher.finish()
    }

    /// The levels of sharding of an object.
    pub(crate) fn levels(&self, object: &ObjectPlan<'_>) -> Result<Cow<'_, [ShardLevel]>> {
        let levels = &self.description.levels;
        let (Some(first), false) = (levels.first(), self.description.grid.has_even_objects())
        else {
            return Ok(Cow::Borrowed(levels));
        };
        let mut own = levels.clone();
        if let Some(level) = own.first_mut() {
            *level = first.at(object.place_in_chunks()?)?;
        }
        Ok(Cow::Owned(own))
    }

    pub(crate) fn is_sharded(&self) -> bool {
        !self.description.levels.is_empty()
    }

    /// Estimate of what it takes to decode all that a request wants of an object.
    ///
    /// # Errors
    /// None in a plan that this pipeline made.
    pub fn decoding_ns(&self, object: &ObjectPlan<'_>) -> Result<u64> {
        let n_chunks = u64::try_from(object.n_chunks()).unwrap_or(u64::MAX);
        Ok(n_chunks.saturating_mul(self.cost_ns(object)?.saturating_add(CHUNK_NS)))
    }

    /// Estimate of what it takes to decode the first chunk that a request wants of an object.
    fn cost_ns(&self, object: &ObjectPlan<'_>) -> Result<u64> {
        match &self.layout {
            Some(layout) => {
                let chain = &self.description.chain;
                Ok(chain.fitted(Cow::Borrowed(layout)).cost_ns())
            }
            None => Ok(self.chain(&object.chunk(0)?)?.cost_ns()),
        }
    }

    /// Estimate of the work, from the first object.
    pub(crate) fn effort_ns(&self, plan: &Plan, first: &ObjectPlan<'_>) -> Result<u64> {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let n_objects = count(plan.n_objects());
        let n_chunks = n_objects.saturating_mul(count(first.n_chunks()));
        let n_elements = plan
            .shape()
            .iter()
            .fold(1_u64, |n, length| n.saturating_mul(count(*length)));
        let placing = n_elements.saturating_mul(count(self.itemsize())) >> 4;
        let decoding = if self.description.chain.is_verbatim() {
            0
        } else {
            self.cost_ns(first)?
        };
        Ok(n_chunks
            .saturating_mul(decoding.saturating_add(CHUNK_NS))
            .saturating_add(n_objects.saturating_mul(OPEN_NS))
            .saturating_add(placing))
    }
}
