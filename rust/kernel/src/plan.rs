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
//! enumerated in advance, so a plan costs no memory beyond its lists.
// Positions are smaller than the axis they lie in and the number of an array's elements is below
// 2^63 (both checked when grid and selection are made), so nothing here can overflow; lengths of
// chunks are not 0.
#![allow(clippy::arithmetic_side_effects)]

use std::ops::Range;

use crate::place::{Axis, Transfer};
use crate::selection::{AxisSelection, Selection};
use crate::{KernelError, Result};

/// How an axis of an array is cut: into objects, and those into decoded chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxisGrid {
    length: usize,
    object: usize,
    chunk: usize,
}

impl AxisGrid {
    /// Length of the part of a cell that lies inside the array.
    fn inside(&self, cell: usize, cell_length: usize) -> usize {
        cell_length.min(self.length - cell * cell_length)
    }
}

/// How an array is cut into stored objects (chunks, or shards) and those into the chunks that are
/// decoded one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    axes: Vec<AxisGrid>,
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

    fn axis(&self, number: usize) -> Result<&AxisGrid> {
        self.axes.get(number).ok_or(INCONSISTENT)
    }
}

const INCONSISTENT: KernelError = KernelError::BadDescription {
    what: "the parts of a plan belong together",
};

/// Equally spaced positions in increasing order, with their places in the result.
#[derive(Clone, Copy, Debug)]
struct Run {
    start: usize,
    step: usize,
    count: usize,
    /// Place of the first position in the result.
    out: usize,
    /// Whether places in the result decrease.
    is_backward: bool,
}

impl Run {
    fn new(start: usize, step: isize, count: usize) -> Self {
        let distance = step.unsigned_abs();
        if step > 0 || count == 0 {
            return Self {
                start,
                step: distance.max(1),
                count,
                out: 0,
                is_backward: false,
            };
        }
        Self {
            start: start - (count - 1) * distance,
            step: distance,
            count,
            out: count - 1,
            is_backward: true,
        }
    }

    /// Number of cells of one length that it meets.
    fn n_cells(&self, length: usize) -> usize {
        if self.count == 0 {
            0
        } else if self.step >= length {
            self.count
        } else {
            (self.start + (self.count - 1) * self.step) / length - self.start / length + 1
        }
    }

    /// The `number`th cell that it meets, and the positions in it.
    fn cell(&self, number: usize, length: usize) -> (usize, Self) {
        let (cell, first, count) = if self.step >= length {
            ((self.start + number * self.step) / length, number, 1)
        } else {
            let cell = self.start / length + number;
            let before = (cell * length).saturating_sub(self.start);
            let first = before.div_ceil(self.step);
            let end = ((cell + 1) * length - self.start).div_ceil(self.step);
            (cell, first, end.min(self.count) - first)
        };
        let part = Self {
            start: self.start + first * self.step,
            count,
            out: if self.is_backward {
                self.out - first
            } else {
                self.out + first
            },
            ..*self
        };
        (cell, part)
    }
}

/// Positions in any order along one axis or several, sorted into cells.
#[derive(Debug)]
struct List {
    /// Coordinates of each position, flat: one number per axis of the list.
    positions: Vec<usize>,
    /// Place of each position in the result.
    outs: Vec<usize>,
    /// Runs of positions in one decoded chunk.
    chunks: Vec<Range<usize>>,
    /// Runs of such chunks in one object.
    objects: Vec<Range<usize>>,
}

impl List {
    /// Sort positions, one list per axis.
    fn new(grids: &[AxisGrid], columns: &[&[usize]]) -> Self {
        let n_positions = columns.first().map_or(0, |column| column.len());
        let cells = Cells::of(grids);
        let numbers = cells.numbers(grids, columns, n_positions);
        let order = sorted_places(&numbers, cells.count);
        let mut chunks: Vec<Range<usize>> = Vec::new();
        let mut objects: Vec<Range<usize>> = Vec::new();
        let mut last = None;
        for (place, number) in order.iter().enumerate() {
            let cell = numbers.get(*number).copied().unwrap_or_default();
            match chunks.last_mut() {
                Some(range) if last == Some(cell) => range.end = place + 1,
                _ => {
                    chunks.push(place..place + 1);
                    let object = |cell: usize| cell / cells.per_object;
                    match objects.last_mut() {
                        Some(range) if last.map(object) == Some(object(cell)) => {
                            range.end = chunks.len();
                        }
                        _ => objects.push(chunks.len() - 1..chunks.len()),
                    }
                }
            }
            last = Some(cell);
        }
        let coordinates = |number: &usize| {
            let number = *number;
            columns
                .iter()
                .map(move |column| column.get(number).copied().unwrap_or_default())
        };
        Self {
            positions: order.iter().flat_map(coordinates).collect(),
            outs: order,
            chunks,
            objects,
        }
    }

    /// Coordinates and places of the positions in one decoded chunk.
    fn entries(&self, chunk: usize) -> Option<(&[usize], &[usize])> {
        let range = self.chunks.get(chunk)?;
        let n_axes = self.positions.len() / self.outs.len().max(1);
        let positions = self
            .positions
            .get(range.start * n_axes..range.end * n_axes)?;
        Some((positions, self.outs.get(range.clone())?))
    }
}

/// The decoded chunks along the axes of a list, numbered from 0 in the order of objects and of chunks
/// within an object. [`Grid::new`] sees to it that the numbers fit.
struct Cells {
    count: usize,
    per_object: usize,
}

impl Cells {
    fn of(grids: &[AxisGrid]) -> Self {
        let per_object: usize = grids.iter().map(|grid| grid.object / grid.chunk).product();
        let n_objects: usize = grids
            .iter()
            .map(|grid| grid.length.div_ceil(grid.object))
            .product();
        Self {
            count: n_objects * per_object,
            per_object,
        }
    }

    /// For each position the number of its cell.
    fn numbers(&self, grids: &[AxisGrid], columns: &[&[usize]], n_positions: usize) -> Vec<usize> {
        let mut numbers = vec![0; n_positions];
        for (grid, column) in grids.iter().zip(columns) {
            let n_objects = grid.length.div_ceil(grid.object);
            for (number, position) in numbers.iter_mut().zip(*column) {
                *number = *number * n_objects + position / grid.object;
            }
        }
        if self.per_object == 1 {
            return numbers;
        }
        for (grid, column) in grids.iter().zip(columns) {
            let n_chunks = grid.object / grid.chunk;
            for (number, position) in numbers.iter_mut().zip(*column) {
                *number = *number * n_chunks + position % grid.object / grid.chunk;
            }
        }
        numbers
    }
}

/// Places of some numbers below `bound`, in the order of the numbers; equal ones stay in order.
fn sorted_places(numbers: &[usize], bound: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..numbers.len()).collect();
    if numbers.is_sorted() {
        return places;
    }
    let number_at = |place: &usize| numbers.get(*place).copied().unwrap_or_default();
    if bound > numbers.len() {
        places.sort_by_key(number_at);
        return places;
    }
    // Points gather in few cells, as a rule: counting how many there are in each sorts in two passes.
    let mut next = vec![0; bound];
    let mut total = 0;
    for number in numbers {
        if let Some(count) = next.get_mut(*number) {
            *count += 1;
        }
    }
    for count in &mut next {
        total += std::mem::replace(count, total);
    }
    for (place, number) in numbers.iter().enumerate() {
        if let Some(at) = next.get_mut(*number) {
            if let Some(sorted) = places.get_mut(*at) {
                *sorted = place;
            }
            *at += 1;
        }
    }
    places
}

/// One factor of a plan.
#[derive(Debug)]
enum Factor {
    Run {
        axis: usize,
        /// Axis of the result, none for an integer.
        out: Option<usize>,
        run: Run,
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
                factors.push(Factor::Run {
                    axis,
                    out: None,
                    run: Run::new(*position, 1, 1),
                });
                continue;
            }
            AxisSelection::Run { start, step, count } => factors.push(Factor::Run {
                axis,
                out: Some(out),
                run: Run::new(*start, *step, *count),
            }),
            AxisSelection::List(positions) if selection.is_points() => {
                point_axes.push(axis);
                columns.push(positions);
                continue;
            }
            AxisSelection::List(positions) => factors.push(Factor::List {
                axes: vec![axis],
                out,
                list: List::new(&[*grid.axis(axis)?], &[positions]),
            }),
        }
        next_out += 1;
    }
    if selection.is_points() {
        let grids: Vec<AxisGrid> = point_axes
            .iter()
            .map(|axis| grid.axis(*axis).copied())
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
    fn n_objects(&self, grid: &Grid) -> Result<usize> {
        Ok(match self {
            Self::Run { axis, run, .. } => run.n_cells(grid.axis(*axis)?.object),
            Self::List { list, .. } => list.objects.len(),
        })
    }

    /// The part of it in the `number`th object that it meets; writes that object's coordinates.
    fn object(&self, grid: &Grid, number: usize, coords: &mut [usize]) -> Result<ObjectPart<'_>> {
        match self {
            Self::Run { axis, out, run } => {
                let (cell, run) = run.cell(number, grid.axis(*axis)?.object);
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
                    let object = grid.axis(*axis)?.object;
                    *coords.get_mut(*axis).ok_or(INCONSISTENT)? = position / object;
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

/// One factor within one object.
#[derive(Clone, Debug)]
enum ObjectPart<'p> {
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
    fn n_chunks(&self, grid: &Grid) -> Result<usize> {
        Ok(match self {
            Self::Run { axis, run, .. } => run.n_cells(grid.axis(*axis)?.chunk),
            Self::List { chunks, .. } => chunks.len(),
        })
    }

    /// The part of it in the `number`th chunk that it meets; writes that chunk's coordinates.
    fn chunk(&self, grid: &Grid, number: usize, coords: &mut [usize]) -> Result<ChunkPart<'p>> {
        match self {
            Self::Run { axis, out, run } => {
                let (cell, run) = run.cell(number, grid.axis(*axis)?.chunk);
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
                    let chunk = grid.axis(*axis)?.chunk;
                    *coords.get_mut(*axis).ok_or(INCONSISTENT)? = position / chunk;
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
                let is_dense = run.step == 1 || run.count == 1;
                return Ok(is_dense && run.count == axis_grid.inside(*cell, axis_grid.object));
            }
            Self::List {
                axes, list, chunks, ..
            } => {
                let mut n_found = 0;
                let mut at = coords.to_vec();
                for number in 0..chunks.len() {
                    let part = self.chunk(grid, number, &mut at)?;
                    if !part.is_whole(grid, &at)? {
                        return Ok(false);
                    }
                    n_found += n_inside(grid, axes, &at, |axis| axis.chunk)?;
                }
                let _ = list;
                (axes, n_found)
            }
        };
        Ok(n_found == n_inside(grid, axes, coords, |axis| axis.object)?)
    }
}

/// Number of elements of a cell inside the array, counted in some axes.
fn n_inside(
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

/// The part of a plan that concerns one stored object.
#[derive(Debug)]
pub struct ObjectPlan<'p> {
    grid: &'p Grid,
    number: usize,
    coords: Vec<usize>,
    parts: Vec<ObjectPart<'p>>,
    n_chunks: usize,
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
    /// [`KernelError::BadDescription`] if there is no such chunk.
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

/// One factor within one decoded chunk.
#[derive(Debug)]
enum ChunkPart<'p> {
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
    fn is_whole(&self, grid: &Grid, coords: &[usize]) -> Result<bool> {
        match self {
            Self::Run { axis, run, .. } => {
                let axis_grid = grid.axis(*axis)?;
                let cell = coords.get(*axis).ok_or(INCONSISTENT)?;
                let is_dense = run.step == 1 || run.count == 1;
                Ok(is_dense && run.count == axis_grid.inside(*cell, axis_grid.chunk))
            }
            Self::List {
                axes,
                positions,
                outs,
                ..
            } => {
                let n = n_inside(grid, axes, coords, |axis| axis.chunk)?;
                if outs.len() < n {
                    return Ok(false);
                }
                let mut is_named = vec![false; n];
                for position in positions.chunks_exact(axes.len()) {
                    let mut place = 0;
                    for (axis, position) in axes.iter().zip(position) {
                        let axis_grid = grid.axis(*axis)?;
                        let cell = *coords.get(*axis).ok_or(INCONSISTENT)?;
                        let inside = axis_grid.inside(cell, axis_grid.chunk);
                        place = place * inside + (position - cell * axis_grid.chunk);
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
    grid: &'p Grid,
    coords: Vec<usize>,
    parts: Vec<ChunkPart<'p>>,
}

impl ChunkPlan<'_> {
    /// Coordinates of the chunk in the grid of decoded chunks.
    #[must_use]
    pub fn coords(&self) -> &[usize] {
        &self.coords
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
            if axis.inside(*cell, axis.chunk) != axis.chunk {
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
        Ok(position - cell * self.grid.axis(axis)?.chunk)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::element::ElementType;
    use crate::memory::{self, Readable, Writable};

    #[derive(Clone, Debug)]
    struct Case {
        shape: Vec<usize>,
        objects: Vec<usize>,
        chunks: Vec<usize>,
        axes: Vec<AxisSelection>,
        is_points: bool,
    }

    fn axis_selection(length: usize, n_points: usize, list: bool) -> BoxedStrategy<AxisSelection> {
        if length == 0 {
            return Just(AxisSelection::Run {
                start: 0,
                step: 1,
                count: 0,
            })
            .boxed();
        }
        let run = (0..length, -9_isize..=9, any::<prop::sample::Index>()).prop_map(
            move |(start, step, count)| {
                let step = if step == 0 { 1 } else { step };
                let room = if step > 0 { length - 1 - start } else { start };
                let most = room / step.unsigned_abs() + 1;
                AxisSelection::Run {
                    start,
                    step,
                    count: count.index(most + 1),
                }
            },
        );
        let size = if list { n_points..=n_points } else { 0..=12 };
        let lists = prop::collection::vec(0..length, size).prop_map(AxisSelection::List);
        if list {
            return lists.boxed();
        }
        prop_oneof![
            (0..length).prop_map(AxisSelection::Integer),
            run.clone(),
            Just(AxisSelection::Run {
                start: 0,
                step: 1,
                count: length
            }),
            run,
            lists
        ]
        .boxed()
    }

    fn cases() -> impl Strategy<Value = Case> {
        let axis = (0..14_usize, 1..5_usize, 1..4_usize, any::<bool>());
        (prop::collection::vec(axis, 0..4), any::<bool>(), 0..9_usize).prop_flat_map(
            |(axes, points, n_points)| {
                let has_point = axes.iter().any(|(length, _, _, list)| *list && *length > 0);
                let is_points = points && has_point;
                let selections: Vec<_> = axes
                    .iter()
                    .map(|(length, _, _, list)| {
                        axis_selection(*length, n_points, is_points && *list)
                    })
                    .collect();
                let shape = axes.iter().map(|axis| axis.0).collect::<Vec<_>>();
                let chunks = axes.iter().map(|axis| axis.1).collect::<Vec<_>>();
                let objects = axes.iter().map(|axis| axis.1 * axis.2).collect::<Vec<_>>();
                selections.prop_map(move |axes| {
                    // Among points, every list is one of coordinates.
                    let n_lists = axes
                        .iter()
                        .filter(|axis| matches!(axis, AxisSelection::List(_)));
                    let lengths: Vec<usize> = n_lists.map(AxisSelection::count).collect();
                    Case {
                        shape: shape.clone(),
                        objects: objects.clone(),
                        chunks: chunks.clone(),
                        is_points: is_points
                            && !lengths.is_empty()
                            && lengths.iter().all(|n| *n == lengths[0]),
                        axes,
                    }
                })
            },
        )
    }

    /// Positions along an axis, in order.
    fn positions(axis: &AxisSelection) -> Vec<usize> {
        match axis {
            AxisSelection::Integer(position) => vec![*position],
            AxisSelection::Run { start, step, count } => (0..*count)
                .map(|i| start.wrapping_add_signed(step * i as isize))
                .collect(),
            AxisSelection::List(positions) => positions.clone(),
        }
    }

    /// Coordinates of every selected element, in C order of the result.
    fn selected(case: &Case) -> Vec<Vec<usize>> {
        let per_axis: Vec<Vec<usize>> = case.axes.iter().map(positions).collect();
        let is_list = |axis: usize| matches!(case.axes[axis], AxisSelection::List(_));
        let n_axes = case.axes.len();
        let mut found = vec![vec![0; n_axes]];
        if case.is_points {
            let n_points = (0..n_axes).find(|axis| is_list(*axis)).unwrap();
            found = (0..per_axis[n_points].len())
                .map(|point| {
                    (0..n_axes)
                        .map(|axis| {
                            if is_list(axis) {
                                per_axis[axis][point]
                            } else {
                                0
                            }
                        })
                        .collect()
                })
                .collect();
        }
        for axis in 0..n_axes {
            if case.is_points && is_list(axis) {
                continue;
            }
            found = found
                .into_iter()
                .flat_map(|coords: Vec<usize>| {
                    per_axis[axis].iter().map(move |position| {
                        let mut coords = coords.clone();
                        coords[axis] = *position;
                        coords
                    })
                })
                .collect();
        }
        found
    }

    fn number_of(coords: &[usize], shape: &[usize]) -> u32 {
        let mut number = 0;
        for (coord, length) in coords.iter().zip(shape) {
            number = number * length + coord;
        }
        number as u32 + 1
    }

    fn c_strides(shape: &[usize]) -> Vec<isize> {
        let mut strides = vec![0; shape.len()];
        let mut stride = 4;
        for axis in (0..shape.len()).rev() {
            strides[axis] = stride;
            stride *= shape[axis] as isize;
        }
        strides
    }

    /// The chunk at `coords`: each element the number of its place in the array, 0 outside.
    fn chunk_bytes(case: &Case, coords: &[usize]) -> Vec<u8> {
        let n: usize = case.chunks.iter().product();
        (0..n)
            .flat_map(|mut place| {
                let mut at = vec![0; coords.len()];
                for axis in (0..coords.len()).rev() {
                    at[axis] = coords[axis] * case.chunks[axis] + place % case.chunks[axis];
                    place /= case.chunks[axis];
                }
                let inside = at.iter().zip(&case.shape).all(|(a, n)| a < n);
                let number = if inside {
                    number_of(&at, &case.shape)
                } else {
                    0
                };
                number.to_le_bytes()
            })
            .collect()
    }

    /// Number of different elements of the array in a cell, and how many of them are selected.
    fn coverage(case: &Case, coords: &[usize], cell: &[usize]) -> (usize, usize) {
        let inside: usize = (0..coords.len())
            .map(|axis| cell[axis].min(case.shape[axis] - coords[axis] * cell[axis]))
            .product();
        let mut found: Vec<Vec<usize>> = selected(case)
            .into_iter()
            .filter(|at| (0..at.len()).all(|axis| at[axis] / cell[axis] == coords[axis]))
            .collect();
        found.sort();
        found.dedup();
        (inside, found.len())
    }

    proptest! {
        /// Few cells are counted and many are compared; both ways give the stable order.
        #[test]
        fn places_are_sorted_by_cell(
            numbers in prop::collection::vec(0..40_usize, 0..60),
            room in 0..100_usize,
        ) {
            let mut expected: Vec<usize> = (0..numbers.len()).collect();
            expected.sort_by_key(|place| numbers[*place]);
            prop_assert_eq!(sorted_places(&numbers, 40 + room), expected);
        }

        #[test]
        fn every_element_comes_from_its_place(case in cases()) {
            let grid = Grid::new(&case.shape, &case.objects, &case.chunks).unwrap();
            let selection =
                Selection::new(case.axes.clone(), case.is_points, &case.shape).unwrap();
            let plan = Plan::new(&grid, &selection).unwrap();
            let wanted = selected(&case);
            let out_strides = c_strides(plan.shape());
            prop_assert_eq!(plan.shape().iter().product::<usize>(), wanted.len());
            let mut out = vec![0_u8; wanted.len() * 4];
            let element = ElementType::new(4, 1).unwrap();
            let mut seen = std::collections::HashSet::new();
            for number in 0..plan.n_objects() {
                let object = plan.object(number).unwrap();
                prop_assert!(seen.insert(object.coords().to_vec()), "an object comes once");
                let (inside, found) = coverage(&case, object.coords(), &case.objects);
                prop_assert!(found > 0);
                prop_assert_eq!(object.is_whole().unwrap(), inside == found);
                for number in 0..object.n_chunks() {
                    let chunk = object.chunk(number).unwrap();
                    for axis in 0..case.shape.len() {
                        let at = chunk.coords()[axis] * case.chunks[axis] / case.objects[axis];
                        prop_assert_eq!(at, object.coords()[axis]);
                    }
                    let (inside, found) = coverage(&case, chunk.coords(), &case.chunks);
                    prop_assert_eq!(chunk.is_whole().unwrap(), inside == found);
                    let decoded = chunk_bytes(&case, chunk.coords());
                    prop_assert_eq!(chunk.is_cut().unwrap(), decoded.chunks(4).any(|n| n == [0; 4]));
                    let transfer = chunk.transfer(&c_strides(&case.chunks), &out_strides).unwrap();
                    let view = Writable::from(out.as_mut_slice());
                    let decoded = Readable::from(decoded.as_slice());
                    memory::copy(&transfer.normalise(), decoded, &view, element).unwrap();
                }
            }
            let expected: Vec<u8> = wanted
                .iter()
                .flat_map(|at| number_of(at, &case.shape).to_le_bytes())
                .collect();
            prop_assert_eq!(out, expected);
        }
    }

    #[test]
    fn huge_axes_cost_nothing() {
        let length = 1 << 60;
        let grid = Grid::new(&[length], &[1], &[1]).unwrap();
        let all = AxisSelection::Run {
            start: length - 1,
            step: -3,
            count: length / 3,
        };
        let selection = Selection::new(vec![all], false, &[length]).unwrap();
        let plan = Plan::new(&grid, &selection).unwrap();
        assert_eq!(plan.n_objects(), length / 3);
        let last = plan.object(length / 3 - 1).unwrap();
        assert_eq!(last.coords(), [length - 1]);
        assert!(plan.object(length / 3).is_err());
    }

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
