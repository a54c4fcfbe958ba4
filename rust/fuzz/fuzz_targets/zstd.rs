//! Zstandard frames.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zarr_fuzz::decode;
use zarr_kernel::codec::zstd::Zstd;

fuzz_target!(|input: &[u8]| decode(&Zstd::new(1, false).expect("a good level"), 8, input));
