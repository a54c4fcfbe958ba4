//! Positions in any order, sorted into cells once.
// As in `plan`: positions are smaller than the axis they lie in, and lengths of chunks are not 0.
#![allow(clippy::arithmetic_side_effects)]

use std::ops::Range;

use crate::division::Division;
use crate::grid::AxisGrid;

/// Positions in any order along one axis or several, sorted into cells.
#[derive(Debug)]
pub(super) struct List {
    /// Coordinates of each position, flat: one number per axis of the list.
    positions: Vec<usize>,
    /// Place of each position in the result.
    outs: Vec<usize>,
    /// Runs of positions in one decoded chunk.
    chunks: Vec<Range<usize>>,
    /// Runs of such chunks in one object.
    pub(super) objects: Vec<Range<usize>>,
}

impl List {
    /// Sort positions, one list per axis.
    pub(super) fn new(grids: &[&AxisGrid], columns: &[&[usize]]) -> Self {
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
    pub(super) fn entries(&self, chunk: usize) -> Option<(&[usize], &[usize])> {
        let range = self.chunks.get(chunk)?;
        let n_axes = self.positions.len() / self.outs.len().max(1);
        let positions = self
            .positions
            .get(range.start * n_axes..range.end * n_axes)?;
        Some((positions, self.outs.get(range.clone())?))
    }
}

/// The decoded chunks along the axes of a list, numbered from 0 in the order of objects and of chunks
/// within an object, as if each had as many as the largest. [`crate::grid::Grid::new`] sees to it that the numbers fit.
struct Cells {
    count: usize,
    per_object: usize,
}

impl Cells {
    fn of(grids: &[&AxisGrid]) -> Self {
        let per_object: usize = grids.iter().map(|grid| grid.chunks_per_object()).product();
        let n_objects: usize = grids.iter().map(|grid| grid.n_objects()).product();
        Self {
            count: n_objects * per_object,
            per_object,
        }
    }

    /// For each position the number of its cell.
    fn numbers(&self, grids: &[&AxisGrid], columns: &[&[usize]], n_positions: usize) -> Vec<usize> {
        let mut numbers = vec![0; n_positions];
        for (grid, column) in grids.iter().zip(columns) {
            let n_objects = grid.n_objects();
            match &grid.objects {
                Division::Even(length) => {
                    renumber(&mut numbers, column, n_objects, |at| at / length);
                }
                uneven @ Division::Uneven(_) => {
                    renumber(&mut numbers, column, n_objects, |at| uneven.find(at));
                }
            }
        }
        if self.per_object == 1 {
            return numbers;
        }
        for (grid, column) in grids.iter().zip(columns) {
            let n_chunks = grid.chunks_per_object();
            let Division::Even(chunk) = grid.chunks else {
                continue; // objects are chunks
            };
            match &grid.objects {
                Division::Even(length) => {
                    renumber(&mut numbers, column, n_chunks, |at| at % length / chunk);
                }
                uneven @ Division::Uneven(_) => {
                    renumber(&mut numbers, column, n_chunks, |at| {
                        (at - uneven.start(uneven.find(at))) / chunk
                    });
                }
            }
        }
        numbers
    }
}

/// Count one axis more in the numbers of cells, which has `n` of them.
fn renumber(numbers: &mut [usize], column: &[usize], n: usize, cell: impl Fn(usize) -> usize) {
    for (number, position) in numbers.iter_mut().zip(column) {
        *number = *number * n + cell(*position);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
    }
}
