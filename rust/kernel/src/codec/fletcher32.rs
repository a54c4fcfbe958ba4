//! The checksum Fletcher-32 as HDF5 and numcodecs compute it.
//!
//! The data is read as big-endian 16-bit words, an odd last byte as the upper half of one more. Two
//! sums run over them: of the words, and of the first sum after each word. Both are kept modulo
//! 65,535 by adding the upper half of a sum to its lower half, so that 65,535 itself may stand for 0.

/// Words after which the sums have to be folded lest they outgrow 32 bits.
const BLOCK_WORDS: usize = 360;

/// Fletcher-32 of `data`.
pub(super) fn checksum(data: &[u8]) -> u32 {
    let (mut sum, mut sum_of_sums) = (0_u32, 0_u32);
    let words = data.chunks_exact(2);
    let odd = words.remainder();
    for block in data.chunks(BLOCK_WORDS.saturating_mul(2)) {
        for word in block.chunks_exact(2) {
            let word = word.first_chunk::<2>().copied().unwrap_or_default();
            sum = sum.wrapping_add(u32::from(u16::from_be_bytes(word)));
            sum_of_sums = sum_of_sums.wrapping_add(sum);
        }
        (sum, sum_of_sums) = (fold(sum), fold(sum_of_sums));
    }
    if let Some(byte) = odd.first() {
        sum = sum.wrapping_add(u32::from(*byte) << 8);
        sum_of_sums = sum_of_sums.wrapping_add(sum);
        (sum, sum_of_sums) = (fold(sum), fold(sum_of_sums));
    }
    fold(sum_of_sums) << 16 | fold(sum)
}

fn fold(sum: u32) -> u32 {
    (sum & 0xFFFF).wrapping_add(sum >> 16)
}
