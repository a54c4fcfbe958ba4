//! A plan meets every selected element once and puts it where it belongs.

use proptest::prelude::*;

use super::Plan;
use crate::element::ElementType;
use crate::grid::{Grid, Lengths};
use crate::memory::{self, Readable, Writable};
use crate::selection::{AxisSelection, Selection};

#[derive(Clone, Debug)]
struct Case {
    shape: Vec<usize>,
    objects: Vec<Lengths>,
    chunks: Vec<Lengths>,
    axes: Vec<AxisSelection>,
    is_points: bool,
}

impl Case {
    fn grid(&self) -> Grid {
        Grid::new(&self.shape, &self.objects, &self.chunks).unwrap()
    }

    /// Lengths of cells along an axis, as many as there are positions and one more.
    fn cells(&self, lengths: &Lengths, axis: usize) -> Vec<usize> {
        let n = self.shape[axis] + 1;
        match lengths {
            Lengths::Every(length) => vec![*length; n],
            Lengths::Runs(runs) => {
                let each = runs.iter().flat_map(|(length, n)| vec![*length; *n]);
                each.take(n).collect()
            }
        }
    }

    /// Cell that holds a position, where that begins and its length.
    fn cell(&self, of: &[Lengths], axis: usize, position: usize) -> (usize, usize, usize) {
        let mut start = 0;
        for (cell, length) in self.cells(&of[axis], axis).into_iter().enumerate() {
            if position < start + length {
                return (cell, start, length);
            }
            start += length;
        }
        unreachable!("cells reach the end of the axis")
    }

    /// Where a cell begins and its length.
    fn place(&self, of: &[Lengths], axis: usize, cell: usize) -> (usize, usize) {
        let lengths = self.cells(&of[axis], axis);
        (lengths[..cell].iter().sum(), lengths[cell])
    }

    fn chunk_shape(&self, coords: &[usize]) -> Vec<usize> {
        (0..coords.len())
            .map(|axis| self.place(&self.chunks, axis, coords[axis]).1)
            .collect()
    }
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

/// Lengths of the objects and chunks of an axis of a length.
fn lengths(length: usize) -> impl Strategy<Value = (Lengths, Lengths)> {
    let runs = prop::collection::vec((1..4_usize, 1..4_usize), 1..5);
    (1..5_usize, 1..4_usize, runs, 0..3_u8).prop_map(move |(chunk, n, mut runs, kind)| {
        let reach: usize = runs.iter().map(|(length, n)| length * n).sum();
        if reach < length {
            runs.push((length - reach, 1));
        }
        match kind {
            0 => (Lengths::Every(chunk * n), Lengths::Every(chunk)),
            1 => (Lengths::Runs(runs.clone()), Lengths::Runs(runs)),
            _ => {
                let multiples = runs.iter().map(|(length, n)| (length * chunk, *n));
                (Lengths::Runs(multiples.collect()), Lengths::Every(chunk))
            }
        }
    })
}

fn cases() -> impl Strategy<Value = Case> {
    let axis = (0..14_usize, any::<bool>());
    (prop::collection::vec(axis, 0..4), any::<bool>(), 0..9_usize).prop_flat_map(
        |(axes, points, n_points)| {
            let has_point = axes.iter().any(|(length, list)| *list && *length > 0);
            let is_points = points && has_point;
            let selections: Vec<_> = axes
                .iter()
                .map(|(length, list)| axis_selection(*length, n_points, is_points && *list))
                .collect();
            let cells: Vec<_> = axes.iter().map(|(length, _)| lengths(*length)).collect();
            let shape = axes.iter().map(|axis| axis.0).collect::<Vec<_>>();
            (selections, cells).prop_map(move |(axes, cells)| {
                // Among points, every list is one of coordinates.
                let n_lists = axes
                    .iter()
                    .filter(|axis| matches!(axis, AxisSelection::List(_)));
                let lengths: Vec<usize> = n_lists.map(AxisSelection::count).collect();
                let (objects, chunks) = cells.into_iter().unzip();
                Case {
                    shape: shape.clone(),
                    objects,
                    chunks,
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
    let shape = case.chunk_shape(coords);
    let n: usize = shape.iter().product();
    (0..n)
        .flat_map(|mut place| {
            let mut at = vec![0; coords.len()];
            for axis in (0..coords.len()).rev() {
                let (start, length) = case.place(&case.chunks, axis, coords[axis]);
                at[axis] = start + place % length;
                place /= length;
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
fn coverage(case: &Case, coords: &[usize], cells: &[Lengths]) -> (usize, usize) {
    let inside: usize = (0..coords.len())
        .map(|axis| {
            let (start, length) = case.place(cells, axis, coords[axis]);
            length.min(case.shape[axis] - start)
        })
        .product();
    let is_in = |at: &[usize], axis: usize| case.cell(cells, axis, at[axis]).0 == coords[axis];
    let mut found: Vec<Vec<usize>> = selected(case)
        .into_iter()
        .filter(|at| (0..at.len()).all(|axis| is_in(at, axis)))
        .collect();
    found.sort();
    found.dedup();
    (inside, found.len())
}

proptest! {
    #[test]
    fn every_element_comes_from_its_place(case in cases()) {
        let grid = case.grid();
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
                    let (start, _) = case.place(&case.chunks, axis, chunk.coords()[axis]);
                    let (at, _, _) = case.cell(&case.objects, axis, start);
                    prop_assert_eq!(at, object.coords()[axis]);
                }
                let (inside, found) = coverage(&case, chunk.coords(), &case.chunks);
                prop_assert_eq!(chunk.is_whole().unwrap(), inside == found);
                let decoded = chunk_bytes(&case, chunk.coords());
                prop_assert_eq!(chunk.is_cut().unwrap(), decoded.chunks(4).any(|n| n == [0; 4]));
                prop_assert_eq!(chunk.chunk_shape(), case.chunk_shape(chunk.coords()));
                let strides = c_strides(&chunk.chunk_shape());
                let transfer = chunk.transfer(&strides, &out_strides).unwrap();
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
    let grid = Grid::regular(&[length], &[1], &[1]).unwrap();
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
fn a_billion_objects_that_differ_cost_nothing() {
    let length = 1 << 40;
    let runs = Lengths::Runs(vec![(3, 1), (1, length), (7, length)]);
    let grid = Grid::new(
        &[length],
        std::slice::from_ref(&runs),
        std::slice::from_ref(&runs),
    )
    .unwrap();
    let every_other = AxisSelection::Run {
        start: 0,
        step: 2,
        count: length / 2,
    };
    let selection = Selection::new(vec![every_other], false, &[length]).unwrap();
    let plan = Plan::new(&grid, &selection).unwrap();
    assert_eq!(plan.n_objects(), length / 2 - 1);
    assert_eq!(plan.object(0).unwrap().coords(), [0]);
    assert_eq!(plan.object(1).unwrap().coords(), [2]);
}
