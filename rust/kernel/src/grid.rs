//! How an array is cut: into stored objects, and those into the chunks that are decoded one by one.
// The number of an array's elements is below 2^63, and lengths of cells are not 0: checked when a
// grid is made.
#![allow(clippy::arithmetic_side_effects)]

use crate::{KernelError, Result};

/// How an axis of an array is cut: into objects, and those into decoded chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxisGrid {
    pub(crate) length: usize,
    pub(crate) object: usize,
    pub(crate) chunk: usize,
}

impl AxisGrid {
    /// Length of the part of a cell that lies inside the array.
    pub(crate) fn inside(&self, cell: usize, cell_length: usize) -> usize {
        cell_length.min(self.length - cell * cell_length)
    }
}

/// How an array is cut into stored objects (chunks, or shards) and those into the chunks that are
/// decoded one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    pub(crate) axes: Vec<AxisGrid>,
}

impl Grid {
    /// A regular grid.
    ///
    /// # Errors
    /// [`KernelError::BadDescription`] when a length is 0 or chunks do not divide objects, and
    /// [`KernelError::TooLarge`] when array or object have 2^63 elements or more.
    pub fn new(shape: &[usize], object_shape: &[usize], chunk_shape: &[usize]) -> Result<Self> {
        let bad = KernelError::BadDescription {
            what: "a grid has lengths for every axis, none of them 0, and chunks divide objects",
        };
        if object_shape.len() != shape.len() || chunk_shape.len() != shape.len() {
            return Err(bad);
        }
        let lengths = shape.iter().zip(object_shape).zip(chunk_shape);
        let axes: Vec<AxisGrid> = lengths
            .map(|((length, object), chunk)| AxisGrid {
                length: *length,
                object: *object,
                chunk: *chunk,
            })
            .collect();
        if axes
            .iter()
            .any(|axis| axis.object.checked_rem(axis.chunk) != Some(0) || axis.object == 0)
        {
            return Err(bad);
        }
        let n_elements = axes.iter().try_fold(1_isize, |n, axis| {
            // Edge chunks are stored whole, so positions beyond the array exist too.
            let stored = axis.length.div_ceil(axis.object).checked_mul(axis.object)?;
            n.checked_mul(isize::try_from(stored.max(axis.object)).ok()?)
        });
        if n_elements.is_none() {
            return Err(KernelError::TooLarge { what: "an array" });
        }
        Ok(Self { axes })
    }

    /// Number of axes.
    #[must_use]
    pub fn n_axes(&self) -> usize {
        self.axes.len()
    }

    /// Shape of the array.
    pub(crate) fn shape(&self) -> Vec<usize> {
        self.axes.iter().map(|axis| axis.length).collect()
    }

    pub(crate) fn axis(&self, number: usize) -> Result<&AxisGrid> {
        self.axes.get(number).ok_or(INCONSISTENT)
    }
}

/// Number of elements of a cell inside the array, counted in some axes.
pub(crate) fn n_inside(
    grid: &Grid,
    axes: &[usize],
    coords: &[usize],
    length: impl Fn(&AxisGrid) -> usize,
) -> Result<usize> {
    let mut n = 1;
    for axis in axes {
        let axis_grid = grid.axis(*axis)?;
        let cell = coords.get(*axis).ok_or(INCONSISTENT)?;
        n *= axis_grid.inside(*cell, length(axis_grid));
    }
    Ok(n)
}

/// What says that a plan was asked for something that is not in it.
pub(crate) const INCONSISTENT: KernelError = KernelError::BadDescription {
    what: "the parts of a plan belong together",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_grids_are_refused() {
        assert!(Grid::new(&[4], &[4], &[3]).is_err());
        assert!(Grid::new(&[4], &[0], &[1]).is_err());
        assert!(Grid::new(&[4], &[4], &[0]).is_err());
        assert!(Grid::new(&[4, 4], &[4], &[2]).is_err());
        assert!(Grid::new(&[1 << 40, 1 << 40], &[1, 1], &[1, 1]).is_err());
        assert!(Grid::new(&[0], &[1 << 40], &[1]).is_ok());
    }
}
