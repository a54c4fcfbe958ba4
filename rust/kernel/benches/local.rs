//! What one operation on a local directory costs, in microseconds of processor time and of elapsed
//! time: `cargo bench -p zarr-kernel`. The best of several rounds; the directory is `TMPDIR`'s.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::arithmetic_side_effects
)]

use std::hint::black_box;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use zarr_kernel::cache::{Cache, CacheKey};
use zarr_kernel::local::{Files, Manner, Writer, stamps_are_sound};
use zarr_kernel::source::{Change, Expected, Object, Objects, WritableObjects};
use zarr_kernel::workers::{self, Effort};

const N_ROUNDS: usize = 15;

fn microseconds(what: &str, n: usize, mut round: impl FnMut(usize)) {
    let (mut best_busy, mut best_elapsed) = (f64::INFINITY, f64::INFINITY);
    for number in 0..N_ROUNDS {
        let (started, busy) = (Instant::now(), processor_seconds());
        round(number);
        best_elapsed = best_elapsed.min(started.elapsed().as_secs_f64());
        best_busy = best_busy.min(processor_seconds() - busy);
    }
    let each = 1e6 / n as f64;
    println!(
        "{:9.2} busy {:9.2} elapsed  {what}",
        best_busy * each,
        best_elapsed * each
    );
}

fn processor_seconds() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

fn main() {
    let deep = format!(
        "zarr-kernel-bench-{}/store.zarr/group/array",
        std::process::id()
    );
    let root = std::env::temp_dir().join(&deep);
    std::fs::create_dir_all(&root).unwrap();
    let base = root.to_str().unwrap().to_owned();
    let sound = stamps_are_sound(&root);
    let n = 1600;
    let block = vec![7_u8; 32 << 10];
    let keys: Vec<String> = (0..n).map(|i| format!("c/{}/{}", i / 40, i % 40)).collect();
    let manner = Manner {
        sync: false,
        held: None,
        on_signal: &|| Ok(()),
    };

    let files = Files::new(base, sound);
    microseconds("publish a new 32 KiB file, 40 directories", n, |number| {
        let other = Files::new(format!("{}/new-{number}", root.display()), sound);
        let writer = Writer::new(&other, manner);
        for key in &keys {
            writer.put(key, &block, Expected::Any).unwrap();
        }
    });
    let writer = Writer::new(&files, manner);
    for key in &keys {
        writer.put(key, &block, Expected::Any).unwrap();
    }
    microseconds("replace a 32 KiB file", n, |_| {
        for key in &keys {
            writer.put(key, &block, Expected::Any).unwrap();
        }
    });
    let mut encoded = Vec::new();
    let mut scratch = Vec::new();
    microseconds(
        "compare and swap of a 32 KiB file (read, copy, put)",
        n,
        |_| {
            for key in &keys {
                let change = |stored: Option<&_>, encoded: &mut Vec<u8>| {
                    let stored: &zarr_kernel::local::File = stored.unwrap();
                    encoded.extend_from_slice(stored.whole(&mut scratch)?);
                    Ok(Change::Put)
                };
                writer.modify(key, &mut encoded, change).unwrap();
            }
        },
    );
    microseconds("replace a 4 KiB file", n, |_| {
        for key in &keys {
            writer
                .put(key, block.get(..4096).unwrap(), Expected::Any)
                .unwrap();
        }
    });
    for key in &keys {
        writer.put(key, &block, Expected::Any).unwrap();
    }
    thread::sleep(Duration::from_millis(200));

    for (what, files) in [
        (
            "open, read 32 KiB, close",
            Files::new(files.base().to_owned(), sound),
        ),
        (
            "open, read 32 KiB, close, from a pinned directory",
            Files::new(files.base().to_owned(), sound).pinned(),
        ),
    ] {
        let mut scratch = Vec::new();
        microseconds(what, n, |_| {
            for key in &keys {
                let object = files.open(key).unwrap().unwrap();
                black_box(object.whole(&mut scratch).unwrap());
            }
        });
    }
    let pinned = Files::new(files.base().to_owned(), sound).pinned();
    microseconds("open and close, pinned", n, |_| {
        for key in &keys {
            black_box(pinned.open(key).unwrap().unwrap());
        }
    });
    microseconds("open a missing file, pinned", n, |_| {
        for _ in &keys {
            assert!(pinned.open("c/99").unwrap().is_none());
        }
    });
    let object = files.open("c/0/0").unwrap().unwrap();
    microseconds("read a range of 4 KiB of an open file", n, |_| {
        for _ in 0..n {
            black_box(object.range(8192, 4096, &mut scratch).unwrap());
        }
    });

    let cache = Cache::new(100 << 20);
    for key in &keys {
        let object = files.open(key).unwrap().unwrap();
        if let Some(stamp) = object.settled_stamp().unwrap() {
            let value = Arc::new(block.clone());
            cache.insert(CacheKey::new(&stamp, 0, 0, 0), stamp, value, block.len());
        }
    }
    for (what, files) in [("cache hit", &files), ("cache hit, pinned", &pinned)] {
        microseconds(what, n, |_| {
            for key in &keys {
                let stamp = files.stamp(key).unwrap().unwrap();
                let found = cache.get(&CacheKey::new(&stamp, 0, 0, 0), &stamp);
                black_box(found.unwrap());
            }
        });
    }
    let stamp = files.stamp("c/0/0").unwrap().unwrap();
    microseconds("cache lookup without the look at the file", n, |_| {
        for _ in 0..n {
            black_box(cache.get(&CacheKey::new(&stamp, 0, 0, 0), &stamp).unwrap());
        }
    });

    for max_threads in [1, 2] {
        let effort = Effort {
            total_ns: 1_000_000,
            max_threads,
        };
        microseconds(
            &format!("hand-off: a request of 2 empty tasks, {max_threads} threads"),
            200,
            |_| {
                for _ in 0..200 {
                    workers::run(2, effort, &mut || Ok(()), || (), |(), _| Ok(())).unwrap();
                }
            },
        );
    }
    std::fs::remove_dir_all(root.ancestors().nth(2).unwrap()).unwrap();
}
