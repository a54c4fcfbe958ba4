//! gzip members.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zarr_fuzz::decode;
use zarr_kernel::codec::gzip::Gzip;

fuzz_target!(|input: &[u8]| decode(&Gzip::new(1).expect("a good level"), 1, input));
