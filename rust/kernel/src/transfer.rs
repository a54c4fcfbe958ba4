//! Copies between N-dimensional arrays, as data: chunk to output, value to chunk.
//!
//! A [`Transfer`] says how far source and destination move along each axis. It is built from a plan
//! and the strides of both sides, [normalised](Transfer::normalise) to as few and as long rows as
//! possible, and carried out by `memory`. Offsets and strides count bytes.

use crate::element::ElementType;
use crate::{KernelError, Result};

/// One axis of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Axis {
    /// Equally spaced elements on both sides.
    Run {
        count: usize,
        from: isize,
        to: isize,
    },
    /// Elements anywhere: offsets in the source and in the destination, in order.
    Gather(Vec<(isize, isize)>),
}

impl Axis {
    fn count(&self) -> usize {
        match self {
            Self::Run { count, .. } => *count,
            Self::Gather(offsets) => offsets.len(),
        }
    }

    fn reversed(self) -> Self {
        match self {
            Self::Run { count, from, to } => Self::Run {
                count,
                from: to,
                to: from,
            },
            Self::Gather(offsets) => {
                Self::Gather(offsets.into_iter().map(|(from, to)| (to, from)).collect())
            }
        }
    }

    /// How far the elements of this axis reach on one side: the lowest and the highest offset.
    fn reach(&self, side: Side) -> Option<(isize, isize)> {
        match self {
            Self::Run { count, from, to } => {
                let last = isize::try_from(count.checked_sub(1)?).ok()?;
                let end = side.of(*from, *to).checked_mul(last)?;
                Some((end.min(0), end.max(0)))
            }
            Self::Gather(offsets) => {
                let side_offsets = || offsets.iter().map(|(from, to)| side.of(*from, *to));
                Some((side_offsets().min()?, side_offsets().max()?))
            }
        }
    }
}

/// One of the two sides of a copy.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    From,
    To,
}

impl Side {
    fn of<T>(self, from: T, to: T) -> T {
        match self {
            Self::From => from,
            Self::To => to,
        }
    }
}

/// A copy of the product of some axes, from offset `from` of the source to offset `to` of the
/// destination.
///
/// Where the same place of the destination is named several times, it ends up with the element that
/// is last in the order of the axes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Transfer {
    pub(crate) axes: Vec<Axis>,
    pub(crate) from: isize,
    pub(crate) to: isize,
}

impl Transfer {
    /// The copy in the other direction.
    pub(crate) fn reversed(self) -> Self {
        Self {
            axes: self.axes.into_iter().map(Axis::reversed).collect(),
            from: self.to,
            to: self.from,
        }
    }

    /// The same destination, every element of it from one and the same place.
    pub(crate) fn spread_one(mut self) -> Self {
        for axis in &mut self.axes {
            match axis {
                Axis::Run { from, .. } => *from = 0,
                Axis::Gather(offsets) => offsets.iter_mut().for_each(|(from, _)| *from = 0),
            }
        }
        self.from = 0;
        self
    }

    /// Whether it copies nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.axes.iter().any(|axis| axis.count() == 0)
    }

    /// Lowest and highest offset of a copied element on one side, which must not be empty.
    pub(crate) fn reach(&self, side: Side) -> Result<(isize, isize)> {
        let start = side.of(self.from, self.to);
        let mut reach = Some((start, start));
        for axis in &self.axes {
            reach = reach.zip(axis.reach(side)).and_then(|(total, more)| {
                Some((total.0.checked_add(more.0)?, total.1.checked_add(more.1)?))
            });
        }
        reach.ok_or(KernelError::TooLarge { what: "a region" })
    }

    /// The same copy in long rows: axes of one element dropped, neighbours merged, the destination
    /// walked upwards in memory order, and the axis along which the source is densest right
    /// outside the innermost one (where `memory` copies in tiles).
    pub(crate) fn normalise(self) -> Self {
        let mut normal = self.upwards();
        normal.bring_dense_source_in();
        normal
    }

    /// The same copy in long rows, the destination walked upwards in memory order.
    pub(crate) fn upwards(mut self) -> Self {
        self.axes = std::mem::take(&mut self.axes)
            .into_iter()
            .map(straighten)
            .filter_map(|axis| self.absorb(axis))
            .collect();
        self.axes.sort_by_key(|axis| {
            std::cmp::Reverse(match axis {
                Axis::Run { to, .. } => to.unsigned_abs(),
                Axis::Gather(_) => usize::MAX,
            })
        });
        self.merge();
        self
    }

    /// Whether the destination is walked in one row without gaps: `count` elements of `step` bytes from
    /// its start on.
    pub(crate) fn is_one_row(&self, count: usize, step: usize) -> bool {
        let mut row = Some((1_usize, isize::try_from(step).ok()));
        for axis in self.axes.iter().rev() {
            row = match (row, axis) {
                (Some((n, Some(reach))), Axis::Run { count, to, .. }) if *to == reach => n
                    .checked_mul(*count)
                    .zip(isize::try_from(*count).ok())
                    .map(|(n, count)| (n, reach.checked_mul(count))),
                _ => None,
            };
        }
        self.to == 0 && row.is_some_and(|(n, _)| n == count)
    }

    /// Call `visit` with the offsets of each element in source and destination, in the order of the
    /// axes.
    pub(crate) fn each(&self, visit: &mut impl FnMut(isize, isize) -> Result<()>) -> Result<()> {
        walk(&self.axes, self.from, self.to, visit)
    }

    /// Take an axis of one element into the start; turn one that runs downwards around.
    fn absorb(&mut self, axis: Axis) -> Option<Axis> {
        match axis {
            Axis::Run { count: 1, .. } => None,
            Axis::Gather(offsets) if offsets.len() == 1 => {
                let (from, to) = offsets.first()?;
                self.from = self.from.wrapping_add(*from);
                self.to = self.to.wrapping_add(*to);
                None
            }
            Axis::Run { count, from, to } if to < 0 => {
                let last = isize::try_from(count.saturating_sub(1)).unwrap_or(0);
                self.from = self.from.wrapping_add(from.wrapping_mul(last));
                self.to = self.to.wrapping_add(to.wrapping_mul(last));
                Some(Axis::Run {
                    count,
                    from: from.wrapping_neg(),
                    to: to.wrapping_neg(),
                })
            }
            other => Some(other),
        }
    }

    /// Make one axis of two neighbours wherever the outer one goes on where the inner one ends.
    fn merge(&mut self) {
        let mut merged: Vec<Axis> = Vec::with_capacity(self.axes.len());
        for axis in self.axes.drain(..) {
            let joined = merged.last().and_then(|outer| join(outer, &axis));
            match (merged.last_mut(), joined) {
                (Some(outer), Some(joined)) => *outer = joined,
                _ => merged.push(axis),
            }
        }
        self.axes = merged;
    }

    fn bring_dense_source_in(&mut self) {
        let Some(before_last) = self.axes.len().checked_sub(2) else {
            return;
        };
        let density = |axis: &Axis| match axis {
            Axis::Run { from, .. } => from.unsigned_abs(),
            Axis::Gather(_) => usize::MAX,
        };
        let densest = (0..self.axes.len())
            .filter_map(|position| Some((density(self.axes.get(position)?), position)))
            .min();
        match densest {
            Some((stride, position)) if stride != usize::MAX && position < before_last => {
                let axis = self.axes.remove(position);
                self.axes.insert(before_last, axis);
            }
            _ => {}
        }
    }

    /// The outermost axis that is a run whose elements lie further apart in the source than `gap`
    /// bytes beyond what the other axes reach there, and the copies it is made of.
    pub(crate) fn split_far_apart(&self, itemsize: usize, gap: isize) -> Result<Option<Vec<Self>>> {
        let (low, high) = self.reach(Side::From)?;
        let total = high.saturating_sub(low);
        for (position, axis) in self.axes.iter().enumerate() {
            let (Axis::Run { count, from, to }, Some((first, last))) =
                (axis, axis.reach(Side::From))
            else {
                continue;
            };
            let itemsize = isize::try_from(itemsize).unwrap_or(isize::MAX);
            let others = total
                .saturating_sub(last.saturating_sub(first))
                .saturating_add(itemsize);
            if from.saturating_abs().saturating_sub(others) < gap {
                continue;
            }
            let mut inner = self.clone();
            inner.axes.remove(position);
            let copies = (0..*count).map(|_| {
                let copy = inner.clone();
                inner.from = inner.from.wrapping_add(*from);
                inner.to = inner.to.wrapping_add(*to);
                copy
            });
            return Ok(Some(copies.collect()));
        }
        Ok(None)
    }

    /// Bytes of one run that both sides hold in the same order, if that is all there is to copy.
    ///
    /// Ask a normalised transfer.
    pub(crate) fn contiguous_nbytes(&self, element: ElementType) -> Option<usize> {
        let itemsize = isize::try_from(element.itemsize()).ok()?;
        match self.axes.as_slice() {
            [] => Some(element.itemsize()),
            [Axis::Run { count, from, to }] if *from == itemsize && *to == itemsize => {
                count.checked_mul(element.itemsize())
            }
            _ => None,
        }
    }
}

/// A list of equally spaced places is a run.
fn straighten(axis: Axis) -> Axis {
    let Axis::Gather(offsets) = axis else {
        return axis;
    };
    let [(from, to), (next_from, next_to), ..] = offsets.as_slice() else {
        return Axis::Gather(offsets);
    };
    // A run starts at offset 0: only lists that do too.
    let steps = (next_from.wrapping_sub(*from), next_to.wrapping_sub(*to));
    let is_run = (*from, *to) == (0, 0)
        && offsets.windows(2).all(|pair| match pair {
            [a, b] => (b.0.wrapping_sub(a.0), b.1.wrapping_sub(a.1)) == steps,
            _ => true,
        });
    if is_run {
        Axis::Run {
            count: offsets.len(),
            from: steps.0,
            to: steps.1,
        }
    } else {
        Axis::Gather(offsets)
    }
}

fn walk(
    axes: &[Axis],
    mut from: isize,
    mut to: isize,
    visit: &mut impl FnMut(isize, isize) -> Result<()>,
) -> Result<()> {
    let Some((axis, inner)) = axes.split_first() else {
        return visit(from, to);
    };
    match axis {
        Axis::Run {
            count,
            from: step,
            to: to_step,
        } => {
            for _ in 0..*count {
                walk(inner, from, to, visit)?;
                from = from.wrapping_add(*step);
                to = to.wrapping_add(*to_step);
            }
        }
        Axis::Gather(offsets) => {
            for (inner_from, inner_to) in offsets {
                let (from, to) = (from.wrapping_add(*inner_from), to.wrapping_add(*inner_to));
                walk(inner, from, to, visit)?;
            }
        }
    }
    Ok(())
}

fn join(outer: &Axis, inner: &Axis) -> Option<Axis> {
    let (
        Axis::Run {
            count: n_outer,
            from: outer_from,
            to: outer_to,
        },
        Axis::Run {
            count: n_inner,
            from,
            to,
        },
    ) = (outer, inner)
    else {
        return None;
    };
    let n = isize::try_from(*n_inner).ok()?;
    let goes_on = from.checked_mul(n)? == *outer_from && to.checked_mul(n)? == *outer_to;
    goes_on.then_some(Axis::Run {
        count: n_outer.checked_mul(*n_inner)?,
        from: *from,
        to: *to,
    })
}
