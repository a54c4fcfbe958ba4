//! Files that appear whole or not at all, as `src/zarr/_store/atomic.py` makes them.
//!
//! The contents are written to a file without a name, which then gets one: a new name directly, one
//! that is taken by way of a temporary name, because there is no "link over". So only between these
//! two steps can a killed writer leave a temporary name. Where files cannot be without a name, the
//! temporary name exists from the start.

use std::os::fd::{AsRawFd, OwnedFd};

use rustix::fs::{self, AtFlags, CWD, Mode, OFlags};
use rustix::io::{self, Errno};

use super::locks::Directory;
use super::names;
use super::system::{failure, retry};
use crate::Result;
use crate::counters::{self, Counter};

/// Less the umask.
const MODE: Mode = Mode::from_raw_mode(0o666);
const MOST_PER_WRITE: usize = 1 << 30;

/// A written file that is not visible yet. It vanishes if it is dropped before it was published.
#[derive(Debug)]
pub(crate) struct NewFile<'d> {
    directory: &'d Directory,
    fd: OwnedFd,
    temporary: Option<String>,
}

impl<'d> NewFile<'d> {
    /// Write `contents`; with `sync`, wait until they are on the disk.
    pub(crate) fn write(directory: &'d Directory, contents: &[u8], sync: bool) -> Result<Self> {
        let mut new = Self::open(directory)?;
        new.append(contents)?;
        new.finish(sync)?;
        Ok(new)
    }

    /// Write more, behind what is there.
    pub(crate) fn append(&mut self, contents: &[u8]) -> Result<()> {
        let mut rest = contents;
        while !rest.is_empty() {
            let part = rest.get(..MOST_PER_WRITE).unwrap_or(rest);
            let n_written =
                retry(|| io::write(&self.fd, part)).map_err(|errno| self.refused(errno))?;
            count_written(n_written);
            rest = rest.get(n_written..).unwrap_or_default();
        }
        Ok(())
    }

    /// Write over what is there.
    pub(crate) fn overwrite(&mut self, offset: u64, contents: &[u8]) -> Result<()> {
        let (mut rest, mut at) = (contents, offset);
        while !rest.is_empty() {
            let n_written =
                retry(|| io::pwrite(&self.fd, rest, at)).map_err(|errno| self.refused(errno))?;
            count_written(n_written);
            at = at.saturating_add(u64::try_from(n_written).unwrap_or(u64::MAX));
            rest = rest.get(n_written..).unwrap_or_default();
        }
        Ok(())
    }

    /// To be called when everything is written; with `sync`, wait until it is on the disk.
    pub(crate) fn finish(&mut self, sync: bool) -> Result<()> {
        // Network file systems, which have no files without names, tell only then that the disk is full.
        let late_errors = cfg!(target_os = "linux") && self.temporary.is_some();
        if sync || late_errors {
            fs::fsync(&self.fd).map_err(|errno| self.refused(errno))?;
        }
        Ok(())
    }

    /// An empty one.
    pub(crate) fn open(directory: &'d Directory) -> Result<Self> {
        if let Some(fd) = open_nameless(directory)? {
            return Ok(Self {
                directory,
                fd,
                temporary: None,
            });
        }
        let temporary = names::temporary();
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
        let fd = retry(|| fs::openat(directory, temporary.as_str(), flags, MODE))
            .map_err(|errno| failure("create a file in", directory.path(), errno))?;
        Ok(Self {
            directory,
            fd,
            temporary: Some(temporary),
        })
    }

    /// Give it a name that must be free. Returns whether it was.
    pub(crate) fn publish_new(mut self, name: &str) -> Result<bool> {
        let linked = match &self.temporary {
            None => self.link_nameless(name),
            Some(temporary) => rename_if_absent(self.directory, temporary, name),
        };
        match linked {
            Ok(()) => {
                self.drop_temporary();
                counters::count(Counter::FilesWritten);
                Ok(true)
            }
            Err(Errno::EXIST) => Ok(false),
            Err(errno) => Err(self.cannot_publish(errno)),
        }
    }

    /// Give it a name, whether or not it is taken; but if it is, `may_replace` says whether what has
    /// it may go. Returns true.
    pub(crate) fn publish(
        self,
        name: &str,
        may_replace: impl FnOnce() -> Result<()>,
    ) -> Result<bool> {
        if self.temporary.is_some() {
            may_replace()?;
            return self.replace(name);
        }
        match self.link_nameless(name) {
            Ok(()) => {
                counters::count(Counter::FilesWritten);
                Ok(true)
            }
            Err(Errno::EXIST) => {
                may_replace()?;
                self.replace(name)
            }
            Err(errno) => Err(self.cannot_publish(errno)),
        }
    }

    /// Give it a name that is probably taken. Returns true.
    pub(crate) fn replace(mut self, name: &str) -> Result<bool> {
        if self.temporary.is_none() {
            let temporary = names::temporary();
            self.link_nameless(&temporary)
                .map_err(|errno| self.cannot_publish(errno))?;
            self.temporary = Some(temporary);
        }
        if let Some(temporary) = &self.temporary {
            let (from, to) = (self.directory, self.directory);
            fs::renameat(from, temporary.as_str(), to, name)
                .map_err(|errno| self.cannot_publish(errno))?;
        }
        self.temporary = None;
        counters::count(Counter::FilesWritten);
        Ok(true)
    }

    fn link_nameless(&self, name: &str) -> rustix::io::Result<()> {
        let open_file = format!("/proc/self/fd/{}", self.fd.as_raw_fd());
        fs::linkat(
            CWD,
            open_file,
            self.directory,
            name,
            AtFlags::SYMLINK_FOLLOW,
        )
    }

    fn refused(&self, errno: Errno) -> crate::KernelError {
        failure("write into", self.directory.path(), errno)
    }

    fn cannot_publish(&self, errno: Errno) -> crate::KernelError {
        failure("publish a file in", self.directory.path(), errno)
    }

    fn drop_temporary(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            // If it is gone already, so much the better; else a sweep removes it later.
            let _ = fs::unlinkat(self.directory, temporary, AtFlags::empty());
        }
    }
}

fn count_written(nbytes: usize) {
    let nbytes = u64::try_from(nbytes).unwrap_or(u64::MAX);
    counters::add(Counter::WrittenNbytes, nbytes);
}

impl Drop for NewFile<'_> {
    fn drop(&mut self) {
        self.drop_temporary();
    }
}

/// Give a file a second name, or the only one where there are no hard links. The caller has the lock.
fn rename_if_absent(directory: &Directory, from: &str, to: &str) -> rustix::io::Result<()> {
    const NO_LINKS: [Errno; 4] = [Errno::PERM, Errno::OPNOTSUPP, Errno::NOSYS, Errno::MLINK];
    match fs::linkat(directory, from, directory, to, AtFlags::empty()) {
        Err(errno) if NO_LINKS.contains(&errno) => {}
        outcome => return outcome,
    }
    match fs::statat(directory, to, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_) => Err(Errno::EXIST),
        Err(Errno::NOENT) => fs::renameat(directory, from, directory, to),
        Err(errno) => Err(errno),
    }
}

/// A file without a name, `None` where there are none.
#[cfg(target_os = "linux")]
fn open_nameless(directory: &Directory) -> Result<Option<OwnedFd>> {
    const NO_NAMELESS: [Errno; 6] = [
        Errno::OPNOTSUPP,
        Errno::ISDIR,
        Errno::NOENT, // or the directory was deleted: the other way will tell
        Errno::INVAL,
        Errno::PERM,
        Errno::NOSYS,
    ];
    if !has_proc() {
        return Ok(None);
    }
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    match retry(|| fs::openat(directory, ".", flags, MODE)) {
        Ok(fd) => Ok(Some(fd)),
        Err(errno) if NO_NAMELESS.contains(&errno) => Ok(None),
        Err(errno) => Err(failure("create a file in", directory.path(), errno)),
    }
}

#[cfg(not(target_os = "linux"))]
#[allow(clippy::unnecessary_wraps)]
fn open_nameless(_directory: &Directory) -> Result<Option<OwnedFd>> {
    Ok(None)
}

/// Without it, a file without a name can never get one.
#[cfg(target_os = "linux")]
fn has_proc() -> bool {
    static HAS_PROC: crate::kept::Kept<bool> = crate::kept::Kept::new();
    HAS_PROC.get_or(|| std::path::Path::new("/proc/self/fd").is_dir())
}
