//! The caller's side of a request: where elements go, and where they come from.

use crate::items::{ItemsMut, ItemsRef};
use crate::memory::{ArrayMut, ArrayRef};

/// An array to read into.
#[derive(Debug)]
pub enum Out<'a> {
    /// Of elements of a fixed size.
    Elements(ArrayMut<'a>),
    /// Of items.
    Items(ItemsMut<'a>),
}

impl Out<'_> {
    /// Whether two elements, of so many bytes, may share memory, so that the order of writes matters.
    pub(crate) fn overlaps(&self, itemsize: usize) -> bool {
        match self {
            Self::Elements(array) => array.overlaps(itemsize),
            Self::Items(items) => items.overlaps,
        }
    }
}

impl<'a> From<ArrayMut<'a>> for Out<'a> {
    fn from(array: ArrayMut<'a>) -> Self {
        Self::Elements(array)
    }
}

/// An array to write from.
#[derive(Debug)]
pub enum Value<'a> {
    /// Of elements of a fixed size.
    Elements(ArrayRef<'a>),
    /// Of items.
    Items(ItemsRef<'a>),
}

impl<'a> From<ArrayRef<'a>> for Value<'a> {
    fn from(array: ArrayRef<'a>) -> Self {
        Self::Elements(array)
    }
}
