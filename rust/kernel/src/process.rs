//! What the threads of this process share, made anew in a forked child.
//!
//! A child has one thread. Locks that other threads of its parent held stay locked in it for ever,
//! counts of threads at work are wrong, and inherited lock descriptors would keep the parent's
//! locks alive after its death. So a child never looks at its parent's state: [`in_forked_child`]
//! puts a fresh one behind it, and the old one is left as it is.
//!
//! Nothing here is told of a fork by itself; the binding registers the function with Python.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The state of one process.
#[derive(Debug)]
pub(crate) struct State {
    /// Threads that run tasks, see [`crate::workers`].
    pub(crate) at_work: AtomicUsize,
    /// The state of the forked child that this process is.
    child: OnceLock<Box<State>>,
}

impl State {
    const fn new() -> Self {
        Self {
            at_work: AtomicUsize::new(0),
            child: OnceLock::new(),
        }
    }
}

static FIRST: State = State::new();
/// How many forks lie between this process and the one that loaded this code.
static N_FORKS: AtomicUsize = AtomicUsize::new(0);

/// The state of this process.
pub(crate) fn state() -> &'static State {
    let mut state = &FIRST;
    for _ in 0..N_FORKS.load(Ordering::Relaxed) {
        state = state.child.get_or_init(|| Box::new(State::new()));
    }
    state
}

/// To be called in a forked child, by its only thread, before anything else here.
pub fn in_forked_child() {
    N_FORKS.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_one_per_generation() {
        let state = State::new();
        let child = state.child.get_or_init(|| Box::new(State::new()));
        state.at_work.store(3, Ordering::Relaxed);
        assert_eq!(child.at_work.load(Ordering::Relaxed), 0);
    }
}
