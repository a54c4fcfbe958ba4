//! Where encoded bytes come from and go to: the two sides of a store that the pipelines see.
//!
//! A local directory ([`crate::local`]) opens files; a batch of buffers, filled by Python from any
//! other store, lends its memory. A pipeline is written once against these traits and compiled for
//! each, so reading from memory costs nothing that files need.
//!
//! "There is no such object" is `None`, and only that; whatever else keeps bytes from being read is
//! an error. So a failure can never be mistaken for a chunk of fill value.

use crate::stamp::Stamp;
use crate::{KernelError, Result};

/// A version of a stored object, as a look at it tells without opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Length in bytes.
    pub nbytes: u64,
    /// Tells it from other versions.
    pub stamp: Stamp,
}

/// An object that was found. It stays the version that was opened, whatever is stored meanwhile.
pub trait Object {
    /// Length in bytes.
    fn nbytes(&self) -> u64;

    /// Whether it is the version with this stamp. `false` also where the store cannot tell.
    fn is_version(&self, stamp: &Stamp) -> bool {
        let _ = stamp;
        false
    }

    /// To be asked after bytes of it were read: the stamp under which they may be kept, or `None`
    /// if they may not, because the object is being changed or the store cannot tell.
    ///
    /// # Errors
    /// If that cannot be found out.
    fn settled_stamp(&self) -> Result<Option<Stamp>> {
        Ok(None)
    }

    /// Fill `into` with the bytes from `offset` on.
    ///
    /// # Errors
    /// If the object ends before, or cannot be read.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<()>;

    /// The `nbytes` bytes from `offset` on: lent, if they are in memory, else read into `scratch`,
    /// whose earlier contents are dropped.
    ///
    /// # Errors
    /// If the object ends before, or cannot be read. The range is not trusted: one that lies
    /// outside the object is refused before anything is allocated for it.
    fn range<'a>(
        &'a self,
        offset: u64,
        nbytes: usize,
        scratch: &'a mut Vec<u8>,
    ) -> Result<&'a [u8]>;

    /// All bytes, lent or read as by [`Object::range`].
    ///
    /// # Errors
    /// If the object cannot be read, or keeps changing its length.
    fn whole<'a>(&'a self, scratch: &'a mut Vec<u8>) -> Result<&'a [u8]>;
}

impl<O: Object> Object for &O {
    fn nbytes(&self) -> u64 {
        (**self).nbytes()
    }

    fn is_version(&self, stamp: &Stamp) -> bool {
        (**self).is_version(stamp)
    }

    fn settled_stamp(&self) -> Result<Option<Stamp>> {
        (**self).settled_stamp()
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<()> {
        (**self).read_at(offset, into)
    }

    fn range<'a>(
        &'a self,
        offset: u64,
        nbytes: usize,
        scratch: &'a mut Vec<u8>,
    ) -> Result<&'a [u8]> {
        (**self).range(offset, nbytes, scratch)
    }

    fn whole<'a>(&'a self, scratch: &'a mut Vec<u8>) -> Result<&'a [u8]> {
        (**self).whole(scratch)
    }
}

/// Objects under keys, to read. Shared by the threads of one request.
pub trait Objects: Sync {
    /// What opening finds.
    type Object: Object;

    /// Find an object; `None` if there is none under this key.
    ///
    /// # Errors
    /// If that cannot be found out.
    fn open(&self, key: &str) -> Result<Option<Self::Object>>;

    /// What is now stored under a key, to look it up in the cache; cheaper than opening. `None` if
    /// there is no object or the store cannot tell; open it to learn which.
    ///
    /// # Errors
    /// If that cannot be found out.
    fn version(&self, key: &str) -> Result<Option<Version>> {
        let _ = key;
        Ok(None)
    }
}

/// What must be stored under a key for a change to take place.
#[derive(Debug)]
pub enum Expected<'a, O> {
    /// Anything or nothing.
    Any,
    /// Nothing.
    Absent,
    /// This very version.
    Version(&'a O),
}

/// What becomes of an object in [`WritableObjects::modify`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It stays as it is.
    Keep,
    /// It is replaced by the new bytes, or created.
    Put,
    /// It is removed.
    Remove,
}

/// The bytes of a new object, which come one piece after the other, from whichever thread has the next.
pub trait Sink: Send {
    /// Add bytes at the end.
    ///
    /// # Errors
    /// If they cannot be stored.
    fn append(&mut self, bytes: &[u8]) -> Result<()>;

    /// Put bytes in the place of others that were added before.
    ///
    /// # Errors
    /// If they cannot be stored.
    fn overwrite(&mut self, offset: u64, bytes: &[u8]) -> Result<()>;
}

impl Sink for Vec<u8> {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.try_reserve(bytes.len())
            .map_err(|_| KernelError::OutOfMemory {
                nbytes: bytes.len(),
            })?;
        self.extend_from_slice(bytes);
        Ok(())
    }

    fn overwrite(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        usize::try_from(offset)
            .ok()
            .and_then(|start| self.get_mut(start..start.checked_add(bytes.len())?))
            .ok_or(KernelError::OutsideMemory)?
            .copy_from_slice(bytes);
        Ok(())
    }
}

/// Objects under keys, to read and to change. Each is replaced whole and atomically, or not at all.
pub trait WritableObjects: Objects {
    /// Replace or create an object. Returns whether `expected` was what was stored; if not,
    /// nothing has changed.
    ///
    /// # Errors
    /// If it could not be stored. What was there before is still there.
    fn put(&self, key: &str, encoded: &[u8], expected: Expected<'_, Self::Object>) -> Result<bool>;

    /// Replace or create an object, whatever is stored, by what `write` adds to a sink. So that it need
    /// not be in memory whole. `write` may be called several times, each time for a new sink.
    ///
    /// # Errors
    /// What `write` returns, and failures to store. What was there before is still there.
    fn put_pieces<W>(&self, key: &str, write: W) -> Result<()>
    where
        W: FnMut(&mut dyn Sink) -> Result<()>;

    /// Remove an object, if there is one. Returns as `put` does.
    ///
    /// # Errors
    /// If it could not be removed.
    fn remove(&self, key: &str, expected: Expected<'_, Self::Object>) -> Result<bool>;

    /// Replace an object by what `change` makes of it, guarded against every other writer.
    ///
    /// `change` gets the stored object, or `None`, and an empty buffer for the new bytes, which
    /// count only if it returns [`Change::Put`]. It may be called several times.
    ///
    /// # Errors
    /// What `change` returns; failures to read and to store; and
    /// [`crate::KernelError::Contended`] if a program that knows no locks replaces the object
    /// again and again.
    fn modify<C>(&self, key: &str, encoded: &mut Vec<u8>, change: C) -> Result<()>
    where
        C: FnMut(Option<&Self::Object>, &mut Vec<u8>) -> Result<Change>;
}
