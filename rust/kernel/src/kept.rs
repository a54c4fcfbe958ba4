//! Something that is computed when it is first asked for, and kept.
//!
//! Unlike `OnceLock` this never waits. A thread that finds it in the hands of another one, which may
//! be gone since a fork, computes it for itself. So a forked child never waits for a thread that it
//! does not have.

use std::sync::RwLock;

/// A place for a value that always comes out the same.
#[derive(Debug)]
pub struct Kept<T>(RwLock<Option<T>>);

impl<T: Clone> Kept<T> {
    /// Nothing is kept yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(RwLock::new(None))
    }

    /// The value: what is kept, or what `make` returns. It may be made several times.
    pub fn get_or(&self, make: impl FnOnce() -> T) -> T {
        if let Some(kept) = self.get() {
            return kept;
        }
        let made = make();
        self.keep(made.clone());
        made
    }

    /// What is kept, if anything is.
    #[must_use]
    pub fn get(&self) -> Option<T> {
        self.0.try_read().ok().and_then(|kept| kept.clone())
    }

    /// Keep a value, unless somebody is at it right now.
    pub fn keep(&self, value: T) {
        if let Ok(mut kept) = self.0.try_write() {
            *kept = Some(value);
        }
    }
}

impl<T: Clone> Default for Kept<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// What is kept can be had again.
impl<T: Clone> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self::new()
    }
}

impl<T> PartialEq for Kept<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Kept<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_once() {
        let kept = Kept::new();
        assert_eq!(kept.get_or(|| 3), 3);
        assert_eq!(kept.get_or(|| 4), 3);
    }

    #[test]
    fn nobody_waits_for_who_has_it() {
        let kept = Kept::new();
        let at_it = kept.0.write().unwrap();
        assert_eq!(kept.get_or(|| 3), 3);
        assert_eq!(kept.get_or(|| 4), 4);
        drop(at_it);
        assert_eq!(kept.get_or(|| 5), 5);
        let reading = kept.0.read().unwrap();
        assert_eq!(kept.get_or(|| 6), 5);
        drop(reading);
    }
}
