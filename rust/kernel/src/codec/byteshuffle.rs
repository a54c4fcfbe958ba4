//! Grouping the bytes of elements by significance: first bytes of all, then second bytes of all...
//!
//! That is a transposition: n elements of T bytes, seen as a matrix of n rows and T columns, become T
//! rows ("planes") of n bytes. For T = 2^k it is done in k rounds of the one step that compilers
//! turn into fast code on every processor: dealing bytes out to two halves, or riffling two halves
//! together, as with a deck of cards. (Riffling sends byte i of N to place 2i modulo N - 1; k rounds
//! send it to T * i modulo N - 1, and that is transposition.) A tile of the matrix goes through all
//! rounds while it is in the nearest cache.

use std::array;

/// Elements in a tile.
const TILE_ELEMENTS: usize = 128;

/// Bytes in the largest tile.
const TILE_NBYTES: usize = 16 * TILE_ELEMENTS;

/// Group the bytes of the elements in `elements`, of `typesize` bytes each, by significance. Bytes
/// behind the last whole element are copied.
///
/// Both slices have the same length.
pub(super) fn shuffle(typesize: usize, elements: &[u8], planes: &mut [u8]) {
    match typesize {
        0 | 1 => planes.copy_from_slice(elements),
        2 => split::<2>(elements, planes),
        4 => split::<4>(elements, planes),
        8 => split::<8>(elements, planes),
        16 => split::<16>(elements, planes),
        _ => split_any(typesize, elements, planes),
    }
}

/// The inverse of [`shuffle`].
pub(super) fn unshuffle(typesize: usize, planes: &[u8], elements: &mut [u8]) {
    match typesize {
        0 | 1 => elements.copy_from_slice(planes),
        2 => join::<2>(planes, elements),
        4 => join::<4>(planes, elements),
        8 => join::<8>(planes, elements),
        16 => join::<16>(planes, elements),
        _ => join_any(typesize, planes, elements),
    }
}

/// Length of one plane of `nbytes` bytes, and of all planes together.
fn plane_lengths(typesize: usize, nbytes: usize) -> (usize, usize) {
    let n_elements = nbytes.checked_div(typesize).unwrap_or(0);
    (n_elements, n_elements.saturating_mul(typesize))
}

fn split<const T: usize>(elements: &[u8], planes: &mut [u8]) {
    let (n_elements, end) = plane_lengths(T, elements.len());
    let (elements, tail) = elements.split_at(end);
    let (planes, tail_copy) = planes.split_at_mut(end);
    tail_copy.copy_from_slice(tail);

    let mut planes = planes.chunks_exact_mut(n_elements.max(1));
    let mut planes: [_; T] = array::from_fn(|_| {
        let plane = planes.next().unwrap_or_default();
        plane.chunks_exact_mut(TILE_ELEMENTS)
    });
    let mut tiles = elements.chunks_exact(TILE_ELEMENTS.saturating_mul(T));
    let mut parts = [0; TILE_NBYTES];
    for tile in &mut tiles {
        split_tile::<T>(tile, &mut parts);
        for (plane, part) in planes.iter_mut().zip(parts.chunks_exact(TILE_ELEMENTS)) {
            if let Some(plane) = plane.next() {
                plane.copy_from_slice(part);
            }
        }
    }
    let rest = tiles.remainder();
    for (position, plane) in planes.into_iter().enumerate() {
        let bytes = rest.iter().skip(position).step_by(T);
        for (to, from) in plane.into_remainder().iter_mut().zip(bytes) {
            *to = *from;
        }
    }
}

fn join<const T: usize>(planes: &[u8], elements: &mut [u8]) {
    let (n_elements, end) = plane_lengths(T, elements.len());
    let (planes, tail) = planes.split_at(end);
    let (elements, tail_copy) = elements.split_at_mut(end);
    tail_copy.copy_from_slice(tail);

    let mut planes = planes.chunks_exact(n_elements.max(1));
    let mut planes: [_; T] = array::from_fn(|_| {
        let plane = planes.next().unwrap_or_default();
        plane.chunks_exact(TILE_ELEMENTS)
    });
    let mut tiles = elements.chunks_exact_mut(TILE_ELEMENTS.saturating_mul(T));
    let mut parts = [0; TILE_NBYTES];
    for tile in &mut tiles {
        for (plane, part) in planes.iter_mut().zip(parts.chunks_exact_mut(TILE_ELEMENTS)) {
            if let Some(plane) = plane.next() {
                part.copy_from_slice(plane);
            }
        }
        join_tile::<T>(&parts, tile);
    }
    let rest = tiles.into_remainder();
    for (position, plane) in planes.iter().enumerate() {
        let bytes = rest.iter_mut().skip(position).step_by(T);
        for (to, from) in bytes.zip(plane.remainder()) {
            *to = *from;
        }
    }
}

/// Transpose one tile of elements of `T` bytes, `T` being a power of two from 2 to 16, into its
/// parts of the planes, one behind the other at the start of `parts`.
#[inline(always)]
pub(super) fn split_tile<const T: usize>(tile: &[u8], parts: &mut [u8; TILE_NBYTES]) {
    let nbytes = T.saturating_mul(TILE_ELEMENTS);
    let mut other = [0; TILE_NBYTES];
    let Some(mut from) = other.get_mut(..nbytes) else {
        return;
    };
    let Some(mut to) = parts.get_mut(..nbytes) else {
        return;
    };
    // The last round has to end in `parts`.
    if T.trailing_zeros() % 2 == 0 {
        (from, to) = (to, from);
    }
    deal(tile, to);
    for _ in 1..T.trailing_zeros() {
        (from, to) = (to, from);
        deal(from, to);
    }
}

/// The inverse of [`split_tile`].
#[inline(always)]
pub(super) fn join_tile<const T: usize>(parts: &[u8; TILE_NBYTES], tile: &mut [u8]) {
    let nbytes = T.saturating_mul(TILE_ELEMENTS);
    let (mut one, mut other) = ([0; TILE_NBYTES], [0; TILE_NBYTES]);
    let (Some(mut from), Some(mut to)) = (one.get_mut(..nbytes), other.get_mut(..nbytes)) else {
        return;
    };
    let Some(parts) = parts.get(..nbytes) else {
        return;
    };
    if T == 2 {
        return riffle(parts, tile);
    }
    riffle(parts, to);
    for _ in 2..T.trailing_zeros() {
        (from, to) = (to, from);
        riffle(from, to);
    }
    riffle(to, tile);
}

/// Even bytes to the first half, odd bytes to the second.
#[inline(always)]
fn deal(deck: &[u8], halves: &mut [u8]) {
    let (evens, odds) = halves.split_at_mut(halves.len() / 2);
    for ((pair, even), odd) in deck.chunks_exact(2).zip(evens).zip(odds) {
        let pair = pair.first_chunk::<2>().copied().unwrap_or_default();
        // As a number: compilers see through this, but not through two strided loads.
        [*even, *odd] = u16::from_le_bytes(pair).to_le_bytes();
    }
}

/// Bytes of the two halves in turns.
#[inline(always)]
fn riffle(halves: &[u8], deck: &mut [u8]) {
    let (evens, odds) = halves.split_at(halves.len() / 2);
    for ((pair, even), odd) in deck.chunks_exact_mut(2).zip(evens).zip(odds) {
        pair.copy_from_slice(&[*even, *odd]);
    }
}

fn split_any(typesize: usize, elements: &[u8], planes: &mut [u8]) {
    let (n_elements, end) = plane_lengths(typesize, elements.len());
    let (elements, tail) = elements.split_at(end);
    let (planes, tail_copy) = planes.split_at_mut(end);
    tail_copy.copy_from_slice(tail);
    for (position, plane) in planes.chunks_exact_mut(n_elements.max(1)).enumerate() {
        let bytes = elements.iter().skip(position).step_by(typesize);
        for (to, from) in plane.iter_mut().zip(bytes) {
            *to = *from;
        }
    }
}

fn join_any(typesize: usize, planes: &[u8], elements: &mut [u8]) {
    let (n_elements, end) = plane_lengths(typesize, elements.len());
    let (planes, tail) = planes.split_at(end);
    let (elements, tail_copy) = elements.split_at_mut(end);
    tail_copy.copy_from_slice(tail);
    for (position, plane) in planes.chunks_exact(n_elements.max(1)).enumerate() {
        let bytes = elements.iter_mut().skip(position).step_by(typesize);
        for (to, from) in bytes.zip(plane) {
            *to = *from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::noise;
    use super::*;

    /// Straight from the definition: the oracle.
    fn shuffle_by_definition(typesize: usize, elements: &[u8]) -> Vec<u8> {
        let n_elements = elements.len() / typesize;
        let mut planes = elements.to_vec();
        for element in 0..n_elements {
            for position in 0..typesize {
                planes[position * n_elements + element] = elements[element * typesize + position];
            }
        }
        planes
    }

    #[test]
    fn agrees_with_the_definition_and_is_undone() {
        for typesize in (1..=33).chain([64, 255]) {
            let lengths = (0..70).chain([127, 128, 129, 255, 256, 300, 1000]);
            for n_elements in lengths {
                for tail in [0, 1, typesize / 2, typesize - 1] {
                    let elements = noise(n_elements * typesize + tail, 9);
                    let mut planes = vec![0; elements.len()];
                    shuffle(typesize, &elements, &mut planes);
                    assert!(
                        planes == shuffle_by_definition(typesize, &elements),
                        "{typesize} {n_elements} {tail}"
                    );
                    let mut back = vec![0; elements.len()];
                    unshuffle(typesize, &planes, &mut back);
                    assert!(back == elements, "{typesize} {n_elements} {tail}");
                }
            }
        }
    }

    #[test]
    fn without_a_type_size_nothing_moves() {
        let mut planes = [0; 3];
        shuffle(0, &[1, 2, 3], &mut planes);
        assert_eq!(planes, [1, 2, 3]);
    }
}
