//! Tests of whole containers.

use proptest::prelude::*;

use super::container::HEADER_NBYTES;
use super::{Blosc, Compressor, Shuffle};
use crate::codec::testing::{
    check_hostile, check_round_trip, data, decode_anyhow, decoded, decoded_bounded, decoded_range,
    encoded, from_hex, noise, wave,
};
use crate::codec::{BytesCodec, Contexts};
use crate::{KernelError, Result};

/// numcodecs 0.16.6: the numbers 0 to 95, divided by 3, as uint16; level 5.
const THIRDS: [&str; 12] = [
    // blosclz, shuffle 1
    "02011102c0000000c000000083000000140000006b0000003f00000001010102020203030304040405050506060607070708\
     08080909090a0a1f0a0b0b0b0c0c0c0d0d0d0e0e0e0f0f0f101010111111121212131313141414151f151516161617171718\
     18181919191a1a1a1b1b1b1c1c1c1d1d1d1e1e1e1f1f1f0000e05400010000",
    // blosclz, shuffle 2
    "02011402c0000000c000000043000000140000002b00000025388ee3388ee3800502c00ffce000020200f0ffe00102030000\
     ffffe001050000600e8011e07601010000",
    // lz4, shuffle 1
    "02013102c0000000c0000000880000001400000070000000ff56000000010101020202030303040404050505060606070707\
     0808080909090a0a0a0b0b0b0c0c0c0d0d0d0e0e0e0f0f0f1010101111111212121313131414141515151616161717171818\
     181919191a1a1a1b1b1b1c1c1c1d1d1d1e1e1e1f1f1f0000000000050043500000000000",
    // lz4, shuffle 2
    "02013402c0000000c00000004a000000140000003200000062388ee3388ee3060062c00ffcc00ffc06006300f0ff00f0ff06\
     00460000ffff0600020f000212000f020069500000000000",
    // lz4hc, shuffle 1
    "02013102c0000000c000000084000000140000006c000000ff52000000010101020202030303040404050505060606070707\
     0808080909090a0a0a0b0b0b0c0c0c0d0d0d0e0e0e0f0f0f1010101111111212121313131414141515151616161717171818\
     181919191a1a1a1b1b1b1c1c1c1d1d1d1e1e1e1f1f1f00010047500000000000",
    // lz4hc, shuffle 2
    "02013402c0000000c000000041000000140000002900000035388ee3030035c00ffc03003600f0ff0300460000ffff060002\
     0900050c000f010066500000000000",
    // zlib, shuffle 0
    "02017002c0000000c000000053000000140000003b000000785e1dc105128200000030ba4b09a5ffff4b8e6d41f00a8d8c4d\
     4ccdcc2d2cadac6d6cedec1dfcf875747276f1e7dfd5cdddc3d3cbdb0774cf05d1",
    // zlib, shuffle 1
    "02017102c0000000c0000000700000001400000058000000785eb5c18501c320000030dca1b8cbff5fee8a25000008214208\
     634c08a19432c638e7420829a5524a6b6d8cb1d63ae7beeff3de8710628c29a59c7329a5d6da5aebbd8f31e69c6badbdf739\
     e7defbde037ff603e8de05d1",
    // zlib, shuffle 2
    "02017402c0000000c00000003a0000001400000022000000785eb3e87b6c014307f8ffc011c387ff08c4c0f0ff3f828430e0\
     ec81050041862181",
    // zstd, shuffle 0
    "02019002c0000000c000000058000000140000004000000028b52ffd20c0bd0100640200000102030405060708090a0b0c0d\
     0e0f101112131415161718191a1b1c1d1e1f001f001f001fa810f007e0c710103f416d05560a",
    // zstd, shuffle 1
    "02019102c0000000c00000008a000000140000007200000028b52ffd20c04d03001406000000010101020202030303040404\
     0505050606060707070808080909090a0a0a0b0b0b0c0c0c0d0d0d0e0e0e0f0f0f1010101111111212121313131414141515\
     151616161717171818181919191a1a1a1b1b1b1c1c1c1d1d1d1e1e1e1f1f1f000100214f200a",
    // zstd, shuffle 2
    "02019402c0000000c000000041000000140000002900000028b52ffd20c005010068388ee3c00ffc00f0ff0000ffff0720b0\
     02fb1b095e030f909bbc87cab01043",
];

/// numcodecs 0.16.6: the numbers 0 to 599, divided by 100, as uint16; level 5. Blocks of 256 bytes
/// with zstd, of all bytes otherwise.
const HUNDREDTHS: [&str; 6] = [
    // lz4, shuffle 1
    "02012102b0040000b00400004d00000014000000240000001f000100501f010100501f020100501f030100501f040100501f\
     0501004b5005050505050d0000001f000100ffff41500000000000",
    // blosclz, shuffle 1
    "02010102b0040000b004000054000000140000002a0000002300000000e05603010001e05900010102e05900010203e05900\
     010304e05900010405e05700020505050e0000002300000000e0ffff4a0302000000",
    // zlib, shuffle 2
    "02016402b0040000b00400004d0000001400000022000000785e636040800fff91009238191228e03f2e805307e9801e768c\
     02e2010065e1587b0f000000785e63601805a380fa000002580001",
    // zstd, shuffle 1
    "02019102b004000000010000af00000024000000400000005c00000078000000960000001800000028b52ffd600000750000\
     20000001000310003c95f0fe84051800000028b52ffd60000075000020010102000310003c159e77502c1800000028b52ffd\
     60000075000020020203000310003c15986e080b1a00000028b52ffd6000008500002803030405000410003c497c2065721b\
     1500000028b52ffd20b065000018050500020004263113c002",
    // zstd, shuffle 2
    "02019402b004000000010000be00000024000000410000005f0000007e000000a10000001900000028b52ffd6000007d0000\
     380000f0ffffff0002006c40f506b01a00000028b52ffd60000085000018ffff0004004d4081ce1a40bf19c0021b00000028\
     b52ffd6000008d0000400000000000f0ff0002005c40890518011f00000028b52ffd600000ad000050ffff00f0ffffff00ff\
     000410004c4a8edbb531041900000028b52ffd20b085000018ffff0004000140414e0560df026001",
    // zstd, shuffle 0
    "02019002b004000000010000a5000000240000003e00000058000000720000008f0000001600000028b52ffd600000650000\
     180000010200cc9d6248012c1600000028b52ffd6000006500001801000202000ca46211e5b01600000028b52ffd60000065\
     00001802000302002440896972581900000028b52ffd6000007d000020030004050300a01622a06ea2c3021200000028b52f\
     fd20b04d00001005000100ab288705",
];

const SHUFFLES: [Shuffle; 3] = [Shuffle::None, Shuffle::Byte, Shuffle::Bit];

fn quotients(n: u16, divisor: u16) -> Vec<u8> {
    (0..n).flat_map(|i| (i / divisor).to_le_bytes()).collect()
}

fn stored_containers() -> Vec<(Vec<u8>, Vec<u8>)> {
    let thirds = THIRDS.map(|stored| (from_hex(stored), quotients(96, 3)));
    let hundredths = HUNDREDTHS.map(|stored| (from_hex(stored), quotients(600, 100)));
    thirds.into_iter().chain(hundredths).collect()
}

fn codec(compressor: Compressor, shuffle: Shuffle, typesize: usize) -> Blosc {
    Blosc::new(compressor, 5, shuffle, typesize, 0).unwrap()
}

/// Whatever it is made with, the codec decodes everything.
fn any_codec() -> Blosc {
    codec(Compressor::Lz4, Shuffle::None, 1)
}

#[test]
fn containers_of_numcodecs() {
    for (stored, data) in stored_containers() {
        assert_eq!(decoded(&any_codec(), &stored, data.len()), Ok(data.clone()));
        assert_eq!(
            decoded_bounded(&any_codec(), &stored, 2000),
            Ok(data.clone())
        );
        for start in (0..data.len()).step_by(17) {
            for end in (start..=data.len()).step_by(23) {
                assert_eq!(
                    decoded_range(&any_codec(), &stored, start..end, data.len()),
                    Ok(data[start..end].to_vec())
                );
            }
        }
    }
}

#[test]
fn sizes_are_about_those_of_c_blosc() {
    for (compressor, shuffle, n_reference) in [
        (Compressor::BloscLz, Shuffle::Bit, 67),
        (Compressor::Lz4, Shuffle::Byte, 136),
        (Compressor::Lz4, Shuffle::Bit, 74),
        (Compressor::Lz4Hc, Shuffle::Byte, 132),
        (Compressor::Zlib, Shuffle::None, 83),
        (Compressor::Zstd, Shuffle::Bit, 65),
    ] {
        let nbytes = encoded(&codec(compressor, shuffle, 2), &quotients(96, 3)).len();
        assert!(
            nbytes <= n_reference + 4,
            "{compressor:?} {shuffle:?} {nbytes}"
        );
    }
}

#[test]
fn every_combination_round_trips() {
    let mut contexts = Contexts::new();
    for (name, compressor) in Compressor::ALL {
        assert_eq!(Compressor::named(name), Ok(compressor));
        for shuffle in SHUFFLES {
            for typesize in [1, 2, 3, 4, 8, 16, 17, 255, 256] {
                for nbytes in [0, 1, 127, 128, 4096, 70_001] {
                    let codec = Blosc::new(compressor, 4, shuffle, typesize, 0).unwrap();
                    check_round_trip(&codec, &wave(nbytes, 5), &mut contexts);
                }
            }
        }
    }
}

#[test]
fn bad_parameters() {
    let new = |level, typesize| Blosc::new(Compressor::Lz4, level, Shuffle::Byte, typesize, 0);
    for result in [new(10, 4), new(5, 0)] {
        assert!(matches!(
            result,
            Err(KernelError::BadParameter { codec: "blosc", .. })
        ));
    }
    assert!(Compressor::named("lzma").is_err());
}

#[test]
fn headers_say_what_was_done() {
    let data = wave(10_000, 1);
    let stored = encoded(&codec(Compressor::Lz4, Shuffle::Byte, 4), &data);
    assert_eq!(stored[..4], [2, 1, 0x21, 4]);
    assert_eq!(stored[4..8], 10_000_u32.to_le_bytes());
    assert_eq!(stored[8..12], 10_000_u32.to_le_bytes());
    assert_eq!(stored[12..16], (stored.len() as u32).to_le_bytes());
    let stored = encoded(&codec(Compressor::Zstd, Shuffle::Bit, 4), &data);
    assert_eq!(stored[2], 0x94);
    let stored = encoded(&codec(Compressor::Zstd, Shuffle::Byte, 300), &data);
    assert_eq!(stored[3], 1);
}

#[test]
fn what_cannot_be_compressed_is_stored_as_it_is() {
    let data = noise(50_000, 4);
    for (_, compressor) in Compressor::ALL {
        let stored = encoded(&codec(compressor, Shuffle::Byte, 4), &data);
        assert_eq!(stored.len(), data.len() + HEADER_NBYTES);
        assert_eq!(stored[2] & 2, 2);
        assert_eq!(stored[HEADER_NBYTES..], data);
    }
    let level_0 = Blosc::new(Compressor::Zstd, 0, Shuffle::Byte, 4, 0).unwrap();
    let stored = encoded(&level_0, &vec![0; 1000]);
    assert_eq!(stored.len(), 1016);
}

/// A container of four blocks, its data, and where its blocks begin.
fn four_blocks() -> (Vec<u8>, Vec<u8>, Vec<usize>) {
    let data = wave(4000, 8);
    let codec = Blosc::new(Compressor::Zstd, 5, Shuffle::Byte, 4, 1000).unwrap();
    let stored = encoded(&codec, &data);
    let starts = stored[16..32].chunks(4);
    let starts = starts.map(|start| u32::from_le_bytes(start.try_into().unwrap()) as usize);
    let starts = starts.collect();
    (stored, data, starts)
}

#[test]
fn a_range_is_decoded_from_the_blocks_it_touches() {
    let (stored, data, starts) = four_blocks();
    for damaged_block in 0..4 {
        let mut damaged = stored.clone();
        damaged[starts[damaged_block]..][..8].fill(0xFF);
        assert!(decoded(&any_codec(), &damaged, data.len()).is_err());
        for first in 0..4_usize {
            for last in first..4 {
                let wanted = first * 1000 + 999..last * 1000 + 1000;
                let outcome = decoded_range(&any_codec(), &damaged, wanted.clone(), data.len());
                if (first..=last).contains(&damaged_block) {
                    assert!(outcome.is_err());
                } else {
                    assert_eq!(outcome, Ok(data[wanted].to_vec()));
                }
            }
        }
    }
}

#[test]
fn blocks_may_lie_in_any_order() {
    let (stored, data, starts) = four_blocks();
    let ends = starts[1..].iter().copied().chain([stored.len()]);
    let blocks: Vec<&[u8]> = starts
        .iter()
        .zip(ends)
        .map(|(start, end)| &stored[*start..end])
        .collect();
    let mut reordered = stored[..32].to_vec();
    for number in [2, 0, 3, 1] {
        let start = (reordered.len() as u32).to_le_bytes();
        reordered[16 + 4 * number..][..4].copy_from_slice(&start);
        reordered.extend(blocks[number]);
    }
    assert_eq!(decoded(&any_codec(), &reordered, data.len()), Ok(data));
}

fn with_byte(stored: &[u8], position: usize, value: u8) -> Vec<u8> {
    let mut changed = stored.to_vec();
    changed[position] = value;
    changed
}

fn with_number(stored: &[u8], position: usize, value: usize) -> Vec<u8> {
    let mut changed = stored.to_vec();
    changed[position..position + 4].copy_from_slice(&(value as u32).to_le_bytes());
    changed
}

#[test]
fn headers_that_contradict_themselves() {
    let (stored, data, _) = four_blocks();
    let nbytes = stored.len();
    let longer = [stored.as_slice(), &[0]].concat();
    for bad in [
        stored[..15].to_vec(),
        longer.clone(),
        stored[..nbytes - 1].to_vec(),
        with_byte(&stored, 0, 1),             // another version
        with_byte(&stored, 0, 5),             // Blosc 2
        with_byte(&stored, 2, stored[2] | 8), // reserved
        with_byte(&stored, 2, 0xB0),          // compressor 5
        with_byte(&stored, 2, 0xF0),          // compressor 7
        with_byte(&stored, 2, stored[2] | 2), // stored, but too short for that
        with_byte(&stored, 3, 0),             // no element size
        with_number(&stored, 8, 0),           // no block size
        with_number(&stored, 8, 4001),        // a block larger than everything
        with_number(&stored, 8, 1),           // more blocks than there is room for
        with_number(&stored, 8, 0xFFFF_FFFF),
        with_number(&stored, 12, 0xFFFF_FFFF),
        with_number(&longer, 12, nbytes),
    ] {
        assert!(decoded(&any_codec(), &bad, data.len()).is_err());
        assert!(decoded_bounded(&any_codec(), &bad, data.len()).is_err());
    }
    for n_decoded in [0, 3999, 4001, 0x7FFF_FFF0, 0xFFFF_FFFF] {
        let bad = with_number(&stored, 4, n_decoded);
        assert!(decoded(&any_codec(), &bad, data.len()).is_err());
    }
    for start in [0, 16, 31, nbytes - 3, nbytes, 0x7FFF_FFFF, 0xFFFF_FFFF] {
        let bad = with_number(&stored, 16, start);
        assert!(decoded(&any_codec(), &bad, data.len()).is_err());
    }
}

#[test]
fn a_divided_block_is_a_whole_number_of_elements() {
    // Otherwise the last bytes of a block would belong to no stream.
    let data = wave(4001, 2);
    let stored = encoded(&codec(Compressor::Lz4, Shuffle::None, 4), &data);
    assert_eq!(stored[2] & 0x10, 0);
    let bad = with_number(&stored, 8, 4001);
    assert!(matches!(
        decoded(&any_codec(), &bad, data.len()),
        Err(KernelError::Corrupt { codec: "blosc", .. })
    ));
}

#[test]
fn hostile_data() {
    for (stored, data) in stored_containers() {
        check_hostile(&any_codec(), &stored, data.len(), false);
    }
    for shuffle in SHUFFLES {
        let data = wave(5000, 3);
        let stored = encoded(&codec(Compressor::Snappy, shuffle, 4), &data);
        check_hostile(&any_codec(), &stored, data.len(), false);
    }
}

#[test]
fn a_bomb_stops_at_the_header() {
    let stored = encoded(
        &codec(Compressor::Zstd, Shuffle::None, 1),
        &vec![0; 20_000_000],
    );
    assert!(decoded(&any_codec(), &stored, 1000).is_err());
    assert!(decoded_bounded(&any_codec(), &stored, 1000).is_err());
}

#[test]
fn too_much_for_a_container() {
    let bound = |nbytes| any_codec().encoded_bound(nbytes);
    assert_eq!(bound(0x7FFF_FFFF - 16), Some(0x7FFF_FFFF));
    assert_eq!(bound(0x7FFF_FFFF - 15), None);
}

fn any_parameters() -> impl Strategy<Value = Blosc> {
    let blocksize = prop_oneof![3 => Just(0), 1 => 1..100_000_usize];
    (0..6_usize, 0..=9_u8, 0..3_usize, 1..=40_usize, blocksize).prop_map(
        |(compressor, level, shuffle, typesize, blocksize)| {
            let (_, compressor) = Compressor::ALL[compressor];
            let slow = matches!(compressor, Compressor::Zstd | Compressor::Zlib);
            let level = if slow { level.min(6) } else { level };
            Blosc::new(compressor, level, SHUFFLES[shuffle], typesize, blocksize).unwrap()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn round_trips(codec in any_parameters(), data in data()) {
        check_round_trip(&codec, &data, &mut Contexts::new());
    }

    #[test]
    fn ranges(codec in any_parameters(), data in data(), start: prop::sample::Index, end: prop::sample::Index) {
        let stored = encoded(&codec, &data);
        let (start, end) = (start.index(data.len() + 1), end.index(data.len() + 1));
        let wanted = start.min(end)..start.max(end);
        let found: Result<Vec<u8>> = decoded_range(&codec, &stored, wanted.clone(), data.len());
        prop_assert!(found == Ok(data[wanted].to_vec()));
    }

    #[test]
    fn any_bytes_decode_or_fail(garbage: Vec<u8>, flags: u8, typesize: u8, nbytes in 0..3000_u32, blocksize in 0..3000_u32) {
        decode_anyhow(&any_codec(), &garbage, nbytes as usize);
        let encoded_nbytes = garbage.len() as u32 + 16;
        let numbers = [nbytes, blocksize, encoded_nbytes].map(u32::to_le_bytes).concat();
        let framed = [&[2, 1, flags, typesize], numbers.as_slice(), &garbage].concat();
        decode_anyhow(&any_codec(), &framed, nbytes as usize);
    }
}

#[test]
fn other_versions_of_a_compressor() {
    let any = codec(Compressor::Lz4, Shuffle::None, 1);
    for stored in THIRDS {
        let mut container = from_hex(stored);
        container[1] = 2;
        let found = decoded(&any, &container, 192);
        assert!(matches!(found, Err(KernelError::Corrupt { .. })));
    }
    // What is stored as it is asks for none.
    let data = noise(100, 1);
    let mut container = encoded(&any, &data);
    container[1] = 2;
    assert_eq!(decoded(&any, &container, 100), Ok(data));
}
