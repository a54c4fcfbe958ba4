//! Whole arrays of elements of a fixed size: chunks, and shards of chunks, without checksums that would hide damage.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zarr_fuzz::bytes::Input;
use zarr_fuzz::stored::Stored;

fuzz_target!(|input: &[u8]| {
    let mut input = Input(input);
    let stored = Stored::new(&mut input, None);
    let objects: Vec<_> = (0..stored.n_objects()).map(|_| input.object()).collect();
    stored.check(&mut input, &objects);
});
