//! The plan of a request: which stored objects a selection meets, which decoded chunks in them, and
//! which part of each chunk goes where.
//!
//! A grid is a product of axes and so is most of a selection, so a plan is a product of *factors*:
//! an axis with a run of positions, or the axes of a list (one axis, or all axes of points). Each
//! factor knows the cells that it meets, first of the grid of objects and within one of them of the
//! grid of decoded chunks. Runs are resolved by arithmetic; lists are sorted once, by object and
//! then by chunk, stably: of a place that is named twice the last element wins, as in NumPy.
//!
//! Objects are numbered in the order of the product, chunks within an object likewise. Nothing is
//! enumerated in advance, so a plan costs no memory beyond its lists, and what states the lengths of
//! objects that differ.
// Positions are smaller than the axis they lie in and the number of an array's elements is below
// 2^63 (both checked when grid and selection are made), so nothing here can overflow; lengths of
// chunks are not 0.
#![allow(clippy::arithmetic_side_effects)]

mod chunk;
mod list;
mod object;
mod run;
#[cfg(test)]
mod tests;

use crate::grid::{AxisGrid, Grid, INCONSISTENT};
use crate::selection::{AxisSelection, Selection};
use crate::{KernelError, Result};

use crate::division::Division;
use list::List;
use object::ObjectPart;
use run::{Run, UnevenRun};

pub use chunk::ChunkPlan;
pub use object::ObjectPlan;

/// One factor of a plan.
#[derive(Debug)]
enum Factor {
    Run {
        axis: usize,
        /// Axis of the result, none for an integer.
        out: Option<usize>,
        run: Run,
        /// The same through objects of different lengths.
        uneven: Option<UnevenRun>,
    },
    List {
        axes: Vec<usize>,
        out: usize,
        list: List,
    },
}

/// A selection through a grid.
#[derive(Debug)]
pub struct Plan {
    grid: Grid,
    shape: Vec<usize>,
    factors: Vec<Factor>,
    n_objects: usize,
}

impl Plan {
    /// The plan of a selection, which must have been made for the grid's shape.
    ///
    /// # Errors
    /// [`KernelError::BadDescription`] if it was not, and [`KernelError::TooLarge`] when the result
    /// would have 2^63 elements or more.
    pub fn new(grid: &Grid, selection: &Selection) -> Result<Self> {
        if selection.axes().len() != grid.n_axes() {
            return Err(INCONSISTENT);
        }
        let shape = selection.shape();
        let n_elements = shape.iter().try_fold(1_isize, |n, count| {
            n.checked_mul(isize::try_from(*count).ok()?)
        });
        if n_elements.is_none() {
            return Err(KernelError::TooLarge { what: "a result" });
        }
        let factors = factors(grid, selection)?;
        let mut n_objects = 1_usize;
        for factor in &factors {
            n_objects *= factor.n_objects(grid)?;
        }
        Ok(Self {
            grid: grid.clone(),
            shape,
            factors,
            n_objects,
        })
    }

    /// Shape of what is read or written.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Number of stored objects that the request meets.
    #[must_use]
    pub fn n_objects(&self) -> usize {
        self.n_objects
    }

    /// The part of the plan that concerns the `number`th object.
    ///
    /// # Errors
    /// [`KernelError::BadDescription`] if there is no such object.
    pub fn object(&self, number: usize) -> Result<ObjectPlan<'_>> {
        if number >= self.n_objects {
            return Err(INCONSISTENT);
        }
        let mut coords = vec![0; self.grid.n_axes()];
        let mut parts = Vec::with_capacity(self.factors.len());
        let mut n_chunks = 1;
        let mut rest = number;
        for factor in self.factors.iter().rev() {
            let n = factor.n_objects(&self.grid)?;
            let part = factor.object(&self.grid, rest % n, &mut coords)?;
            rest /= n;
            n_chunks *= part.n_chunks(&self.grid)?;
            parts.push(part);
        }
        parts.reverse();
        Ok(ObjectPlan {
            grid: &self.grid,
            number,
            coords,
            parts,
            n_chunks,
        })
    }
}

fn factors(grid: &Grid, selection: &Selection) -> Result<Vec<Factor>> {
    let mut factors = Vec::with_capacity(grid.n_axes());
    let mut point_axes = Vec::new();
    let mut columns: Vec<&[usize]> = Vec::new();
    let mut next_out = usize::from(selection.is_points());
    for (axis, wanted) in selection.axes().iter().enumerate() {
        let out = next_out;
        match wanted {
            AxisSelection::Integer(position) => {
                let run = Run::new(*position, 1, 1);
                factors.push(Factor::of_run(grid, axis, None, run)?);
                continue;
            }
            AxisSelection::Run { start, step, count } => {
                let run = Run::new(*start, *step, *count);
                factors.push(Factor::of_run(grid, axis, Some(out), run)?);
            }
            AxisSelection::List(positions) if selection.is_points() => {
                point_axes.push(axis);
                columns.push(positions);
                continue;
            }
            AxisSelection::List(positions) => factors.push(Factor::List {
                axes: vec![axis],
                out,
                list: List::new(&[grid.axis(axis)?], &[positions]),
            }),
        }
        next_out += 1;
    }
    if selection.is_points() {
        let grids: Vec<&AxisGrid> = point_axes
            .iter()
            .map(|axis| grid.axis(*axis))
            .collect::<Result<_>>()?;
        factors.insert(
            0,
            Factor::List {
                list: List::new(&grids, &columns),
                axes: point_axes,
                out: 0,
            },
        );
    }
    Ok(factors)
}

impl Factor {
    fn of_run(grid: &Grid, axis: usize, out: Option<usize>, run: Run) -> Result<Self> {
        let uneven = match &grid.axis(axis)?.objects {
            Division::Even(_) => None,
            Division::Uneven(stretches) => Some(UnevenRun::new(&run, stretches)),
        };
        Ok(Self::Run {
            axis,
            out,
            run,
            uneven,
        })
    }

    fn n_objects(&self, grid: &Grid) -> Result<usize> {
        Ok(match self {
            Self::Run {
                axis, run, uneven, ..
            } => match uneven {
                None => run.n_cells(grid.axis(*axis)?.objects.longest()),
                Some(uneven) => uneven.n_cells(),
            },
            Self::List { list, .. } => list.objects.len(),
        })
    }

    /// The part of it in the `number`th object that it meets; writes that object's coordinates.
    fn object(&self, grid: &Grid, number: usize, coords: &mut [usize]) -> Result<ObjectPart<'_>> {
        match self {
            Self::Run {
                axis,
                out,
                run,
                uneven,
            } => {
                let (cell, run) = match uneven {
                    None => run.cell(number, grid.axis(*axis)?.objects.longest()),
                    Some(uneven) => uneven.cell(number).ok_or(INCONSISTENT)?,
                };
                *coords.get_mut(*axis).ok_or(INCONSISTENT)? = cell;
                Ok(ObjectPart::Run {
                    axis: *axis,
                    out: *out,
                    run,
                })
            }
            Self::List { axes, out, list } => {
                let chunks = list.objects.get(number).ok_or(INCONSISTENT)?.clone();
                let (positions, _) = list.entries(chunks.start).ok_or(INCONSISTENT)?;
                for (axis, position) in axes.iter().zip(positions) {
                    let objects = &grid.axis(*axis)?.objects;
                    *coords.get_mut(*axis).ok_or(INCONSISTENT)? = objects.find(*position);
                }
                Ok(ObjectPart::List {
                    axes,
                    out: *out,
                    list,
                    chunks,
                })
            }
        }
    }
}
