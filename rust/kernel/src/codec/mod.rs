//! One module per codec, named as the codec is named in the metadata.

pub mod crc32c;
