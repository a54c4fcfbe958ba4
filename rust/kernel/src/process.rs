//! What the threads of this process share, made anew in a forked child.
//!
//! A child has one thread. Locks that other threads of its parent held stay locked in it for ever,
//! counts of threads at work are wrong, and inherited lock descriptors would keep the parent's
//! locks alive after its death. So a child never looks at its parent's state: [`in_forked_child`]
//! puts a fresh one behind it, and the old one is left as it is.
//!
//! Nothing here is told of a fork by itself; the binding registers the functions with Python.

// Where nothing forks, nothing needs to be listed.
#![cfg_attr(not(unix), allow(dead_code))]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::thread;

use crate::cache::Cache;
use crate::scratch::Stash;

/// Descriptors that can be listed at once. More would need more open files than systems allow.
const MOST_LISTED: usize = 1024;
const FREE: i32 = -1;
const TAKEN: i32 = -2;

/// The state of one process.
#[derive(Debug)]
pub(crate) struct State {
    /// Threads that run tasks, see [`crate::workers`].
    pub(crate) at_work: AtomicUsize,
    /// Descriptors that a forked child must close.
    pub(crate) not_for_children: Descriptors,
    /// Scratch memory between requests.
    pub(crate) scratch: Stash,
    /// Decoded chunks and shard indexes.
    pub(crate) cache: Cache,
    /// What temporary names of this process begin with.
    pub(crate) temporary_prefix: OnceLock<String>,
    /// The state of the forked child that this process is.
    child: OnceLock<Box<State>>,
}

impl State {
    const fn new() -> Self {
        Self {
            at_work: AtomicUsize::new(0),
            not_for_children: Descriptors::new(),
            scratch: Stash::new(),
            cache: Cache::new(0),
            temporary_prefix: OnceLock::new(),
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

/// To be called before a fork. From then on no lock descriptor is opened until
/// [`after_fork_in_parent`], so that the list of them is complete in the child.
pub fn before_fork() {
    let descriptors = &state().not_for_children;
    descriptors.n_forking.fetch_add(1, Ordering::SeqCst);
    while descriptors.n_opening.load(Ordering::SeqCst) > 0 {
        thread::yield_now();
    }
}

/// To be called after a fork, or an attempt, in the process that forked.
pub fn after_fork_in_parent() {
    let descriptors = &state().not_for_children;
    descriptors.n_forking.fetch_sub(1, Ordering::SeqCst);
}

/// To be called in a forked child, by its only thread, before anything else here. Returns the
/// inherited descriptors that the caller must close.
#[must_use]
pub fn in_forked_child() -> Vec<i32> {
    let parent = state();
    N_FORKS.fetch_add(1, Ordering::Relaxed);
    state().cache.set_capacity(parent.cache.capacity());
    parent.not_for_children.all()
}

/// A list of descriptors that needs no lock, so that a forked child can read it.
#[derive(Debug)]
pub(crate) struct Descriptors {
    slots: [AtomicI32; MOST_LISTED],
    next: AtomicUsize,
    /// Threads between opening a descriptor and putting it into the list.
    n_opening: AtomicUsize,
    /// Threads that fork.
    n_forking: AtomicUsize,
}

/// A descriptor's place in the list, given back when dropped.
#[derive(Debug)]
pub(crate) struct Listed(&'static AtomicI32);

impl Descriptors {
    const fn new() -> Self {
        Self {
            slots: [const { AtomicI32::new(FREE) }; MOST_LISTED],
            next: AtomicUsize::new(0),
            n_opening: AtomicUsize::new(0),
            n_forking: AtomicUsize::new(0),
        }
    }

    /// Open a descriptor and list it, at one moment as seen by a forked child. `None` if the list is
    /// full.
    pub(crate) fn list<T, E>(
        &'static self,
        open: impl FnOnce() -> Result<T, E>,
        number: impl FnOnce(&T) -> i32,
    ) -> Option<Result<(Listed, T), E>> {
        let place = self.reserve()?;
        let _opening = Opening::begin(self);
        Some(open().map(|opened| {
            place.0.store(number(&opened), Ordering::Release);
            (place, opened)
        }))
    }

    /// A place for a descriptor that is about to be opened; `None` if all are taken.
    fn reserve(&'static self) -> Option<Listed> {
        let (before, after) = self
            .slots
            .split_at_checked(self.next.fetch_add(1, Ordering::Relaxed) % MOST_LISTED)?;
        let mut slots = after.iter().chain(before);
        slots
            .find(|slot| {
                slot.compare_exchange(FREE, TAKEN, Ordering::AcqRel, Ordering::Relaxed)
                    .is_ok()
            })
            .map(Listed)
    }

    fn all(&self) -> Vec<i32> {
        let listed = self.slots.iter().map(|slot| slot.load(Ordering::Acquire));
        listed.filter(|&descriptor| descriptor >= 0).collect()
    }
}

/// While this lives, nobody forks.
struct Opening(&'static Descriptors);

impl Opening {
    fn begin(descriptors: &'static Descriptors) -> Self {
        loop {
            let opening = Self(descriptors);
            descriptors.n_opening.fetch_add(1, Ordering::SeqCst);
            if descriptors.n_forking.load(Ordering::SeqCst) == 0 {
                return opening;
            }
            drop(opening);
            thread::yield_now();
        }
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.0.n_opening.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.0.store(FREE, Ordering::Release);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::File;
    use std::os::fd::AsRawFd;
    use std::time::Duration;

    use super::*;

    #[test]
    fn states_are_one_per_generation() {
        let state = State::new();
        let child = state.child.get_or_init(|| Box::new(State::new()));
        state.at_work.store(3, Ordering::Relaxed);
        assert_eq!(child.at_work.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn descriptors_are_listed_while_open() {
        static LIST: Descriptors = Descriptors::new();
        let open = || {
            LIST.list(|| File::open("/dev/null"), File::as_raw_fd)
                .unwrap()
                .unwrap()
        };
        let (first, second) = (open(), open());
        assert_eq!(LIST.all(), [first.1.as_raw_fd(), second.1.as_raw_fd()]);
        drop(first);
        assert_eq!(LIST.all(), [second.1.as_raw_fd()]);
        assert!(
            LIST.list(|| File::open("/not/there"), File::as_raw_fd)
                .unwrap()
                .is_err()
        );
        assert_eq!(LIST.all().len(), 1);
    }

    #[test]
    fn list_can_be_full() {
        static LIST: Descriptors = Descriptors::new();
        let mut all: Vec<_> = (0..MOST_LISTED).map(|_| LIST.reserve().unwrap()).collect();
        assert!(LIST.reserve().is_none());
        all.pop();
        assert!(LIST.reserve().is_some());
    }

    #[test]
    fn nothing_is_opened_during_a_fork() {
        before_fork();
        let (opened, was_opened) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            let list = &state().not_for_children;
            drop(list.list(|| File::open("/dev/null"), File::as_raw_fd));
            opened.send(()).unwrap();
        });
        let wait = Duration::from_millis(50);
        assert!(was_opened.recv_timeout(wait).is_err());
        after_fork_in_parent();
        was_opened.recv_timeout(Duration::from_secs(10)).unwrap();
        thread.join().unwrap();
    }
}
