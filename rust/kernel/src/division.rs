//! How one axis is divided into cells, which lie side by side from its start on.
// Cells reach no further than isize::MAX and their lengths are not 0: checked when a division is
// made. Cells that are asked for are of the axis.
#![allow(clippy::arithmetic_side_effects)]

use std::sync::Arc;

use crate::{KernelError, Result};

/// Lengths of the cells of an axis, as an array states them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lengths {
    /// All cells have one length.
    Every(usize),
    /// Runs of cells of one length: the length, and how many cells have it.
    Runs(Vec<(usize, usize)>),
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Division {
    /// All cells have one length.
    Even(usize),
    /// Cells have the lengths that these say.
    Uneven(Arc<Stretches>),
}

/// Cells of one length after each other, and then those of another one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stretches {
    list: Vec<Stretch>,
    longest: usize,
}

/// Cells of one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// Where the first of them begins.
    pub(crate) start: usize,
    /// Its number.
    pub(crate) first: usize,
    pub(crate) length: usize,
    pub(crate) count: usize,
}

impl Stretch {
    pub(crate) fn end(&self) -> usize {
        self.start + self.count * self.length
    }
}

impl Division {
    /// The division of an axis of `axis_length` into cells that reach its end. What lies beyond that
    /// is forgotten.
    pub(crate) fn new(lengths: &Lengths, axis_length: usize) -> Result<Self> {
        let runs = match lengths {
            Lengths::Every(0) => return Err(BAD_LENGTHS),
            Lengths::Every(length) => return Ok(Self::Even(*length)),
            Lengths::Runs(runs) => runs,
        };
        let mut list = Vec::new();
        let mut longest = 0;
        let (mut start, mut first) = (0_usize, 0_usize);
        for (length, count) in runs {
            if *length == 0 || *count == 0 {
                return Err(BAD_LENGTHS);
            }
            if start >= axis_length && first > 0 {
                break;
            }
            let wanted = (axis_length - start).div_ceil(*length).max(1);
            let count = wanted.min(*count);
            let end = length.checked_mul(count).and_then(|n| start.checked_add(n));
            let end = end.filter(|end| isize::try_from(*end).is_ok());
            list.push(Stretch {
                start,
                first,
                length: *length,
                count,
            });
            start = end.ok_or(KernelError::TooLarge { what: "an array" })?;
            first += count;
            longest = longest.max(*length);
        }
        if start < axis_length || list.is_empty() {
            return Err(BAD_LENGTHS);
        }
        Ok(Self::Uneven(Arc::new(Stretches { list, longest })))
    }

    /// Number of the cell that holds a position.
    pub(crate) fn find(&self, position: usize) -> usize {
        match self {
            Self::Even(length) => position / length,
            Self::Uneven(stretches) => {
                let stretch = stretches.at(position);
                stretch.first + (position - stretch.start) / stretch.length
            }
        }
    }

    /// First position of a cell.
    pub(crate) fn start(&self, cell: usize) -> usize {
        match self {
            Self::Even(length) => cell * length,
            Self::Uneven(stretches) => {
                let stretch = stretches.of(cell);
                stretch.start + (cell - stretch.first) * stretch.length
            }
        }
    }

    /// Length of a cell, also of what lies beyond the end of the axis.
    pub(crate) fn length(&self, cell: usize) -> usize {
        match self {
            Self::Even(length) => *length,
            Self::Uneven(stretches) => stretches.of(cell).length,
        }
    }

    /// Length of the longest cell.
    pub(crate) fn longest(&self) -> usize {
        match self {
            Self::Even(length) => *length,
            Self::Uneven(stretches) => stretches.longest,
        }
    }

    /// Number of cells that an axis of a length meets.
    pub(crate) fn count(&self, axis_length: usize) -> usize {
        match self {
            Self::Even(length) => axis_length.div_ceil(*length),
            Self::Uneven(_) if axis_length == 0 => 0,
            Self::Uneven(_) => self.find(axis_length - 1) + 1,
        }
    }

    /// Whether each cell can be divided into cells of a length.
    pub(crate) fn is_divided_by(&self, length: usize) -> bool {
        match self {
            Self::Even(cell) => cell.checked_rem(length) == Some(0),
            Self::Uneven(stretches) => stretches
                .list
                .iter()
                .all(|stretch| stretch.length.checked_rem(length) == Some(0)),
        }
    }
}

impl Stretches {
    /// The stretch that a position lies in, and all behind it.
    pub(crate) fn from(&self, position: usize) -> &[Stretch] {
        let after = self
            .list
            .partition_point(|stretch| stretch.start <= position);
        self.list.get(after.saturating_sub(1)..).unwrap_or_default()
    }

    fn at(&self, position: usize) -> Stretch {
        self.last_before(|stretch| stretch.start <= position)
    }

    fn of(&self, cell: usize) -> Stretch {
        self.last_before(|stretch| stretch.first <= cell)
    }

    /// The last stretch for which something is true that is so of the first ones.
    fn last_before(&self, is_before: impl Fn(&Stretch) -> bool) -> Stretch {
        let after = self.list.partition_point(is_before);
        let found = self.list.get(after.saturating_sub(1)).copied();
        found.unwrap_or(Stretch {
            start: 0,
            first: 0,
            length: 1,
            count: 1,
        })
    }
}

const BAD_LENGTHS: KernelError = KernelError::BadDescription {
    what: "the cells of an axis have lengths, none of them 0, and reach its end",
};

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(runs: &[(usize, usize)], axis_length: usize) -> Result<Division> {
        Division::new(&Lengths::Runs(runs.to_vec()), axis_length)
    }

    #[test]
    fn cells_lie_side_by_side() {
        let division = runs(&[(3, 2), (4, 1), (1, 100)], 12).unwrap();
        let found: Vec<usize> = (0..12).map(|position| division.find(position)).collect();
        assert_eq!(found, [0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 4]);
        let cells = 0..division.count(12);
        let lengths: Vec<usize> = cells.clone().map(|cell| division.length(cell)).collect();
        assert_eq!(lengths, [3, 3, 4, 1, 1]);
        let starts: Vec<usize> = cells.map(|cell| division.start(cell)).collect();
        assert_eq!(starts, [0, 3, 6, 10, 11]);
        assert_eq!((division.longest(), division.count(0)), (4, 0));
        assert!(!division.is_divided_by(2));
        assert!(runs(&[(4, 1), (6, 2)], 16).unwrap().is_divided_by(2));
    }

    #[test]
    fn what_is_no_division_is_refused() {
        assert!(runs(&[], 0).is_err());
        assert!(runs(&[(3, 0)], 3).is_err());
        assert!(runs(&[(0, 3)], 0).is_err());
        assert!(runs(&[(3, 2)], 7).is_err());
        assert!(runs(&[(usize::MAX, 2)], 7).is_err());
        assert!(runs(&[(1, usize::MAX)], 1 << 62).is_ok());
        assert!(
            runs(&[(1 << 40, 1 << 40)], 5).is_ok(),
            "what is beyond counts for nothing"
        );
        assert!(runs(&[(5, 1)], 0).is_ok());
    }
}
