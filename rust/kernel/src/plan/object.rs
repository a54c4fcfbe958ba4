//! The part of a plan that concerns one stored object.
// As in `plan`: positions are smaller than the axis they lie in, and lengths of chunks are not 0.
#![allow(clippy::arithmetic_side_effects)]

use std::ops::Range;

use super::chunk::{ChunkPart, ChunkPlan};
use super::list::List;
use super::run::Run;
use crate::Result;
use crate::division::Division;
use crate::grid::{AxisGrid, Grid, INCONSISTENT, n_inside};

/// One factor within one object.
#[derive(Clone, Debug)]
pub(super) enum ObjectPart<'p> {
    Run {
        axis: usize,
        out: Option<usize>,
        run: Run,
    },
    List {
        axes: &'p [usize],
        out: usize,
        list: &'p List,
        chunks: Range<usize>,
    },
}

impl<'p> ObjectPart<'p> {
    pub(super) fn n_chunks(&self, grid: &Grid) -> Result<usize> {
        Ok(match self {
            Self::Run { axis, run, .. } => match &grid.axis(*axis)?.chunks {
                Division::Even(chunk) => run.n_cells(*chunk),
                Division::Uneven(_) => 1, // the object
            },
            Self::List { chunks, .. } => chunks.len(),
        })
    }

    /// The part of it in the `number`th chunk that it meets; writes that chunk's coordinates.
    fn chunk(&self, grid: &Grid, number: usize, coords: &mut [usize]) -> Result<ChunkPart<'p>> {
        match self {
            Self::Run { axis, out, run } => {
                let (cell, run) = match &grid.axis(*axis)?.chunks {
                    Division::Even(chunk) => run.cell(number, *chunk),
                    uneven @ Division::Uneven(_) => (uneven.find(run.start), *run),
                };
                *coords.get_mut(*axis).ok_or(INCONSISTENT)? = cell;
                Ok(ChunkPart::Run {
                    axis: *axis,
                    out: *out,
                    run,
                })
            }
            Self::List {
                axes,
                out,
                list,
                chunks,
            } => {
                let (positions, outs) = list.entries(chunks.start + number).ok_or(INCONSISTENT)?;
                for (axis, position) in axes.iter().zip(positions) {
                    let chunks = &grid.axis(*axis)?.chunks;
                    *coords.get_mut(*axis).ok_or(INCONSISTENT)? = chunks.find(*position);
                }
                Ok(ChunkPart::List {
                    axes,
                    out: *out,
                    positions,
                    outs,
                })
            }
        }
    }

    /// Whether it covers all of the object that lies inside the array.
    fn is_whole(&self, grid: &Grid, coords: &[usize]) -> Result<bool> {
        let (axes, n_found) = match self {
            Self::Run { axis, run, .. } => {
                let axis_grid = grid.axis(*axis)?;
                let cell = coords.get(*axis).ok_or(INCONSISTENT)?;
                return Ok(run.is_dense() && run.count == axis_grid.object_inside(*cell));
            }
            Self::List { axes, chunks, .. } => {
                let mut n_found = 0;
                let mut at = coords.to_vec();
                for number in 0..chunks.len() {
                    let part = self.chunk(grid, number, &mut at)?;
                    if !part.is_whole(grid, &at)? {
                        return Ok(false);
                    }
                    n_found += n_inside(grid, axes, &at, AxisGrid::chunk_inside)?;
                }
                (axes, n_found)
            }
        };
        Ok(n_found == n_inside(grid, axes, coords, AxisGrid::object_inside)?)
    }
}

/// The part of a plan that concerns one stored object.
#[derive(Debug)]
pub struct ObjectPlan<'p> {
    pub(super) grid: &'p Grid,
    pub(super) number: usize,
    pub(super) coords: Vec<usize>,
    pub(super) parts: Vec<ObjectPart<'p>>,
    pub(super) n_chunks: usize,
}

impl<'p> ObjectPlan<'p> {
    /// Its number in the plan.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// Coordinates of the object in the grid of objects.
    #[must_use]
    pub fn coords(&self) -> &[usize] {
        &self.coords
    }

    /// Shape of the object, and where it begins, both counted in decoded chunks.
    ///
    /// # Errors
    /// [`crate::KernelError::BadDescription`] where chunks are not alike.
    pub(crate) fn place_in_chunks(&self) -> Result<(Vec<usize>, Vec<usize>)> {
        let axes = self.grid.axes.iter().zip(&self.coords);
        axes.map(|(axis, cell)| match axis.chunks {
            Division::Even(chunk) => Ok((
                axis.objects.length(*cell) / chunk,
                axis.objects.start(*cell) / chunk,
            )),
            Division::Uneven(_) => Err(INCONSISTENT),
        })
        .collect()
    }

    /// Number of decoded chunks that the request meets in the object.
    #[must_use]
    pub fn n_chunks(&self) -> usize {
        self.n_chunks
    }

    /// Whether the request covers every element of the object that lies inside the array.
    ///
    /// # Errors
    /// None in a plan that this module made.
    pub fn is_whole(&self) -> Result<bool> {
        for part in &self.parts {
            if !part.is_whole(self.grid, &self.coords)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The part of the plan that concerns the `number`th of those chunks.
    ///
    /// # Errors
    /// [`crate::KernelError::BadDescription`] if there is no such chunk.
    pub fn chunk(&self, number: usize) -> Result<ChunkPlan<'p>> {
        if number >= self.n_chunks {
            return Err(INCONSISTENT);
        }
        let mut coords = vec![0; self.grid.n_axes()];
        let mut parts = Vec::with_capacity(self.parts.len());
        let mut rest = number;
        for part in self.parts.iter().rev() {
            let n = part.n_chunks(self.grid)?;
            parts.push(part.chunk(self.grid, rest % n, &mut coords)?);
            rest /= n;
        }
        Ok(ChunkPlan {
            grid: self.grid,
            coords,
            parts,
        })
    }
}
