//! Reading: files under a directory.
//!
//! A request may pin its directory: then paths are looked up from there, which is cheaper for many
//! files deep in a tree, and the request sees one directory even if its path comes to mean another.
//! A pinned directory must not outlive its request.

use std::os::fd::OwnedFd;

use rustix::fs::{self, AtFlags, CWD, FileType, Mode, OFlags};
use rustix::io::{self, Errno};

use super::file_stamp::{FileStamp, Time, clock, may_keep};
use super::obstacles::{self, Cleared};
use super::system::{failure, file_type, is_missing, retry};
use crate::counters::{self, Counter};
use crate::stamp::Stamp;
use crate::stored_object::{Object, Objects, Version};
use crate::{KernelError, Result};

/// Without waiting, as somebody may have put a pipe where a file should be.
const OPEN: OFlags = OFlags::RDONLY
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK);
/// How often a file that changes its length is read again.
const ATTEMPTS: usize = 10;

/// The files under a directory, by key.
#[derive(Debug)]
pub struct Files {
    base: String,
    pinned: Option<OwnedFd>,
    /// The device whose stamps may be relied on, see [`super::stamps_are_sound`].
    sound_device: Option<u64>,
    cleared: Cleared,
}

impl Files {
    /// The files under `base`, which need not exist. Nothing is opened.
    ///
    /// `sound_device` is what [`super::stamps_are_sound`] said of the store's directory; with `None`
    /// no object has a stamp, and nothing is cached.
    #[must_use]
    pub fn new(base: String, sound_device: Option<u64>) -> Self {
        Self {
            base,
            pinned: None,
            sound_device,
            cleared: Cleared::default(),
        }
    }

    /// The same, looked up from the directory as it is now, for a request of many files. If there is
    /// no such directory, it is as if it had not been pinned.
    #[must_use]
    pub fn pinned(mut self) -> Self {
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        #[cfg(target_os = "linux")]
        let flags = flags | OFlags::PATH;
        self.pinned = fs::openat(CWD, self.base.as_str(), flags, Mode::empty()).ok();
        self
    }

    /// The directory.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn path(&self, key: &str) -> String {
        let mut path =
            String::with_capacity(self.base.len().saturating_add(key.len()).saturating_add(1));
        path.push_str(&self.base);
        path.push('/');
        path.push_str(key);
        path
    }

    /// Open the file of a key.
    fn open_file(&self, key: &str, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
        retry(|| match &self.pinned {
            Some(directory) => fs::openat(directory, key, OPEN | flags, Mode::empty()),
            None => fs::openat(CWD, path, OPEN | flags, Mode::empty()),
        })
    }

    /// The file of a key; `None` if it is missing and nothing is in its way.
    fn find(&self, key: &str, path: &str) -> Result<Option<OwnedFd>> {
        // Links are looked at a second time, so that no other missing file is.
        let errno = match self.open_file(key, path, OFlags::NOFOLLOW) {
            Ok(fd) => return Ok(Some(fd)),
            Err(Errno::NOENT) => {
                obstacles::check_missing(&self.base, key, &self.cleared)?;
                return Ok(None);
            }
            Err(Errno::LOOP | Errno::MLINK) => match self.open_file(key, path, OFlags::empty()) {
                Ok(fd) => return Ok(Some(fd)),
                Err(errno) => errno,
            },
            Err(errno) => errno,
        };
        obstacles::check(&self.base, key)?;
        if errno == Errno::NOENT {
            return Ok(None);
        }
        Err(failure("open", path, errno))
    }

    fn is_sound(&self, stamp: &FileStamp) -> bool {
        self.sound_device == Some(stamp.device)
    }
}

impl Objects for Files {
    type Object = File;

    fn open(&self, key: &str) -> Result<Option<File>> {
        counters::count(Counter::Opens);
        let before = if self.sound_device.is_some() {
            clock()
        } else {
            Time::default()
        };
        let path = self.path(key);
        let Some(fd) = self.find(key, &path)? else {
            counters::count(Counter::Missing);
            return Ok(None);
        };
        let status = fs::fstat(&fd).map_err(|errno| failure("look at", &path, errno))?;
        if file_type(&status) != FileType::RegularFile {
            obstacles::check(&self.base, key)?;
            return Err(failure("read", path, Errno::INVAL));
        }
        let stamp = FileStamp::of(&status);
        Ok(Some(File {
            fd,
            path,
            stamp,
            before: self.is_sound(&stamp).then_some(before),
        }))
    }

    fn version(&self, key: &str) -> Result<Option<Version>> {
        if self.sound_device.is_none() {
            return Ok(None);
        }
        counters::count(Counter::Stats);
        let found = match &self.pinned {
            Some(directory) => fs::statat(directory, key, AtFlags::empty()),
            None => fs::statat(CWD, self.path(key).as_str(), AtFlags::empty()),
        };
        match found {
            Ok(status) => {
                let stamp = FileStamp::of(&status);
                let is_object =
                    self.is_sound(&stamp) && file_type(&status) == FileType::RegularFile;
                Ok(is_object.then(|| stamp.version()))
            }
            Err(errno) if is_missing(errno) || errno == Errno::LOOP => Ok(None),
            Err(errno) => Err(failure("look at", self.path(key), errno)),
        }
    }
}

/// An open file. While it lives, its inode is not given to another file.
#[derive(Debug)]
pub struct File {
    fd: OwnedFd,
    path: String,
    stamp: FileStamp,
    /// The clock before it was opened, if its stamps are sound.
    before: Option<Time>,
}

impl File {
    /// Whether `path` still leads to this very file, unchanged. Changes of permissions and names do
    /// not count.
    pub(crate) fn is_at(&self, status: &fs::Stat) -> bool {
        let found = FileStamp::of(status);
        let identity =
            |stamp: &FileStamp| (stamp.device, stamp.inode, stamp.nbytes, stamp.modified);
        identity(&found) == identity(&self.stamp)
    }

    fn stamp_now(&self) -> Result<FileStamp> {
        fs::fstat(&self.fd)
            .map(|status| FileStamp::of(&status))
            .map_err(|errno| failure("look at", &self.path, errno))
    }

    fn unsteady(&self) -> KernelError {
        KernelError::Unsteady {
            path: self.path.clone().into(),
        }
    }

    fn check_range(&self, offset: u64, nbytes: usize) -> Result<()> {
        let nbytes = u64::try_from(nbytes).unwrap_or(u64::MAX);
        match offset.checked_add(nbytes) {
            Some(end) if end <= self.stamp.nbytes => Ok(()),
            _ => Err(KernelError::RangeOutsideObject {
                path: self.path.clone().into(),
                offset,
                nbytes,
                object_nbytes: self.stamp.nbytes,
            }),
        }
    }

    /// Fill `into` with the bytes from `offset` on; how many there are, if the file ends before.
    fn fill(&self, offset: u64, into: &mut [u8]) -> Result<usize> {
        let mut filled = 0_usize;
        while let Some(rest) = into.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
            counters::count(Counter::Reads);
            let n_read = retry(|| io::pread(&self.fd, &mut *rest, at))
                .map_err(|errno| failure("read", &self.path, errno))?;
            if n_read == 0 {
                break;
            }
            counters::add(
                Counter::ReadNbytes,
                u64::try_from(n_read).unwrap_or(u64::MAX),
            );
            filled = filled.saturating_add(n_read);
        }
        Ok(filled)
    }

    /// Room for so many bytes. A buffer never shrinks, so that memory is cleared only once.
    fn room<'a>(&self, nbytes: usize, scratch: &'a mut Vec<u8>) -> Result<&'a mut [u8]> {
        if let Some(more) = nbytes.checked_sub(scratch.len()) {
            scratch
                .try_reserve(more)
                .map_err(|_| KernelError::OutOfMemory { nbytes })?;
            scratch.resize(nbytes, 0);
        }
        Ok(scratch.get_mut(..nbytes).unwrap_or_default())
    }
}

impl Object for File {
    fn nbytes(&self) -> u64 {
        self.stamp.nbytes
    }

    fn is_version(&self, stamp: &Stamp) -> bool {
        self.stamp.opaque() == *stamp
    }

    fn settled_stamp(&self) -> Result<Option<Stamp>> {
        let Some(before) = self.before else {
            return Ok(None);
        };
        if !may_keep(before, &self.stamp, &self.stamp) {
            return Ok(None);
        }
        let now = self.stamp_now()?;
        Ok(may_keep(before, &self.stamp, &now).then(|| self.stamp.opaque()))
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<()> {
        self.check_range(offset, into.len())?;
        if self.fill(offset, into)? < into.len() {
            return Err(self.unsteady());
        }
        Ok(())
    }

    fn range<'a>(
        &'a self,
        offset: u64,
        nbytes: usize,
        scratch: &'a mut Vec<u8>,
    ) -> Result<&'a [u8]> {
        self.check_range(offset, nbytes)?;
        let room = self.room(nbytes, scratch)?;
        self.read_at(offset, room)?;
        Ok(room)
    }

    fn whole<'a>(&'a self, scratch: &'a mut Vec<u8>) -> Result<&'a [u8]> {
        let mut expected = self.stamp.nbytes;
        for _ in 0..ATTEMPTS {
            let nbytes = usize::try_from(expected).map_err(|_| KernelError::TooLarge {
                what: "a stored object",
            })?;
            if self.fill(0, self.room(nbytes, scratch)?)? == nbytes {
                return Ok(scratch.get(..nbytes).unwrap_or_default());
            }
            expected = self.stamp_now()?.nbytes;
        }
        Err(self.unsteady())
    }
}

/// The directory of a path, by the rules of Python's `os.path.dirname`.
pub(crate) fn parent(path: &str) -> &str {
    let head = path.trim_end_matches(|c| c != '/');
    match head.trim_end_matches('/') {
        "" => head,
        trimmed => trimmed,
    }
}

/// The last part of a path.
pub(crate) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
