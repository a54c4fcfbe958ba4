//! What one operation on a local directory costs, in microseconds of processor time and of elapsed
//! time: `cargo bench -p zarr-kernel`. The best of several rounds; the directory is `TMPDIR`'s.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::arithmetic_side_effects
)]

use std::hint::black_box;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{self, AtFlags, Mode};
use rustix::time::{ClockId, clock_gettime};
use zarr_kernel::cache::{Cache, CacheKey};
use zarr_kernel::local::{Files, Manner, Writer, stamps_are_sound};
use zarr_kernel::stored_object::{Change, Expected, Object, Objects, WritableObjects};
use zarr_kernel::workers::{self, Effort};

const N_ROUNDS: usize = 9;

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

/// The fewest system calls that do it, in one directory, without locks or checks: what the others are
/// to be compared with.
mod by_hand {
    use std::os::fd::{AsRawFd, OwnedFd};
    use std::path::Path;

    use rustix::buffer::spare_capacity;
    use rustix::fs::{self, AtFlags, CWD, Mode, OFlags};
    use rustix::io;

    pub(crate) fn directory(path: &Path) -> OwnedFd {
        std::fs::create_dir(path).unwrap();
        fs::openat(CWD, path, OFlags::DIRECTORY, Mode::empty()).unwrap()
    }

    pub(crate) fn publish(directory: &OwnedFd, name: &str, block: &[u8]) {
        let flags = OFlags::TMPFILE | OFlags::WRONLY;
        let fd = fs::openat(directory, ".", flags, Mode::from_raw_mode(0o666)).unwrap();
        io::write(&fd, block).unwrap();
        let link = format!("/proc/self/fd/{}", fd.as_raw_fd());
        fs::linkat(CWD, link, directory, name, AtFlags::SYMLINK_FOLLOW).unwrap();
    }

    pub(crate) fn replace(directory: &OwnedFd, name: &str, block: &[u8]) {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY;
        let fd = fs::openat(directory, "temporary", flags, Mode::from_raw_mode(0o666)).unwrap();
        io::write(&fd, block).unwrap();
        fs::renameat(directory, "temporary", directory, name).unwrap();
    }

    pub(crate) fn read(directory: &OwnedFd, name: &str, scratch: &mut Vec<u8>) {
        scratch.clear();
        let fd = fs::openat(directory, name, OFlags::RDONLY, Mode::empty()).unwrap();
        io::read(&fd, spare_capacity(scratch)).unwrap();
    }
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

    let by_hand = by_hand::directory(&root.join("by-hand"));
    microseconds(
        "  by hand: write a nameless file of 32 KiB, link it",
        n,
        |number| {
            let directory = by_hand::directory(&root.join(format!("by-hand-{number}")));
            for key in 0..n {
                if key % 40 == 0 {
                    let name = format!("{}", key / 40);
                    fs::mkdirat(&directory, name, Mode::from_raw_mode(0o777)).unwrap();
                }
                let name = format!("{}/{}", key / 40, key % 40);
                by_hand::publish(&directory, &name, &block);
            }
        },
    );
    for number in 0..N_ROUNDS {
        std::fs::remove_dir_all(root.join(format!("by-hand-{number}"))).unwrap();
    }
    microseconds(
        "  by hand: write a temporary file of 32 KiB, rename it",
        n,
        |_| {
            for key in 0..n {
                by_hand::replace(&by_hand, &format!("0-{key}"), &block);
            }
        },
    );
    let mut scratch = Vec::with_capacity(block.len());
    microseconds("  by hand: open, read 32 KiB, close", n, |_| {
        for key in 0..n {
            by_hand::read(&by_hand, &format!("0-{key}"), &mut scratch);
        }
    });
    microseconds("  by hand: stat", n, |_| {
        for key in 0..n {
            let found = fs::statat(&by_hand, format!("0-{key}"), AtFlags::empty());
            black_box(found.unwrap());
        }
    });
    drop(by_hand);

    let files = Files::new(base, sound);
    microseconds("publish a new 32 KiB file, 40 directories", n, |number| {
        let other = Files::new(format!("{}/new-{number}", root.display()), sound);
        let writer = Writer::new(&other, manner);
        for key in &keys {
            writer.put(key, &block, Expected::Any).unwrap();
        }
    });
    for number in 0..N_ROUNDS {
        std::fs::remove_dir_all(root.join(format!("new-{number}"))).unwrap();
    }
    rustix::fs::sync();
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
                let stamp = files.version(key).unwrap().unwrap().stamp;
                let found = cache.get(&CacheKey::new(&stamp, 0, 0, 0), &stamp);
                black_box(found.unwrap());
            }
        });
    }
    let stamp = files.version("c/0/0").unwrap().unwrap().stamp;
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
