//! Stamps of files, and when they are proof.
//!
//! A stamp is what one system call tells of a file: file system, number, length, and two times. What
//! is kept under it is right only if a change of the file always changes it. It does not by itself:
//! times come from a clock that ticks every few milliseconds, a long write sets them when it begins,
//! and the number of a file is used again when it is gone. [`may_keep`] is the rule that makes it
//! so: a file is kept only if it had been left alone for a while when it was opened. Then a later
//! change happens at a later tick, and an earlier one that still goes on would have begun longer ago
//! than a write lasts.
//!
//! What remains: a single write call that lasts longer than the quiet period, changes through a
//! shared memory mapping, a clock that is set back and then meets the same nanosecond. On file
//! systems whose stamps come from elsewhere (network, FUSE) nothing is kept, see
//! [`stamps_are_sound`].

use std::path::Path;

use rustix::fs;

use crate::stamp::Stamp;
use crate::stored_object::Version;

/// Longer than any tick of a file system's clock, with room for a write that waits for the disk.
const QUIET_NS: u64 = 100_000_000;
/// A write of many bytes lasts longer; no disk that matters writes less than 50 MB/s.
const QUIET_NS_PER_BYTE: u64 = 20;
/// File systems whose stamps have no fractions count seconds, FAT two at a time.
const QUIET_COARSE_NS: u64 = 2_100_000_000;

/// A moment as a file system tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time {
    /// Seconds since 1970, negative before.
    pub(crate) seconds: i64,
    /// Nanoseconds within the second.
    pub(crate) nanoseconds: u32,
}

/// What the file system tells of a file without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileStamp {
    /// The file system.
    pub(crate) device: u64,
    /// The file within it; used again after the file is gone.
    pub(crate) inode: u64,
    /// Length in bytes.
    pub(crate) nbytes: u64,
    /// When the contents last changed, or what a program claims.
    pub(crate) modified: Time,
    /// When contents or names last changed; programs cannot set it.
    pub(crate) changed: Time,
}

impl FileStamp {
    // The types of these fields differ between systems.
    #[allow(clippy::useless_conversion, clippy::unnecessary_fallible_conversions)]
    pub(crate) fn of(status: &fs::Stat) -> Self {
        let nanoseconds = |value| u32::try_from(value).unwrap_or(0);
        Self {
            device: u64::try_from(status.st_dev).unwrap_or(u64::MAX),
            inode: status.st_ino.into(),
            nbytes: u64::try_from(status.st_size).unwrap_or(0),
            modified: Time {
                seconds: status.st_mtime.into(),
                nanoseconds: nanoseconds(status.st_mtime_nsec),
            },
            changed: Time {
                seconds: status.st_ctime.into(),
                nanoseconds: nanoseconds(status.st_ctime_nsec),
            },
        }
    }

    /// The stamp as others see it.
    pub(crate) fn opaque(&self) -> Stamp {
        let fractions = u64::from(self.modified.nanoseconds) << 32;
        let words = [
            self.device.to_ne_bytes(),
            self.inode.to_ne_bytes(),
            self.nbytes.to_ne_bytes(),
            self.modified.seconds.to_ne_bytes(),
            self.changed.seconds.to_ne_bytes(),
            (fractions | u64::from(self.changed.nanoseconds)).to_ne_bytes(),
        ];
        // Numbers of devices are small, and those of files rarely use all their bits.
        let object = self.inode ^ self.device.rotate_left(40);
        Stamp::new(object, words.as_flattened())
    }

    /// What the file is now.
    pub(crate) fn version(&self) -> Version {
        Version {
            nbytes: self.nbytes,
            stamp: self.opaque(),
        }
    }
}

/// Whether what is made of a file may be kept: it was stamped `first` when opened and `second` after
/// its bytes had been read, and `before` is the file system's clock before it was opened.
pub(crate) fn may_keep(before: Time, first: &FileStamp, second: &FileStamp) -> bool {
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

/// The file system's clock: stamps of files come from it, or from a finer one.
pub(crate) fn clock() -> Time {
    #[cfg(target_os = "linux")]
    let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
    #[cfg(not(target_os = "linux"))]
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
    Time {
        seconds: now.tv_sec,
        nanoseconds: u32::try_from(now.tv_nsec).unwrap_or(0),
    }
}

/// File systems of this machine, whose stamps come from this machine's clock and whose files nobody
/// else changes: by their magic numbers in `statfs(2)`.
#[cfg(target_os = "linux")]
const OWN_FILE_SYSTEMS: [u64; 9] = [
    0xef53,      // ext2, ext3, ext4
    0x5846_5342, // xfs
    0x9123_683e, // btrfs
    0x0102_1994, // tmpfs
    0x8584_58f6, // ramfs
    0xf2f5_2010, // f2fs
    0x2fc1_2fc1, // zfs
    0xca45_1a4e, // bcachefs
    0x794c_7630, // overlayfs, which passes on the stamps of one of these
];

/// Whether the stamps of files in a directory can be relied on. If so, the
/// device that this goes for.
#[must_use]
#[cfg(target_os = "linux")]
pub fn stamps_are_sound(directory: &Path) -> Option<u64> {
    let kind = fs::statfs(directory).ok()?.f_type;
    let kind = u64::try_from(kind).ok()?;
    if !OWN_FILE_SYSTEMS.contains(&kind) {
        return None;
    }
    let status = fs::stat(directory).ok()?;
    Some(FileStamp::of(&status).device)
}

/// As on Linux, where it is known.
#[must_use]
#[cfg(not(target_os = "linux"))]
pub fn stamps_are_sound(_directory: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::cache::{Cache, CacheKey};

    const TICK_NS: u64 = 4_000_000;

    fn time(nanoseconds: u64) -> Time {
        Time {
            seconds: i64::try_from(nanoseconds / 1_000_000_000).unwrap(),
            nanoseconds: u32::try_from(nanoseconds % 1_000_000_000).unwrap(),
        }
    }

    fn stamp(inode: u64, changed_ns: u64) -> FileStamp {
        FileStamp {
            device: 1,
            inode,
            nbytes: 100,
            modified: time(changed_ns),
            changed: time(changed_ns),
        }
    }

    #[test]
    fn every_number_counts() {
        let file = stamp(1, 5);
        let others = [
            FileStamp { device: 2, ..file },
            FileStamp { inode: 2, ..file },
            FileStamp {
                nbytes: 101,
                ..file
            },
            FileStamp {
                modified: time(6),
                ..file
            },
            FileStamp {
                changed: time(6),
                ..file
            },
            FileStamp {
                modified: time(1_000_000_005),
                ..file
            },
            FileStamp {
                changed: time(1_000_000_005),
                ..file
            },
        ];
        assert_eq!(file.opaque(), stamp(1, 5).opaque());
        for other in others {
            assert_ne!(file.opaque(), other.opaque(), "{other:?}");
        }
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
        let forged = FileStamp {
            modified: Time::default(),
            ..object
        };
        assert!(!may_keep(time(10 * second + 2), &forged, &forged));
    }

    /// A file system of one file whose clock ticks coarsely, that uses the number of the old file
    /// for the new one, and whose writes stamp first and copy later.
    struct FileSystem {
        now_ns: u64,
        stamp: FileStamp,
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
                        let stamp = files.stamp.opaque();
                        let key = CacheKey::new(&stamp, 0, 0, 100);
                        if let Some(found) = cache.get(&key, &stamp) {
                            prop_assert_eq!(found.downcast_ref::<u64>(), Some(&files.contents));
                        } else if may_keep(time(files.clock()), &files.stamp, &files.stamp) {
                            cache.insert(key, stamp, Arc::new(files.contents), 8);
                        }
                    }
                }
            }
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn file_systems_of_others_are_not_trusted() {
        assert!(stamps_are_sound(Path::new("/proc")).is_none());
        assert!(stamps_are_sound(Path::new("/not/there")).is_none());
    }
}
