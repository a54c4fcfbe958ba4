//! Everything that can go wrong in the kernel, as one enum. The binding maps it to Python
//! exceptions in one table.

use std::fmt;

/// Result of a kernel function.
pub type Result<T> = std::result::Result<T, KernelError>;

/// What was wrong with the input, with the numbers needed to find it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KernelError {
    /// Data that should end in a CRC-32C has fewer than four bytes.
    ChecksumMissing {
        /// Length of the data.
        nbytes: usize,
    },
    /// Data does not match the CRC-32C stored with it.
    ChecksumMismatch {
        /// Checksum found in the data.
        stored: u32,
        /// Checksum of the data.
        computed: u32,
    },
    /// A table of shard index entries is not a whole number of (offset, nbytes) pairs.
    IndexTableRagged {
        /// Length of the table.
        nbytes: usize,
    },
    /// An encoded shard index has the wrong length.
    IndexWrongSize {
        /// Length that the number of chunks asks for.
        expected_nbytes: usize,
        /// Length found.
        nbytes: usize,
    },
    /// The result would have more bytes than an address can count.
    TooLarge {
        /// What was to be made.
        what: &'static str,
    },
    /// The caller's output has the wrong length.
    OutputWrongSize {
        /// Length of the result.
        expected_nbytes: usize,
        /// Length of the output.
        nbytes: usize,
    },
    /// The shard index itself lies outside the object it is said to be in.
    IndexOutsideObject {
        /// Where the index starts.
        index_offset: u64,
        /// Length of the index.
        index_nbytes: u64,
        /// Length of the object.
        object_nbytes: u64,
    },
    /// One half of an entry is the marker for an absent chunk and the other is not.
    EntryHalfAbsent {
        /// Position of the entry.
        chunk: usize,
        /// First half.
        offset: u64,
        /// Second half.
        nbytes: u64,
    },
    /// The end of an entry's byte range is beyond 2^64 - 1.
    EntryOverflow {
        /// Position of the entry.
        chunk: usize,
        /// Start of the range.
        offset: u64,
        /// Length of the range.
        nbytes: u64,
    },
    /// An entry's byte range ends beyond the object.
    EntryOutsideObject {
        /// Position of the entry.
        chunk: usize,
        /// Start of the range.
        offset: u64,
        /// Length of the range.
        nbytes: u64,
        /// Length of the object.
        object_nbytes: u64,
    },
    /// An entry's byte range overlaps the index.
    EntryInsideIndex {
        /// Position of the entry.
        chunk: usize,
        /// Start of the range.
        offset: u64,
        /// Length of the range.
        nbytes: u64,
        /// Where the index starts.
        index_offset: u64,
        /// Length of the index.
        index_nbytes: u64,
    },
}

impl fmt::Display for KernelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChecksumMissing { nbytes } => write!(
                f,
                "crc32c: the data is {nbytes} bytes long, too short for its 4-byte checksum; it was cut off"
            ),
            Self::ChecksumMismatch { stored, computed } => write!(
                f,
                "crc32c: the stored checksum is {stored:#010x} but the data gives {computed:#010x}; \
                 the data is corrupt"
            ),
            Self::IndexTableRagged { nbytes } => write!(
                f,
                "shard index: a table of {nbytes} bytes is not a whole number of 16-byte (offset, nbytes) pairs"
            ),
            Self::IndexWrongSize {
                expected_nbytes,
                nbytes,
            } => write!(
                f,
                "shard index: expected {expected_nbytes} bytes but found {nbytes}"
            ),
            Self::TooLarge { what } => {
                write!(f, "{what}: the result would be too large for this machine")
            }
            Self::OutputWrongSize {
                expected_nbytes,
                nbytes,
            } => write!(
                f,
                "the output has {nbytes} bytes but the result has {expected_nbytes}"
            ),
            Self::IndexOutsideObject {
                index_offset,
                index_nbytes,
                object_nbytes,
            } => write!(
                f,
                "shard index: an index of {index_nbytes} bytes at offset {index_offset} does not fit in a shard \
                 of {object_nbytes} bytes; the shard was cut off"
            ),
            Self::EntryHalfAbsent {
                chunk,
                offset,
                nbytes,
            } => write!(
                f,
                "shard index: entry {chunk} is half absent (offset {offset}, nbytes {nbytes}); an absent chunk has \
                 2**64 - 1 in both places"
            ),
            Self::EntryOverflow {
                chunk,
                offset,
                nbytes,
            } => write!(
                f,
                "shard index: entry {chunk} (offset {offset}, nbytes {nbytes}) ends beyond 2**64 - 1"
            ),
            Self::EntryOutsideObject {
                chunk,
                offset,
                nbytes,
                object_nbytes,
            } => write!(
                f,
                "shard index: entry {chunk} (offset {offset}, nbytes {nbytes}) ends beyond the shard, which has \
                 {object_nbytes} bytes"
            ),
            Self::EntryInsideIndex {
                chunk,
                offset,
                nbytes,
                index_offset,
                index_nbytes,
            } => write!(
                f,
                "shard index: entry {chunk} (offset {offset}, nbytes {nbytes}) overlaps the index itself, which has \
                 {index_nbytes} bytes at offset {index_offset}"
            ),
        }
    }
}

impl std::error::Error for KernelError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_numbers() {
        let error = KernelError::EntryOutsideObject {
            chunk: 7,
            offset: 11,
            nbytes: 13,
            object_nbytes: 17,
        };
        let text = error.to_string();
        for number in ["7", "11", "13", "17"] {
            assert!(text.contains(number), "{text}");
        }
    }

    #[test]
    fn messages_fit_on_one_line() {
        let text = KernelError::ChecksumMismatch {
            stored: 1,
            computed: 2,
        }
        .to_string();
        assert!(!text.contains('\n') && !text.contains("  "), "{text}");
    }
}
