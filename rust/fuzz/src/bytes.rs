//! Hostile input as a source of numbers and of stored objects.

/// Takes bytes from the front of an input; behind its end there are zeros.
#[derive(Debug)]
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n
    }

    /// Eight bytes as a number.
    pub fn number(&mut self) -> usize {
        usize::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }

    /// What is stored under a key: bytes behind their length, or nothing where that is `u16::MAX`.
    pub fn object(&mut self) -> Option<&'a [u8]> {
        let length = u16::from_le_bytes([self.byte(), self.byte()]);
        if length == u16::MAX {
            return None;
        }
        let (object, rest) = self.0.split_at(usize::from(length).min(self.0.len()));
        self.0 = rest;
        Some(object)
    }
}
