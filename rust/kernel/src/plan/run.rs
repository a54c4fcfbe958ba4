//! Equally spaced positions along an axis, cut into cells by arithmetic.
// As in `plan`: positions are smaller than the axis they lie in, and lengths of chunks are not 0.
#![allow(clippy::arithmetic_side_effects)]

use crate::division::{Stretch, Stretches};

/// Equally spaced positions in increasing order, with their places in the result.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) start: usize,
    pub(super) step: usize,
    pub(super) count: usize,
    /// Place of the first position in the result.
    pub(super) out: usize,
    /// Whether places in the result decrease.
    pub(super) is_backward: bool,
}

impl Run {
    pub(super) fn new(start: usize, step: isize, count: usize) -> Self {
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
    pub(super) fn n_cells(&self, length: usize) -> usize {
        if self.count == 0 {
            0
        } else if self.step >= length {
            self.count
        } else {
            (self.start + (self.count - 1) * self.step) / length - self.start / length + 1
        }
    }

    /// The `number`th cell that it meets, and the positions in it.
    pub(super) fn cell(&self, number: usize, length: usize) -> (usize, Self) {
        let (cell, first, count) = if self.step >= length {
            ((self.start + number * self.step) / length, number, 1)
        } else {
            let cell = self.start / length + number;
            let before = (cell * length).saturating_sub(self.start);
            let first = before.div_ceil(self.step);
            let end = ((cell + 1) * length - self.start).div_ceil(self.step);
            (cell, first, end.min(self.count) - first)
        };
        (cell, self.part(first, count))
    }

    /// Some of its positions.
    fn part(&self, first: usize, count: usize) -> Self {
        Self {
            start: self.start + first * self.step,
            count,
            out: if self.is_backward {
                self.out - first
            } else {
                self.out + first
            },
            ..*self
        }
    }

    /// Whether it leaves nothing out between its first position and its last.
    pub(super) fn is_dense(&self) -> bool {
        self.step == 1 || self.count == 1
    }
}

/// Equally spaced positions through cells of different lengths: the part in each stretch of equal
/// ones. This takes memory for every stretch that it meets.
#[derive(Debug)]
pub(super) struct UnevenRun {
    pieces: Vec<Piece>,
    n_cells: usize,
}

#[derive(Debug)]
struct Piece {
    /// Number of cells that are met before it.
    before: usize,
    stretch: Stretch,
    /// Its positions, counted from the stretch's start.
    run: Run,
}

impl UnevenRun {
    pub(super) fn new(run: &Run, stretches: &Stretches) -> Self {
        let mut pieces = Vec::new();
        let mut n_cells = 0;
        let mut first = 0; // of the run's positions, the first one that lies at the stretch or behind
        for stretch in stretches.from(run.start) {
            if first >= run.count {
                break;
            }
            let end = stretch.end().saturating_sub(run.start).div_ceil(run.step);
            let end = end.min(run.count);
            if end <= first {
                continue;
            }
            let part = run.part(first, end - first);
            let inside = Run {
                start: part.start - stretch.start,
                ..part
            };
            pieces.push(Piece {
                before: n_cells,
                stretch: *stretch,
                run: inside,
            });
            n_cells += inside.n_cells(stretch.length);
            first = end;
        }
        Self { pieces, n_cells }
    }

    /// Number of cells that it meets.
    pub(super) fn n_cells(&self) -> usize {
        self.n_cells
    }

    /// As [`Run::cell`].
    pub(super) fn cell(&self, number: usize) -> Option<(usize, Run)> {
        let after = self.pieces.partition_point(|piece| piece.before <= number);
        let piece = self.pieces.get(after.checked_sub(1)?)?;
        let (cell, inside) = piece.run.cell(number - piece.before, piece.stretch.length);
        let run = Run {
            start: piece.stretch.start + inside.start,
            ..inside
        };
        Some((piece.stretch.first + cell, run))
    }
}
