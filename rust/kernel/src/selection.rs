//! Normalised selections: what is wanted of an array, with nothing left to interpret.
//!
//! Per axis an integer, a run of equally spaced positions or a list of positions. They form their
//! outer product, except that the lists of a selection of points go together.

use std::ops::Range;

use crate::{KernelError, Result};

/// What is wanted along one axis. Positions lie inside the axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AxisSelection {
    /// One position; the result has no such axis.
    Integer(usize),
    /// `count` positions from `start` on, `step` apart.
    Run {
        /// First position.
        start: usize,
        /// Distance of neighbours, negative for backwards, never 0.
        step: isize,
        /// Number of positions.
        count: usize,
    },
    /// Positions in any order.
    List(Vec<usize>),
}

impl AxisSelection {
    /// Number of positions.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Integer(_) => 1,
            Self::Run { count, .. } => *count,
            Self::List(positions) => positions.len(),
        }
    }

    /// The smallest range that holds every position; `None` if there is no position, or none that
    /// could be one.
    fn range(&self) -> Option<Range<usize>> {
        let (low, high) = match self {
            Self::Integer(position) => (*position, *position),
            Self::Run { start, step, count } => {
                let last = isize::try_from(count.checked_sub(1)?).ok()?;
                let end = start.checked_add_signed(step.checked_mul(last)?)?;
                ((*start).min(end), (*start).max(end))
            }
            Self::List(positions) => (*positions.iter().min()?, *positions.iter().max()?),
        };
        Some(low..high.checked_add(1)?)
    }
}

/// A selection of an array of known shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    axes: Vec<AxisSelection>,
    is_points: bool,
}

impl Selection {
    /// A selection of an array of shape `shape`.
    ///
    /// With `is_points`, the lists name points together: the result has one axis for them, before
    /// all others.
    ///
    /// # Errors
    /// [`KernelError::BadDescription`] when there is not one entry per axis, a position lies
    /// outside its axis, a step is 0, or points have different numbers of coordinates.
    pub fn new(axes: Vec<AxisSelection>, is_points: bool, shape: &[usize]) -> Result<Self> {
        if axes.len() != shape.len() {
            return Err(bad("a selection has one entry per axis"));
        }
        for (axis, length) in axes.iter().zip(shape) {
            if matches!(axis, AxisSelection::Run { step: 0, .. }) {
                return Err(bad("the step of a selection is not 0"));
            }
            let fits =
                axis.count() == 0 || matches!(axis.range(), Some(range) if range.end <= *length);
            if !fits {
                return Err(bad("the positions of a selection lie inside the array"));
            }
        }
        let mut lengths = axes.iter().filter_map(|axis| match axis {
            AxisSelection::List(positions) => Some(positions.len()),
            _ => None,
        });
        let first = lengths.next();
        if is_points && (first.is_none() || lengths.any(|n| Some(n) != first)) {
            return Err(bad("points have one coordinate per axis"));
        }
        Ok(Self { axes, is_points })
    }

    /// Per axis of the array, what is wanted along it.
    #[must_use]
    pub fn axes(&self) -> &[AxisSelection] {
        &self.axes
    }

    /// Whether lists go together.
    #[must_use]
    pub fn is_points(&self) -> bool {
        self.is_points
    }

    /// Shape of what is read or written.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        let is_list = |axis: &&AxisSelection| matches!(axis, AxisSelection::List(_));
        let points = self.axes.iter().find(is_list).filter(|_| self.is_points);
        let others = self.axes.iter().filter(|axis| match axis {
            AxisSelection::Integer(_) => false,
            AxisSelection::Run { .. } => true,
            AxisSelection::List(_) => !self.is_points,
        });
        points
            .into_iter()
            .chain(others)
            .map(AxisSelection::count)
            .collect()
    }
}

fn bad(what: &'static str) -> KernelError {
    KernelError::BadDescription { what }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(start: usize, step: isize, count: usize) -> AxisSelection {
        AxisSelection::Run { start, step, count }
    }

    #[test]
    fn shapes_follow_numpy() {
        let axes = || {
            vec![
                AxisSelection::Integer(1),
                AxisSelection::List(vec![0, 2, 2]),
                run(3, -1, 4),
                AxisSelection::List(vec![1, 1, 0]),
            ]
        };
        let shape = [2, 3, 4, 5];
        let grid = Selection::new(axes(), false, &shape).unwrap();
        assert_eq!(grid.shape(), [3, 4, 3]);
        let points = Selection::new(axes(), true, &shape).unwrap();
        assert_eq!(points.shape(), [3, 4]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let refused = |axis, is_points| Selection::new(vec![axis], is_points, &[4]).is_err();
        assert!(refused(AxisSelection::Integer(4), false));
        assert!(refused(run(0, 2, 3), false));
        assert!(refused(run(3, -2, 3), false));
        assert!(refused(run(0, 0, 2), false));
        assert!(refused(run(1, isize::MAX, usize::MAX), false));
        assert!(refused(AxisSelection::List(vec![0, 9]), false));
        assert!(refused(run(0, 1, 4), true));
        assert!(Selection::new(vec![], false, &[4]).is_err());
        assert!(!refused(run(9, 1, 0), false), "nothing fits everywhere");
    }
}
