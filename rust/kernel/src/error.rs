//! Everything that can go wrong in the kernel, as one enum. The binding maps it to Python
//! exceptions in one table.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

/// Result of a kernel function.
pub type Result<T> = std::result::Result<T, KernelError>;

/// What was wrong with the input, with the numbers needed to find it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KernelError {
    /// Data that should hold a checksum has fewer than four bytes.
    ChecksumMissing {
        /// The codec that looked for it.
        codec: &'static str,
        /// Length of the data.
        nbytes: usize,
    },
    /// Data does not match the checksum stored with it.
    ChecksumMismatch {
        /// The codec that compared them.
        codec: &'static str,
        /// Checksum found in the data.
        stored: u32,
        /// Checksum of the data.
        computed: u32,
    },
    /// Encoded data breaks the rules of its format.
    Corrupt {
        /// The codec that found out.
        codec: &'static str,
        /// What is wrong, as a clause.
        problem: Cow<'static, str>,
    },
    /// Encoded data holds more or fewer bytes than its place asks for.
    DecodedWrongSize {
        /// The codec that decoded it.
        codec: &'static str,
        /// Length that was asked for.
        expected_nbytes: usize,
        /// Length of the decoded data, `None` when it is longer and was not decoded to the end.
        nbytes: Option<usize>,
    },
    /// A chunk of items that decodes to more than is permitted.
    StreamTooLong {
        /// The codec that stores the items.
        codec: &'static str,
        /// The most bytes that are.
        limit: usize,
    },
    /// Data that a codec cannot encode, or an encoder that gave up.
    NotEncodable {
        /// The codec.
        codec: &'static str,
        /// Why not, as a clause.
        problem: Cow<'static, str>,
    },
    /// A codec cannot be made with these parameters.
    BadParameter {
        /// The codec.
        codec: &'static str,
        /// Which parameter and why, as a clause.
        problem: Cow<'static, str>,
    },
    /// A range of bytes asked for does not lie in the decoded data.
    RangeOutside {
        /// First byte.
        start: usize,
        /// One beyond the last byte.
        end: usize,
        /// Length of the decoded data.
        nbytes: usize,
    },
    /// The operating system has no memory left.
    OutOfMemory {
        /// How much was asked for.
        nbytes: usize,
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
    /// The operating system refused something.
    Io {
        /// What was tried, as a verb: "read".
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Its reason.
        errno: i32,
    },
    /// Something that is no object is where the file of one should be, or a directory on the way to it.
    Blocked {
        /// The object's.
        key: String,
        /// What is in the way.
        path: PathBuf,
        /// Which kind of thing that is.
        by: Blocker,
    },
    /// Bytes were asked for that the object does not have.
    RangeOutsideObject {
        /// The object.
        path: PathBuf,
        /// Start of the range.
        offset: u64,
        /// Length of the range.
        nbytes: u64,
        /// Length of the object.
        object_nbytes: u64,
    },
    /// A file changed its length each time it was read.
    Unsteady {
        /// The file.
        path: PathBuf,
    },
    /// An object was replaced by another program in each attempt to change it.
    Contended {
        /// The object.
        path: PathBuf,
        /// Number of attempts.
        attempts: usize,
    },
    /// Parts of an array's description, or of a request, contradict each other.
    BadDescription {
        /// The rule that is broken.
        what: &'static str,
    },
    /// A copy or a range would leave the memory it works on.
    OutsideMemory,
    /// An object is not the version that was looked for.
    Replaced,
    /// A chunk that must be stored is not.
    ChunkMissing,
    /// Bytes of an object that have not been fetched yet.
    NotFetched {
        /// Start of the range.
        offset: u64,
        /// Length of the range.
        nbytes: u64,
    },
    /// Something went wrong with one chunk.
    InChunk {
        /// Its coordinates in the grid of decoded chunks.
        coords: Vec<usize>,
        /// What.
        error: Box<KernelError>,
    },
    /// Something went wrong with one stored object of a request.
    InObject {
        /// Its coordinates in the grid of objects.
        coords: Vec<usize>,
        /// What.
        error: Box<KernelError>,
    },
    /// The caller asked to stop.
    Interrupted,
    /// A task did what it never should.
    Panicked {
        /// What it said.
        message: String,
    },
}

/// What can be in the way of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Blocker {
    /// A directory, where the file should be.
    Directory,
    /// A file, where a directory should be.
    File,
    /// A symbolic link that leads nowhere.
    LinkToNowhere,
    /// Something else, as a phrase, where the file should be.
    NoFile(&'static str),
    /// Something else, as a phrase, where a directory should be.
    NoDirectory(&'static str),
}

impl KernelError {
    /// The same error with the chunk named in which it happened.
    pub(crate) fn in_chunk(self, coords: &[usize]) -> Self {
        Self::InChunk {
            coords: coords.to_vec(),
            error: Box::new(self),
        }
    }

    /// The same error with the object named in which it happened.
    pub(crate) fn in_object(self, coords: &[usize]) -> Self {
        Self::InObject {
            coords: coords.to_vec(),
            error: Box::new(self),
        }
    }
}

impl fmt::Display for KernelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChecksumMissing { codec, nbytes } => write!(
                f,
                "{codec}: the data is {nbytes} bytes long, too short for its 4-byte checksum; it was cut off"
            ),
            Self::ChecksumMismatch {
                codec,
                stored,
                computed,
            } => write!(
                f,
                "{codec}: checksum mismatch: stored {stored:#010x}, computed {computed:#010x}; the data is corrupt"
            ),
            Self::Corrupt { codec, problem } => {
                write!(f, "{codec}: {problem}; the data is corrupt")
            }
            Self::DecodedWrongSize {
                codec,
                expected_nbytes,
                nbytes: Some(nbytes),
            } => write!(
                f,
                "{codec}: the data decodes to {nbytes} bytes instead of {expected_nbytes}; it is corrupt or \
                 belongs to another array"
            ),
            Self::DecodedWrongSize {
                codec,
                expected_nbytes,
                nbytes: None,
            } => write!(
                f,
                "{codec}: the data decodes to more than {expected_nbytes} bytes; it is corrupt or belongs to \
                 another array"
            ),
            Self::StreamTooLong { codec, limit } => write!(
                f,
                "{codec}: the data decodes to more than {limit} bytes, which is what the zarr.config key \
                 'array.max_variable_chunk_bytes' permits; raise it for an array that you trust"
            ),
            Self::NotEncodable { codec, problem } => {
                write!(f, "{codec}: cannot encode: {problem}")
            }
            Self::BadParameter { codec, problem } => write!(f, "{codec}: {problem}"),
            Self::RangeOutside { start, end, nbytes } => write!(
                f,
                "bytes {start} to {end} were asked of decoded data of {nbytes} bytes"
            ),
            Self::OutOfMemory { nbytes } => {
                write!(f, "no memory for a buffer of {nbytes} bytes")
            }
            Self::IndexTableRagged { nbytes } => write!(
                f,
                "a shard index table of {nbytes} bytes is not a whole number of 16-byte (offset, nbytes) pairs"
            ),
            Self::IndexWrongSize {
                expected_nbytes,
                nbytes,
            } => write!(
                f,
                "the shard index has {nbytes} bytes instead of {expected_nbytes}"
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
                "the shard has {object_nbytes} bytes, too few for its index of {index_nbytes} bytes at offset \
                 {index_offset}"
            ),
            Self::EntryHalfAbsent {
                chunk,
                offset,
                nbytes,
            } => write!(
                f,
                "entry {chunk} of the shard index (offset {offset}, {nbytes} bytes) has a marker for absence in one of \
                 its two fields"
            ),
            Self::EntryOverflow {
                chunk,
                offset,
                nbytes,
            } => write!(
                f,
                "entry {chunk} of the shard index (offset {offset}, {nbytes} bytes) lies outside any shard: it ends \
                 beyond 2**64 - 1"
            ),
            Self::EntryOutsideObject {
                chunk,
                offset,
                nbytes,
                object_nbytes,
            } => write!(
                f,
                "entry {chunk} of the shard index (offset {offset}, {nbytes} bytes) lies outside the shard of \
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
                "entry {chunk} of the shard index (offset {offset}, {nbytes} bytes) overlaps the shard index itself, \
                 which has {index_nbytes} bytes at offset {index_offset}"
            ),
            Self::Io {
                action,
                path,
                errno,
            } => write!(
                f,
                "cannot {action} {}: {}",
                path.display(),
                std::io::Error::from_raw_os_error(*errno)
            ),
            Self::Blocked { key, path, by } => {
                write!(
                    f,
                    "{} is in the way of the object {key}: it is ",
                    path.display()
                )?;
                match by {
                    Blocker::Directory => f.write_str("a directory and no file"),
                    Blocker::File => f.write_str("a file and no directory"),
                    Blocker::LinkToNowhere => f.write_str("a symbolic link that leads nowhere"),
                    Blocker::NoFile(kind) => write!(f, "{kind} and no file"),
                    Blocker::NoDirectory(kind) => write!(f, "{kind} and no directory"),
                }
            }
            Self::RangeOutsideObject {
                path,
                offset,
                nbytes,
                object_nbytes,
            } => write!(
                f,
                "{}: asked for {nbytes} bytes at offset {offset}, but it has {object_nbytes} bytes",
                path.display()
            ),
            Self::BadDescription { what } => write!(f, "a rule is broken: {what}"),
            Self::OutsideMemory => f.write_str("a copy would leave the memory it works on"),
            Self::Replaced => f.write_str("the object was replaced while it was read"),
            Self::ChunkMissing => f.write_str("the chunk is missing"),
            Self::NotFetched { offset, nbytes } => {
                write!(f, "{nbytes} bytes at offset {offset} have not been fetched")
            }
            Self::InChunk { coords, error } => write!(f, "chunk {coords:?}: {error}"),
            Self::InObject { coords, error } => write!(f, "object {coords:?}: {error}"),
            Self::Unsteady { path } => write!(
                f,
                "{} changed its length each time it was read: another program writes into it in place. Read it \
                 again when that program is done",
                path.display()
            ),
            Self::Contended { path, attempts } => write!(
                f,
                "{} was replaced by another program in each of {attempts} attempts to change it; nothing was \
                 stored. Write to it from one program at a time, or only through this library",
                path.display()
            ),
            Self::Interrupted => write!(f, "interrupted"),
            Self::Panicked { message } => write!(
                f,
                "zarr._native failed in a way it never should: {message}. Please report this; \
                 ZARR_ENGINE=python avoids it"
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
            codec: "crc32c",
            stored: 1,
            computed: 2,
        }
        .to_string();
        assert!(!text.contains('\n') && !text.contains("  "), "{text}");
    }
}
