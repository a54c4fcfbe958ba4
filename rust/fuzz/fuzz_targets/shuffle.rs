//! Shuffled elements of any size.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zarr_fuzz::decode;
use zarr_kernel::codec::shuffle::Shuffle;

fuzz_target!(|input: &[u8]| decode(
    &Shuffle::new(input.first().copied().map_or(0, usize::from)),
    1,
    input
));
