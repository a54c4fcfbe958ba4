//! Elements of variable length: text and byte strings, which this library calls items.
//!
//! A stored chunk of them is their number, and then each behind its length, in the order of the
//! chunk; numbers and lengths are little-endian and have 32 bits. Such a run of bytes is called a
//! stream here. Where in a stream the items lie is found out once per chunk; with that table the
//! chunk can be copied from like any other: a place in the table stands for an element.
//!
//! What items are in the caller's memory, only the caller knows: [`GetItems`] and [`PutItems`] are
//! the two ways across.

use std::ops::Range;

use crate::memory::Layout;
use crate::transfer::Transfer;
use crate::{KernelError, Result};

/// What stands for an item in a decoded chunk: so many bytes are from one to the next in the strides
/// of a chunk.
pub(crate) const PLACE_NBYTES: usize = 8;

/// Bytes of a number or a length.
const LENGTH_NBYTES: usize = 4;

/// What items are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// Text in UTF-8.
    Utf8,
    /// Any bytes.
    Bytes,
}

impl ItemKind {
    /// The codec that stores them.
    #[must_use]
    pub fn codec(self) -> &'static str {
        match self {
            Self::Utf8 => "vlen-utf8",
            Self::Bytes => "vlen-bytes",
        }
    }

    fn corrupt(self, problem: String) -> KernelError {
        KernelError::Corrupt {
            codec: self.codec(),
            problem: problem.into(),
        }
    }

    fn not_encodable(self) -> KernelError {
        KernelError::NotEncodable {
            codec: self.codec(),
            problem: "counts and lengths must be below 2**32".into(),
        }
    }

    fn too_long(self, most_nbytes: usize) -> KernelError {
        let problem = format!(
            "its elements take more than {most_nbytes} bytes, which is what the zarr.config key \
             'array.max_variable_chunk_bytes' permits a reader to decompress; make the chunks smaller, or raise \
             it here and wherever the array is read"
        );
        KernelError::NotEncodable {
            codec: self.codec(),
            problem: problem.into(),
        }
    }
}

// -- streams --------------------------------------------------------------------------------------

/// How many bytes a stream has to have, as far as that can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamNbytes {
    /// So many.
    Exactly(usize),
    /// These or more.
    AtLeast(usize),
}

/// How long a stream of so many items is that begins with `head`.
///
/// # Errors
/// [`KernelError::Corrupt`] for the beginning of a stream of another number of items.
pub(crate) fn stream_nbytes(kind: ItemKind, head: &[u8], n_items: usize) -> Result<StreamNbytes> {
    check_count(kind, head, n_items)?;
    let mut end = LENGTH_NBYTES;
    for number in 0..n_items {
        let Some(length) = length_at(head, end) else {
            let n_left = n_items.saturating_sub(number);
            return Ok(StreamNbytes::AtLeast(
                n_left.saturating_mul(LENGTH_NBYTES).saturating_add(end),
            ));
        };
        end = end.saturating_add(LENGTH_NBYTES).saturating_add(length);
    }
    Ok(StreamNbytes::Exactly(end))
}

/// Refuse a stream, or its beginning, that does not say that it holds so many items.
fn check_count(kind: ItemKind, stream: &[u8], n_items: usize) -> Result<()> {
    let Some(count) = length_at(stream, 0) else {
        let nbytes = stream.len();
        let problem = format!("{nbytes} bytes are too few to hold the number of elements");
        return Err(kind.corrupt(problem));
    };
    if count == n_items {
        return Ok(());
    }
    let problem = format!("the data holds {count} elements, the chunk has {n_items}");
    Err(kind.corrupt(problem))
}

/// A decoded chunk: its stream, and where in that each item begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table<'a> {
    stream: &'a [u8],
    starts: &'a [usize],
}

impl<'a> Table<'a> {
    /// The table of a stream that must hold so many items, and nothing after them. `starts` is
    /// memory for it; there is never more in it than the stream has room for items.
    ///
    /// # Errors
    /// [`KernelError::Corrupt`] for any other stream, and for text that is no UTF-8.
    pub(crate) fn parse(
        kind: ItemKind,
        stream: &'a [u8],
        n_items: usize,
        starts: &'a mut Vec<usize>,
    ) -> Result<Self> {
        let total = stream.len();
        check_count(kind, stream, n_items)?;
        if total / LENGTH_NBYTES <= n_items {
            let problem = format!("{total} bytes are too few for {n_items} elements");
            return Err(kind.corrupt(problem));
        }
        starts.clear();
        starts
            .try_reserve(n_items)
            .map_err(|_| KernelError::OutOfMemory {
                nbytes: n_items.saturating_mul(size_of::<usize>()),
            })?;
        let mut end = LENGTH_NBYTES;
        for _ in 0..n_items {
            let Some(length) = length_at(stream, end) else {
                end = usize::MAX;
                break;
            };
            let start = end.saturating_add(LENGTH_NBYTES);
            starts.push(start);
            end = start.saturating_add(length);
        }
        if end > total {
            let problem = format!("an element reaches beyond the {total} bytes of the data");
            return Err(kind.corrupt(problem));
        }
        if end < total {
            let rest = total.saturating_sub(end);
            return Err(kind.corrupt(format!("{rest} bytes follow the last element")));
        }
        let table = Self { stream, starts };
        if kind == ItemKind::Utf8 {
            table.check_text()?;
        }
        Ok(table)
    }

    fn check_text(self) -> Result<()> {
        // Lengths of short items are bytes below 128 too: one look at all of it tells most streams.
        if self
            .stream
            .get(LENGTH_NBYTES..)
            .is_some_and(<[u8]>::is_ascii)
        {
            return Ok(());
        }
        for number in 0..self.starts.len() {
            if let Err(error) = std::str::from_utf8(self.item(number)?) {
                let problem = format!("an element is not valid UTF-8: {error}");
                return Err(ItemKind::Utf8.corrupt(problem));
            }
        }
        Ok(())
    }

    /// An item.
    ///
    /// # Errors
    /// [`KernelError::OutsideMemory`] if there is none of this number.
    #[inline]
    pub(crate) fn item(self, number: usize) -> Result<&'a [u8]> {
        let found = self.starts.get(number).and_then(|start| {
            let before = self.stream.get(start.checked_sub(LENGTH_NBYTES)?..)?;
            let (length, rest) = before.split_first_chunk::<LENGTH_NBYTES>()?;
            rest.get(..usize::try_from(u32::from_le_bytes(*length)).ok()?)
        });
        found.ok_or(KernelError::OutsideMemory)
    }

    /// The same in memory of its own.
    pub(crate) fn to_owned(self) -> Result<OwnedTable> {
        let nbytes = self.stream.len();
        let mut stream = Vec::new();
        stream
            .try_reserve_exact(nbytes)
            .map_err(|_| KernelError::OutOfMemory { nbytes })?;
        stream.extend_from_slice(self.stream);
        Ok(OwnedTable {
            stream,
            starts: self.starts.to_vec(),
        })
    }
}

/// A [`Table`] that owns its stream.
#[derive(Debug)]
pub(crate) struct OwnedTable {
    stream: Vec<u8>,
    starts: Vec<usize>,
}

impl OwnedTable {
    pub(crate) fn table(&self) -> Table<'_> {
        Table {
            stream: &self.stream,
            starts: &self.starts,
        }
    }

    /// What it takes in memory.
    pub(crate) fn nbytes(&self) -> usize {
        let starts = self.starts.len().saturating_mul(size_of::<usize>());
        self.stream.len().saturating_add(starts)
    }
}

#[inline]
fn length_at(stream: &[u8], position: usize) -> Option<usize> {
    let length = stream.get(position..)?.first_chunk::<LENGTH_NBYTES>()?;
    usize::try_from(u32::from_le_bytes(*length)).ok()
}

/// Add an item to a stream, or to items for one, of which there are to be `most_nbytes`.
fn append(stream: &mut Vec<u8>, kind: ItemKind, item: &[u8], most_nbytes: usize) -> Result<()> {
    let length = u32::try_from(item.len()).map_err(|_| kind.not_encodable())?;
    let nbytes = LENGTH_NBYTES.saturating_add(item.len());
    if stream.len().saturating_add(nbytes) > most_nbytes {
        return Err(kind.too_long(most_nbytes));
    }
    stream
        .try_reserve(nbytes)
        .map_err(|_| KernelError::OutOfMemory { nbytes })?;
    stream.extend_from_slice(&length.to_le_bytes());
    stream.extend_from_slice(item);
    Ok(())
}

fn begin(stream: &mut Vec<u8>, kind: ItemKind, n_items: usize) -> Result<()> {
    let count = u32::try_from(n_items).map_err(|_| kind.not_encodable())?;
    stream.clear();
    stream.extend_from_slice(&count.to_le_bytes());
    Ok(())
}

// -- out of a chunk -------------------------------------------------------------------------------

/// The caller's memory, to put items into. Shared by the threads of a request.
pub trait PutItems: Sync {
    /// Put items into their places.
    ///
    /// # Errors
    /// If an item cannot be put, and what [`Items::each`] returns.
    fn put(&self, items: &Items<'_>) -> Result<()>;
}

/// An array of items in the caller's memory, to write to.
#[derive(Clone, Copy)]
pub struct ItemsMut<'a> {
    /// How the items lie there.
    pub layout: &'a Layout,
    /// Whether places share memory, so that the order matters in which items are put.
    pub overlaps: bool,
    /// The memory.
    pub memory: &'a dyn PutItems,
}

impl std::fmt::Debug for ItemsMut<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ItemsMut")
            .field("layout", &self.layout)
            .finish_non_exhaustive()
    }
}

/// Items on their way to the caller's memory.
#[derive(Debug)]
pub struct Items<'a> {
    kind: ItemKind,
    transfer: &'a Transfer,
    from: From<'a>,
}

#[derive(Debug)]
enum From<'a> {
    Table(Table<'a>),
    One(&'a [u8]),
}

impl<'a> Items<'a> {
    /// Those of a decoded chunk.
    pub(crate) fn of_chunk(kind: ItemKind, transfer: &'a Transfer, table: Table<'a>) -> Self {
        Self {
            kind,
            transfer,
            from: From::Table(table),
        }
    }

    /// The same item in every place.
    pub(crate) fn alike(kind: ItemKind, transfer: &'a Transfer, item: &'a [u8]) -> Self {
        Self {
            kind,
            transfer,
            from: From::One(item),
        }
    }

    /// What they are.
    #[must_use]
    pub fn kind(&self) -> ItemKind {
        self.kind
    }

    /// The item, if it is the same one for every place.
    #[must_use]
    pub fn one(&self) -> Option<&'a [u8]> {
        match self.from {
            From::One(item) => Some(item),
            From::Table(_) => None,
        }
    }

    /// Call `put` with the place of each item, in bytes from the first element of the array, and
    /// with the item: text that is UTF-8, where the array's items are text.
    ///
    /// # Errors
    /// What `put` returns.
    pub fn each(&self, mut put: impl FnMut(isize, &'a [u8]) -> Result<()>) -> Result<()> {
        match self.from {
            From::One(item) => self.transfer.each(&mut |_, to| put(to, item)),
            From::Table(table) => self
                .transfer
                .each(&mut |from, to| put(to, table.item(number_of(from)?)?)),
        }
    }
}

fn number_of(place: isize) -> Result<usize> {
    let place = usize::try_from(place).map_err(|_| KernelError::OutsideMemory)?;
    Ok(place / PLACE_NBYTES)
}

// -- into a chunk ---------------------------------------------------------------------------------

/// The caller's memory, to get items from. Shared by the threads of a request.
pub trait GetItems: Sync {
    /// Get items from their places.
    ///
    /// # Errors
    /// [`KernelError::NotEncodable`] for what is no item, and what [`Wanted::each`] returns.
    fn get(&self, wanted: &mut Wanted<'_>) -> Result<()>;
}

/// An array of items in the caller's memory, to read from.
#[derive(Clone, Copy)]
pub struct ItemsRef<'a> {
    /// How the items lie there.
    pub layout: &'a Layout,
    /// The memory.
    pub memory: &'a dyn GetItems,
}

impl std::fmt::Debug for ItemsRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ItemsRef")
            .field("layout", &self.layout)
            .finish_non_exhaustive()
    }
}

/// Items that are wanted from the caller's memory.
#[derive(Debug)]
pub struct Wanted<'a> {
    transfer: &'a Transfer,
    kind: ItemKind,
    fill: &'a [u8],
    /// What was got, one behind the other, each behind its length.
    got: &'a mut Vec<u8>,
    most_nbytes: usize,
    /// Where in it each item of the chunk is; none if they come in the order of the chunk.
    ranges: Option<&'a mut [Option<Range<usize>>]>,
    are_fill: bool,
}

impl Wanted<'_> {
    /// What they are.
    #[must_use]
    pub fn kind(&self) -> ItemKind {
        self.kind
    }

    /// Call `get` with the place of each item, in bytes from the first element of the array, and
    /// with what is to be given it.
    ///
    /// # Errors
    /// What `get` returns.
    pub fn each(&mut self, mut get: impl FnMut(isize, Place<'_, '_>) -> Result<()>) -> Result<()> {
        let transfer = self.transfer;
        transfer.each(&mut |from, to| {
            let place = Place { wanted: self, to };
            get(from, place)
        })
    }
}

/// Where an item goes that was got.
#[derive(Debug)]
pub struct Place<'w, 'a> {
    wanted: &'w mut Wanted<'a>,
    to: isize,
}

impl Place<'_, '_> {
    /// Take the item.
    ///
    /// # Errors
    /// [`KernelError::NotEncodable`] if it is too long, alone or with those before it, or no UTF-8 where it should be.
    #[inline]
    pub fn fill(self, item: &[u8]) -> Result<()> {
        let Self { wanted, to } = self;
        if wanted.kind == ItemKind::Utf8 && std::str::from_utf8(item).is_err() {
            return Err(KernelError::NotEncodable {
                codec: wanted.kind.codec(),
                problem: "an element is not valid UTF-8".into(),
            });
        }
        append(wanted.got, wanted.kind, item, wanted.most_nbytes)?;
        let Some(ranges) = &mut wanted.ranges else {
            wanted.are_fill = wanted.are_fill && item == wanted.fill;
            return Ok(());
        };
        let end = wanted.got.len();
        let range = ranges.get_mut(number_of(to)?);
        *range.ok_or(KernelError::OutsideMemory)? = Some(end.saturating_sub(item.len())..end);
        Ok(())
    }
}

/// A chunk of which some items, or all, come from the caller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewChunk<'a> {
    pub(crate) kind: ItemKind,
    pub(crate) n_items: usize,
    /// The most bytes that a reader takes for its stream.
    pub(crate) most_nbytes: usize,
    pub(crate) fill: &'a [u8],
    pub(crate) value: ItemsRef<'a>,
}

impl NewChunk<'_> {
    /// Make the stream of a chunk that the caller gives every item of, in order of the chunk.
    /// Returns whether all of them are the fill value.
    pub(crate) fn straight(&self, transfer: &Transfer, stream: &mut Vec<u8>) -> Result<bool> {
        begin(stream, self.kind, self.n_items)?;
        let mut wanted = Wanted {
            transfer,
            kind: self.kind,
            fill: self.fill,
            got: stream,
            most_nbytes: self.most_nbytes,
            ranges: None,
            are_fill: true,
        };
        self.value.memory.get(&mut wanted)?;
        Ok(wanted.are_fill)
    }

    /// Make the stream of a chunk of what was in it before (or the fill value) with the caller's items
    /// in their places. Returns whether all of it is the fill value.
    pub(crate) fn merged(
        &self,
        transfer: &Transfer,
        before: Option<Table<'_>>,
        got: &mut Vec<u8>,
        stream: &mut Vec<u8>,
    ) -> Result<bool> {
        let mut ranges = vec![None; self.n_items];
        got.clear();
        let mut wanted = Wanted {
            transfer,
            kind: self.kind,
            fill: self.fill,
            got,
            most_nbytes: usize::MAX, // of two for one place both are there
            ranges: Some(&mut ranges),
            are_fill: true,
        };
        self.value.memory.get(&mut wanted)?;
        begin(stream, self.kind, self.n_items)?;
        let mut are_fill = true;
        for (number, range) in ranges.into_iter().enumerate() {
            let item = match (range, before) {
                (Some(range), _) => got.get(range).ok_or(KernelError::OutsideMemory)?,
                (None, Some(before)) => before.item(number)?,
                (None, None) => self.fill,
            };
            are_fill = are_fill && item == self.fill;
            append(stream, self.kind, item, self.most_nbytes)?;
        }
        Ok(are_fill)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::transfer::Axis;

    fn stream(items: &[&[u8]]) -> Vec<u8> {
        let mut stream = Vec::new();
        begin(&mut stream, ItemKind::Bytes, items.len()).unwrap();
        for item in items {
            append(&mut stream, ItemKind::Bytes, item, usize::MAX).unwrap();
        }
        stream
    }

    fn parsed(kind: ItemKind, stream: &[u8], n_items: usize) -> Result<Vec<Vec<u8>>> {
        let mut starts = Vec::new();
        let table = Table::parse(kind, stream, n_items, &mut starts)?;
        (0..n_items)
            .map(|number| table.item(number).map(<[u8]>::to_vec))
            .collect()
    }

    fn problem(kind: ItemKind, stream: &[u8], n_items: usize) -> String {
        parsed(kind, stream, n_items).unwrap_err().to_string()
    }

    #[test]
    fn layout_of_the_specification() {
        let expected = b"\x03\0\0\0\x01\0\0\0a\x02\0\0\0\xc3\xa9\0\0\0\0";
        assert_eq!(stream(&[b"a", "é".as_bytes(), b""]), expected);
        let items: Vec<Vec<u8>> = vec![b"a".to_vec(), "é".into(), b"".to_vec()];
        assert_eq!(parsed(ItemKind::Utf8, expected, 3), Ok(items.clone()));
        assert_eq!(parsed(ItemKind::Bytes, expected, 3), Ok(items));
    }

    #[test]
    fn hostile_streams_are_refused() {
        let kind = ItemKind::Bytes;
        assert!(problem(kind, b"\x01\0\0", 1).contains("3 bytes are too few to hold the number"));
        assert!(problem(kind, b"\x02\0\0\0", 1).contains("holds 2 elements, the chunk has 1"));
        // As many as the chunk has, and no bytes: nothing is allocated for them.
        let many = u32::MAX as usize;
        assert!(problem(kind, b"\xff\xff\xff\xff", many).contains("too few for 4294967295"));
        assert!(problem(kind, b"\x01\0\0\0\x05\0\0\0abcd", 1).contains("beyond the 12 bytes"));
        let longest = b"\x02\0\0\0\xff\xff\xff\xff\0\0\0\0";
        assert!(problem(kind, longest, 2).contains("beyond the 12 bytes"));
        let followed = b"\x01\0\0\0\x01\0\0\0abc";
        assert!(problem(kind, followed, 1).contains("2 bytes follow the last element"));
        assert!(problem(kind, b"\0\0\0\0a", 0).contains("1 bytes follow"));
        let bad = stream(&[b"ok", b"\xff"]);
        assert!(parsed(kind, &bad, 2).is_ok());
        let text = problem(ItemKind::Utf8, &bad, 2);
        assert!(
            text.contains("vlen-utf8: an element is not valid UTF-8"),
            "{text}"
        );
        // Cut between two items that are text only together.
        let cut = stream(&[b"\xc3", b"\xa9"]);
        assert!(parsed(ItemKind::Utf8, &cut, 2).is_err());
    }

    #[test]
    fn a_stream_says_how_long_it_is() {
        let kind = ItemKind::Bytes;
        let whole = stream(&[b"abc", b"", b"de"]);
        let exactly = Ok(StreamNbytes::Exactly(whole.len()));
        assert_eq!(stream_nbytes(kind, &whole, 3), exactly);
        assert_eq!(stream_nbytes(kind, &whole[..19], 3), exactly);
        let at_least = |nbytes| Ok(StreamNbytes::AtLeast(nbytes));
        assert_eq!(stream_nbytes(kind, &whole[..4], 3), at_least(16));
        assert_eq!(stream_nbytes(kind, &whole[..8], 3), at_least(19));
        let empty = Ok(StreamNbytes::Exactly(4));
        assert_eq!(stream_nbytes(kind, &[0; 100], 0), empty);
        assert!(stream_nbytes(kind, &whole[..3], 3).is_err());
        assert!(stream_nbytes(kind, &whole, 4).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 256 }, ..ProptestConfig::default() })]

        #[test]
        fn streams_come_back(items: Vec<Vec<u8>>) {
            let slices: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(parsed(ItemKind::Bytes, &stream(&slices), items.len()), Ok(items));
        }

        #[test]
        fn damage_is_an_error_or_other_items(items: Vec<Vec<u8>>, at: prop::sample::Index, byte: u8) {
            let slices: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
            let mut damaged = stream(&slices);
            let position = at.index(damaged.len());
            damaged[position] = byte;
            for kind in [ItemKind::Utf8, ItemKind::Bytes] {
                if let Ok(found) = parsed(kind, &damaged, items.len()) {
                    prop_assert_eq!(found.len(), items.len());
                }
            }
        }
    }

    /// Items of the caller's: each is as many bytes apart as its letters stand here.
    struct Letters(&'static [u8]);

    impl GetItems for Letters {
        fn get(&self, wanted: &mut Wanted<'_>) -> Result<()> {
            wanted.each(|offset, place| {
                let start = usize::try_from(offset).unwrap();
                place.fill(&self.0[start..=start])
            })
        }
    }

    fn made(transfer: &Transfer, before: Option<&[u8]>) -> (bool, Vec<u8>) {
        let layout = Layout {
            shape: vec![3],
            strides: vec![1],
        };
        let chunk = NewChunk {
            kind: ItemKind::Utf8,
            n_items: 4,
            most_nbytes: usize::MAX,
            fill: b"x",
            value: ItemsRef {
                layout: &layout,
                memory: &Letters(b"xyz"),
            },
        };
        let (mut got, mut starts, mut new) = (Vec::new(), Vec::new(), Vec::new());
        let before =
            before.map(|before| Table::parse(ItemKind::Utf8, before, 4, &mut starts).unwrap());
        let is_fill = chunk.merged(transfer, before, &mut got, &mut new).unwrap();
        (is_fill, new)
    }

    fn run(count: usize, from: isize, to: isize, start: isize) -> Transfer {
        Transfer {
            axes: vec![Axis::Run { count, from, to }],
            from: 0,
            to: start,
        }
    }

    #[test]
    fn chunks_are_merged() {
        let place = PLACE_NBYTES as isize;
        let before = stream(&[b"a", b"", b"ccc", b"d"]);
        let middle = run(2, 1, place, place);
        let merged = stream(&[b"a", b"x", b"y", b"d"]);
        assert_eq!(made(&middle, Some(&before)), (false, merged));
        let over_fill = stream(&[b"x", b"x", b"y", b"x"]);
        assert_eq!(made(&middle, None), (false, over_fill));
        let all_fill = stream(&[b"x", b"x", b"x", b"x"]);
        assert_eq!(made(&run(2, 0, place, 0), None), (true, all_fill));
    }

    #[test]
    fn the_last_of_two_for_one_place_stays() {
        let place = PLACE_NBYTES as isize;
        let twice = Transfer {
            axes: vec![Axis::Gather(vec![(1, place), (2, place)])],
            from: 0,
            to: 0,
        };
        let expected = stream(&[b"x", b"z", b"x", b"x"]);
        assert_eq!(made(&twice, None), (false, expected));
    }

    #[test]
    fn text_must_be_text() {
        let layout = Layout {
            shape: vec![1],
            strides: vec![1],
        };
        let chunk = NewChunk {
            kind: ItemKind::Utf8,
            n_items: 1,
            most_nbytes: usize::MAX,
            fill: b"",
            value: ItemsRef {
                layout: &layout,
                memory: &Letters(b"\xff"),
            },
        };
        let place = PLACE_NBYTES as isize;
        let outcome = chunk.straight(&run(1, 1, place, 0), &mut Vec::new());
        assert!(matches!(outcome, Err(KernelError::NotEncodable { .. })));
    }

    #[test]
    fn no_more_is_written_than_is_read() {
        let layout = Layout {
            shape: vec![3],
            strides: vec![1],
        };
        let place = PLACE_NBYTES as isize;
        let all = run(3, 1, place, 0);
        let nbytes = 4 + 3 * (4 + 1);
        for (most_nbytes, fits) in [(nbytes, true), (nbytes - 1, false), (0, false)] {
            let chunk = NewChunk {
                kind: ItemKind::Utf8,
                n_items: 3,
                most_nbytes,
                fill: b"",
                value: ItemsRef {
                    layout: &layout,
                    memory: &Letters(b"xyz"),
                },
            };
            let (mut got, mut new) = (Vec::new(), Vec::new());
            for outcome in [
                chunk.straight(&all, &mut Vec::new()),
                chunk.merged(&all, None, &mut got, &mut new),
            ] {
                assert_eq!(outcome.is_ok(), fits);
                if let Err(error) = outcome {
                    assert!(error.to_string().contains("max_variable_chunk_bytes"));
                }
            }
        }
    }

    /// Places that note what is put.
    #[derive(Default)]
    struct Noted(std::sync::Mutex<Vec<(isize, Vec<u8>)>>);

    impl PutItems for Noted {
        fn put(&self, items: &Items<'_>) -> Result<()> {
            items.each(|offset, item| {
                self.0.lock().unwrap().push((offset, item.to_vec()));
                Ok(())
            })
        }
    }

    #[test]
    fn items_are_put_where_they_belong() {
        let stored = stream(&[b"a", b"bb", b""]);
        let mut starts = Vec::new();
        let table = Table::parse(ItemKind::Utf8, &stored, 3, &mut starts).unwrap();
        let owned = table.to_owned().unwrap();
        let backwards = Transfer {
            axes: vec![Axis::Run {
                count: 3,
                from: -(PLACE_NBYTES as isize),
                to: 16,
            }],
            from: 2 * PLACE_NBYTES as isize,
            to: 0,
        };
        let noted = Noted::default();
        let items = Items::of_chunk(ItemKind::Utf8, &backwards, owned.table());
        noted.put(&items).unwrap();
        assert_eq!(
            noted.0.into_inner().unwrap(),
            [(0, b"".to_vec()), (16, b"bb".to_vec()), (32, b"a".to_vec())]
        );
        let noted = Noted::default();
        let beyond = run(1, 0, 0, 0);
        let beyond = Transfer {
            from: 3 * PLACE_NBYTES as isize,
            ..beyond
        };
        assert!(
            noted
                .put(&Items::of_chunk(ItemKind::Utf8, &beyond, table))
                .is_err()
        );
    }
}
