//! What is in the way of a key, as `src/zarr/_store/obstacles.py` looks for it.
//!
//! "There is no such object" may be said only where a file is missing and nothing else is wrong: a
//! symbolic link that leads nowhere has an object behind it that cannot be seen at the moment.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{self, AtFlags, CWD, FileType};
use rustix::io::Errno;

use super::system::{failure, file_type, is_missing};
use crate::error::Blocker;
use crate::{KernelError, Result};

/// Directories of one request in whose way nothing is, whether or not they are there: missing files
/// of one directory are many, and it is looked at once.
#[derive(Debug, Default)]
pub(crate) struct Cleared(Mutex<HashSet<String>>);

impl Cleared {
    fn holds(&self, directory: &str) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.contains(directory)
    }

    fn add(&self, directory: &str) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(directory.to_owned());
    }
}

/// Make sure that nothing is in the way of a file that is missing, and is no link.
///
/// # Errors
/// What is in the way; or why that cannot be found out.
pub(crate) fn check_missing(base: &str, key: &str, cleared: &Cleared) -> Result<()> {
    let directory = above(key);
    let mut at = directory;
    while !cleared.holds(at) && !is_settled(base, key, at)? {
        at = above(at);
    }
    at = directory;
    while !cleared.holds(at) {
        cleared.add(at);
        at = above(at);
    }
    Ok(())
}

/// Make sure that nothing is in the way of a file.
///
/// # Errors
/// What is in the way; or why that cannot be found out.
pub(crate) fn check(base: &str, key: &str) -> Result<()> {
    let mut at = key;
    while !is_settled(base, key, at)? {
        at = above(at);
    }
    Ok(())
}

/// Whether a part of a key is there, as it should be, or nothing is above it to look at.
fn is_settled(base: &str, key: &str, at: &str) -> Result<bool> {
    let path = if at.is_empty() {
        base.to_owned()
    } else {
        format!("{base}/{at}")
    };
    match fs::statat(CWD, path.as_str(), AtFlags::SYMLINK_NOFOLLOW) {
        Ok(status) if file_type(&status) == FileType::Symlink => {
            match fs::statat(CWD, path.as_str(), AtFlags::empty()) {
                Ok(status) => judge(key, at, path, file_type(&status))?,
                Err(_) => return Err(blocked(key, path, Blocker::LinkToNowhere)),
            }
        }
        Ok(status) => judge(key, at, path, file_type(&status))?,
        Err(errno) if is_missing(errno) || errno == Errno::LOOP => return Ok(at.is_empty()),
        Err(errno) => return Err(failure("look at", path, errno)),
    }
    Ok(true)
}

fn judge(key: &str, at: &str, path: String, found: FileType) -> Result<()> {
    let blocker = match (found, at == key) {
        (FileType::RegularFile, true) | (FileType::Directory, false) => return Ok(()),
        (FileType::Directory, true) => Blocker::Directory,
        (FileType::RegularFile, false) => Blocker::File,
        (_, true) => Blocker::NoFile(kind(found)),
        (_, false) => Blocker::NoDirectory(kind(found)),
    };
    Err(blocked(key, path, blocker))
}

fn blocked(key: &str, path: String, by: Blocker) -> KernelError {
    KernelError::Blocked {
        key: key.to_owned(),
        path: path.into(),
        by,
    }
}

fn kind(found: FileType) -> &'static str {
    match found {
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "a file",
    }
}

/// What a key lies directly under; empty for one at the top.
fn above(key: &str) -> &str {
    key.rsplit_once('/').map_or("", |(above, _)| above)
}
