//! Whole arrays of text and of byte strings: streams of items, as they are and behind compressors.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zarr_fuzz::bytes::Input;
use zarr_fuzz::stored::Stored;
use zarr_kernel::items::ItemKind;

fuzz_target!(|input: &[u8]| {
    let mut input = Input(input);
    let kind = if input.byte() & 1 == 1 {
        ItemKind::Bytes
    } else {
        ItemKind::Utf8
    };
    let stored = Stored::new(&mut input, Some(kind));
    let objects: Vec<_> = (0..stored.n_objects()).map(|_| input.object()).collect();
    stored.check(&mut input, &objects);
});
