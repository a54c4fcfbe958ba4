//! The codecs of a chunk, compiled: encoded bytes to decoded elements and back.
//!
//! Transposes and the order of format 2 are folded into the strides of the decoded chunk, and byte
//! order into the copies that place elements; what is left are codecs of bytes. Their sizes follow
//! from the chunk's: the innermost one decodes to exactly the chunk, every other one to no more
//! than the one within it can have made.
//!
//! The stream of a chunk of items has no size that is known before, and all codecs are outer ones to
//! it: each decodes to no more than whoever made the chain permits. What decodes to much is looked at
//! from its beginning first: the stream says itself how long it is to be.

use std::borrow::Cow;
use std::ops::Range;

use crate::codec::{BytesCodec, Contexts, most_decoded};
use crate::element::ElementType;
use crate::items::{self, ItemKind, PLACE_NBYTES, StreamNbytes, Table};
use crate::memory::{expect_filled, zeroed};
use crate::{KernelError, Result};

/// Codecs of bytes, and the order in which a chunk stores its axes.
#[derive(Debug)]
pub struct Chain {
    /// What elements of variable length are; `None` for those of a fixed size.
    items: Option<ItemKind>,
    /// The elements, or what stands for an item in a decoded chunk.
    element: ElementType,
    order: Vec<usize>,
    codecs: Vec<Box<dyn BytesCodec>>,
    /// The most bytes that a codec may decode to in a chunk of items.
    most_stream_nbytes: usize,
}

/// What the codecs of a chain need to know of the shape of a chunk.
#[derive(Clone, Debug, Hash)]
pub(crate) struct ChunkLayout {
    strides: Vec<isize>,
    nbytes: usize,
    /// For each codec the most bytes that it may decode to.
    limits: Vec<usize>,
}

/// A chain for chunks of one shape.
#[derive(Debug)]
pub(crate) struct FittedChain<'c> {
    chain: &'c Chain,
    layout: Cow<'c, ChunkLayout>,
}

/// What other writers' encoders may add to what ours would make of the same bytes.
const MARGIN_NBYTES: usize = 64 * 1024;
/// So much of a stream is decoded unseen.
const UNSEEN_NBYTES: usize = 16 << 20;
/// How much of a longer one is looked at first, and how many times as much after that.
const HEAD_NBYTES: usize = 64 << 10;
const HEAD_GROWTH: usize = 4;
/// A beginning that is looked at takes no more than this part of what is permitted.
const HEAD_SHARE: usize = 8;

impl Chain {
    /// The chain of chunks whose stored axis `i` is axis `order[i]` of the array, with codecs in the
    /// order of encoding.
    ///
    /// # Errors
    /// [`KernelError::BadDescription`] when `order` is no permutation.
    pub fn new(
        element: ElementType,
        order: Vec<usize>,
        codecs: Vec<Box<dyn BytesCodec>>,
    ) -> Result<Self> {
        Self::compile(None, element, order, codecs, 0)
    }

    /// The same for chunks of items. None of their codecs decodes to more than `most_nbytes`.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_items(
        kind: ItemKind,
        order: Vec<usize>,
        codecs: Vec<Box<dyn BytesCodec>>,
        most_nbytes: usize,
    ) -> Result<Self> {
        let place = ElementType::new(PLACE_NBYTES, 1)?;
        Self::compile(Some(kind), place, order, codecs, most_nbytes)
    }

    fn compile(
        items: Option<ItemKind>,
        element: ElementType,
        order: Vec<usize>,
        codecs: Vec<Box<dyn BytesCodec>>,
        most_stream_nbytes: usize,
    ) -> Result<Self> {
        let mut sorted = order.clone();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..order.len()) {
            return Err(BAD_ORDER);
        }
        Ok(Self {
            items,
            element,
            order,
            codecs,
            most_stream_nbytes,
        })
    }

    /// What there is to know of chunks of a shape.
    ///
    /// # Errors
    /// [`KernelError::TooLarge`] when a chunk would not fit in memory.
    pub(crate) fn layout(&self, shape: &[usize]) -> Result<ChunkLayout> {
        let too_large = || KernelError::TooLarge { what: "a chunk" };
        let mut strides = vec![0_isize; shape.len()];
        let mut nbytes = self.element.itemsize();
        for axis in self.order.iter().rev() {
            let (Some(stride), Some(length)) = (strides.get_mut(*axis), shape.get(*axis)) else {
                return Err(BAD_ORDER);
            };
            *stride = isize::try_from(nbytes).map_err(|_| too_large())?;
            nbytes = nbytes.checked_mul(*length).ok_or_else(too_large)?;
        }
        isize::try_from(nbytes).map_err(|_| too_large())?;
        Ok(ChunkLayout {
            strides,
            nbytes,
            limits: match self.items {
                None => limits(nbytes, &self.codecs),
                Some(_) => vec![self.most_stream_nbytes; self.codecs.len()],
            },
        })
    }

    pub(crate) fn fitted<'c>(&'c self, layout: Cow<'c, ChunkLayout>) -> FittedChain<'c> {
        FittedChain {
            chain: self,
            layout,
        }
    }

    /// What elements of variable length are; `None` for those of a fixed size.
    #[must_use]
    pub fn items(&self) -> Option<ItemKind> {
        self.items
    }

    /// The elements, or what stands for an item in a decoded chunk.
    #[must_use]
    pub fn element(&self) -> ElementType {
        self.element
    }

    /// Number of axes.
    pub(crate) fn n_axes(&self) -> usize {
        self.order.len()
    }

    /// Whether the encoded chunk is the decoded one.
    #[must_use]
    pub fn is_verbatim(&self) -> bool {
        self.codecs.is_empty() && self.items.is_none()
    }
}

impl FittedChain<'_> {
    pub(crate) fn element(&self) -> ElementType {
        self.chain.element
    }

    pub(crate) fn layout(&self) -> &ChunkLayout {
        &self.layout
    }

    pub(crate) fn items(&self) -> Option<ItemKind> {
        self.chain.items
    }

    /// Number of elements in a chunk.
    pub(crate) fn n_elements(&self) -> usize {
        self.nbytes()
            .checked_div(self.element().itemsize())
            .unwrap_or(0)
    }

    /// The most bytes that the stream of a chunk of items may have: what is not compressed is as long as it is.
    pub(crate) fn most_stream_nbytes(&self) -> usize {
        self.layout.limits.first().copied().unwrap_or(usize::MAX)
    }

    /// Bytes of a decoded chunk; of one of items, about as many as it may have.
    pub(crate) fn likely_nbytes(&self) -> usize {
        match self.chain.items {
            None => self.nbytes(),
            Some(_) => self.nbytes().saturating_mul(ITEM_PLACES),
        }
    }

    /// Bytes of a decoded chunk; of one of items, those that stand for them.
    pub(crate) fn nbytes(&self) -> usize {
        self.layout.nbytes
    }

    /// Bytes from one element of a decoded chunk to the next, along each axis of the array.
    pub(crate) fn strides(&self) -> &[isize] {
        &self.layout.strides
    }

    /// Estimate of what it takes to decode or encode a chunk, in nanoseconds.
    pub(crate) fn cost_ns(&self) -> u64 {
        let codecs = self.chain.codecs.iter();
        let per_kilobyte: u64 = codecs.map(|codec| cost_of(codec.name())).sum();
        let nbytes = u64::try_from(self.likely_nbytes()).unwrap_or(u64::MAX);
        nbytes
            .saturating_mul(per_kilobyte.saturating_add(COPY_NS_PER_KILOBYTE))
            .checked_shr(10)
            .unwrap_or(0)
    }

    pub(crate) fn is_verbatim(&self) -> bool {
        self.chain.is_verbatim()
    }

    /// The `wanted` bytes of the decoded chunk, in their places in a slice of its length; what the
    /// others hold is undefined. Lent from `encoded` where they lie in it, else decoded into
    /// `chunk`.
    ///
    /// # Errors
    /// Those of the codecs, and [`KernelError::DecodedWrongSize`].
    pub(crate) fn decode<'a>(
        &self,
        encoded: &'a [u8],
        wanted: Range<usize>,
        chunk: &'a mut Vec<u8>,
        contexts: &mut Contexts,
    ) -> Result<&'a [u8]> {
        let Some((first, outer)) = self.chain.codecs.split_first() else {
            return self.checked_size("bytes", encoded);
        };
        if outer.is_empty() {
            if let Some(within) = first.decoded_within(encoded)? {
                return self.checked_size("bytes", within);
            }
        }
        self.peeled(encoded, contexts, |first, encoded, contexts| {
            resize(chunk, self.nbytes(), wanted.len())?;
            if wanted.len() == self.nbytes() {
                first.decode_into(encoded, chunk, contexts)
            } else {
                first.decode_range(encoded, wanted.clone(), chunk, contexts)
            }
        })?;
        Ok(chunk)
    }

    /// A whole decoded chunk, in memory of its own.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub(crate) fn decode_whole(&self, encoded: &[u8], contexts: &mut Contexts) -> Result<Vec<u8>> {
        let mut decoded = Vec::new();
        if self.chain.codecs.is_empty() {
            let verbatim = self.checked_size("bytes", encoded)?;
            resize(&mut decoded, self.nbytes(), self.nbytes())?;
            checked_copy(verbatim, &mut decoded)?;
            return Ok(decoded);
        }
        self.peeled(encoded, contexts, |first, encoded, contexts| {
            resize(&mut decoded, self.nbytes(), self.nbytes())?;
            first.decode_into(encoded, &mut decoded, contexts)
        })?;
        Ok(decoded)
    }

    /// Decode a whole chunk into `decoded`, which has its length.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub(crate) fn decode_into(
        &self,
        encoded: &[u8],
        decoded: &mut [u8],
        contexts: &mut Contexts,
    ) -> Result<()> {
        if self.chain.codecs.is_empty() {
            let verbatim = self.checked_size("bytes", encoded)?;
            return checked_copy(verbatim, decoded);
        }
        self.peeled(encoded, contexts, |first, encoded, contexts| {
            first.decode_into(encoded, decoded, contexts)
        })
    }

    /// Undo all codecs but the first, and let `last` undo that. It is not called, and has taken no memory for the
    /// chunk, if there are too few bytes for that.
    fn peeled(
        &self,
        encoded: &[u8],
        contexts: &mut Contexts,
        last: impl FnOnce(&dyn BytesCodec, &[u8], &mut Contexts) -> Result<()>,
    ) -> Result<()> {
        let Some((first, outer)) = self.chain.codecs.split_first() else {
            return Ok(());
        };
        let limits = self.layout.limits.get(1..).unwrap_or_default();
        let form = undo(outer, limits, None, encoded, contexts)?;
        let outcome = form.bytes(encoded).and_then(|encoded| {
            check_ratio(first.name(), self.nbytes(), encoded.len())?;
            last(first.as_ref(), encoded, contexts)
        });
        contexts.return_buffer(form.held);
        outcome
    }

    /// The table of a chunk of items, for `look`. `starts` is memory for it.
    ///
    /// # Errors
    /// Those of the codecs, and of what `look` returns.
    pub(crate) fn with_table<T>(
        &self,
        encoded: &[u8],
        starts: &mut Vec<usize>,
        contexts: &mut Contexts,
        look: impl FnOnce(Table<'_>, &mut Contexts) -> Result<T>,
    ) -> Result<T> {
        let kind = self.chain.items.ok_or(NO_ITEMS)?;
        let stream = Stream {
            kind,
            n_items: self.n_elements(),
        };
        let limits = &self.layout.limits;
        let form = undo(&self.chain.codecs, limits, Some(stream), encoded, contexts)?;
        let outcome = form
            .bytes(encoded)
            .and_then(|stream| Table::parse(kind, stream, self.n_elements(), starts))
            .and_then(|table| look(table, contexts));
        contexts.return_buffer(form.held);
        outcome
    }

    /// The encoded form of a chunk of items, of its stream.
    ///
    /// # Errors
    /// Those of the codecs.
    pub(crate) fn encode_stream(
        &self,
        stream: Vec<u8>,
        contexts: &mut Contexts,
    ) -> Result<Vec<u8>> {
        let mut encoded = stream;
        wrap(&self.chain.codecs, &mut encoded, contexts)?;
        Ok(encoded)
    }

    fn checked_size<'a>(&self, codec: &'static str, decoded: &'a [u8]) -> Result<&'a [u8]> {
        if decoded.len() == self.nbytes() {
            Ok(decoded)
        } else {
            Err(KernelError::DecodedWrongSize {
                codec,
                expected_nbytes: self.nbytes(),
                nbytes: Some(decoded.len()),
            })
        }
    }

    /// Replace `encoded` by the encoded form of a decoded chunk.
    ///
    /// # Errors
    /// Those of the codecs.
    pub(crate) fn encode(
        &self,
        decoded: &[u8],
        encoded: &mut Vec<u8>,
        contexts: &mut Contexts,
    ) -> Result<()> {
        encoded.clear();
        let Some((first, outer)) = self.chain.codecs.split_first() else {
            if encoded.capacity() < decoded.len() {
                reserve(encoded, decoded.len())?;
                expect_filled(encoded);
            }
            encoded.extend_from_slice(decoded);
            return Ok(());
        };
        first.encode(decoded, encoded, contexts)?;
        wrap(outer, encoded, contexts)
    }
}

/// Replace `encoded` by what codecs make of it, one after the other.
fn wrap(
    codecs: &[Box<dyn BytesCodec>],
    encoded: &mut Vec<u8>,
    contexts: &mut Contexts,
) -> Result<()> {
    for codec in codecs {
        if codec.encode_in_place(encoded, 0)? {
            continue;
        }
        let before = std::mem::replace(encoded, contexts.take_buffer());
        let outcome = codec.encode(&before, encoded, contexts);
        contexts.return_buffer(before);
        outcome?;
    }
    Ok(())
}

/// What codecs made of encoded bytes.
struct Undone {
    held: Vec<u8>,
    /// Where in `held` the form is, or in what was encoded.
    place: Where,
}

enum Where {
    Held(Range<usize>),
    Lent(Range<usize>),
}

impl Undone {
    fn bytes<'a>(&'a self, encoded: &'a [u8]) -> Result<&'a [u8]> {
        let (outer, range) = match &self.place {
            Where::Held(range) => (self.held.as_slice(), range),
            Where::Lent(range) => (encoded, range),
        };
        outer.get(range.clone()).ok_or(KernelError::OutsideMemory)
    }
}

/// What the stream of a chunk has to be.
#[derive(Clone, Copy)]
struct Stream {
    kind: ItemKind,
    n_items: usize,
}

impl Stream {
    /// Decode it to no more than `limit` bytes, and to no more than it says itself.
    fn decode(
        self,
        codec: &dyn BytesCodec,
        encoded: &[u8],
        limit: usize,
        decoded: &mut Vec<u8>,
        contexts: &mut Contexts,
    ) -> Result<()> {
        let unseen = codec.decode_bounded(encoded, limit.min(UNSEEN_NBYTES), decoded, contexts);
        match unseen {
            Err(KernelError::DecodedWrongSize { .. }) if limit > UNSEEN_NBYTES => {
                let limit = self.limit(codec, encoded, limit, contexts)?;
                codec.decode_bounded(encoded, limit, decoded, contexts)
            }
            other => other,
        }
        .map_err(|error| match error {
            KernelError::DecodedWrongSize {
                expected_nbytes, ..
            } if expected_nbytes == limit => self.too_long(limit),
            other => other,
        })
    }

    /// How many bytes it may have at most, by what its beginning says.
    fn limit(
        self,
        codec: &dyn BytesCodec,
        encoded: &[u8],
        limit: usize,
        contexts: &mut Contexts,
    ) -> Result<usize> {
        let most = limit.checked_div(HEAD_SHARE).unwrap_or(limit);
        let mut nbytes = HEAD_NBYTES;
        while nbytes <= most {
            let Some(head) = codec.decode_head(encoded, nbytes, contexts)? else {
                break;
            };
            let least = match items::stream_nbytes(self.kind, &head, self.n_items)? {
                StreamNbytes::Exactly(total) if total <= limit => return Ok(total),
                StreamNbytes::Exactly(least) | StreamNbytes::AtLeast(least) => least,
            };
            if least > limit {
                return Err(self.too_long(limit));
            }
            check_ratio(codec.name(), least, encoded.len())?;
            if head.len() < nbytes {
                break;
            }
            let more = nbytes.saturating_mul(HEAD_GROWTH).max(least);
            nbytes = more.min(most_decoded(encoded.len()));
        }
        Ok(limit)
    }

    fn too_long(self, limit: usize) -> KernelError {
        KernelError::StreamTooLong {
            codec: self.kind.codec(),
            limit,
        }
    }
}

/// Undo codecs, the last one first, each within its limit. The first one decodes to the stream of items, if there
/// is one.
fn undo(
    codecs: &[Box<dyn BytesCodec>],
    limits: &[usize],
    stream: Option<Stream>,
    encoded: &[u8],
    contexts: &mut Contexts,
) -> Result<Undone> {
    let mut form = Undone {
        held: contexts.take_buffer(),
        place: Where::Lent(0..encoded.len()),
    };
    for (number, (codec, limit)) in codecs.iter().zip(limits).enumerate().rev() {
        let bytes = form.bytes(encoded)?;
        if let Some(within) = codec.decoded_within(bytes)? {
            form.place = match form.place {
                Where::Held(_) => Where::Held(range_of(within, &form.held)),
                Where::Lent(_) => Where::Lent(range_of(within, encoded)),
            };
            continue;
        }
        let mut decoded = contexts.take_buffer();
        match stream.filter(|_| number == 0) {
            Some(stream) => {
                stream.decode(codec.as_ref(), bytes, *limit, &mut decoded, contexts)?;
            }
            None => codec.decode_bounded(bytes, *limit, &mut decoded, contexts)?,
        }
        form.place = Where::Held(0..decoded.len());
        contexts.return_buffer(std::mem::replace(&mut form.held, decoded));
    }
    Ok(form)
}

/// Refuse a chunk of so many bytes that in no format so few can decode to.
fn check_ratio(codec: &'static str, nbytes: usize, encoded_nbytes: usize) -> Result<()> {
    if nbytes <= most_decoded(encoded_nbytes) {
        return Ok(());
    }
    Err(KernelError::Corrupt {
        codec,
        problem: format!("{encoded_nbytes} bytes cannot decode to the {nbytes} of the chunk")
            .into(),
    })
}

const NO_ITEMS: KernelError = KernelError::BadDescription {
    what: "elements of a fixed size are no items",
};

const COPY_NS_PER_KILOBYTE: u64 = 60;
/// An item may have as many bytes as so many of what stands for it.
const ITEM_PLACES: usize = 16;

/// What decoding takes, in nanoseconds per kilobyte of the decoded chunk.
fn cost_of(codec: &str) -> u64 {
    match codec {
        "gzip" | "zlib" => 900,
        "zstd" => 500,
        "blosc" => 250,
        "lz4" => 200,
        "crc32c" | "crc32" | "adler32" => 40,
        _ => 150,
    }
}

const BAD_ORDER: KernelError = KernelError::BadDescription {
    what: "the order of a chunk's axes names each axis once",
};

/// For each codec the most bytes that it may decode to: what the codec within it makes of its own
/// limit, and a margin.
fn limits(nbytes: usize, codecs: &[Box<dyn BytesCodec>]) -> Vec<usize> {
    let mut limit = nbytes;
    let mut limits = Vec::with_capacity(codecs.len());
    for codec in codecs {
        limits.push(limit);
        let bound = codec.encoded_bound(limit).unwrap_or(usize::MAX);
        let eighth = limit.checked_div(8).unwrap_or(0);
        limit = bound
            .max(limit.saturating_add(eighth))
            .saturating_add(MARGIN_NBYTES);
    }
    limits
}

/// Where in `outer` the slice `inner` lies, which was taken from it.
fn range_of(inner: &[u8], outer: &[u8]) -> Range<usize> {
    let start = inner.as_ptr().addr().wrapping_sub(outer.as_ptr().addr());
    start..start.wrapping_add(inner.len())
}

fn checked_copy(from: &[u8], to: &mut [u8]) -> Result<()> {
    if from.len() != to.len() {
        return Err(KernelError::OutputWrongSize {
            expected_nbytes: from.len(),
            nbytes: to.len(),
        });
    }
    to.copy_from_slice(from);
    Ok(())
}

/// Give a buffer this length, of which so many bytes will be written. What it holds is undefined.
pub(crate) fn resize(buffer: &mut Vec<u8>, nbytes: usize, n_filled: usize) -> Result<()> {
    if buffer.capacity() < nbytes {
        *buffer = Vec::new(); // before there is another one
        *buffer = zeroed(nbytes)?;
        if n_filled == nbytes {
            expect_filled(buffer);
        }
    }
    buffer.resize(nbytes, 0);
    Ok(())
}

fn reserve(buffer: &mut Vec<u8>, nbytes: usize) -> Result<()> {
    buffer
        .try_reserve(nbytes)
        .map_err(|_| KernelError::OutOfMemory { nbytes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::blosc::{Blosc, Compressor, Shuffle};
    use crate::codec::gzip::Gzip;
    use crate::codec::lz4::Lz4;
    use crate::codec::zlib::Zlib;
    use crate::codec::zstd::Zstd;

    const LONG: usize = 20 << 20;
    const LIMIT: usize = 64 << 20;

    fn compressors() -> Vec<Box<dyn BytesCodec>> {
        vec![
            Box::new(Gzip::new(1).unwrap()),
            Box::new(Zlib::new(1).unwrap()),
            Box::new(Zstd::new(1, false).unwrap()),
            Box::new(Lz4::new(1)),
            Box::new(Blosc::new(Compressor::Lz4, 1, Shuffle::None, 1, 0).unwrap()),
        ]
    }

    /// What becomes of the stream of a chunk of two items, which every compressor decodes.
    fn outcomes(stream: &[u8], limit: usize) -> Vec<Result<usize>> {
        let decode = |codec: Box<dyn BytesCodec>| {
            let mut contexts = Contexts::new();
            let mut encoded = Vec::new();
            codec.encode(stream, &mut encoded, &mut contexts)?;
            let chain = Chain::of_items(ItemKind::Bytes, vec![0], vec![codec], limit)?;
            let layout = chain.layout(&[2])?;
            chain.fitted(Cow::Owned(layout)).with_table(
                &encoded,
                &mut Vec::new(),
                &mut contexts,
                |table, _| Ok(table.item(1)?.len()),
            )
        };
        compressors().into_iter().map(decode).collect()
    }

    fn stream(n_items: u32, lengths: [u32; 2], nbytes: usize) -> Vec<u8> {
        let mut stream = n_items.to_le_bytes().to_vec();
        stream.extend(lengths[0].to_le_bytes());
        stream.resize(stream.len() + lengths[0].min(100) as usize, 0);
        stream.extend(lengths[1].to_le_bytes());
        stream.resize(nbytes, 0);
        stream
    }

    #[test]
    fn long_streams_are_decoded_as_far_as_they_say() {
        let length = LONG - 15;
        for found in outcomes(&stream(2, [3, length as u32], LONG), LIMIT) {
            assert_eq!(found, Ok(length));
        }
        for (n_items, lengths, problem) in [
            (3, [0, 0], "holds 3 elements"),
            (2, [3, 5], "decodes to"),
            (2, [3, LONG as u32 - 14], "reaches beyond"),
            (2, [3, u32::MAX], "'array.max_variable_chunk_bytes'"),
        ] {
            for found in outcomes(&stream(n_items, lengths, LONG), LIMIT) {
                let text = found.unwrap_err().to_string();
                assert!(text.contains(problem), "{text}");
            }
        }
    }

    #[test]
    fn chunks_that_so_few_bytes_cannot_be() {
        for codec in compressors() {
            let mut contexts = Contexts::new();
            let mut encoded = Vec::new();
            codec
                .encode(&[0; 1000], &mut encoded, &mut contexts)
                .unwrap();
            let element = ElementType::new(1, 1).unwrap();
            let chain = Chain::new(element, vec![0], vec![codec]).unwrap();
            let layout = chain.layout(&[1 << 45]).unwrap();
            let found = chain
                .fitted(Cow::Owned(layout))
                .decode_whole(&encoded, &mut contexts);
            let text = found.unwrap_err().to_string();
            assert!(
                text.contains("cannot decode to the 35184372088832"),
                "{text}"
            );
        }
    }

    #[test]
    fn more_than_is_permitted() {
        let long = stream(2, [3, LONG as u32 - 15], LONG);
        for limit in [LONG - 1, 1 << 20, 100] {
            for found in outcomes(&long, limit) {
                let codec = "vlen-bytes";
                assert_eq!(found, Err(KernelError::StreamTooLong { codec, limit }));
            }
        }
        assert!(outcomes(&long, LONG).iter().all(Result::is_ok));
        let short = stream(2, [3, 9], 24);
        assert!(outcomes(&short, 24).iter().all(Result::is_ok));
        assert!(outcomes(&short, 23).iter().all(Result::is_err));
    }
}
