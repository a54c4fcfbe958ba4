//! The exclusive right to change the entries of a directory, as `src/zarr/_store/locks.py` takes it:
//! `flock` on the directory itself.
//!
//! Two descriptors exclude each other inside one process too, so each thread opens its own. A forked
//! child would inherit descriptors and with them the locks; they are listed for it to close
//! (`descriptors`), and a lock is let go of explicitly, which ends it for the copies too.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{self, AtFlags, CWD, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::descriptors::{LISTED, Listed};
use super::file_stamp::FileStamp;
use super::system::{failure, is_missing};
use crate::Result;
use crate::counters::{self, Counter};

/// Asked when a signal has arrived while waiting; an error ends the wait.
pub(crate) type OnSignal<'a> = &'a (dyn Fn() -> Result<()> + Sync);

/// An open directory that one thread changes.
#[derive(Debug)]
pub(crate) struct Directory {
    path: String,
    device: u64,
    inode: u64,
    // Dropped in this order: it is no longer listed when it is closed, as its number is then free.
    _listed: Listed,
    fd: OwnedFd,
}

impl Directory {
    /// Open it. `Ok(None)` if there is no such directory.
    pub(crate) fn open(path: &str) -> Result<Option<Self>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = LISTED.get().list(
            || fs::openat(CWD, path, flags, Mode::empty()),
            OwnedFd::as_raw_fd,
        );
        let (listed, fd) = match opened.unwrap_or(Err(Errno::MFILE)) {
            Ok(opened) => opened,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(failure("open", path, errno)),
        };
        let status = fs::fstat(&fd).map_err(|errno| failure("look at", path, errno))?;
        let stamp = FileStamp::of(&status);
        Ok(Some(Self {
            path: path.to_owned(),
            device: stamp.device,
            inode: stamp.inode,
            _listed: listed,
            fd,
        }))
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Wait for the lock. Returns whether the path still leads to this directory; if not, nothing
    /// is locked, and this is a directory that somebody has moved away or deleted.
    pub(crate) fn lock(&self, on_signal: OnSignal<'_>) -> Result<bool> {
        loop {
            match fs::flock(&self.fd, FlockOperation::LockExclusive) {
                Ok(()) => break,
                Err(Errno::INTR) => on_signal()?,
                Err(errno) => return Err(failure("lock", &self.path, errno)),
            }
        }
        counters::count(Counter::Locks);
        let found = match fs::statat(CWD, self.path.as_str(), AtFlags::empty()) {
            Ok(status) => {
                let stamp = FileStamp::of(&status);
                Ok((stamp.device, stamp.inode) == (self.device, self.inode))
            }
            Err(errno) if is_missing(errno) => Ok(false),
            Err(errno) => Err(failure("look at", &self.path, errno)),
        };
        if !matches!(found, Ok(true)) {
            self.unlock();
        }
        found
    }

    /// Let go of the lock.
    pub(crate) fn unlock(&self) {
        // Cannot fail on an open descriptor; closing it would release the lock anyway.
        let _ = fs::flock(&self.fd, FlockOperation::Unlock);
    }

    /// Wait until its entries are on the disk.
    pub(crate) fn sync(&self) -> Result<()> {
        fs::fsync(&self.fd).map_err(|errno| failure("sync", &self.path, errno))
    }

    pub(crate) fn status_of(&self, name: &str) -> rustix::io::Result<fs::Stat> {
        fs::statat(&self.fd, name, AtFlags::empty())
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
