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
const TILE_ELEMENTS: usize = 256;

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
    let (mut one, mut other) = ([0; TILE_NBYTES], [0; TILE_NBYTES]);
    for tile in &mut tiles {
        let (mut from, mut to) = (&mut one[..], &mut other[..]);
        let mut deck = tile;
        for _ in 1..T.trailing_zeros() {
            if let Some((evens, odds)) = halves_mut(to, tile.len()) {
                deal(deck, evens, odds);
            }
            (from, to) = (to, from);
            deck = from.get(..tile.len()).unwrap_or_default();
        }
        let (first, second) = planes.split_at_mut(T / 2);
        let decks = deck.chunks_exact(TILE_ELEMENTS.saturating_mul(2));
        for ((evens, odds), deck) in first.iter_mut().zip(second).zip(decks) {
            if let (Some(evens), Some(odds)) = (evens.next(), odds.next()) {
                deal(deck, evens, odds);
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
    let (mut one, mut other) = ([0; TILE_NBYTES], [0; TILE_NBYTES]);
    for tile in &mut tiles {
        let (mut from, mut to) = (&mut one[..], &mut other[..]);
        let n_rounds = T.trailing_zeros();
        let (first, second) = planes.split_at_mut(T / 2);
        let decks = if n_rounds == 1 { &mut *tile } else { &mut *to };
        let decks = decks.chunks_exact_mut(TILE_ELEMENTS.saturating_mul(2));
        for ((evens, odds), deck) in first.iter_mut().zip(second).zip(decks) {
            if let (Some(evens), Some(odds)) = (evens.next(), odds.next()) {
                riffle(evens, odds, deck);
            }
        }
        for round in 1..n_rounds {
            (from, to) = (to, from);
            let is_last = round.saturating_add(1) == n_rounds;
            if let Some((evens, odds)) = halves(from, tile.len()) {
                riffle(evens, odds, if is_last { &mut *tile } else { &mut *to });
            }
        }
    }
    let rest = tiles.into_remainder();
    for (position, plane) in planes.iter().enumerate() {
        let bytes = rest.iter_mut().skip(position).step_by(T);
        for (to, from) in bytes.zip(plane.remainder()) {
            *to = *from;
        }
    }
}

fn halves(deck: &[u8], nbytes: usize) -> Option<(&[u8], &[u8])> {
    deck.get(..nbytes)?.split_at_checked(nbytes / 2)
}

fn halves_mut(deck: &mut [u8], nbytes: usize) -> Option<(&mut [u8], &mut [u8])> {
    deck.get_mut(..nbytes)?.split_at_mut_checked(nbytes / 2)
}

/// Even bytes of `deck` to one side, odd bytes to the other.
#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the upper byte has its turn"
)]
fn deal(deck: &[u8], evens: &mut [u8], odds: &mut [u8]) {
    for ((pair, even), odd) in deck.chunks_exact(2).zip(evens).zip(odds) {
        // As a number: compilers see through this, but not through two strided loads.
        let pair = u16::from_le_bytes(pair.first_chunk().copied().unwrap_or_default());
        *even = pair as u8;
        *odd = (pair >> 8) as u8;
    }
}

/// Bytes of the two sides in turns.
#[inline(always)]
fn riffle(evens: &[u8], odds: &[u8], deck: &mut [u8]) {
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
