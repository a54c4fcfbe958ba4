//! Views of the caller's memory, and the loops that copy between them: the only file of the kernel
//! with `unsafe` in it.
//!
//! A view is a base address and the range of byte offsets from it that belong to the array. It is
//! made once, where the binding vouches for the memory, and checked ever after: [`copy`] compares
//! the outermost offsets of a transfer, on both sides, with the two views before it touches
//! anything, so a mistake in a plan or in strides is an error and never a stray access.
//!
//! A [`Writable`] is shared by the threads of one request. They write to different places of it:
//! each element of a result comes from exactly one chunk, and each chunk belongs to one task. Where
//! elements of the caller's array overlap (strides of 0, say) that argument fails;
//! [`ArrayMut::overlaps`] says so and the pipeline then stays on one thread. What other threads of
//! the program do to their arrays meanwhile is a race of theirs, as it is with NumPy.
//!
//! [`zeroed`] makes memory of our own, which the standard library does only by ending the process
//! when there is none.
#![allow(unsafe_code)]
// Offsets inside a view are checked before any loop starts, so they cannot overflow in it.
#![allow(clippy::arithmetic_side_effects)]

use std::alloc;
use std::marker::PhantomData;
use std::mem::size_of;

use crate::element::ElementType;
use crate::transfer::{Axis, Side, Transfer};
use crate::{KernelError, Result};

/// Bytes that may be read, at offsets `low..high` from a base.
#[derive(Clone, Copy, Debug)]
pub struct Readable<'a> {
    base: *const u8,
    low: isize,
    high: isize,
    lent: PhantomData<&'a [u8]>,
}

/// Bytes that may be written, at offsets `low..high` from a base.
#[derive(Debug)]
pub struct Writable<'a> {
    base: *mut u8,
    low: isize,
    high: isize,
    lent: PhantomData<&'a mut [u8]>,
}

// SAFETY: both are addresses of memory that outlives them ('a); see the module on who writes where.
unsafe impl Send for Readable<'_> {}
// SAFETY: as above.
unsafe impl Sync for Readable<'_> {}
// SAFETY: as above.
unsafe impl Send for Writable<'_> {}
// SAFETY: as above.
unsafe impl Sync for Writable<'_> {}

impl<'a> From<&'a [u8]> for Readable<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self {
            base: bytes.as_ptr(),
            low: 0,
            // A slice has at most isize::MAX bytes.
            high: isize::try_from(bytes.len()).unwrap_or(isize::MAX),
            lent: PhantomData,
        }
    }
}

impl<'a> From<&'a mut [u8]> for Writable<'a> {
    fn from(bytes: &'a mut [u8]) -> Self {
        Self {
            base: bytes.as_mut_ptr(),
            low: 0,
            high: isize::try_from(bytes.len()).unwrap_or(isize::MAX),
            lent: PhantomData,
        }
    }
}

impl<'a> Readable<'a> {
    /// `nbytes` bytes from `offset` on.
    ///
    /// # Errors
    /// [`KernelError::OutsideMemory`].
    pub(crate) fn slice(&self, offset: isize, nbytes: usize) -> Result<&'a [u8]> {
        check_inside(offset, nbytes, self.low, self.high)?;
        // SAFETY: inside the view, which is readable for 'a.
        Ok(unsafe { std::slice::from_raw_parts(self.base.wrapping_offset(offset), nbytes) })
    }
}

impl Writable<'_> {
    /// `nbytes` bytes from `offset` on, to be written by one task.
    ///
    /// # Errors
    /// [`KernelError::OutsideMemory`].
    // A shared view hands out distinct parts; which ones is the plan's business, see the module.
    #[allow(clippy::mut_from_ref)]
    pub(crate) fn slice_mut(&self, offset: isize, nbytes: usize) -> Result<&mut [u8]> {
        check_inside(offset, nbytes, self.low, self.high)?;
        // SAFETY: inside the view, which is writable while `self` lives; no other task has a part
        // of these bytes.
        Ok(unsafe { std::slice::from_raw_parts_mut(self.base.wrapping_offset(offset), nbytes) })
    }
}

/// So many zeros in fresh memory. Of much memory, pages that nobody writes to take no room.
pub(crate) fn zeroed(nbytes: usize) -> Result<Vec<u8>> {
    if nbytes == 0 {
        return Ok(Vec::new());
    }
    let no_memory = KernelError::OutOfMemory { nbytes };
    let Ok(layout) = alloc::Layout::array::<u8>(nbytes) else {
        return Err(no_memory);
    };
    // SAFETY: the layout is not empty.
    let start = unsafe { alloc::alloc_zeroed(layout) };
    if start.is_null() {
        return Err(no_memory);
    }
    // SAFETY: it comes from the global allocator with the layout of a vector of this capacity, all
    // of its bytes have a value, and nobody else knows of it.
    Ok(unsafe { Vec::from_raw_parts(start, nbytes, nbytes) })
}

/// Tell the system that all of a buffer will be written soon: with few large pages instead of many
/// small ones, fresh memory costs a third.
#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) fn expect_filled(buffer: &mut Vec<u8>) {
    use rustix::mm::{Advice, madvise};

    if buffer.capacity() < LARGE_PAGE_NBYTES {
        return;
    }
    let page = rustix::param::page_size();
    let start = buffer.as_mut_ptr();
    let before = start.addr() % page;
    let nbytes = (before + buffer.capacity()).next_multiple_of(page);
    // SAFETY: advice about which pages to use changes no contents, that of others on the first and
    // the last page included.
    let _ = unsafe {
        // A system without large pages refuses.
        madvise(
            start.wrapping_sub(before).cast(),
            nbytes,
            Advice::LinuxHugepage,
        )
    };
}

/// Elsewhere the system decides by itself.
#[cfg(not(all(target_os = "linux", not(miri))))]
pub(crate) fn expect_filled(_buffer: &mut Vec<u8>) {}

/// Smaller buffers have no large page in them.
#[cfg(all(target_os = "linux", not(miri)))]
const LARGE_PAGE_NBYTES: usize = 2 << 20;

fn check_inside(offset: isize, nbytes: usize, low: isize, high: isize) -> Result<()> {
    let end = isize::try_from(nbytes)
        .ok()
        .and_then(|nbytes| offset.checked_add(nbytes));
    match end {
        Some(end) if low <= offset && end <= high => Ok(()),
        _ => Err(KernelError::OutsideMemory),
    }
}

/// An N-dimensional array of the caller, to read from.
#[derive(Clone, Debug)]
pub struct ArrayRef<'a> {
    pub(crate) memory: Readable<'a>,
    pub(crate) layout: Layout,
}

/// An N-dimensional array of the caller, to write to.
#[derive(Debug)]
pub struct ArrayMut<'a> {
    pub(crate) memory: Writable<'a>,
    pub(crate) layout: Layout,
}

/// How elements lie in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Elements along each axis.
    pub shape: Vec<usize>,
    /// Bytes from one element to the next along each axis.
    pub strides: Vec<isize>,
}

impl Layout {
    /// Offsets of the first byte and of one behind the last, from the first element.
    ///
    /// # Errors
    /// [`KernelError::TooLarge`] when the array would not fit in the address space.
    pub fn extent(&self, itemsize: usize) -> Result<(isize, isize)> {
        let too_large = KernelError::TooLarge { what: "an array" };
        let mut extent = if self.shape.contains(&0) {
            return Ok((0, 0));
        } else {
            (
                0_isize,
                isize::try_from(itemsize).map_err(|_| too_large.clone())?,
            )
        };
        for (count, stride) in self.shape.iter().zip(&self.strides) {
            let last = isize::try_from(*count - 1)
                .ok()
                .and_then(|last| last.checked_mul(*stride))
                .ok_or_else(|| too_large.clone())?;
            let side = if last < 0 {
                &mut extent.0
            } else {
                &mut extent.1
            };
            *side = side.checked_add(last).ok_or_else(|| too_large.clone())?;
        }
        Ok(extent)
    }

    /// Whether two elements may share a byte.
    #[must_use]
    pub fn overlaps(&self, itemsize: usize) -> bool {
        let mut axes: Vec<(usize, usize)> = self
            .strides
            .iter()
            .map(|stride| stride.unsigned_abs())
            .zip(self.shape.iter().copied())
            .filter(|(_, count)| *count > 1)
            .collect();
        axes.sort_unstable();
        let mut reach = itemsize;
        for (stride, count) in axes {
            if stride < reach {
                return true;
            }
            reach = stride.saturating_mul(count - 1).saturating_add(reach);
        }
        false
    }
}

impl<'a> ArrayRef<'a> {
    /// The array at `address`.
    ///
    /// # Errors
    /// [`KernelError::TooLarge`] when it would not fit in the address space.
    ///
    /// # Safety
    /// Every element that shape and strides give must be readable for `'a`.
    pub unsafe fn new(address: *const u8, layout: Layout, itemsize: usize) -> Result<Self> {
        let (low, high) = layout.extent(itemsize)?;
        let memory = Readable {
            base: address,
            low,
            high,
            lent: PhantomData,
        };
        Ok(Self { memory, layout })
    }
}

impl<'a> ArrayMut<'a> {
    /// The array at `address`.
    ///
    /// # Errors
    /// [`KernelError::TooLarge`] when it would not fit in the address space.
    ///
    /// # Safety
    /// Every element that shape and strides give must be writable for `'a`, and nothing else in
    /// this crate may have a view of it.
    pub unsafe fn new(address: *mut u8, layout: Layout, itemsize: usize) -> Result<Self> {
        let (low, high) = layout.extent(itemsize)?;
        let memory = Writable {
            base: address,
            low,
            high,
            lent: PhantomData,
        };
        Ok(Self { memory, layout })
    }

    /// Whether two elements may share a byte, so that the order of writes matters.
    #[must_use]
    pub fn overlaps(&self, itemsize: usize) -> bool {
        self.layout.overlaps(itemsize)
    }
}

/// Carry out a transfer, [normalised](Transfer::normalise) or not.
///
/// # Errors
/// [`KernelError::OutsideMemory`], with nothing copied.
pub(crate) fn copy(
    transfer: &Transfer,
    from: Readable<'_>,
    to: &Writable<'_>,
    element: ElementType,
) -> Result<()> {
    if transfer.is_empty() {
        return Ok(());
    }
    for (side, low, high) in [
        (Side::From, from.low, from.high),
        (Side::To, to.low, to.high),
    ] {
        let (first, last) = transfer.reach(side)?;
        check_inside(first, 0, low, high)?;
        check_inside(last, element.itemsize(), low, high)?;
    }
    let start = from.base.wrapping_offset(transfer.from);
    let target = to.base.wrapping_offset(transfer.to);
    let axes = transfer.axes.as_slice();
    // SAFETY: the lowest and the highest element on both sides lie inside their views, and so do
    // all between them.
    unsafe {
        match (element.itemsize(), element.swap_nbytes()) {
            (1, _) => walk(Word::<u8, AS_IS>::new(), axes, start, target),
            (2, 1) => walk(Word::<u16, AS_IS>::new(), axes, start, target),
            (4, 1) => walk(Word::<u32, AS_IS>::new(), axes, start, target),
            (8, 1) => walk(Word::<u64, AS_IS>::new(), axes, start, target),
            (16, 1) => walk(Word::<u128, AS_IS>::new(), axes, start, target),
            (2, 2) => walk(Word::<u16, TURNED>::new(), axes, start, target),
            (4, 4) => walk(Word::<u32, TURNED>::new(), axes, start, target),
            (8, 8) => walk(Word::<u64, TURNED>::new(), axes, start, target),
            (8, 4) => walk(Word::<u64, HALVES_TURNED>::new(), axes, start, target),
            (16, 8) => walk(Word::<u128, HALVES_TURNED>::new(), axes, start, target),
            _ => walk(Item(element), axes, start, target),
        }
    }
    Ok(())
}

/// How one element is copied, and a row of them.
trait Copier: Copy {
    /// # Safety
    /// Both places hold an element.
    unsafe fn one(self, from: *const u8, to: *mut u8);

    /// # Safety
    /// All `count` places on both sides hold elements.
    unsafe fn row(self, from: *const u8, to: *mut u8, count: usize, step: isize, to_step: isize);

    /// Elements on one side of a square that is copied as a whole where rows of the source are
    /// columns of the destination; 0 for never.
    const TILE: usize;
}

const AS_IS: u8 = 0;
const TURNED: u8 = 1;
const HALVES_TURNED: u8 = 2;

/// Elements that are machine words, with the byte order changed in one of the ways above.
#[derive(Clone, Copy)]
struct Word<T, const ORDER: u8>(PhantomData<T>);

impl<T, const ORDER: u8> Word<T, ORDER> {
    fn new() -> Self {
        Self(PhantomData)
    }
}

macro_rules! copy_words {
    ($($word:ty),*) => {$(
        impl<const ORDER: u8> Word<$word, ORDER> {
            #[inline(always)]
            fn turn(word: $word) -> $word {
                match ORDER {
                    TURNED => word.swap_bytes(),
                    HALVES_TURNED => word.swap_bytes().rotate_left(<$word>::BITS / 2),
                    _ => word,
                }
            }
        }

        impl<const ORDER: u8> Copier for Word<$word, ORDER> {
            const TILE: usize = 64 / size_of::<$word>();

            #[inline(always)]
            unsafe fn one(self, from: *const u8, to: *mut u8) {
                // SAFETY: the caller's.
                unsafe {
                    let word = from.cast::<$word>().read_unaligned();
                    to.cast::<$word>().write_unaligned(Self::turn(word));
                }
            }

            #[inline(always)]
            unsafe fn row(self, from: *const u8, to: *mut u8, count: usize, step: isize, to_step: isize) {
                const NBYTES: isize = size_of::<$word>() as isize;
                // SAFETY: the caller's.
                unsafe {
                    if ORDER == AS_IS && step == NBYTES && to_step == NBYTES {
                        std::ptr::copy(from, to, count * size_of::<$word>());
                    } else if step == 0 && to_step == NBYTES {
                        let word = Self::turn(from.cast::<$word>().read_unaligned());
                        let to = to.cast::<$word>();
                        for i in 0..count {
                            to.wrapping_add(i).write_unaligned(word);
                        }
                    } else if step == NBYTES && to_step == NBYTES {
                        let (from, to) = (from.cast::<$word>(), to.cast::<$word>());
                        for i in 0..count {
                            let word = from.wrapping_add(i).read_unaligned();
                            to.wrapping_add(i).write_unaligned(Self::turn(word));
                        }
                    } else if step == -NBYTES && to_step == NBYTES {
                        let last = from.cast::<$word>().wrapping_sub(count - 1);
                        let to = to.cast::<$word>();
                        for i in 0..count {
                            let word = last.wrapping_add(count - 1 - i).read_unaligned();
                            to.wrapping_add(i).write_unaligned(Self::turn(word));
                        }
                    } else {
                        each(self, from, to, count, step, to_step);
                    }
                }
            }
        }
    )*};
}

copy_words!(u8, u16, u32, u64, u128);

/// Elements of any size.
#[derive(Clone, Copy)]
struct Item(ElementType);

impl Copier for Item {
    const TILE: usize = 0;

    #[inline]
    unsafe fn one(self, from: *const u8, to: *mut u8) {
        let nbytes = self.0.itemsize();
        let unit = self.0.swap_nbytes();
        // SAFETY: the caller's.
        unsafe {
            if unit == 1 {
                std::ptr::copy(from, to, nbytes);
                return;
            }
            for start in (0..nbytes).step_by(unit) {
                for i in 0..unit {
                    let byte = from.wrapping_add(start + unit - 1 - i).read();
                    to.wrapping_add(start + i).write(byte);
                }
            }
        }
    }

    #[inline]
    unsafe fn row(self, from: *const u8, to: *mut u8, count: usize, step: isize, to_step: isize) {
        let nbytes = self.0.itemsize();
        let is_dense = |step: isize| step.unsigned_abs() == nbytes && step > 0;
        // SAFETY: the caller's.
        unsafe {
            if self.0.is_verbatim() && is_dense(step) && is_dense(to_step) {
                std::ptr::copy(from, to, count * nbytes);
            } else {
                each(self, from, to, count, step, to_step);
            }
        }
    }
}

/// # Safety
/// As [`Copier::row`].
#[inline(always)]
unsafe fn each<C: Copier>(
    copier: C,
    mut from: *const u8,
    mut to: *mut u8,
    count: usize,
    step: isize,
    to_step: isize,
) {
    for _ in 0..count {
        // SAFETY: the caller's.
        unsafe { copier.one(from, to) };
        from = from.wrapping_offset(step);
        to = to.wrapping_offset(to_step);
    }
}

/// # Safety
/// Every combination of steps along the axes leads to an element on both sides.
unsafe fn walk<C: Copier>(copier: C, axes: &[Axis], from: *const u8, to: *mut u8) {
    // SAFETY: the caller's, for every recursion with one axis less.
    unsafe {
        match axes {
            [] => copier.one(from, to),
            [
                Axis::Run {
                    count,
                    from: step,
                    to: to_step,
                },
            ] => {
                copier.row(from, to, *count, *step, *to_step);
            }
            [outer @ Axis::Run { .. }, inner @ Axis::Run { .. }] if crosses::<C>(outer, inner) => {
                tiles(copier, outer, inner, from, to);
            }
            [
                Axis::Run {
                    count,
                    from: step,
                    to: to_step,
                },
                rest @ ..,
            ] => {
                let (mut from, mut to) = (from, to);
                for _ in 0..*count {
                    walk(copier, rest, from, to);
                    from = from.wrapping_offset(*step);
                    to = to.wrapping_offset(*to_step);
                }
            }
            [Axis::Gather(offsets)] => {
                for (offset, to_offset) in offsets {
                    copier.one(
                        from.wrapping_offset(*offset),
                        to.wrapping_offset(*to_offset),
                    );
                }
            }
            [Axis::Gather(offsets), rest @ ..] => {
                for (offset, to_offset) in offsets {
                    let from = from.wrapping_offset(*offset);
                    walk(copier, rest, from, to.wrapping_offset(*to_offset));
                }
            }
        }
    }
}

/// Whether rows of the source are columns of the destination, and there are many of both.
fn crosses<C: Copier>(outer: &Axis, inner: &Axis) -> bool {
    match (outer, inner) {
        (
            Axis::Run {
                count: n_outer,
                from: outer_step,
                ..
            },
            Axis::Run {
                count: n_inner,
                from: inner_step,
                ..
            },
        ) => {
            C::TILE > 1
                && n_outer.min(n_inner) >= &C::TILE
                && *outer_step != 0
                && outer_step.unsigned_abs() < inner_step.unsigned_abs()
        }
        _ => false,
    }
}

/// Copy two axes in squares whose rows and columns both fill cache lines.
///
/// # Safety
/// As [`walk`] for the two axes.
unsafe fn tiles<C: Copier>(copier: C, outer: &Axis, inner: &Axis, from: *const u8, to: *mut u8) {
    let (
        Axis::Run {
            count: n_outer,
            from: outer_step,
            to: outer_to,
        },
        Axis::Run {
            count: n_inner,
            from: inner_step,
            to: inner_to,
        },
    ) = (outer, inner)
    else {
        return;
    };
    let along = |start: usize, step: isize| step.wrapping_mul(start as isize);
    for first in (0..*n_outer).step_by(C::TILE) {
        let rows = C::TILE.min(n_outer - first);
        for start in (0..*n_inner).step_by(C::TILE) {
            let columns = C::TILE.min(n_inner - start);
            for row in first..first + rows {
                let from = from
                    .wrapping_offset(along(row, *outer_step))
                    .wrapping_offset(along(start, *inner_step));
                let to = to
                    .wrapping_offset(along(row, *outer_to))
                    .wrapping_offset(along(start, *inner_to));
                // SAFETY: the caller's.
                unsafe { each(copier, from, to, columns, *inner_step, *inner_to) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use proptest::prelude::*;

    use super::*;

    /// Axes as (count, source stride, destination stride) in elements; the destination is dense.
    fn transfer_of(axes: &[(usize, isize)], itemsize: usize) -> (Transfer, usize) {
        let item = itemsize as isize;
        let n: usize = axes.iter().map(|(count, _)| count).product();
        let mut to = item;
        let mut from = 0;
        let mut made = Vec::new();
        for (count, stride) in axes.iter().rev() {
            made.push(Axis::Run {
                count: *count,
                from: stride * item,
                to,
            });
            if *stride < 0 {
                from -= stride * item * (*count as isize - 1);
            }
            to *= *count as isize;
        }
        made.reverse();
        let transfer = Transfer {
            axes: made,
            from,
            to: 0,
        };
        (transfer, n * itemsize)
    }

    /// The same, element by element.
    fn slow_copy(transfer: &Transfer, from: &[u8], to: &mut [u8], element: ElementType) {
        let mut places = vec![(transfer.from, transfer.to)];
        for axis in &transfer.axes {
            let steps: Vec<(isize, isize)> = match axis {
                Axis::Run { count, from, to } => {
                    (0..*count as isize).map(|i| (from * i, to * i)).collect()
                }
                Axis::Gather(offsets) => offsets.clone(),
            };
            places = places
                .iter()
                .flat_map(|(f, t)| steps.iter().map(move |(a, b)| (f + a, t + b)))
                .collect();
        }
        for (f, t) in places {
            let n = element.itemsize();
            let turned = element.turned(&from[f as usize..f as usize + n]);
            to[t as usize..t as usize + n].copy_from_slice(&turned);
        }
    }

    const ELEMENTS: [(usize, usize); 15] = [
        (1, 1),
        (2, 1),
        (2, 2),
        (3, 1),
        (4, 1),
        (4, 4),
        (5, 1),
        (8, 1),
        (8, 8),
        (8, 4),
        (12, 4),
        (16, 1),
        (16, 8),
        (16, 16),
        (40, 4),
    ];

    /// Rows and columns of big boxes, around the sides of tiles: of bytes, and where Miri runs, a
    /// thousand times slower, of words.
    const BIG: (Range<usize>, Range<usize>) = if cfg!(miri) {
        (8..20, 14..18)
    } else {
        (60..140, 60..70)
    };

    proptest! {
        #[test]
        fn copies_what_it_says(
            axes in prop::collection::vec((1..6_usize, -7..8_isize), 0..4),
            big in prop::option::of((BIG.0, BIG.1, any::<bool>())),
            element in prop::sample::select(&ELEMENTS[..]),
            gather in prop::option::of(prop::collection::vec((0..9_isize, 0..9_isize), 1..9)),
        ) {
            let mut axes = axes;
            if let Some((rows, columns, crossed)) = big {
                // Big enough for tiles; crossed or not.
                axes = if crossed {
                    vec![(rows, 1), (columns, rows as isize)]
                } else {
                    vec![(rows, columns as isize), (columns, 1)]
                };
            }
            let (itemsize, swap) = element;
            let element = ElementType::new(itemsize, swap).unwrap();
            let (mut transfer, nbytes) = transfer_of(&axes, itemsize);
            let mut out_nbytes = nbytes;
            if let Some(gather) = gather {
                out_nbytes = nbytes * 9;
                let item = itemsize as isize;
                let offsets = gather.iter().map(|(f, t)| (f * item, t * nbytes as isize));
                transfer.axes.insert(0, Axis::Gather(offsets.collect()));
            }
            let (_, last) = transfer.reach(Side::From).unwrap();
            let source: Vec<u8> = (0..last as usize + itemsize).map(|i| (i * 7 % 251) as u8).collect();
            let mut expected = vec![0; out_nbytes];
            slow_copy(&transfer, &source, &mut expected, element);
            for transfer in [transfer.clone(), transfer.normalise()] {
                let mut found = vec![0; out_nbytes];
                let view = Writable::from(found.as_mut_slice());
                copy(&transfer, Readable::from(source.as_slice()), &view, element).unwrap();
                prop_assert_eq!(&found, &expected);
            }
        }

        #[test]
        fn nothing_outside_a_view_is_touched(
            axes in prop::collection::vec((1..4_usize, -7..8_isize), 0..3),
            shift in -40..40_isize,
            cut in 0..3_usize,
        ) {
            let (mut transfer, nbytes) = transfer_of(&axes, 4);
            transfer.to += shift;
            let (low, high) = transfer.reach(Side::From).unwrap();
            let source = vec![1; (high + 4) as usize];
            let source = &source[..source.len() - cut];
            let mut found = vec![0; nbytes];
            let element = ElementType::new(4, 1).unwrap();
            let outcome = copy(
                &transfer,
                Readable::from(source),
                &Writable::from(found.as_mut_slice()),
                element,
            );
            prop_assert!(low >= 0);
            prop_assert_eq!(outcome.is_ok(), shift == 0 && cut == 0);
        }
    }

    #[test]
    fn fresh_memory_is_zero_or_an_error() {
        for nbytes in [0, 1, 100_000] {
            assert_eq!(zeroed(nbytes), Ok(vec![0; nbytes]));
        }
        // Miri ends where a system refuses.
        let too_many = if cfg!(miri) {
            usize::MAX
        } else {
            isize::MAX as usize
        };
        for nbytes in [usize::MAX, too_many] {
            assert_eq!(zeroed(nbytes), Err(KernelError::OutOfMemory { nbytes }));
        }
    }

    #[test]
    fn advice_changes_no_contents() {
        let large = if cfg!(miri) {
            [3, 5]
        } else {
            [3 << 20, 5_000_001]
        };
        for nbytes in [0, 1].into_iter().chain(large) {
            let mut buffer = vec![7; nbytes];
            expect_filled(&mut buffer);
            assert!(buffer.iter().all(|byte| *byte == 7));
            assert_eq!(buffer.len(), nbytes);
        }
    }

    #[test]
    fn one_element_fills_a_box() {
        let (transfer, nbytes) = transfer_of(&[(3, 5), (4, 1)], 2);
        let mut found = vec![0; nbytes];
        let view = Writable::from(found.as_mut_slice());
        let element = ElementType::new(2, 1).unwrap();
        let transfer = transfer.spread_one().normalise();
        assert_eq!(transfer.axes.len(), 1, "a dense box is one run");
        copy(&transfer, Readable::from(&[7, 9][..]), &view, element).unwrap();
        assert!(found.chunks(2).all(|item| item == [7, 9]));
    }

    #[test]
    fn overlapping_arrays_are_told() {
        let overlaps = |shape: &[usize], strides: &[isize]| {
            let layout = Layout {
                shape: shape.to_vec(),
                strides: strides.to_vec(),
            };
            layout.overlaps(4)
        };
        assert!(!overlaps(&[3, 4], &[16, 4]));
        assert!(!overlaps(&[3, 4], &[-4, 12]));
        assert!(overlaps(&[3, 4], &[0, 4]));
        assert!(overlaps(&[3, 4], &[12, 4]));
        assert!(overlaps(&[3], &[2]));
        assert!(!overlaps(&[1, 3], &[0, 4]));
    }
}
