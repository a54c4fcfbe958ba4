//! Shard indexes: no entry of an accepted one lies outside its shard.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zarr_kernel::shard_index::{self, Entry, Surroundings};

fuzz_target!(|input: &[u8]| {
    let Some(([flags, object_nbytes, index_offset], encoded)) = input.split_first_chunk() else {
        return;
    };
    let checksum = flags & 1 != 0;
    let n_chunks = usize::from(flags >> 4);
    let object_nbytes = u64::from(*object_nbytes) * 16;
    let surroundings = Surroundings {
        object_nbytes: (flags & 2 != 0).then_some(object_nbytes),
        index_offset: (flags & 4 != 0).then_some(u64::from(*index_offset)),
    };
    let Ok(table) = shard_index::decode(encoded, n_chunks, checksum, surroundings) else {
        return;
    };
    assert_eq!(table.entries().len(), n_chunks);
    for entry in table.entries() {
        if let Entry::Present { offset, nbytes } = entry.expect("decoded entries are sound") {
            let end = offset.checked_add(nbytes).expect("no entry overflows");
            assert!(
                surroundings
                    .object_nbytes
                    .is_none_or(|object_nbytes| end <= object_nbytes)
            );
        }
    }
    let again = shard_index::encode(table.as_bytes(), checksum).expect("a sound table");
    assert_eq!(again, encoded);
});
