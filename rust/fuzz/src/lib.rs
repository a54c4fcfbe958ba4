//! What all targets do with a decoder, and with an array.

pub mod bytes;
pub mod stored;

use zarr_kernel::codec::{BytesCodec, Contexts};

/// Decode `input` in all ways: it must neither panic nor read or write what is not its own, and the
/// ways have to agree. The first two bytes say how long the decoded form is, in units of `unit`.
pub fn decode(codec: &dyn BytesCodec, unit: usize, input: &[u8]) {
    let Some((head, encoded)) = input.split_first_chunk::<4>() else {
        return;
    };
    let [low, high, start, length] = head.map(usize::from);
    let nbytes = (high << 8 | low) * unit;
    let mut contexts = Contexts::new();
    let mut decoded = vec![0xA5; nbytes];
    let whole = codec.decode_into(encoded, &mut decoded, &mut contexts);

    let mut appended = vec![];
    let bounded = codec.decode_bounded(encoded, nbytes, &mut appended, &mut contexts);
    assert!(appended.len() <= nbytes);
    if whole.is_ok() {
        assert!(bounded.is_ok());
        assert!(appended == decoded);
    }

    let start = nbytes * start / 256;
    let wanted = start..(start + length * unit).min(nbytes);
    let mut part = vec![0xA5; nbytes];
    let ranged = codec.decode_range(encoded, wanted.clone(), &mut part, &mut contexts);
    if whole.is_ok() {
        assert!(ranged.is_ok());
        assert!(part[wanted.clone()] == decoded[wanted]);
    }

    let head = codec.decode_head(encoded, start, &mut contexts);
    if whole.is_ok() {
        match head {
            Ok(Some(head)) => assert!(head == decoded[..start]),
            Ok(None) => {}
            // The fast decoder of Deflate takes two codes of lengths that no other one does.
            Err(error) => assert!(codec.name() == "gzip" || codec.name() == "zlib", "{error}"),
        }
    }

    if let Ok(Some(within)) = codec.decoded_within(encoded) {
        assert!(whole.is_err() || within == decoded);
    }
}
