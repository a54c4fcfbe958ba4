//! What differs between file systems, and how failures are told.

use std::path::{Path, PathBuf};

use rustix::fs::{self, CWD, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use crate::KernelError;
use crate::source::{Stamp, Time};

/// Reasons of a file system that has no locks between processes.
const NO_LOCKS: [Errno; 5] = [
    Errno::BADF,
    Errno::NOLCK,
    Errno::OPNOTSUPP,
    Errno::NOSYS,
    Errno::INVAL,
];

pub(crate) fn failure(action: &'static str, path: impl Into<PathBuf>, errno: Errno) -> KernelError {
    KernelError::Io {
        action,
        path: path.into(),
        errno: errno.raw_os_error(),
    }
}

/// Whether the operating system's reason was that there is no such file or directory.
pub(crate) fn is_missing(errno: Errno) -> bool {
    errno == Errno::NOENT || errno == Errno::NOTDIR
}

/// Repeat a call that a signal interrupted.
pub(crate) fn retry<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> rustix::io::Result<T> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            outcome => return outcome,
        }
    }
}

#[allow(clippy::useless_conversion)] // its type differs between systems
pub(crate) fn is_directory(status: &fs::Stat) -> bool {
    fs::FileType::from_raw_mode(status.st_mode.into()).is_dir()
}

// The types of these fields differ between systems.
#[allow(clippy::useless_conversion, clippy::unnecessary_fallible_conversions)]
pub(crate) fn stamp_of(status: &fs::Stat) -> Stamp {
    let nanoseconds = |value| u32::try_from(value).unwrap_or(0);
    Stamp {
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

/// Whether locks between processes work in a directory, or in the nearest one above it that is
/// there. Ask once per store; where they do not, writing is the business of Python.
#[must_use]
pub fn has_locks(directory: &Path) -> bool {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    nearest(directory, |path| {
        fs::openat(CWD, path, flags, Mode::empty())
    })
    .is_some_and(|fd| {
        // Somebody may have it locked at the moment: then there are locks.
        !matches!(
            retry(|| fs::flock(&fd, FlockOperation::NonBlockingLockExclusive)),
            Err(errno) if NO_LOCKS.contains(&errno)
        )
    })
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

/// Whether the stamps of files in a directory can be relied on as [`crate::cache`] does. If so, the
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
    Some(stamp_of(&status).device)
}

/// As on Linux, where it is known.
#[must_use]
#[cfg(not(target_os = "linux"))]
pub fn stamps_are_sound(_directory: &Path) -> Option<u64> {
    None
}

/// Do something with a directory, or with the nearest one above it that is there.
fn nearest<T>(directory: &Path, mut open: impl FnMut(&Path) -> rustix::io::Result<T>) -> Option<T> {
    directory.ancestors().find_map(|path| {
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        open(path).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_are_asked_of_the_nearest_directory() {
        let temporary = std::env::temp_dir();
        assert!(has_locks(&temporary));
        assert!(has_locks(&temporary.join("not/there")));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn file_systems_of_others_are_not_trusted() {
        assert!(stamps_are_sound(Path::new("/proc")).is_none());
        assert!(stamps_are_sound(Path::new("/not/there")).is_none());
    }
}
