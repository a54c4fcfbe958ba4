//! The part of a plan that concerns one decoded chunk, and the copy that it stands for.
// As in `plan`: positions are smaller than the axis they lie in, and lengths of chunks are not 0.
#![allow(clippy::arithmetic_side_effects)]

use super::run::Run;
use crate::grid::{AxisGrid, Grid, INCONSISTENT, n_inside};
use crate::transfer::{Axis, Transfer};
use crate::{KernelError, Result};

/// One factor within one decoded chunk.
#[derive(Debug)]
pub(super) enum ChunkPart<'p> {
    Run {
        axis: usize,
        out: Option<usize>,
        run: Run,
    },
    List {
        axes: &'p [usize],
        out: usize,
        positions: &'p [usize],
        outs: &'p [usize],
    },
}

impl ChunkPart<'_> {
    /// Whether it covers all of the chunk that lies inside the array.
    pub(super) fn is_whole(&self, grid: &Grid, coords: &[usize]) -> Result<bool> {
        match self {
            Self::Run { axis, run, .. } => {
                let axis_grid = grid.axis(*axis)?;
                let cell = coords.get(*axis).ok_or(INCONSISTENT)?;
                Ok(run.is_dense() && run.count == axis_grid.chunk_inside(*cell))
            }
            Self::List {
                axes,
                positions,
                outs,
                ..
            } => {
                let n = n_inside(grid, axes, coords, AxisGrid::chunk_inside)?;
                if outs.len() < n {
                    return Ok(false);
                }
                let mut is_named = vec![false; n];
                for position in positions.chunks_exact(axes.len()) {
                    let mut place = 0;
                    for (axis, position) in axes.iter().zip(position) {
                        let axis_grid = grid.axis(*axis)?;
                        let cell = *coords.get(*axis).ok_or(INCONSISTENT)?;
                        let inside = axis_grid.chunk_inside(cell);
                        place = place * inside + (position - axis_grid.chunks.start(cell));
                    }
                    *is_named.get_mut(place).ok_or(INCONSISTENT)? = true;
                }
                Ok(!is_named.contains(&false))
            }
        }
    }
}

/// The part of a plan that concerns one decoded chunk.
#[derive(Debug)]
pub struct ChunkPlan<'p> {
    pub(super) grid: &'p Grid,
    pub(super) coords: Vec<usize>,
    pub(super) parts: Vec<ChunkPart<'p>>,
}

impl ChunkPlan<'_> {
    /// Coordinates of the chunk in the grid of decoded chunks.
    #[must_use]
    pub fn coords(&self) -> &[usize] {
        &self.coords
    }

    /// Shape of the chunk.
    pub(crate) fn chunk_shape(&self) -> Vec<usize> {
        self.grid
            .axes
            .iter()
            .zip(&self.coords)
            .map(|(axis, cell)| axis.chunks.length(*cell))
            .collect()
    }

    /// Whether the request covers every element of the chunk that lies inside the array.
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

    /// Whether some of the chunk lies outside the array.
    ///
    /// # Errors
    /// None in a plan that this module made.
    pub fn is_cut(&self) -> Result<bool> {
        for (axis, cell) in self.grid.axes.iter().zip(&self.coords) {
            if axis.chunk_inside(*cell) != axis.chunks.length(*cell) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The copy from the chunk to the result. Strides count bytes: of the decoded chunk along the
    /// array's axes, and of the result.
    pub(crate) fn transfer(
        &self,
        chunk_strides: &[isize],
        out_strides: &[isize],
    ) -> Result<Transfer> {
        let mut transfer = Transfer {
            axes: vec![
                Axis::Run {
                    count: 1,
                    from: 0,
                    to: 0
                };
                out_strides.len()
            ],
            from: 0,
            to: 0,
        };
        for part in &self.parts {
            match part {
                ChunkPart::Run { axis, out, run } => {
                    let stride = *chunk_strides.get(*axis).ok_or(INCONSISTENT)?;
                    let start = self.inside(*axis, run.start)?;
                    transfer.from = offset(transfer.from, start, stride)?;
                    let Some(out) = out else { continue };
                    let out_stride = *out_strides.get(*out).ok_or(INCONSISTENT)?;
                    transfer.to = offset(transfer.to, run.out, out_stride)?;
                    *transfer.axes.get_mut(*out).ok_or(INCONSISTENT)? = Axis::Run {
                        count: run.count,
                        from: offset(0, run.step, stride)?,
                        to: if run.is_backward {
                            -out_stride
                        } else {
                            out_stride
                        },
                    };
                }
                ChunkPart::List {
                    axes,
                    out,
                    positions,
                    outs,
                } => {
                    let out_stride = *out_strides.get(*out).ok_or(INCONSISTENT)?;
                    let offsets = positions
                        .chunks_exact(axes.len())
                        .zip(*outs)
                        .map(|(position, out)| {
                            let mut from = 0;
                            for (axis, position) in axes.iter().zip(position) {
                                let stride = *chunk_strides.get(*axis).ok_or(INCONSISTENT)?;
                                from = offset(from, self.inside(*axis, *position)?, stride)?;
                            }
                            Ok((from, offset(0, *out, out_stride)?))
                        })
                        .collect::<Result<_>>()?;
                    *transfer.axes.get_mut(*out).ok_or(INCONSISTENT)? = Axis::Gather(offsets);
                }
            }
        }
        Ok(transfer)
    }

    /// Place within the chunk of a position along an axis of the array.
    fn inside(&self, axis: usize, position: usize) -> Result<usize> {
        let cell = self.coords.get(axis).ok_or(INCONSISTENT)?;
        Ok(position - self.grid.axis(axis)?.chunks.start(*cell))
    }
}

/// `start` moved by `count` strides. Strides come from the caller, so this is checked.
fn offset(start: isize, count: usize, stride: isize) -> Result<isize> {
    isize::try_from(count)
        .ok()
        .and_then(|count| count.checked_mul(stride))
        .and_then(|distance| start.checked_add(distance))
        .ok_or(KernelError::TooLarge { what: "a region" })
}
