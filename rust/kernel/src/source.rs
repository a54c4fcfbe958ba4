//! Where the objects of a plan come from: a store, or somebody who fetched them.

use crate::keys::Keys;
use crate::lent_values::Whole;
use crate::plan::ObjectPlan;
use crate::stamp::Stamp;
use crate::stored_object::{Object, Objects, Version};
use crate::{KernelError, Result};

/// Where the objects of a plan come from.
pub trait Source: Sync {
    /// What opening finds.
    type Object: Object + Send + Sync;

    /// Find an object; `None` if it is not stored.
    ///
    /// # Errors
    /// If that cannot be found out.
    fn open(&self, plan: &ObjectPlan<'_>) -> Result<Option<Self::Object>>;

    /// What an object is now, to look for it in the cache; `None` if the store cannot tell, or does
    /// not have it.
    ///
    /// # Errors
    /// If that cannot be found out.
    fn version(&self, plan: &ObjectPlan<'_>) -> Result<Option<Version>> {
        let _ = plan;
        Ok(None)
    }
}

/// Objects of a store, under the keys of an array.
#[derive(Debug)]
pub struct Stored<'a, S> {
    /// The store.
    pub objects: &'a S,
    /// The array's keys.
    pub keys: &'a Keys,
}

impl<S: Objects<Object: Send + Sync>> Source for Stored<'_, S> {
    type Object = S::Object;

    fn open(&self, plan: &ObjectPlan<'_>) -> Result<Option<S::Object>> {
        self.objects.open(&self.keys.key(plan.coords()))
    }

    fn version(&self, plan: &ObjectPlan<'_>) -> Result<Option<Version>> {
        self.objects.version(&self.keys.key(plan.coords()))
    }
}

/// All objects of a plan in order, fetched by somebody else; `None` is one that is not stored.
#[derive(Debug)]
pub struct Fetched<'a>(pub Vec<Option<&'a [u8]>>);

impl<'a> Source for Fetched<'a> {
    type Object = Whole<'a>;

    fn open(&self, plan: &ObjectPlan<'_>) -> Result<Option<Whole<'a>>> {
        let found = self
            .0
            .get(plan.number())
            .ok_or(KernelError::OutsideMemory)?;
        Ok(found.map(Whole))
    }
}

/// All objects of a plan in order, in memory that never changes as long as they live.
#[derive(Debug)]
pub struct Lasting<'a>(pub Vec<Option<LastingBytes<'a>>>);

impl<'a> Source for Lasting<'a> {
    type Object = LastingBytes<'a>;

    fn open(&self, plan: &ObjectPlan<'_>) -> Result<Option<LastingBytes<'a>>> {
        let found = self.0.get(plan.number());
        Ok(found.ok_or(KernelError::OutsideMemory)?.clone())
    }

    fn version(&self, plan: &ObjectPlan<'_>) -> Result<Option<Version>> {
        Ok(self.open(plan)?.and_then(|found| {
            Some(Version {
                nbytes: found.nbytes(),
                stamp: found.stamp?,
            })
        }))
    }
}

/// All bytes of an object, and what tells them from any others, if something does.
#[derive(Clone, Debug)]
pub struct LastingBytes<'a> {
    bytes: Whole<'a>,
    stamp: Option<Stamp>,
}

impl<'a> LastingBytes<'a> {
    /// `serial` is a number that no other bytes in this process have or had.
    #[must_use]
    pub fn new(bytes: &'a [u8], serial: Option<u64>) -> Self {
        let stamp = serial.map(|serial| {
            let [a, b, c, d, e, f, g, h] = serial.to_le_bytes();
            let version = [b'm', b'e', b'm', b'o', b'r', b'y', a, b, c, d, e, f, g, h];
            Stamp::new(serial, &version)
        });
        Self {
            bytes: Whole(bytes),
            stamp,
        }
    }
}

impl Object for LastingBytes<'_> {
    fn nbytes(&self) -> u64 {
        self.bytes.nbytes()
    }

    fn is_version(&self, stamp: &Stamp) -> bool {
        self.stamp.as_ref() == Some(stamp)
    }

    fn settled_stamp(&self) -> Result<Option<Stamp>> {
        Ok(self.stamp.clone())
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<()> {
        self.bytes.read_at(offset, into)
    }

    fn range<'s>(
        &'s self,
        offset: u64,
        nbytes: usize,
        scratch: &'s mut Vec<u8>,
    ) -> Result<&'s [u8]> {
        self.bytes.range(offset, nbytes, scratch)
    }

    fn whole<'s>(&'s self, scratch: &'s mut Vec<u8>) -> Result<&'s [u8]> {
        self.bytes.whole(scratch)
    }
}

/// The same object, whatever is asked for.
pub(crate) struct Single<O>(pub(crate) Option<O>);

impl<O: Object + Send + Sync + Copy> Source for Single<O> {
    type Object = O;

    fn open(&self, _plan: &ObjectPlan<'_>) -> Result<Option<O>> {
        Ok(self.0)
    }
}
