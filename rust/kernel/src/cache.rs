//! Decoded chunks and shard indexes that are used again only while they are what is stored.
//!
//! An entry is kept with the [`Stamp`] of the object it was made from, and found again only under
//! the stamp that the object has now. That costs one system call, and is right only if a change of
//! the object always changes its stamp. It does not by itself: stamps come from a clock that ticks
//! every few milliseconds, a long write sets its stamp when it begins, and the number of a file is
//! used again when it is gone. [`may_keep`] is the rule that makes it so: an object is kept only if
//! it had been left alone for a while when it was opened. Then a later change happens at a later
//! tick, and an earlier one that still goes on would have begun longer ago than a write lasts.
//!
//! What remains: a single write call that lasts longer than the quiet period, changes through a
//! shared memory mapping, a clock that is set back and then meets the same nanosecond. On file
//! systems whose stamps come from elsewhere (network, FUSE) nothing is kept, see
//! [`crate::local`].

use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::counters::{self, Counter};
use crate::process;
use crate::source::{Stamp, Time};

/// Longer than any tick of a file system's clock, with room for a write that waits for the disk.
const QUIET_NS: u64 = 100_000_000;
/// A write of many bytes lasts longer; no disk that matters writes less than 50 MB/s.
const QUIET_NS_PER_BYTE: u64 = 20;
/// File systems whose stamps have no fractions count seconds, FAT two at a time.
const QUIET_COARSE_NS: u64 = 2_100_000_000;
/// Where the memory of the machine cannot be learned, and never more than this by default.
const MOST_BY_DEFAULT: usize = 256 << 20;
/// One part in so many of the memory, by default.
const SHARE_OF_MEMORY: u64 = 64;
/// An entry may take one part in so many of the capacity.
const LARGEST_SHARE: usize = 4;
/// Estimate of what an entry costs beyond its bytes.
const ENTRY_NBYTES: usize = 200;

/// Whether an object may be kept: it was stamped `first` when opened and `second` after its bytes
/// had been read, and `before` is the file system's clock before it was opened.
#[must_use]
pub fn may_keep(before: Time, first: &Stamp, second: &Stamp) -> bool {
    let last_change = first.modified.max(first.changed);
    let coarse = first.modified.nanoseconds == 0 && first.changed.nanoseconds == 0;
    let least = if coarse { QUIET_COARSE_NS } else { QUIET_NS };
    let quiet = least.saturating_add(first.nbytes.saturating_mul(QUIET_NS_PER_BYTE));
    first == second && nanoseconds(before) > nanoseconds(last_change).saturating_add(quiet.into())
}

fn nanoseconds(time: Time) -> i128 {
    i128::from(time.seconds)
        .saturating_mul(1_000_000_000)
        .saturating_add(time.nanoseconds.into())
}

/// What an entry was made from and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey {
    device: u64,
    inode: u64,
    /// Distinguishes what was made of the same bytes; see [`CacheKey::new`].
    view: u64,
    offset: u64,
    nbytes: u64,
}

impl CacheKey {
    /// The key of what was made of `nbytes` bytes from `offset` on of an object.
    ///
    /// `view` must be the same only for decoders that make the same of the same bytes.
    #[must_use]
    pub fn new(stamp: &Stamp, view: u64, offset: u64, nbytes: u64) -> Self {
        Self {
            device: stamp.device,
            inode: stamp.inode,
            view,
            offset,
            nbytes,
        }
    }
}

/// Something in the cache: shared by those who use it at the moment, and never changed.
pub type Cached = Arc<dyn Any + Send + Sync>;

#[derive(Debug)]
struct Entry {
    stamp: Stamp,
    value: Cached,
    nbytes: usize,
    /// Used since it was last considered for dropping.
    used: bool,
    /// Its place in the queue; places of dropped entries stay there until their turn.
    place: u64,
}

#[derive(Debug)]
struct Entries {
    by_key: HashMap<CacheKey, Entry, BuildHasherDefault<DefaultHasher>>,
    /// In the order in which entries are considered for dropping.
    queue: VecDeque<(CacheKey, u64)>,
    next_place: u64,
    nbytes: usize,
}

/// A bounded number of bytes of things made from stored objects.
#[derive(Debug)]
pub struct Cache {
    capacity: AtomicUsize,
    entries: Mutex<Entries>,
}

impl Cache {
    /// An empty cache of at most `capacity` bytes.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self {
            capacity: AtomicUsize::new(capacity),
            entries: Mutex::new(Entries {
                by_key: HashMap::with_hasher(BuildHasherDefault::new()),
                queue: VecDeque::new(),
                next_place: 0,
                nbytes: 0,
            }),
        }
    }

    /// The cache that all arrays of this process share. It is off until it has a capacity.
    #[must_use]
    pub fn of_process() -> &'static Self {
        &process::state().cache
    }

    /// The most bytes it holds.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity.load(Ordering::Relaxed)
    }

    /// Whether anything can be kept at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.capacity() > 0
    }

    /// Change the capacity, and drop what no longer fits. 0 turns it off.
    pub fn set_capacity(&self, capacity: usize) {
        if self.capacity.swap(capacity, Ordering::Relaxed) > capacity {
            self.lock().shrink_to(capacity);
        }
    }

    /// Bytes in it, with an estimate of what their administration takes.
    #[must_use]
    pub fn nbytes(&self) -> usize {
        self.lock().nbytes
    }

    /// Drop everything.
    pub fn clear(&self) {
        self.lock().shrink_to(0);
    }

    /// What was made of the object that now has this stamp, if it is here.
    #[must_use]
    pub fn get(&self, key: &CacheKey, stamp: &Stamp) -> Option<Cached> {
        if !self.is_on() {
            return None;
        }
        let mut entries = self.lock();
        let Some(entry) = entries.by_key.get_mut(key) else {
            counters::count(Counter::CacheMisses);
            return None;
        };
        if entry.stamp == *stamp {
            entry.used = true;
            counters::count(Counter::CacheHits);
            return Some(Arc::clone(&entry.value));
        }
        counters::count(Counter::CacheStale);
        entries.remove(key);
        None
    }

    /// Keep something, if it is not too large. The caller has the word of [`may_keep`] that the
    /// stamp stands for the bytes it was made of. `nbytes` is what it takes in memory.
    pub fn insert(&self, key: CacheKey, stamp: Stamp, value: Cached, nbytes: usize) {
        let capacity = self.capacity();
        let nbytes = nbytes.saturating_add(ENTRY_NBYTES);
        if nbytes > capacity / LARGEST_SHARE {
            return;
        }
        counters::count(Counter::CacheInserts);
        let mut entries = self.lock();
        entries.remove(&key);
        entries.shrink_to(capacity.saturating_sub(nbytes));
        entries.insert(key, stamp, value, nbytes);
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn insert(&mut self, key: CacheKey, stamp: Stamp, value: Cached, nbytes: usize) {
        let place = self.new_place(key);
        let entry = Entry {
            stamp,
            value,
            nbytes,
            used: false,
            place,
        };
        self.by_key.insert(key, entry);
        self.nbytes = self.nbytes.saturating_add(nbytes);
    }

    fn new_place(&mut self, key: CacheKey) -> u64 {
        self.next_place = self.next_place.wrapping_add(1);
        self.queue.push_back((key, self.next_place));
        self.next_place
    }

    fn remove(&mut self, key: &CacheKey) {
        if let Some(entry) = self.by_key.remove(key) {
            self.nbytes = self.nbytes.saturating_sub(entry.nbytes);
        }
        // Places without an entry must not pile up.
        if self.queue.len() > self.by_key.len().saturating_mul(2).saturating_add(64) {
            let by_key = &self.by_key;
            self.queue
                .retain(|(key, place)| by_key.get(key).is_some_and(|entry| entry.place == *place));
        }
    }

    /// Drop entries, least recently considered first, until at most `nbytes` are left. One that was
    /// used since gets a second turn.
    fn shrink_to(&mut self, nbytes: usize) {
        while self.nbytes > nbytes {
            let Some((key, place)) = self.queue.pop_front() else {
                return;
            };
            let Some(entry) = self.by_key.get_mut(&key) else {
                continue;
            };
            if entry.place != place {
                continue;
            }
            if entry.used && nbytes > 0 {
                entry.used = false;
                let place = self.new_place(key);
                if let Some(entry) = self.by_key.get_mut(&key) {
                    entry.place = place;
                }
            } else {
                counters::count(Counter::CacheEvictions);
                self.remove(&key);
            }
        }
    }
}

/// Capacity for who has not chosen one: a small share of the memory that this process may use.
#[must_use]
pub fn default_capacity() -> usize {
    let share = memory_nbytes().map(|nbytes| nbytes / SHARE_OF_MEMORY);
    share
        .and_then(|nbytes| usize::try_from(nbytes).ok())
        .map_or(MOST_BY_DEFAULT, |nbytes| nbytes.min(MOST_BY_DEFAULT))
}

/// Memory of the machine, or of the container if that has a limit.
#[cfg(target_os = "linux")]
#[allow(clippy::useless_conversion)] // its type differs between processors
fn memory_nbytes() -> Option<u64> {
    let info = rustix::system::sysinfo();
    let machine = u64::try_from(info.totalram)
        .ok()?
        .saturating_mul(info.mem_unit.into());
    let container = std::fs::read_to_string("/sys/fs/cgroup/memory.max")
        .ok()
        .and_then(|text| text.trim().parse().ok());
    Some(container.map_or(machine, |limit: u64| limit.min(machine)))
}

#[cfg(not(target_os = "linux"))]
fn memory_nbytes() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TICK_NS: u64 = 4_000_000;

    fn time(nanoseconds: u64) -> Time {
        Time {
            seconds: i64::try_from(nanoseconds / 1_000_000_000).unwrap(),
            nanoseconds: u32::try_from(nanoseconds % 1_000_000_000).unwrap(),
        }
    }

    fn stamp(inode: u64, changed_ns: u64) -> Stamp {
        Stamp {
            device: 1,
            inode,
            nbytes: 100,
            modified: time(changed_ns),
            changed: time(changed_ns),
        }
    }

    fn key(number: u64) -> CacheKey {
        CacheKey::new(&stamp(number, 0), 0, 0, 100)
    }

    fn number_of(value: &Cached) -> u64 {
        *value.downcast_ref::<u64>().unwrap()
    }

    #[test]
    fn young_objects_are_not_kept() {
        let second = 1_000_000_000;
        let object = stamp(1, 10 * second + 1);
        assert!(!may_keep(time(10 * second + 2), &object, &object));
        assert!(!may_keep(time(10 * second + QUIET_NS), &object, &object));
        assert!(may_keep(time(10 * second + QUIET_NS * 2), &object, &object));
    }

    #[test]
    fn quiet_is_longer_for_large_objects_and_coarse_stamps() {
        let second = 1_000_000_000;
        let mut large = stamp(1, 10 * second + 1);
        large.nbytes = 50_000_000;
        assert!(!may_keep(time(11 * second), &large, &large));
        assert!(may_keep(time(12 * second), &large, &large));
        let coarse = stamp(1, 10 * second);
        assert!(!may_keep(time(12 * second), &coarse, &coarse));
        assert!(may_keep(time(13 * second), &coarse, &coarse));
    }

    #[test]
    fn stamps_of_the_future_and_changed_objects_are_not_kept() {
        let second = 1_000_000_000;
        let object = stamp(1, 10 * second + 1);
        assert!(!may_keep(time(2 * second), &object, &object));
        let later = stamp(1, 10 * second + 2);
        assert!(!may_keep(time(30 * second), &object, &later));
        let forged = Stamp {
            modified: Time::default(),
            ..object
        };
        assert!(!may_keep(time(10 * second + 2), &forged, &forged));
    }

    #[test]
    fn other_stamps_find_nothing() {
        let cache = Cache::new(10_000);
        cache.insert(key(1), stamp(1, 5), Arc::new(7_u64), 8);
        assert_eq!(number_of(&cache.get(&key(1), &stamp(1, 5)).unwrap()), 7);
        assert!(cache.get(&key(1), &stamp(1, 6)).is_none());
        assert!(cache.get(&key(1), &stamp(1, 5)).is_none()); // it was dropped
        assert_eq!(cache.nbytes(), 0);
    }

    #[test]
    fn capacity_holds_and_used_entries_stay_longer() {
        let cache = Cache::new(10 * (ENTRY_NBYTES + 100));
        for number in 0..10 {
            cache.insert(key(number), stamp(number, 5), Arc::new(number), 100);
        }
        assert!(cache.get(&key(0), &stamp(0, 5)).is_some());
        cache.insert(key(10), stamp(10, 5), Arc::new(10_u64), 100);
        assert!(cache.nbytes() <= cache.capacity());
        assert!(cache.get(&key(0), &stamp(0, 5)).is_some());
        assert!(cache.get(&key(1), &stamp(1, 5)).is_none());
        cache.insert(key(11), stamp(11, 5), Arc::new(11_u64), 5000);
        assert!(cache.get(&key(11), &stamp(11, 5)).is_none()); // too large a share
        cache.set_capacity(0);
        assert_eq!(cache.nbytes(), 0);
        cache.insert(key(1), stamp(1, 5), Arc::new(1_u64), 1);
        assert!(cache.get(&key(1), &stamp(1, 5)).is_none());
    }

    #[test]
    fn replaced_entries_leave_no_places() {
        let cache = Cache::new(100_000);
        for number in 0..10_000_u64 {
            cache.insert(key(1), stamp(1, number), Arc::new(number), 100);
        }
        assert!(cache.lock().queue.len() < 100);
        assert_eq!(cache.nbytes(), 100 + ENTRY_NBYTES);
    }

    #[test]
    fn default_is_modest() {
        assert!((1..=MOST_BY_DEFAULT).contains(&default_capacity()));
    }

    /// A file system of one file whose clock ticks coarsely, that uses the number of the old file
    /// for the new one, and whose writes stamp first and copy later.
    struct FileSystem {
        now_ns: u64,
        stamp: Stamp,
        contents: u64,
        /// Of a write in place that has begun.
        pending: Option<u64>,
    }

    #[derive(Clone, Debug)]
    enum Step {
        Pass { ns: u64 },
        Replace,
        BeginWrite,
        EndWrite,
        Read,
    }

    impl FileSystem {
        fn clock(&self) -> u64 {
            self.now_ns / TICK_NS * TICK_NS + 1
        }

        fn restamp(&mut self) {
            self.stamp = stamp(1, self.clock());
        }
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            // Often within a tick; sometimes longer than the quiet period, never during a write.
            3 => (0..TICK_NS * 2).prop_map(|ns| Step::Pass { ns }),
            2 => (0..QUIET_NS * 3).prop_map(|ns| Step::Pass { ns }),
            2 => Just(Step::Replace),
            2 => Just(Step::BeginWrite),
            2 => Just(Step::EndWrite),
            6 => Just(Step::Read),
        ];
        prop::collection::vec(step, 1..60)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn nothing_stale_is_found(steps in steps()) {
            let cache = Cache::new(100_000);
            let mut files = FileSystem {
                now_ns: 1_000_000_000_000,
                stamp: stamp(1, 1),
                contents: 0,
                pending: None,
            };
            let mut next = 0;
            for step in steps {
                match step {
                    Step::Pass { ns } => {
                        let longest = if files.pending.is_some() { TICK_NS } else { u64::MAX };
                        files.now_ns += ns.min(longest);
                    }
                    Step::Replace => {
                        next += 1;
                        files.pending = None;
                        files.contents = next;
                        files.restamp();
                    }
                    Step::BeginWrite => {
                        next += 1;
                        files.pending = Some(next);
                        files.restamp();
                    }
                    Step::EndWrite => {
                        files.contents = files.pending.take().unwrap_or(files.contents);
                    }
                    Step::Read => {
                        if let Some(found) = cache.get(&key(1), &files.stamp) {
                            prop_assert_eq!(number_of(&found), files.contents);
                        } else if may_keep(time(files.clock()), &files.stamp, &files.stamp) {
                            cache.insert(key(1), files.stamp, Arc::new(files.contents), 8);
                        }
                    }
                }
            }
        }
    }
}
