//! Results that several threads make, and that are laid down in order.
//!
//! Whoever finishes the one that is next lays it, and those behind it that are done already. A thread
//! that is too far ahead waits, so that there are never many results in memory. The next one itself
//! never waits: as tasks are claimed in order, all before a waiting one are under way.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::{KernelError, Result};

/// See the module. `L` lays the result of a row.
pub(crate) struct Laying<'v, L> {
    state: Mutex<State<'v, L>>,
    moved: Condvar,
    most_waiting: usize,
}

/// A row, and its bytes if it has any.
type Done<'v> = (usize, Option<Cow<'v, [u8]>>);

struct State<'v, L> {
    lay: L,
    /// The number of the result that is laid next.
    next: usize,
    /// Results that are done, by their numbers.
    done: BTreeMap<usize, Done<'v>>,
    /// The lowest number whose result could not be made or laid. Those before it go on: of several failures, that of the
    /// lowest task counts, and it is not to be that it was interrupted by a later one.
    failed_at: usize,
}

impl<'v, L: FnMut(usize, Cow<'v, [u8]>) -> Result<()>> Laying<'v, L> {
    /// At most so many results are under way, those that wait included.
    pub(crate) fn new(most_waiting: usize, lay: L) -> Self {
        Self {
            state: Mutex::new(State {
                lay,
                next: 0,
                done: BTreeMap::new(),
                failed_at: usize::MAX,
            }),
            moved: Condvar::new(),
            most_waiting,
        }
    }

    /// Wait until the result of a number may be made.
    ///
    /// # Errors
    /// [`KernelError::Interrupted`] once one of a lower number has failed, which says why.
    pub(crate) fn turn(&self, number: usize) -> Result<Turn<'_, 'v, L>> {
        let mut state = self.lock();
        while number < state.failed_at && number >= state.next.saturating_add(self.most_waiting) {
            state = self
                .moved
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if number >= state.failed_at {
            return Err(KernelError::Interrupted);
        }
        Ok(Turn {
            laying: self,
            number,
            is_done: false,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State<'v, L>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A result that is being made. Dropped before it is done, it has failed.
pub(crate) struct Turn<'l, 'v, L: FnMut(usize, Cow<'v, [u8]>) -> Result<()>> {
    laying: &'l Laying<'v, L>,
    number: usize,
    is_done: bool,
}

impl<'v, L: FnMut(usize, Cow<'v, [u8]>) -> Result<()>> Turn<'_, 'v, L> {
    /// The result is made: lay whatever can be laid now.
    ///
    /// # Errors
    /// That of laying.
    pub(crate) fn done(mut self, row: usize, encoded: Option<Cow<'v, [u8]>>) -> Result<()> {
        let mut state = self.laying.lock();
        state.done.insert(self.number, (row, encoded));
        let state = &mut *state;
        while state.next < state.failed_at {
            let Some((row, encoded)) = state.done.remove(&state.next) else {
                break;
            };
            if let Some(encoded) = encoded {
                if let Err(error) = (state.lay)(row, encoded) {
                    state.failed_at = state.next;
                    self.laying.moved.notify_all();
                    self.is_done = true;
                    return Err(error);
                }
            }
            state.next = state.next.saturating_add(1);
        }
        self.laying.moved.notify_all();
        self.is_done = true;
        Ok(())
    }
}

impl<'v, L: FnMut(usize, Cow<'v, [u8]>) -> Result<()>> Drop for Turn<'_, 'v, L> {
    fn drop(&mut self) {
        if !self.is_done {
            let mut state = self.laying.lock();
            state.failed_at = state.failed_at.min(self.number);
            drop(state);
            self.laying.moved.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workers::{self, Effort};

    const N: usize = if cfg!(miri) { 12 } else { 500 };
    const MUCH: Effort = Effort {
        total_ns: 1_000_000_000,
        max_threads: 4,
    };

    fn laid(fails_at: Option<usize>, lays: usize, panics: bool) -> (Vec<usize>, Result<()>) {
        let mut rows = Vec::new();
        let laying = Laying::new(3, |row, encoded: Cow<'_, [u8]>| {
            if rows.len() == lays {
                return Err(KernelError::TooLarge { what: "the sink" });
            }
            assert_eq!(encoded.len(), row % 7);
            rows.push(row);
            Ok(())
        });
        let outcome = workers::run(
            N,
            MUCH,
            &mut || Ok(()),
            || (),
            |(), number| {
                let turn = laying.turn(number)?;
                if fails_at == Some(number) {
                    assert!(!panics, "as it was told");
                    return Err(KernelError::ChunkMissing);
                }
                let encoded = vec![0; number % 7];
                turn.done(number, (number % 5 != 0).then(|| encoded.into()))
            },
        );
        drop(laying);
        (rows, outcome)
    }

    #[test]
    fn results_are_laid_in_order() {
        let (rows, outcome) = laid(None, usize::MAX, false);
        assert_eq!(outcome, Ok(()));
        assert!(rows.into_iter().eq((0..N).filter(|row| row % 5 != 0)));
    }

    #[test]
    fn a_failure_does_not_interrupt_those_before_it() {
        let mut rows = Vec::new();
        let laying = Laying::new(3, |row, _: Cow<'_, [u8]>| {
            rows.push(row);
            Ok(())
        });
        let made = || Some(vec![0].into());
        let first = laying.turn(0).unwrap();
        drop(laying.turn(2).unwrap()); // it fails while the one before it has not even begun
        assert!(laying.turn(3).is_err());
        let second = laying.turn(1).unwrap();
        second.done(1, made()).unwrap();
        first.done(0, made()).unwrap();
        assert!(laying.turn(2).is_err());
        drop(laying);
        assert_eq!(rows, [0, 1]);
    }

    #[test]
    fn nobody_waits_for_what_has_failed() {
        for fails_at in [0, 1, N / 2, N - 1] {
            let (rows, outcome) = laid(Some(fails_at), usize::MAX, false);
            assert_eq!(outcome, Err(KernelError::ChunkMissing));
            assert!(rows.into_iter().all(|row| row < fails_at));
            let (_, outcome) = laid(Some(fails_at), usize::MAX, true);
            assert!(matches!(outcome, Err(KernelError::Panicked { .. })));
        }
        let (rows, outcome) = laid(None, 5, false);
        assert_eq!(outcome, Err(KernelError::TooLarge { what: "the sink" }));
        assert_eq!(rows.len(), 5);
    }
}
