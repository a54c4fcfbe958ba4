//! Data with a checksum before or behind it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zarr_fuzz::decode;
use zarr_kernel::codec::checksum::{Checksum32, Location};

fuzz_target!(|input: &[u8]| {
    for location in [Location::Start, Location::End] {
        for make in [Checksum32::crc32c, Checksum32::crc32, Checksum32::adler32] {
            decode(&make(location), 1, input);
        }
    }
    decode(&Checksum32::fletcher32(), 1, input);
});
