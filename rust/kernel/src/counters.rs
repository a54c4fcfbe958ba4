//! What requests have done to the operating system and to the cache, counted exactly.
//!
//! Tests assert these numbers where they must not assert times: one open per chunk, no read for a
//! cached one, one crossing per request. They count since the process began; take the difference
//! of two [`snapshot`]s.

use std::sync::atomic::{AtomicU64, Ordering};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// Files looked for and opened, if there.
    Opens,
    /// Of these, files that were not there.
    Missing,
    /// Calls that read bytes of files.
    Reads,
    /// Bytes that they read.
    ReadNbytes,
    /// Looks at the version of a file without opening it.
    Stats,
    /// Files that appeared or were replaced.
    FilesWritten,
    /// Bytes written to files, published or not.
    WrittenNbytes,
    /// Files removed.
    FilesRemoved,
    /// Directories made.
    DirectoriesMade,
    /// Locks taken.
    Locks,
    /// Changes that began anew because another writer was faster.
    LostRounds,
    /// Decoded chunks and shard indexes that were still good in the cache.
    CacheHits,
    /// Those that were looked for and not there.
    CacheMisses,
    /// Those that were there, but of an older version of the object.
    CacheStale,
    /// Entries put into the cache.
    CacheInserts,
    /// Entries dropped for want of room.
    CacheEvictions,
    /// Threads started to help a caller.
    HelpersStarted,
    /// Calls from Python that do a whole request.
    Crossings,
}

/// Every counter with its name, in the order of their declaration.
pub const NAMES: [(Counter, &str); 18] = [
    (Counter::Opens, "opens"),
    (Counter::Missing, "missing"),
    (Counter::Reads, "reads"),
    (Counter::ReadNbytes, "read_nbytes"),
    (Counter::Stats, "stats"),
    (Counter::FilesWritten, "files_written"),
    (Counter::WrittenNbytes, "written_nbytes"),
    (Counter::FilesRemoved, "files_removed"),
    (Counter::DirectoriesMade, "directories_made"),
    (Counter::Locks, "locks"),
    (Counter::LostRounds, "lost_rounds"),
    (Counter::CacheHits, "cache_hits"),
    (Counter::CacheMisses, "cache_misses"),
    (Counter::CacheStale, "cache_stale"),
    (Counter::CacheInserts, "cache_inserts"),
    (Counter::CacheEvictions, "cache_evictions"),
    (Counter::HelpersStarted, "helpers_started"),
    (Counter::Crossings, "crossings"),
];

static COUNTS: [AtomicU64; NAMES.len()] = [const { AtomicU64::new(0) }; NAMES.len()];

/// Count one.
pub fn count(counter: Counter) {
    add(counter, 1);
}

/// Count several, or bytes.
pub fn add(counter: Counter, amount: u64) {
    if let Some(count) = COUNTS.get(counter as usize) {
        count.fetch_add(amount, Ordering::Relaxed);
    }
}

/// All counts with their names.
#[must_use]
pub fn snapshot() -> [(&'static str, u64); NAMES.len()] {
    NAMES.map(|(counter, name)| {
        let count = COUNTS.get(counter as usize);
        (name, count.map_or(0, |count| count.load(Ordering::Relaxed)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order() {
        for (position, (counter, _)) in NAMES.iter().enumerate() {
            assert_eq!(*counter as usize, position);
        }
    }

    #[test]
    fn counts_are_kept_apart() {
        let before = snapshot();
        add(Counter::Crossings, 5);
        count(Counter::Crossings);
        let after = snapshot();
        assert_eq!(after[17], ("crossings", before[17].1 + 6));
    }
}
