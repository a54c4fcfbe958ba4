//! What the kernel knows of a data type: how long an element is, and which of its bytes turn around
//! between memory and store.

use crate::{KernelError, Result};

/// An element as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ElementType {
    itemsize: usize,
    swap_nbytes: usize,
}

impl ElementType {
    /// An element of `itemsize` bytes, made of units of `swap_nbytes` bytes whose order is reversed
    /// on the way between memory and store: 8 for complex128, 4 for Unicode, 1 for none.
    ///
    /// # Errors
    /// [`KernelError::BadDescription`] when the item is empty or not made of whole units.
    pub fn new(itemsize: usize, swap_nbytes: usize) -> Result<Self> {
        match itemsize.checked_rem(swap_nbytes) {
            Some(0) if itemsize > 0 => Ok(Self {
                itemsize,
                swap_nbytes,
            }),
            _ => Err(KernelError::BadDescription {
                what: "an element is a whole number of units of its byte order, and not empty",
            }),
        }
    }

    /// Bytes of one element.
    #[must_use]
    pub fn itemsize(self) -> usize {
        self.itemsize
    }

    /// Bytes of the units that are reversed; 1 when memory and store agree.
    #[must_use]
    pub fn swap_nbytes(self) -> usize {
        self.swap_nbytes
    }

    /// Whether elements are the same bytes in memory and in the store.
    #[must_use]
    pub fn is_verbatim(self) -> bool {
        self.swap_nbytes == 1
    }

    /// The same item without reversal.
    #[must_use]
    pub fn verbatim(self) -> Self {
        Self {
            itemsize: self.itemsize,
            swap_nbytes: 1,
        }
    }

    /// One element in its other byte order.
    #[must_use]
    pub fn turned(self, element: &[u8]) -> Vec<u8> {
        element
            .chunks(self.swap_nbytes)
            .flat_map(|unit| unit.iter().rev())
            .copied()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_reversed_one_by_one() {
        let complex = ElementType::new(8, 4).unwrap();
        assert_eq!(
            complex.turned(&[1, 2, 3, 4, 5, 6, 7, 8]),
            [4, 3, 2, 1, 8, 7, 6, 5]
        );
        assert_eq!(complex.verbatim().turned(&[1, 2]), [1, 2]);
    }

    #[test]
    fn odd_descriptions_are_refused() {
        for (itemsize, swap_nbytes) in [(0, 1), (6, 4), (4, 0), (0, 0)] {
            assert!(ElementType::new(itemsize, swap_nbytes).is_err());
        }
    }
}
