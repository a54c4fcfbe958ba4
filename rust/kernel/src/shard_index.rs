//! The index of a shard: one (offset, nbytes) pair of little-endian u64 per inner chunk, in
//! row-major grid order.
//!
//! Offsets count bytes from the start of the shard. An absent inner chunk has 2^64 - 1 in both
//! halves. The table may be followed by its CRC-32C, and the whole is stored at the start or at the
//! end of the shard. Encoded and decoded forms of the table are the same bytes, so decoding is
//! verification: [`decode`] hands back the part of its input that holds the table, and no entry of
//! a [`Table`] can point outside its shard or into the index.

use std::ops::Range;

use crate::codec::crc32c;
use crate::{KernelError, Result};

/// Bytes of one entry.
pub const ENTRY_NBYTES: usize = 16;

/// Value of both halves of the entry of an absent inner chunk.
pub const ABSENT: u64 = u64::MAX;

/// Where one inner chunk lies in its shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The chunk is not stored; its elements have the fill value.
    Absent,
    /// The chunk's bytes are `offset .. offset + nbytes`.
    Present {
        /// Bytes before the chunk, from the start of the shard.
        offset: u64,
        /// Length of the encoded chunk.
        nbytes: u64,
    },
}

impl Entry {
    /// The entry as it is stored.
    #[must_use]
    pub fn to_le_bytes(self) -> [u8; ENTRY_NBYTES] {
        let (offset, nbytes) = match self {
            Self::Absent => (ABSENT, ABSENT),
            Self::Present { offset, nbytes } => (offset, nbytes),
        };
        // Two u64 side by side in little-endian order are one u128 in little-endian order.
        (u128::from(nbytes) << 64 | u128::from(offset)).to_le_bytes()
    }

    /// Read entry number `chunk` from its 16 bytes.
    fn parse(chunk: usize, stored: &[u8]) -> Result<Self> {
        let (offset, nbytes) = stored.split_at(ENTRY_NBYTES / 2);
        match (read_u64(offset), read_u64(nbytes)) {
            (ABSENT, ABSENT) => Ok(Self::Absent),
            (offset, nbytes) if offset == ABSENT || nbytes == ABSENT => {
                Err(KernelError::EntryHalfAbsent {
                    chunk,
                    offset,
                    nbytes,
                })
            }
            (offset, nbytes) => Ok(Self::Present { offset, nbytes }),
        }
    }
}

/// Little-endian number in eight bytes.
fn read_u64(stored: &[u8]) -> u64 {
    stored
        .iter()
        .rev()
        .fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// Where in the shard the index is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// The index comes first.
    Start,
    /// The index comes last.
    End,
}

impl Location {
    /// Offset of an index of `index_nbytes` bytes in a shard of `object_nbytes` bytes.
    ///
    /// # Errors
    /// [`KernelError::IndexOutsideObject`] when the shard is shorter than its index.
    pub fn index_offset(self, index_nbytes: u64, object_nbytes: u64) -> Result<u64> {
        let room =
            object_nbytes
                .checked_sub(index_nbytes)
                .ok_or(KernelError::IndexOutsideObject {
                    index_offset: 0,
                    index_nbytes,
                    object_nbytes,
                })?;
        Ok(match self {
            Self::Start => 0,
            Self::End => room,
        })
    }
}

/// What is known about the shard around an index. What is not known is not checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Length of the shard.
    pub object_nbytes: Option<u64>,
    /// Where in the shard the index starts.
    pub index_offset: Option<u64>,
}

/// Length of the encoded index of `n_chunks` inner chunks.
///
/// # Errors
/// [`KernelError::TooLarge`] when that is more than an address can count.
pub fn encoded_nbytes(n_chunks: usize, checksum: bool) -> Result<usize> {
    let tail = if checksum { crc32c::CHECKSUM_NBYTES } else { 0 };
    n_chunks
        .checked_mul(ENTRY_NBYTES)
        .and_then(|nbytes| nbytes.checked_add(tail))
        .ok_or(KernelError::TooLarge {
            what: "shard index",
        })
}

/// Encode `entries`, a table of little-endian (offset, nbytes) pairs.
///
/// # Errors
/// [`KernelError::IndexTableRagged`] when the table ends inside an entry, and the errors of a
/// single entry: [`KernelError::EntryHalfAbsent`], [`KernelError::EntryOverflow`].
pub fn encode(entries: &[u8], checksum: bool) -> Result<Vec<u8>> {
    let table = Table::parse(entries)?;
    for (chunk, entry) in table.entries().enumerate() {
        entry_end(chunk, entry?)?;
    }
    Ok(if checksum {
        crc32c::encode(entries)
    } else {
        entries.to_vec()
    })
}

/// Encode entries given one by one; see [`encode`].
///
/// # Errors
/// As [`encode`].
pub fn encode_entries(entries: impl IntoIterator<Item = Entry>, checksum: bool) -> Result<Vec<u8>> {
    let table: Vec<u8> = entries.into_iter().flat_map(Entry::to_le_bytes).collect();
    encode(&table, checksum)
}

/// Verify an encoded index of `n_chunks` inner chunks and hand back its table.
///
/// # Errors
/// [`KernelError::IndexWrongSize`], [`KernelError::TooLarge`], [`KernelError::ChecksumMismatch`],
/// [`KernelError::IndexOutsideObject`], and the first entry that is wrong:
/// [`KernelError::EntryHalfAbsent`], [`KernelError::EntryOverflow`],
/// [`KernelError::EntryOutsideObject`], [`KernelError::EntryInsideIndex`].
pub fn decode(
    encoded: &[u8],
    n_chunks: usize,
    checksum: bool,
    surroundings: Surroundings,
) -> Result<Table<'_>> {
    let expected_nbytes = encoded_nbytes(n_chunks, checksum)?;
    if encoded.len() != expected_nbytes {
        return Err(KernelError::IndexWrongSize {
            expected_nbytes,
            nbytes: encoded.len(),
        });
    }
    let table = Table::parse(if checksum {
        crc32c::decode(encoded)?
    } else {
        encoded
    })?;
    let index_range = locate(encoded.len(), surroundings)?;
    for (chunk, entry) in table.entries().enumerate() {
        check_place(
            chunk,
            entry?,
            surroundings.object_nbytes,
            index_range.as_ref(),
        )?;
    }
    Ok(table)
}

/// The bytes of the shard that the index takes up, if its place is known.
fn locate(index_nbytes: usize, surroundings: Surroundings) -> Result<Option<Range<u64>>> {
    let Some(index_offset) = surroundings.index_offset else {
        return Ok(None);
    };
    let object_nbytes = surroundings.object_nbytes.unwrap_or(u64::MAX);
    // A length in memory that does not fit in 64 bits cannot lie inside any object either.
    let index_nbytes = u64::try_from(index_nbytes).unwrap_or(u64::MAX);
    match index_offset.checked_add(index_nbytes) {
        Some(end) if end <= object_nbytes => Ok(Some(index_offset..end)),
        _ => Err(KernelError::IndexOutsideObject {
            index_offset,
            index_nbytes,
            object_nbytes,
        }),
    }
}

/// End of the byte range of an entry, `None` for an absent chunk.
fn entry_end(chunk: usize, entry: Entry) -> Result<Option<u64>> {
    let Entry::Present { offset, nbytes } = entry else {
        return Ok(None);
    };
    offset
        .checked_add(nbytes)
        .map(Some)
        .ok_or(KernelError::EntryOverflow {
            chunk,
            offset,
            nbytes,
        })
}

fn check_place(
    chunk: usize,
    entry: Entry,
    object_nbytes: Option<u64>,
    index_range: Option<&Range<u64>>,
) -> Result<()> {
    let (Entry::Present { offset, nbytes }, Some(end)) = (entry, entry_end(chunk, entry)?) else {
        return Ok(());
    };
    if let Some(object_nbytes) = object_nbytes.filter(|object_nbytes| end > *object_nbytes) {
        return Err(KernelError::EntryOutsideObject {
            chunk,
            offset,
            nbytes,
            object_nbytes,
        });
    }
    // An empty range overlaps nothing, wherever it is.
    match index_range {
        Some(index) if nbytes > 0 && offset < index.end && end > index.start => {
            Err(KernelError::EntryInsideIndex {
                chunk,
                offset,
                nbytes,
                index_offset: index.start,
                index_nbytes: index.end.saturating_sub(index.start),
            })
        }
        _ => Ok(()),
    }
}

/// A whole number of stored entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table<'a> {
    stored: &'a [u8],
}

impl<'a> Table<'a> {
    fn parse(stored: &'a [u8]) -> Result<Self> {
        if stored.len() % ENTRY_NBYTES == 0 {
            Ok(Self { stored })
        } else {
            Err(KernelError::IndexTableRagged {
                nbytes: stored.len(),
            })
        }
    }

    /// A table that [`decode`] handed back before.
    pub(crate) fn verified(stored: &'a [u8]) -> Result<Self> {
        Self::parse(stored)
    }

    /// The entry in row `chunk`.
    ///
    /// # Errors
    /// [`KernelError::IndexWrongSize`] if there is no such row. A table returned by [`decode`]
    /// yields no other.
    pub fn entry(&self, chunk: usize) -> Result<Entry> {
        let found = chunk
            .checked_mul(ENTRY_NBYTES)
            .and_then(|start| self.stored.get(start..start.checked_add(ENTRY_NBYTES)?));
        match found {
            Some(stored) => Entry::parse(chunk, stored),
            None => Err(KernelError::IndexWrongSize {
                expected_nbytes: chunk.saturating_add(1).saturating_mul(ENTRY_NBYTES),
                nbytes: self.stored.len(),
            }),
        }
    }

    /// The table as it is stored: little-endian (offset, nbytes) pairs.
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.stored
    }

    /// The entries in order. A table returned by [`decode`] yields no error.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = Result<Entry>> + use<'a> {
        let entries = self.stored.chunks_exact(ENTRY_NBYTES);
        entries
            .enumerate()
            .map(|(chunk, stored)| Entry::parse(chunk, stored))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The worked example of the format notes: inner chunks of 2, 2, absent and 2 bytes, then the
    /// index.
    const EXAMPLE: [Entry; 4] = [
        Entry::Present {
            offset: 0,
            nbytes: 2,
        },
        Entry::Present {
            offset: 2,
            nbytes: 2,
        },
        Entry::Absent,
        Entry::Present {
            offset: 4,
            nbytes: 2,
        },
    ];

    fn nothing_known() -> Surroundings {
        Surroundings::default()
    }

    fn at(index_offset: u64, object_nbytes: u64) -> Surroundings {
        Surroundings {
            object_nbytes: Some(object_nbytes),
            index_offset: Some(index_offset),
        }
    }

    fn one(offset: u64, nbytes: u64) -> Vec<u8> {
        [offset.to_le_bytes(), nbytes.to_le_bytes()].concat()
    }

    fn entries_of(table: Table<'_>) -> Vec<Entry> {
        table.entries().map(Result::unwrap).collect()
    }

    #[test]
    fn worked_example() {
        let encoded = encode_entries(EXAMPLE, true).unwrap();
        assert_eq!(encoded.len(), 68);
        assert_eq!(encoded[16], 2);
        assert_eq!(encoded[32..48], [0xFF; 16]);
        assert_eq!(encoded[64..], EXAMPLE_CHECKSUM);
        let table = decode(&encoded, 4, true, at(6, 74)).unwrap();
        assert_eq!(entries_of(table), EXAMPLE);
        assert_eq!(table.as_bytes(), &encoded[..64]);
    }

    const EXAMPLE_CHECKSUM: [u8; 4] = [0x7F, 0x5D, 0x95, 0xAD];

    #[test]
    fn index_at_the_start_counts_itself() {
        let shifted = EXAMPLE.map(|entry| match entry {
            Entry::Present { offset, nbytes } => Entry::Present {
                offset: offset + 68,
                nbytes,
            },
            Entry::Absent => Entry::Absent,
        });
        let encoded = encode_entries(shifted, true).unwrap();
        assert!(decode(&encoded, 4, true, at(0, 74)).is_ok());
        let unshifted = encode_entries(EXAMPLE, true).unwrap();
        assert_eq!(
            decode(&unshifted, 4, true, at(0, 74)),
            Err(KernelError::EntryInsideIndex {
                chunk: 0,
                offset: 0,
                nbytes: 2,
                index_offset: 0,
                index_nbytes: 68
            })
        );
    }

    #[test]
    fn locations() {
        assert_eq!(Location::Start.index_offset(68, 74), Ok(0));
        assert_eq!(Location::End.index_offset(68, 74), Ok(6));
        for location in [Location::Start, Location::End] {
            assert!(matches!(
                location.index_offset(68, 67),
                Err(KernelError::IndexOutsideObject { .. })
            ));
        }
    }

    #[test]
    fn zero_chunks() {
        assert_eq!(encode(&[], false), Ok(vec![]));
        assert_eq!(encode(&[], true), Ok(vec![0; 4]));
        assert_eq!(
            decode(&[0; 4], 0, true, at(0, 4)).map(entries_of),
            Ok(vec![])
        );
    }

    #[test]
    fn half_markers() {
        for (offset, nbytes) in [(ABSENT, 0), (0, ABSENT), (ABSENT, ABSENT - 1)] {
            let error = KernelError::EntryHalfAbsent {
                chunk: 0,
                offset,
                nbytes,
            };
            let table = one(offset, nbytes);
            assert_eq!(encode(&table, true), Err(error.clone()));
            assert_eq!(decode(&table, 1, false, nothing_known()), Err(error));
        }
    }

    #[test]
    fn overflow_is_found_even_when_nothing_is_known() {
        let table = one(ABSENT - 1, 2);
        let error = KernelError::EntryOverflow {
            chunk: 0,
            offset: ABSENT - 1,
            nbytes: 2,
        };
        assert_eq!(encode(&table, false), Err(error.clone()));
        assert_eq!(decode(&table, 1, false, nothing_known()), Err(error));
        assert!(decode(&one(ABSENT - 1, 1), 1, false, nothing_known()).is_ok());
    }

    #[test]
    fn entries_stay_inside_the_object() {
        assert!(decode(&one(16, 4), 1, false, at(0, 20)).is_ok());
        assert_eq!(
            decode(&one(16, 5), 1, false, at(0, 20)),
            Err(KernelError::EntryOutsideObject {
                chunk: 0,
                offset: 16,
                nbytes: 5,
                object_nbytes: 20
            })
        );
    }

    #[test]
    fn entries_may_touch_the_index() {
        // The index takes up bytes 10..26 of 40.
        for (offset, nbytes, good) in [
            (0, 10, true),
            (0, 11, false),
            (26, 14, true),
            (25, 1, false),
            (0, 40, false),
            (12, 2, false),
            (12, 0, true),
        ] {
            assert_eq!(
                decode(&one(offset, nbytes), 1, false, at(10, 40)).is_ok(),
                good,
                "{offset}+{nbytes}"
            );
        }
    }

    #[test]
    fn the_place_of_the_index_is_checked_where_it_is_known() {
        let table = one(0, 2);
        let only_size = Surroundings {
            object_nbytes: Some(20),
            index_offset: None,
        };
        assert!(decode(&table, 1, false, only_size).is_ok());
        let only_offset = Surroundings {
            object_nbytes: None,
            index_offset: Some(0),
        };
        assert!(matches!(
            decode(&table, 1, false, only_offset),
            Err(KernelError::EntryInsideIndex { .. })
        ));
    }

    #[test]
    fn index_outside_the_object() {
        for surroundings in [at(5, 20), at(u64::MAX, 20), at(0, 15)] {
            assert!(matches!(
                decode(&one(ABSENT, ABSENT), 1, false, surroundings),
                Err(KernelError::IndexOutsideObject { .. })
            ));
        }
    }

    #[test]
    fn wrong_sizes() {
        assert_eq!(
            encode(&[0; 17], true),
            Err(KernelError::IndexTableRagged { nbytes: 17 })
        );
        assert_eq!(
            decode(&[0; 16], 1, true, nothing_known()),
            Err(KernelError::IndexWrongSize {
                expected_nbytes: 20,
                nbytes: 16
            })
        );
        for n_chunks in [usize::MAX, usize::MAX / ENTRY_NBYTES + 1] {
            assert_eq!(
                decode(&[], n_chunks, false, nothing_known()),
                Err(KernelError::TooLarge {
                    what: "shard index"
                })
            );
        }
        assert_eq!(
            encoded_nbytes(usize::MAX / ENTRY_NBYTES, false),
            Ok(usize::MAX - 15)
        );
    }

    #[test]
    fn corrupt_checksum() {
        let mut encoded = encode_entries(EXAMPLE, true).unwrap();
        encoded[67] ^= 1;
        assert!(matches!(
            decode(&encoded, 4, true, nothing_known()),
            Err(KernelError::ChecksumMismatch { .. })
        ));
    }

    /// Numbers near the edges as often as numbers in between.
    fn number() -> impl Strategy<Value = u64> {
        prop_oneof![0..100_u64, ABSENT - 3..=ABSENT, any::<u64>()]
    }

    fn sound_entry() -> impl Strategy<Value = Entry> {
        prop_oneof![
            Just(Entry::Absent),
            (0..u64::MAX / 2, 0..u64::MAX / 2)
                .prop_map(|(offset, nbytes)| Entry::Present { offset, nbytes }),
        ]
    }

    proptest! {
        #[test]
        fn round_trips(entries in prop::collection::vec(sound_entry(), 0..40), checksum: bool) {
            let encoded = encode_entries(entries.clone(), checksum).unwrap();
            prop_assert_eq!(encoded.len(), encoded_nbytes(entries.len(), checksum).unwrap());
            let table = decode(&encoded, entries.len(), checksum, nothing_known()).unwrap();
            prop_assert_eq!(entries_of(table), entries);
        }

        #[test]
        fn any_bytes_are_a_table_or_an_error(
            encoded: Vec<u8>, n_chunks in 0..8_usize, checksum: bool,
            object_nbytes: Option<u64>, index_offset: Option<u64>,
        ) {
            let _ = decode(&encoded, n_chunks, checksum, Surroundings { object_nbytes, index_offset });
            let _ = encode(&encoded, checksum);
        }

        /// The verdict on one entry, worked out again in wider integers and sets of bytes.
        #[test]
        fn verdict_on_an_entry(offset in number(), nbytes in number(), index_offset in 0..60_u64, object_nbytes in 0..120_u64) {
            let (start, end) = (u128::from(offset), u128::from(offset) + u128::from(nbytes));
            let absent = offset == ABSENT && nbytes == ABSENT;
            let half = (offset == ABSENT) != (nbytes == ABSENT);
            let index_fits = index_offset + 16 <= object_nbytes;
            let sound = index_fits && !half && (absent || {
                end <= u128::from(object_nbytes)
                    && !(u128::from(index_offset)..u128::from(index_offset) + 16).any(|byte| (start..end).contains(&byte))
            });
            let table = one(offset, nbytes);
            let found = decode(&table, 1, false, at(index_offset, object_nbytes));
            prop_assert_eq!(found.is_ok(), sound, "{:?}", found);
        }
    }
}
