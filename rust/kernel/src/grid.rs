//! How an array is cut: into stored objects, and those into the chunks that are decoded one by one.
// The number of an array's elements is below 2^63, and lengths of cells are not 0: checked when a
// grid is made.
#![allow(clippy::arithmetic_side_effects)]

use crate::division::Division;
use crate::{KernelError, Result};

pub use crate::division::Lengths;

/// How an axis of an array is cut: into objects, and those into decoded chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AxisGrid {
    pub(crate) length: usize,
    pub(crate) objects: Division,
    pub(crate) chunks: Division,
}

impl AxisGrid {
    fn new(length: usize, objects: &Lengths, chunks: &Lengths) -> Result<Self> {
        let made = Self {
            length,
            objects: Division::new(objects, length)?,
            chunks: Division::new(chunks, length)?,
        };
        let fits = match &made.chunks {
            Division::Even(chunk) => made.objects.is_divided_by(*chunk),
            Division::Uneven(_) => made.objects == made.chunks,
        };
        if fits { Ok(made) } else { Err(BAD_GRID) }
    }

    /// Length of the part of an object that lies inside the array.
    pub(crate) fn object_inside(&self, object: usize) -> usize {
        self.inside(object, &self.objects)
    }

    /// Length of the part of a decoded chunk that lies inside the array.
    pub(crate) fn chunk_inside(&self, chunk: usize) -> usize {
        self.inside(chunk, &self.chunks)
    }

    fn inside(&self, cell: usize, division: &Division) -> usize {
        division
            .length(cell)
            .min(self.length - division.start(cell))
    }

    /// Number of objects.
    pub(crate) fn n_objects(&self) -> usize {
        self.objects.count(self.length)
    }

    /// Number of decoded chunks in an object: in the longest one.
    pub(crate) fn chunks_per_object(&self) -> usize {
        match &self.chunks {
            Division::Even(chunk) => self.objects.longest() / chunk,
            Division::Uneven(_) => 1,
        }
    }
}

/// How an array is cut into stored objects (chunks, or shards) and those into the chunks that are
/// decoded one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    pub(crate) axes: Vec<AxisGrid>,
    has_even_objects: bool,
}

impl Grid {
    /// A grid of cells with these lengths along each axis. Chunks divide objects along an axis, or
    /// are the objects.
    ///
    /// # Errors
    /// [`KernelError::BadDescription`] when lengths do not fit together, and
    /// [`KernelError::TooLarge`] when array or object have 2^63 elements or more.
    pub fn new(shape: &[usize], objects: &[Lengths], chunks: &[Lengths]) -> Result<Self> {
        if objects.len() != shape.len() || chunks.len() != shape.len() {
            return Err(BAD_GRID);
        }
        let axes: Vec<AxisGrid> = shape
            .iter()
            .zip(objects)
            .zip(chunks)
            .map(|((length, objects), chunks)| AxisGrid::new(*length, objects, chunks))
            .collect::<Result<_>>()?;
        let too_large = || KernelError::TooLarge { what: "an array" };
        let mut n_elements = 1_isize;
        let mut n_chunks = 1_isize;
        for axis in &axes {
            // Edge chunks are stored whole, so positions beyond the array exist too.
            let stored = match axis.n_objects() {
                0 => Some(0),
                n => {
                    let last = n - 1;
                    axis.objects
                        .start(last)
                        .checked_add(axis.objects.length(last))
                }
            };
            let stored = stored.map(|stored| stored.max(axis.objects.longest()));
            let multiplied = |n: isize, by: Option<usize>| {
                by.and_then(|by| n.checked_mul(isize::try_from(by).ok()?))
                    .ok_or_else(too_large)
            };
            n_elements = multiplied(n_elements, stored)?;
            let numbers = axis.n_objects().checked_mul(axis.chunks_per_object());
            n_chunks = multiplied(n_chunks, numbers)?;
        }
        let has_even_objects = axes
            .iter()
            .all(|axis| matches!(axis.objects, Division::Even(_)));
        Ok(Self {
            axes,
            has_even_objects,
        })
    }

    /// A grid whose objects have one shape, and whose chunks have one.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn regular(shape: &[usize], object_shape: &[usize], chunk_shape: &[usize]) -> Result<Self> {
        let every = |lengths: &[usize]| -> Vec<Lengths> {
            lengths.iter().copied().map(Lengths::Every).collect()
        };
        Self::new(shape, &every(object_shape), &every(chunk_shape))
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

    /// Shape of the decoded chunks; none where they differ.
    pub(crate) fn chunk_shape(&self) -> Option<Vec<usize>> {
        self.axes
            .iter()
            .map(|axis| match axis.chunks {
                Division::Even(length) => Some(length),
                Division::Uneven(_) => None,
            })
            .collect()
    }

    /// Whether all objects have one shape.
    pub(crate) fn has_even_objects(&self) -> bool {
        self.has_even_objects
    }

    pub(crate) fn axis(&self, number: usize) -> Result<&AxisGrid> {
        self.axes.get(number).ok_or(INCONSISTENT)
    }
}

/// Number of elements of a cell inside the array, counted in some axes: `inside` says it for one.
pub(crate) fn n_inside(
    grid: &Grid,
    axes: &[usize],
    coords: &[usize],
    inside: impl Fn(&AxisGrid, usize) -> usize,
) -> Result<usize> {
    let mut n = 1;
    for axis in axes {
        let cell = coords.get(*axis).ok_or(INCONSISTENT)?;
        n *= inside(grid.axis(*axis)?, *cell);
    }
    Ok(n)
}

const BAD_GRID: KernelError = KernelError::BadDescription {
    what: "a grid has lengths for every axis, none of them 0, and chunks divide objects",
};

/// What says that a plan was asked for something that is not in it.
pub(crate) const INCONSISTENT: KernelError = KernelError::BadDescription {
    what: "the parts of a plan belong together",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_grids_are_refused() {
        assert!(Grid::regular(&[4], &[4], &[3]).is_err());
        assert!(Grid::regular(&[4], &[0], &[1]).is_err());
        assert!(Grid::regular(&[4], &[4], &[0]).is_err());
        assert!(Grid::regular(&[4, 4], &[4], &[2]).is_err());
        assert!(Grid::regular(&[1 << 40, 1 << 40], &[1, 1], &[1, 1]).is_err());
        assert!(Grid::regular(&[0], &[1 << 40], &[1]).is_ok());
    }

    #[test]
    fn impossible_lengths_are_refused() {
        let runs = |runs: &[(usize, usize)]| Lengths::Runs(runs.to_vec());
        let every = Lengths::Every;
        let is_grid = |length: usize, objects: &Lengths, chunks: &Lengths| {
            let grid = Grid::new(
                &[length],
                std::slice::from_ref(objects),
                std::slice::from_ref(chunks),
            );
            grid.is_ok()
        };
        let uneven = runs(&[(2, 2), (6, 1)]);
        assert!(is_grid(10, &uneven, &uneven));
        assert!(is_grid(10, &uneven, &every(2)));
        assert!(!is_grid(10, &uneven, &every(3)));
        assert!(!is_grid(11, &uneven, &every(2)));
        assert!(!is_grid(10, &uneven, &runs(&[(2, 5)])));
        assert!(!is_grid(10, &every(2), &uneven));
        // As many numbers as if every object had the most chunks that one has.
        let one_large = runs(&[(1 << 60, 1), (1, 100)]);
        assert!(!is_grid((1 << 60) + 100, &one_large, &every(1)));
    }
}
