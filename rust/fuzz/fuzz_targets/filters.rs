//! Filters of elements, of all types.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zarr_fuzz::decode;
use zarr_kernel::codec::astype::AsType;
use zarr_kernel::codec::bitround::BitRound;
use zarr_kernel::codec::delta::Delta;
use zarr_kernel::codec::fixedscaleoffset::FixedScaleOffset;
use zarr_kernel::codec::number::{NumberKind, NumberType};
use zarr_kernel::codec::packbits::PackBits;

const KINDS: [NumberKind; 12] = [
    NumberKind::Bool,
    NumberKind::I8,
    NumberKind::I16,
    NumberKind::I32,
    NumberKind::I64,
    NumberKind::U8,
    NumberKind::U16,
    NumberKind::U32,
    NumberKind::U64,
    NumberKind::F16,
    NumberKind::F32,
    NumberKind::F64,
];

fn number(code: u8) -> NumberType {
    NumberType {
        kind: KINDS[usize::from(code) % KINDS.len()],
        big_endian: code >= 128,
    }
}

fuzz_target!(|input: &[u8]| {
    decode(&PackBits, 1, input);
    let Some(([from, to], rest)) = input.split_first_chunk() else {
        return;
    };
    let (from, to) = (number(*from), number(*to));
    decode(&AsType::new(from, to), 1, rest);
    if let Ok(codec) = Delta::new(from, to) {
        decode(&codec, 1, rest);
    }
    if let Ok(codec) = FixedScaleOffset::new(1.5, 3.0, from, to) {
        decode(&codec, 1, rest);
    }
    if let Ok(codec) = BitRound::new(3, from) {
        decode(&codec, 1, rest);
    }
});
