//! Descriptors that a forked child must close: it would keep its parent's locks alive after the
//! parent's death.

use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::thread;

use crate::process::PerProcess;

/// Descriptors that can be listed at once. More would need more open files than systems allow.
const MOST_LISTED: usize = 1024;
const FREE: i32 = -1;
const TAKEN: i32 = -2;

/// Those of this process.
pub(crate) static LISTED: PerProcess<Descriptors> =
    PerProcess::new(Descriptors::new(), |_| Descriptors::new());

/// Open no more until [`release_after_fork`], so that the list is complete in a child.
pub(crate) fn hold_for_fork() {
    let descriptors = LISTED.get();
    descriptors.n_forking.fetch_add(1, Ordering::SeqCst);
    while descriptors.n_opening.load(Ordering::SeqCst) > 0 {
        thread::yield_now();
    }
}

/// To be called after a fork, or an attempt, in the process that forked.
pub(crate) fn release_after_fork() {
    LISTED.get().n_forking.fetch_sub(1, Ordering::SeqCst);
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

    pub(crate) fn all(&self) -> Vec<i32> {
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

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::AsRawFd;
    use std::time::Duration;

    use super::*;

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
        hold_for_fork();
        let (opened, was_opened) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            let list = LISTED.get();
            drop(list.list(|| File::open("/dev/null"), File::as_raw_fd));
            opened.send(()).unwrap();
        });
        let wait = Duration::from_millis(50);
        assert!(was_opened.recv_timeout(wait).is_err());
        release_after_fork();
        was_opened.recv_timeout(Duration::from_secs(10)).unwrap();
        thread.join().unwrap();
    }
}
