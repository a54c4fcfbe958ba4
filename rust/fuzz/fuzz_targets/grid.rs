//! Grids of any run-lengths, and selections of any numbers: what is accepted lies side by side inside the array.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zarr_fuzz::bytes::Input;
use zarr_kernel::grid::{Grid, Lengths};
use zarr_kernel::plan::Plan;
use zarr_kernel::selection::{AxisSelection, Selection};

/// Objects and chunks looked at, of plans that may have 2^60 of them.
const MOST: usize = 16;

fn number(input: &mut Input<'_>) -> usize {
    match input.below(4) {
        0 => input.below(9),
        1 => input.number(),
        2 => 1 << input.below(64),
        _ => input.below(256) + 1,
    }
}

fn lengths(input: &mut Input<'_>) -> Lengths {
    match input.below(6) {
        0 => Lengths::Every(number(input)),
        n => Lengths::Runs((0..n).map(|_| (number(input), number(input))).collect()),
    }
}

fn selection(input: &mut Input<'_>, length: usize) -> AxisSelection {
    match input.below(5) {
        0 => AxisSelection::Integer(number(input)),
        1 => AxisSelection::List((0..input.below(5)).map(|_| number(input)).collect()),
        2 => AxisSelection::Run {
            start: number(input),
            step: number(input).cast_signed(),
            count: number(input),
        },
        _ => AxisSelection::Run {
            start: 0,
            step: 1,
            count: length,
        },
    }
}

/// Numbers from both ends of a range.
fn some_of(n: usize) -> impl Iterator<Item = usize> {
    (0..n.min(MOST)).chain(n.saturating_sub(MOST).max(n.min(MOST))..n)
}

fuzz_target!(|input: &[u8]| {
    let mut input = Input(input);
    let n_axes = input.below(4);
    let shape: Vec<usize> = (0..n_axes).map(|_| number(&mut input)).collect();
    let objects: Vec<Lengths> = (0..n_axes).map(|_| lengths(&mut input)).collect();
    let chunks: Vec<Lengths> = objects
        .iter()
        .map(|same| {
            if input.byte() & 1 == 1 {
                same.clone()
            } else {
                lengths(&mut input)
            }
        })
        .collect();
    let Ok(grid) = Grid::new(&shape, &objects, &chunks) else {
        return;
    };
    let axes = shape
        .iter()
        .map(|length| selection(&mut input, *length))
        .collect();
    let Ok(selection) = Selection::new(axes, input.byte() & 1 == 1, &shape) else {
        return;
    };
    let Ok(plan) = Plan::new(&grid, &selection) else {
        return;
    };
    assert!(plan.object(plan.n_objects()).is_err());
    let mut seen = vec![];
    for number in some_of(plan.n_objects()) {
        let object = plan.object(number).expect("an object of the plan");
        assert!(!seen.contains(&object.coords().to_vec()));
        seen.push(object.coords().to_vec());
        let _ = object.is_whole();
        for number in some_of(object.n_chunks()) {
            let chunk = object.chunk(number).expect("a chunk of the object");
            assert_eq!(chunk.coords().len(), n_axes);
            let _ = (chunk.is_whole(), chunk.is_cut());
        }
    }
});
