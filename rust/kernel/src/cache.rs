//! Decoded chunks and shard indexes that are used again only while they are what is stored.
//!
//! An entry is kept with the [`Stamp`] of the object it was made from, and found again only under
//! the stamp that the object has now. Stamps are compared and nothing else: that equal ones stand
//! for equal bytes is what the place that made them promises.

use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::counters::{self, Counter};
use crate::process::PerProcess;
use crate::stamp::Stamp;

/// Where the memory of the machine cannot be learned, and never more than this by default.
const MOST_BY_DEFAULT: usize = 256 << 20;
/// One part in so many of the memory, by default.
const SHARE_OF_MEMORY: u64 = 64;
/// An entry may take one part in so many of the capacity.
const LARGEST_SHARE: usize = 4;
/// Estimate of what an entry costs beyond its bytes.
const ENTRY_NBYTES: usize = 200;

/// What an entry was made from and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey {
    object: u64,
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
            object: stamp.object(),
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

static OF_PROCESS: PerProcess<Cache> =
    PerProcess::new(Cache::new(0), |parent| Cache::new(parent.capacity()));

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

    /// The cache that all arrays of this process share. It is off until it has a capacity; a forked
    /// child begins with an empty one.
    #[must_use]
    pub fn of_process() -> &'static Self {
        OF_PROCESS.get()
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

    /// Keep something, if it is not too large. The caller has the word of the place that the stamp
    /// stands for the bytes it was made of. `nbytes` is what it takes in memory.
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
    use std::hash::BuildHasher;

    use super::*;

    fn stamp(object: u64, version: u64) -> Stamp {
        Stamp::new(object, &version.to_le_bytes())
    }

    fn key(number: u64) -> CacheKey {
        CacheKey::new(&stamp(number, 0), 0, 0, 100)
    }

    fn number_of(value: &Cached) -> u64 {
        *value.downcast_ref::<u64>().unwrap()
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

    /// A place that is asked for an ETag instead of looking at a file.
    #[test]
    fn stamps_can_be_made_of_etags() {
        let stamp = |name: &str, etag: &str| {
            let object = BuildHasherDefault::<DefaultHasher>::new().hash_one(name);
            Stamp::new(
                object,
                format!("https://example.org/{name} {etag}").as_bytes(),
            )
        };
        let cache = Cache::new(10_000);
        let first = stamp("c/0", "\"9b2cf535f27731c974343645a3985328\"");
        let key = CacheKey::new(&first, 0, 0, 100);
        cache.insert(key, first.clone(), Arc::new(1_u64), 8);
        assert_eq!(number_of(&cache.get(&key, &first).unwrap()), 1);
        let other = stamp("c/1", "\"9b2cf535f27731c974343645a3985328\"");
        let other_key = CacheKey::new(&other, 0, 0, 100);
        assert!(cache.get(&other_key, &other).is_none());
        let second = stamp("c/0", "\"9b2cf535f27731c974343645a3985328-2\"");
        let second_key = CacheKey::new(&second, 0, 0, 100);
        assert!(cache.get(&second_key, &second).is_none());
        assert_eq!(cache.nbytes(), 0); // what was made of the first is of no use any more
    }

    /// Numbers of objects are hashes: two may have the same.
    #[test]
    fn objects_of_the_same_number_are_told_apart() {
        let cache = Cache::new(10_000);
        let (one, other) = (Stamp::new(1, b"one"), Stamp::new(1, b"other"));
        cache.insert(CacheKey::new(&one, 0, 0, 1), one, Arc::new(1_u64), 8);
        assert!(cache.get(&CacheKey::new(&other, 0, 0, 1), &other).is_none());
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
}
