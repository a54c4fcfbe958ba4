//! What the threads of this process share, made anew in a forked child.
//!
//! A child has one thread. Locks that other threads of its parent held stay locked in it for ever,
//! and counts of threads at work are wrong. So a child never works with its parent's state: it gets
//! one of its own ([`PerProcess`]), and the old one is left as it is. [`crate::fork`] lists what
//! there is of that kind.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many forks lie between this process and the one that loaded this code.
static N_FORKS: AtomicUsize = AtomicUsize::new(0);

/// To be called in a forked child, by its only thread: from now on everything is a new one.
pub(crate) fn begin_anew() {
    N_FORKS.fetch_add(1, Ordering::Relaxed);
}

/// Something that every process has one of.
#[derive(Debug)]
pub(crate) struct PerProcess<T: 'static> {
    value: T,
    /// Makes a child's from its parent's. It must not wait for locks.
    inherit: fn(&T) -> T,
    child: OnceLock<Box<Self>>,
}

impl<T> PerProcess<T> {
    /// That of the process that loads this code, and how a child gets its own.
    pub(crate) const fn new(value: T, inherit: fn(&T) -> T) -> Self {
        Self {
            value,
            inherit,
            child: OnceLock::new(),
        }
    }

    /// That of this process. The first call in a child must be made by its only thread: if another
    /// one forked during it, the grandchild would wait for ever.
    pub(crate) fn get(&self) -> &T {
        self.after_forks(N_FORKS.load(Ordering::Relaxed))
    }

    fn after_forks(&self, n_forks: usize) -> &T {
        let mut current = self;
        for _ in 0..n_forks {
            let parent = current;
            let make = || Box::new(Self::new((parent.inherit)(&parent.value), parent.inherit));
            current = parent.child.get_or_init(make);
        }
        &current.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_one_per_generation() {
        let counts = PerProcess::new(AtomicUsize::new(0), |_| AtomicUsize::new(0));
        counts.after_forks(0).store(3, Ordering::Relaxed);
        assert_eq!(counts.after_forks(1).load(Ordering::Relaxed), 0);
        counts.after_forks(1).store(5, Ordering::Relaxed);
        let found = [0, 1, 2].map(|n_forks| counts.after_forks(n_forks).load(Ordering::Relaxed));
        assert_eq!(found, [3, 5, 0]);
    }

    #[test]
    fn children_may_inherit() {
        let names = PerProcess::new("a".to_owned(), |parent| format!("child of {parent}"));
        assert_eq!(names.after_forks(2), "child of child of a");
        assert_eq!(names.after_forks(0), "a");
    }
}
