//! Memory and codec contexts that tasks use again, from one request to the next.
//!
//! Fresh memory costs a page fault per 4 KiB and a fresh zstd context more than decoding a small
//! chunk. A thread takes one [`Scratch`] for all its tasks and gives it back at the end; what is
//! kept in between is bounded, in number and in bytes.

use std::ops::{Deref, DerefMut};
use std::sync::Mutex;

use crate::codec::Contexts;
use crate::process::PerProcess;

/// As many are kept as threads can be expected to work at once.
const MOST_KEPT: usize = 16;
/// Buffers that grew beyond this are not kept.
const LARGEST_KEPT_NBYTES: usize = 4 << 20;

/// What one thread needs for its tasks. Buffers hold garbage of earlier tasks.
#[derive(Debug, Default)]
pub struct Scratch {
    /// For bytes as they are stored.
    pub encoded: Vec<u8>,
    /// For bytes of one decoded chunk.
    pub decoded: Vec<u8>,
    /// For where the items of one decoded chunk begin.
    pub starts: Vec<usize>,
    /// For codecs.
    pub contexts: Contexts,
}

impl Scratch {
    fn trim(&mut self) {
        for buffer in [&mut self.encoded, &mut self.decoded] {
            if buffer.capacity() > LARGEST_KEPT_NBYTES {
                *buffer = Vec::new();
            }
        }
        let starts_nbytes = self.starts.capacity().saturating_mul(size_of::<usize>());
        if starts_nbytes > LARGEST_KEPT_NBYTES {
            self.starts = Vec::new();
        }
        self.contexts.trim(LARGEST_KEPT_NBYTES);
    }
}

/// That of this process.
pub(crate) static STASH: PerProcess<Stash> = PerProcess::new(Stash::new(), |_| Stash::new());

/// What is kept between requests.
#[derive(Debug)]
pub(crate) struct Stash(Mutex<Vec<Scratch>>);

impl Stash {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Nobody waits for scratch: where another thread is at the stash, a new one does.
    fn take(&self) -> Scratch {
        let mut kept = self.0.try_lock().ok();
        kept.as_mut()
            .and_then(|kept| kept.pop())
            .unwrap_or_default()
    }

    fn give_back(&self, mut scratch: Scratch) {
        scratch.trim();
        if let Ok(mut kept) = self.0.try_lock() {
            if kept.len() < MOST_KEPT {
                kept.push(scratch);
            }
        }
    }
}

/// A [`Scratch`] until dropped.
#[derive(Debug)]
pub struct Borrowed {
    scratch: Scratch,
    stash: &'static Stash,
}

/// Scratch for the calling thread.
#[must_use]
pub fn borrow() -> Borrowed {
    let stash = STASH.get();
    Borrowed {
        scratch: stash.take(),
        stash,
    }
}

impl Deref for Borrowed {
    type Target = Scratch;

    fn deref(&self) -> &Scratch {
        &self.scratch
    }
}

impl DerefMut for Borrowed {
    fn deref_mut(&mut self) -> &mut Scratch {
        &mut self.scratch
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        // After a panic its contexts may be in any state.
        if !std::thread::panicking() {
            self.stash.give_back(std::mem::take(&mut self.scratch));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_used_again() {
        let stash = Stash::new();
        let mut scratch = stash.take();
        scratch.encoded.reserve(100);
        let capacity = scratch.encoded.capacity();
        stash.give_back(scratch);
        assert_eq!(stash.take().encoded.capacity(), capacity);
        assert_eq!(stash.take().encoded.capacity(), 0);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let stash = Stash::new();
        let mut scratch = stash.take();
        scratch.decoded.reserve(LARGEST_KEPT_NBYTES + 1);
        stash.give_back(scratch);
        assert_eq!(stash.take().decoded.capacity(), 0);
        for _ in 0..=MOST_KEPT {
            stash.give_back(Scratch::default());
        }
        assert_eq!(stash.0.lock().unwrap().len(), MOST_KEPT);
    }

    #[test]
    fn nobody_waits() {
        let stash = Stash::new();
        let _other = stash.0.lock().unwrap();
        stash.give_back(stash.take());
    }
}
