//! How fast each codec is: `cargo bench --bench codecs [NAME]`.
//!
//! The data is a smooth signal with some noise, quantised, in floats of 32 bits; "grouped" has its bytes
//! grouped by significance first. Times are minima.

#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    missing_docs
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use zarr_kernel::codec::astype::AsType;
use zarr_kernel::codec::blosc::{Blosc, Compressor, Shuffle as BloscShuffle};
use zarr_kernel::codec::checksum::{Checksum32, Location};
use zarr_kernel::codec::delta::Delta;
use zarr_kernel::codec::fixedscaleoffset::FixedScaleOffset;
use zarr_kernel::codec::gzip::Gzip;
use zarr_kernel::codec::lz4::Lz4;
use zarr_kernel::codec::number::{NumberKind, NumberType};
use zarr_kernel::codec::packbits::PackBits;
use zarr_kernel::codec::shuffle::Shuffle;
use zarr_kernel::codec::zlib::Zlib;
use zarr_kernel::codec::zstd::Zstd;
use zarr_kernel::codec::{BytesCodec, Contexts};

fn signal(nbytes: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut noise = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        f64::from((state >> 33) as u32) / f64::from(u32::MAX >> 1) - 0.5
    };
    let numbers = (0..nbytes / 4).map(|i| {
        let smooth = (i as f64 / 500.0).sin() * 100.0;
        ((smooth + noise()) * 64.0).round() / 64.0
    });
    numbers.flat_map(|x| (x as f32).to_le_bytes()).collect()
}

fn fastest(mut work: impl FnMut()) -> Duration {
    let start = Instant::now();
    work();
    let n_runs = (200_000_000 / start.elapsed().as_nanos().max(1)).clamp(5, 2000);
    let times = (0..n_runs).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed()
    });
    times.min().unwrap_or_default()
}

fn report(name: &str, codec: &dyn BytesCodec, data: &[u8], contexts: &mut Contexts) {
    let wanted = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    if wanted.is_some_and(|wanted| !name.contains(&wanted)) {
        return;
    }
    let mut encoded = vec![];
    let encoding = fastest(|| {
        encoded.clear();
        codec
            .encode(black_box(data), &mut encoded, contexts)
            .unwrap();
    });
    let mut decoded = vec![0; data.len()];
    let decoding = fastest(|| {
        codec
            .decode_into(black_box(&encoded), &mut decoded, contexts)
            .unwrap()
    });
    let middle = data.len() / 2 / 8 * 8;
    let one = fastest(|| {
        let wanted = middle..middle + 8;
        codec
            .decode_range(black_box(&encoded), wanted, &mut decoded, contexts)
            .unwrap();
    });
    let speed = |time: Duration| data.len() as f64 / time.as_secs_f64() / 1e9;
    println!(
        "{name:32} {:8} {:9} encode {:9.1} us {:6.2} GB/s   decode {:9.1} us {:6.2} GB/s   8 bytes of the middle {:9.1} us",
        data.len(),
        encoded.len(),
        encoding.as_secs_f64() * 1e6,
        speed(encoding),
        decoding.as_secs_f64() * 1e6,
        speed(decoding),
        one.as_secs_f64() * 1e6,
    );
}

fn main() {
    let mut contexts = Contexts::new();
    let number = |kind| NumberType {
        kind,
        big_endian: false,
    };
    for nbytes in [32 << 10, 1 << 20] {
        let raw = signal(nbytes);
        let mut grouped = vec![];
        Shuffle::new(4)
            .encode(&raw, &mut grouped, &mut contexts)
            .unwrap();
        let run = |name: &str, codec: &dyn BytesCodec| {
            report(name, codec, &raw, &mut Contexts::new());
        };
        for size in [2, 3, 4, 8, 12, 16] {
            let data = &raw[..nbytes / 48 * 48];
            report(
                &format!("shuffle {size}"),
                &Shuffle::new(size),
                data,
                &mut contexts,
            );
        }
        for size in [1, 2, 4, 8] {
            let codec = Blosc::new(Compressor::Lz4, 9, BloscShuffle::Bit, size, 0).unwrap();
            run(&format!("blosc lz4 9 bits {size}"), &codec);
        }
        for (name, compressor) in Compressor::ALL {
            let codec = Blosc::new(compressor, 5, BloscShuffle::Byte, 4, 0).unwrap();
            run(&format!("blosc {name} 5 bytes"), &codec);
        }
        run("crc32c", &Checksum32::crc32c(Location::End));
        run("crc32", &Checksum32::crc32(Location::Start));
        run("adler32", &Checksum32::adler32(Location::Start));
        run("fletcher32", &Checksum32::fletcher32());
        run("lz4", &Lz4::new(1));
        let (f4, i2, i4) = (NumberKind::F32, NumberKind::I16, NumberKind::I32);
        run("delta i4", &Delta::new(number(i4), number(i4)).unwrap());
        run("delta f4", &Delta::new(number(f4), number(f4)).unwrap());
        run("astype i4 as i2", &AsType::new(number(i4), number(i2)));
        run("astype f4 as i2", &AsType::new(number(f4), number(i2)));
        let codec = FixedScaleOffset::new(0.0, 64.0, number(f4), number(i2)).unwrap();
        run("fixedscaleoffset f4 as i2", &codec);
        let booleans: Vec<u8> = raw.iter().map(|byte| byte & 1).collect();
        report("packbits", &PackBits, &booleans, &mut contexts);
        for (what, data) in [("raw", &raw), ("grouped", &grouped)] {
            for level in [1, 3] {
                let codec = Zstd::new(level, false).unwrap();
                report(&format!("zstd {level} {what}"), &codec, data, &mut contexts);
            }
            let codec = Zstd::new(1, true).unwrap();
            report(
                &format!("zstd 1 checksum {what}"),
                &codec,
                data,
                &mut contexts,
            );
            for level in [1, 6] {
                let codec = Gzip::new(level).unwrap();
                report(&format!("gzip {level} {what}"), &codec, data, &mut contexts);
            }
        }
        let codec = Zlib::new(1).unwrap();
        report("zlib 1 grouped", &codec, &grouped, &mut contexts);
    }
}
