//! Where the objects of a plan come from: a store, or somebody who fetched them.

use crate::keys::Keys;
use crate::lent_values::Whole;
use crate::plan::ObjectPlan;
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

/// The same object, whatever is asked for.
pub(crate) struct Single<O>(pub(crate) Option<O>);

impl<O: Object + Send + Sync + Copy> Source for Single<O> {
    type Object = O;

    fn open(&self, _plan: &ObjectPlan<'_>) -> Result<Option<O>> {
        Ok(self.0)
    }
}
