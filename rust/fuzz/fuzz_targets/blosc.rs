//! Blosc containers, as they are and with the lengths in the header put right, lest most input fails there.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zarr_fuzz::decode;
use zarr_kernel::codec::blosc::{Blosc, Compressor, Shuffle};

const HEAD_NBYTES: usize = 4;

fuzz_target!(|input: &[u8]| {
    let codec = Blosc::new(Compressor::Lz4, 5, Shuffle::None, 1, 0).expect("good parameters");
    decode(&codec, 1, input);
    if input.len() < HEAD_NBYTES + 16 {
        return;
    }
    let mut repaired = input.to_vec();
    let container = &mut repaired[HEAD_NBYTES..];
    let encoded_nbytes = u32::try_from(container.len()).expect("short input");
    container[0] = 2;
    container[2] &= !8;
    container[4..6].copy_from_slice(&input[..2]);
    container[6..8].fill(0);
    container[10..12].fill(0);
    container[12..16].copy_from_slice(&encoded_nbytes.to_le_bytes());
    decode(&codec, 1, &repaired);
});
