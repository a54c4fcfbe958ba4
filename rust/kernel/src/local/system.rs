//! What differs between file systems, and how failures are told.

use std::path::{Path, PathBuf};

use rustix::fs::{self, CWD, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use crate::KernelError;

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
pub(crate) fn file_type(status: &fs::Stat) -> fs::FileType {
    fs::FileType::from_raw_mode(status.st_mode.into())
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
}
