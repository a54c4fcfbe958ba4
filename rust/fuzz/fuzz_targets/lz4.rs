//! LZ4 blocks behind their length.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zarr_fuzz::decode;
use zarr_kernel::codec::lz4::Lz4;

fuzz_target!(|input: &[u8]| decode(&Lz4::new(1), 1, input));
