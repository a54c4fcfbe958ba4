//! Writing: replace, remove and change files under a directory, compared and swapped.
//!
//! Every change takes the lock of the parent directory, looks whether what is there is what was
//! expected, and makes the change, which is one system call, before it lets go. Contents are
//! written before the lock is taken. A read-modify-write does not lock while it reads and changes:
//! it expects the version that it read, and only after losing to another writer does it keep the
//! lock for the next round (`docs/decisions/0003-guarded-writes.md`).

use std::fmt;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{self, AtFlags, CWD, Mode};
use rustix::io::Errno;

use super::files::{File, Files, name, parent};
use super::locks::{Directory, OnSignal};
use super::obstacles;
use super::publish::NewFile;
use super::system::{failure, is_missing};
use crate::counters::{self, Counter};
use crate::stored_object::{Change, Expected, Objects, Sink, Version, WritableObjects};
use crate::{KernelError, Result};

/// How often a change is tried again when directories vanish or other writers are faster.
const ATTEMPTS: usize = 100;
/// Open directories kept for the next file of the same request. Descriptors are few: a thread that
/// goes on to another directory closes the one it had.
const MOST_IDLE: usize = 2;
/// Pieces of a file are gathered to so many bytes before they are written.
const GATHERED_NBYTES: usize = 1 << 20;

/// How a request writes.
#[derive(Clone, Copy)]
pub struct Manner<'a> {
    /// Whether each change must be on the disk before it counts as done.
    pub sync: bool,
    /// A directory that the caller has locked already, as a path that begins with the store's.
    pub held: Option<&'a str>,
    /// Asked when a signal arrives during a wait for a lock; an error ends the request.
    pub on_signal: OnSignal<'a>,
}

impl fmt::Debug for Manner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manner")
            .field("sync", &self.sync)
            .field("held", &self.held)
            .finish_non_exhaustive()
    }
}

/// The files under a directory, to be changed by one request and its threads.
#[derive(Debug)]
pub struct Writer<'a> {
    files: &'a Files,
    manner: Manner<'a>,
    /// Each is used by one thread at a time: descriptors exclude each other, threads that share one
    /// would not.
    idle: Mutex<Vec<Directory>>,
}

/// What became of an attempt to change a file.
enum Attempt {
    Done,
    /// Something else was there than expected.
    Unexpected,
    /// The directory is not there, or not there any more.
    NoDirectory,
}

impl<'a> Writer<'a> {
    /// A writer for one request. It must not outlive it: what it keeps open is not for a forked
    /// child.
    #[must_use]
    pub fn new(files: &'a Files, manner: Manner<'a>) -> Self {
        Self {
            files,
            manner,
            idle: Mutex::default(),
        }
    }

    /// An open directory for the use of this thread.
    fn take(&self, path: &str) -> Result<Option<Directory>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = idle.iter().position(|directory| directory.path() == path) {
            return Ok(Some(idle.swap_remove(at)));
        }
        idle.pop();
        drop(idle);
        Directory::open(path)
    }

    fn give_back(&self, directory: Directory) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() >= MOST_IDLE {
            idle.remove(0);
        }
        idle.push(directory);
    }

    fn is_held(&self, directory: &str) -> bool {
        self.manner.held == Some(directory)
    }

    /// Do something with the directory of an object, whether or not it is locked by the caller. It is
    /// made if it is not there.
    fn with_directory<T>(
        &self,
        key: &str,
        mut attempt: impl FnMut(&Directory) -> Result<Option<T>>,
    ) -> Result<T> {
        let file = self.files.path(key);
        let path = parent(&file);
        for _ in 0..ATTEMPTS {
            let taken = self.take(path).map_err(|error| self.explain(key, error))?;
            if let Some(directory) = taken {
                if let Some(done) = attempt(&directory)? {
                    self.give_back(directory);
                    return Ok(done);
                }
            }
            make_directories(path, self.manner.sync).map_err(|error| self.explain(key, error))?;
        }
        obstacles::check(self.files.base(), key)?;
        // Another program deletes it as soon as it is made.
        Err(failure("write into", path, Errno::NOENT))
    }

    /// What is in the way of an object, if the operating system's reason may come from that.
    fn explain(&self, key: &str, error: KernelError) -> KernelError {
        let reasons = [Errno::NOENT, Errno::NOTDIR, Errno::ISDIR, Errno::LOOP];
        if reasons.iter().any(|reason| has_errno(&error, *reason)) {
            obstacles::check(self.files.base(), key)
                .err()
                .unwrap_or(error)
        } else {
            error
        }
    }

    fn put_attempt(
        &self,
        directory: &Directory,
        key: &str,
        encoded: &[u8],
        expected: &Expected<'_, File>,
        locked: bool,
    ) -> Result<Attempt> {
        match NewFile::write(directory, encoded, self.manner.sync) {
            Ok(new) => self.publish(directory, key, new, expected, locked),
            Err(error) if says_missing(&error) => Ok(Attempt::NoDirectory),
            Err(error) => Err(error),
        }
    }

    /// Give a new file its name, if what is there is what was expected.
    fn publish(
        &self,
        directory: &Directory,
        key: &str,
        new: NewFile<'_>,
        expected: &Expected<'_, File>,
        locked: bool,
    ) -> Result<Attempt> {
        let Some(_lock) = self.lock(directory, locked)? else {
            return Ok(Attempt::NoDirectory);
        };
        let name = name(key);
        let done = match expected {
            Expected::Any => new.publish(name, || obstacles::check(self.files.base(), key)),
            Expected::Absent => new.publish_new(name),
            Expected::Version(file) => {
                if !is_version(directory, name, file)? {
                    return Ok(Attempt::Unexpected);
                }
                new.replace(name)
            }
        };
        match done {
            Ok(false) => Ok(Attempt::Unexpected),
            Ok(true) => {
                if self.manner.sync {
                    directory.sync()?;
                }
                Ok(Attempt::Done)
            }
            Err(error) if says_missing(&error) => Ok(Attempt::NoDirectory),
            Err(error) => Err(error),
        }
    }

    /// The lock of a directory, unless it is the caller's. `None` if it has been moved or deleted.
    fn lock<'d>(&self, directory: &'d Directory, locked: bool) -> Result<Option<Lock<'d>>> {
        if locked || self.is_held(directory.path()) {
            return Ok(Some(Lock(None)));
        }
        let is_there = directory.lock(self.manner.on_signal)?;
        Ok(is_there.then_some(Lock(Some(directory))))
    }

    fn remove_attempt(
        &self,
        directory: &Directory,
        key: &str,
        expected: &Expected<'_, File>,
        locked: bool,
    ) -> Result<Attempt> {
        let Some(_lock) = self.lock(directory, locked)? else {
            return Ok(Attempt::NoDirectory);
        };
        let name = name(key);
        match expected {
            Expected::Any => {}
            Expected::Absent => {
                return match fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(_) => Ok(Attempt::Unexpected),
                    Err(errno) if is_missing(errno) => Ok(Attempt::Done),
                    Err(errno) => Err(failure("look at", directory.path(), errno)),
                };
            }
            Expected::Version(file) => {
                if !is_version(directory, name, file)? {
                    return Ok(Attempt::Unexpected);
                }
            }
        }
        match fs::unlinkat(directory, name, AtFlags::empty()) {
            Ok(()) => {
                counters::count(Counter::FilesRemoved);
                if self.manner.sync {
                    directory.sync()?;
                }
            }
            Err(errno) if is_missing(errno) => {}
            Err(errno) => {
                obstacles::check(self.files.base(), key)?;
                let path = format!("{}/{name}", directory.path());
                return Err(failure("remove", path, errno));
            }
        }
        Ok(Attempt::Done)
    }

    /// One round of a read-modify-write; whether it is done.
    fn round<C>(
        &self,
        key: &str,
        encoded: &mut Vec<u8>,
        change: &mut C,
        locked: Option<&Directory>,
    ) -> Result<bool>
    where
        C: FnMut(Option<&File>, &mut Vec<u8>) -> Result<Change>,
    {
        let stored = self.files.open(key)?;
        encoded.clear();
        let change = change(stored.as_ref(), encoded)?;
        let expected = stored.as_ref().map_or(Expected::Absent, Expected::Version);
        let attempt = match (change, locked) {
            (Change::Keep, _) => return Ok(true),
            (Change::Put, None) => return self.put(key, encoded, expected),
            (Change::Remove, None) => return self.remove(key, expected),
            (Change::Put, Some(directory)) => {
                self.put_attempt(directory, key, encoded, &expected, true)?
            }
            (Change::Remove, Some(directory)) => {
                self.remove_attempt(directory, key, &expected, true)?
            }
        };
        Ok(matches!(attempt, Attempt::Done))
    }

    /// Rounds under the lock: only programs that know no locks can make them fail.
    fn locked_rounds<C>(&self, key: &str, encoded: &mut Vec<u8>, change: &mut C) -> Result<bool>
    where
        C: FnMut(Option<&File>, &mut Vec<u8>) -> Result<Change>,
    {
        let mut n_rounds = 1;
        self.with_directory(key, |directory| {
            let Some(_lock) = self.lock(directory, false)? else {
                return Ok(None);
            };
            while n_rounds < ATTEMPTS {
                n_rounds = n_rounds.saturating_add(1);
                counters::count(Counter::LostRounds);
                if self.round(key, encoded, change, Some(directory))? {
                    return Ok(Some(true));
                }
            }
            Ok(Some(false))
        })
    }
}

impl Objects for Writer<'_> {
    type Object = File;

    fn open(&self, key: &str) -> Result<Option<File>> {
        self.files.open(key)
    }

    fn version(&self, key: &str) -> Result<Option<Version>> {
        self.files.version(key)
    }
}

impl WritableObjects for Writer<'_> {
    fn put(&self, key: &str, encoded: &[u8], expected: Expected<'_, File>) -> Result<bool> {
        self.with_directory(key, |directory| {
            let attempt = self.put_attempt(directory, key, encoded, &expected, false)?;
            Ok(match attempt {
                Attempt::Done => Some(true),
                Attempt::Unexpected => Some(false),
                Attempt::NoDirectory => None,
            })
        })
    }

    fn put_pieces<W>(&self, key: &str, mut write: W) -> Result<()>
    where
        W: FnMut(&mut dyn Sink) -> Result<()>,
    {
        self.with_directory(key, |directory| {
            let new = match NewFile::open(directory) {
                Ok(new) => new,
                Err(error) if says_missing(&error) => return Ok(None),
                Err(error) => return Err(error),
            };
            let mut gathered = Gathered::new(new);
            write(&mut gathered)?;
            let new = gathered.finish(self.manner.sync)?;
            let attempt = self.publish(directory, key, new, &Expected::Any, false)?;
            Ok(matches!(attempt, Attempt::Done).then_some(()))
        })
    }

    fn remove(&self, key: &str, expected: Expected<'_, File>) -> Result<bool> {
        let path = self.files.path(key);
        let expects_nothing = matches!(expected, Expected::Any | Expected::Absent);
        for _ in 0..ATTEMPTS {
            let directory = match self.take(parent(&path)) {
                Ok(Some(directory)) => directory,
                Ok(None) => {
                    obstacles::check(self.files.base(), key)?;
                    return Ok(expects_nothing);
                }
                Err(error) => return Err(self.explain(key, error)),
            };
            match self.remove_attempt(&directory, key, &expected, false)? {
                Attempt::NoDirectory => continue, // look for the one that took its place
                attempt => {
                    self.give_back(directory);
                    return Ok(matches!(attempt, Attempt::Done));
                }
            }
        }
        Err(failure("remove a file in", parent(&path), Errno::NOENT))
    }

    fn modify<C>(&self, key: &str, encoded: &mut Vec<u8>, mut change: C) -> Result<()>
    where
        C: FnMut(Option<&File>, &mut Vec<u8>) -> Result<Change>,
    {
        let done = self.round(key, encoded, &mut change, None)?
            || self.locked_rounds(key, encoded, &mut change)?;
        if done {
            return Ok(());
        }
        Err(KernelError::Contended {
            path: self.files.path(key).into(),
            attempts: ATTEMPTS,
        })
    }
}

/// A file that is written in a few large pieces, however small those are that come.
struct Gathered<'d> {
    file: NewFile<'d>,
    /// What is not written yet.
    waiting: Vec<u8>,
    /// How much is.
    written: u64,
}

impl<'d> Gathered<'d> {
    fn new(file: NewFile<'d>) -> Self {
        Self {
            file,
            waiting: Vec::new(),
            written: 0,
        }
    }

    fn flush(&mut self) -> Result<()> {
        self.file.append(&self.waiting)?;
        self.count(self.waiting.len());
        self.waiting.clear();
        Ok(())
    }

    fn count(&mut self, nbytes: usize) {
        let nbytes = u64::try_from(nbytes).unwrap_or(u64::MAX);
        self.written = self.written.saturating_add(nbytes);
    }

    fn finish(mut self, sync: bool) -> Result<NewFile<'d>> {
        self.flush()?;
        self.file.finish(sync)?;
        Ok(self.file)
    }
}

impl Sink for Gathered<'_> {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        if self.waiting.len().saturating_add(bytes.len()) > GATHERED_NBYTES {
            self.flush()?;
        }
        if bytes.len() >= GATHERED_NBYTES {
            self.file.append(bytes)?;
            self.count(bytes.len());
            return Ok(());
        }
        Sink::append(&mut self.waiting, bytes)
    }

    fn overwrite(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        match offset.checked_sub(self.written) {
            Some(within) => self.waiting.overwrite(within, bytes),
            None => {
                self.flush()?;
                self.file.overwrite(offset, bytes)
            }
        }
    }
}

/// Unlocks when dropped.
struct Lock<'d>(Option<&'d Directory>);

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        if let Some(directory) = self.0 {
            directory.unlock();
        }
    }
}

fn has_errno(error: &KernelError, reason: Errno) -> bool {
    matches!(error, KernelError::Io { errno, .. } if *errno == reason.raw_os_error())
}

fn says_missing(error: &KernelError) -> bool {
    has_errno(error, Errno::NOENT)
}

fn is_version(directory: &Directory, name: &str, expected: &File) -> Result<bool> {
    match directory.status_of(name) {
        Ok(status) => Ok(expected.is_at(&status)),
        Err(errno) if is_missing(errno) => Ok(false),
        Err(errno) => Err(failure("look at", directory.path(), errno)),
    }
}

/// Make a directory and those above it that are missing. Whoever deletes them at the same time may
/// win; the caller tries again.
fn make_directories(path: &str, sync: bool) -> Result<()> {
    let above = match parent(path) {
        "" => ".",
        above => above,
    };
    let mut made = make_directory(path);
    if made == Err(Errno::NOENT) && above != path {
        make_directories(above, sync)?;
        made = make_directory(path);
    }
    match made {
        Ok(()) if sync => Directory::open(above)?.map_or(Ok(()), |directory| directory.sync()),
        Ok(()) | Err(Errno::EXIST | Errno::NOENT) => Ok(()),
        Err(errno) => Err(failure("make the directory", path, errno)),
    }
}

fn make_directory(path: &str) -> rustix::io::Result<()> {
    fs::mkdirat(CWD, path, Mode::from_raw_mode(0o777))?;
    counters::count(Counter::DirectoriesMade);
    Ok(())
}
