//! Grouping the bits of elements by significance, as Blosc's bitshuffle does.
//!
//! Bytes are grouped first (`byteshuffle`). In each plane, every eight bytes are a matrix of 8 x 8
//! bits that is transposed within one 64-bit number: afterwards byte j holds bit j of all eight. Then
//! these bytes are grouped in turn, so that a plane of n bytes becomes eight rows of n / 8 bytes, one
//! for each bit, the lowest first.
//!
//! The number of elements has to be a multiple of eight; Blosc leaves other blocks as they are.

use super::byteshuffle::{shuffle, unshuffle};

/// Elements of one byte that become one byte of each row.
const GROUP: usize = 8;

/// Group the bits of the elements in `elements`, of `typesize` bytes each. Everything is copied when
/// the number of whole elements is not a multiple of eight; bytes behind the last one always are.
///
/// All slices have the same length; `scratch` is written over.
pub(super) fn bitshuffle(typesize: usize, elements: &[u8], bits: &mut [u8], scratch: &mut [u8]) {
    let (plane_nbytes, end) = plane_lengths(typesize, elements.len());
    let (elements, tail) = elements.split_at(end);
    let (bits, tail_copy) = bits.split_at_mut(end);
    tail_copy.copy_from_slice(tail);
    let (planes, _) = scratch.split_at_mut(end);
    shuffle(typesize, elements, planes);
    let planes = planes.chunks_exact_mut(plane_nbytes);
    for (plane, rows) in planes.zip(bits.chunks_exact_mut(plane_nbytes)) {
        transpose_groups(plane);
        shuffle(GROUP, plane, rows);
    }
}

/// The inverse of [`bitshuffle`].
pub(super) fn bitunshuffle(typesize: usize, bits: &[u8], elements: &mut [u8], scratch: &mut [u8]) {
    let (plane_nbytes, end) = plane_lengths(typesize, elements.len());
    let (bits, tail) = bits.split_at(end);
    let (elements, tail_copy) = elements.split_at_mut(end);
    tail_copy.copy_from_slice(tail);
    let (planes, _) = scratch.split_at_mut(end);
    let rows = bits.chunks_exact(plane_nbytes);
    for (plane, rows) in planes.chunks_exact_mut(plane_nbytes).zip(rows) {
        unshuffle(GROUP, rows, plane);
        transpose_groups(plane);
    }
    unshuffle(typesize, planes, elements);
}

/// Whether there are elements in `nbytes` bytes and their number is a multiple of eight: whether
/// anything moves at all.
pub(super) fn has_whole_groups(typesize: usize, nbytes: usize) -> bool {
    let n_elements = nbytes.checked_div(typesize).unwrap_or(0);
    n_elements > 0 && n_elements % GROUP == 0
}

/// Length of one plane (at least 1) and of all together, which is 0 when nothing is to be moved.
fn plane_lengths(typesize: usize, nbytes: usize) -> (usize, usize) {
    let n_elements = nbytes.checked_div(typesize).unwrap_or(0);
    if has_whole_groups(typesize, nbytes) {
        (n_elements, n_elements.saturating_mul(typesize))
    } else {
        (1, 0)
    }
}

/// Transpose the 8 x 8 bits of every eight bytes.
fn transpose_groups(plane: &mut [u8]) {
    for group in plane.chunks_exact_mut(GROUP) {
        let bytes = group.first_chunk::<GROUP>().copied().unwrap_or_default();
        group.copy_from_slice(&transpose_8x8(u64::from_le_bytes(bytes)).to_le_bytes());
    }
}

/// Bit 8i + j to place 8j + i: blocks of 1, 2 and 4 bits change places across the diagonal.
#[inline(always)]
fn transpose_8x8(bits: u64) -> u64 {
    let bits = swap_bits::<7>(bits, 0x00AA_00AA_00AA_00AA);
    let bits = swap_bits::<14>(bits, 0x0000_CCCC_0000_CCCC);
    swap_bits::<28>(bits, 0x0000_0000_F0F0_F0F0)
}

/// Exchange the bits of `mask` with those `SHIFT` places above.
#[inline(always)]
fn swap_bits<const SHIFT: u32>(bits: u64, mask: u64) -> u64 {
    let difference = (bits ^ (bits >> SHIFT)) & mask;
    bits ^ difference ^ (difference << SHIFT)
}

#[cfg(test)]
mod tests {
    use super::super::testing::noise;
    use super::*;

    /// Straight from the definition: the oracle.
    fn bitshuffle_by_definition(typesize: usize, elements: &[u8]) -> Vec<u8> {
        let n_elements = elements.len() / typesize;
        let mut bits = elements.to_vec();
        if n_elements % 8 != 0 {
            return bits;
        }
        bits[..n_elements * typesize].fill(0);
        for element in 0..n_elements {
            for bit in 0..8 * typesize {
                let value = elements[element * typesize + bit / 8] >> (bit % 8) & 1;
                bits[bit * n_elements / 8 + element / 8] |= value << (element % 8);
            }
        }
        bits
    }

    #[test]
    fn agrees_with_the_definition_and_is_undone() {
        for typesize in (1..=17).chain([32, 255]) {
            for n_elements in [0, 1, 7, 8, 9, 16, 64, 120, 128, 1016, 1024, 1032] {
                for tail in [0, typesize / 2, typesize - 1] {
                    let elements = noise(n_elements * typesize + tail, 9);
                    let mut scratch = vec![0; elements.len()];
                    let mut bits = vec![0; elements.len()];
                    bitshuffle(typesize, &elements, &mut bits, &mut scratch);
                    assert!(
                        bits == bitshuffle_by_definition(typesize, &elements),
                        "{typesize} {n_elements} {tail}"
                    );
                    let mut back = vec![0; elements.len()];
                    scratch.fill(0xA5);
                    bitunshuffle(typesize, &bits, &mut back, &mut scratch);
                    assert!(back == elements, "{typesize} {n_elements} {tail}");
                }
            }
        }
    }
}
