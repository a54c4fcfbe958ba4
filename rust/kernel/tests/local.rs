//! A local directory under threads, processes and violent deaths.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use zarr_kernel::cache::{Cache, CacheKey};
use zarr_kernel::local::{Files, Manner, Writer, has_locks, stamps_are_sound};
use zarr_kernel::stored_object::{Change, Expected, Object, Objects, Version, WritableObjects};
use zarr_kernel::{Blocker, KernelError, Result};

static N_DIRECTORIES: AtomicUsize = AtomicUsize::new(0);

/// A directory of one test.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Self {
        let number = N_DIRECTORIES.fetch_add(1, Ordering::Relaxed);
        let name = format!("zarr-kernel-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn files(&self) -> Files {
        files_in(&self.0)
    }

    fn path(&self, key: &str) -> PathBuf {
        self.0.join(key)
    }

    /// Names of all files and directories in it, those in directories included.
    fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        collect_names(&self.0, &mut names);
        names.sort();
        names
    }
}

fn collect_names(directory: &Path, names: &mut Vec<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        names.push(entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            collect_names(&entry.path(), names);
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn files_in(directory: &Path) -> Files {
    Files::new(
        directory.to_str().unwrap().to_owned(),
        stamps_are_sound(directory),
    )
}

const CALMLY: Manner<'static> = Manner {
    sync: false,
    held: None,
    on_signal: &|| Ok(()),
};

fn contents(files: &Files, key: &str) -> Option<Vec<u8>> {
    let mut scratch = Vec::new();
    let object = files.open(key).unwrap()?;
    Some(object.whole(&mut scratch).unwrap().to_vec())
}

fn blocker_of<T: std::fmt::Debug>(outcome: Result<T>) -> Blocker {
    match outcome {
        Err(KernelError::Blocked { by, .. }) => by,
        other => panic!("{other:?}"),
    }
}

fn errno_of<T: std::fmt::Debug>(outcome: Result<T>) -> i32 {
    match outcome {
        Err(KernelError::Io { errno, .. }) => errno,
        other => panic!("{other:?}"),
    }
}

/// This test program again, as a process that does one job.
fn spawn(job: &str, directory: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "job", "--nocapture"])
        .env("ZARR_TEST_JOB", job)
        .env("ZARR_TEST_DIRECTORY", directory)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn finish(child: Child) {
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
}

/// What [`spawn`] runs.
#[test]
#[ignore = "run by other tests, as a process of its own"]
fn job() {
    let directory = PathBuf::from(std::env::var_os("ZARR_TEST_DIRECTORY").unwrap());
    match std::env::var("ZARR_TEST_JOB").unwrap().as_str() {
        "count" => count_up(&files_in(&directory), 300),
        "replace" => replace_for_ever(&files_in(&directory)),
        "open nothing" => write_without_descriptors(&files_in(&directory)),
        other => panic!("{other}"),
    }
}

/// Add one to a counter in a file, again and again.
fn count_up(files: &Files, n: u64) {
    let writer = Writer::new(files, CALMLY);
    let mut encoded = Vec::new();
    for _ in 0..n {
        writer
            .modify("c/0/counter", &mut encoded, |stored, encoded| {
                let mut scratch = Vec::new();
                let before = match stored {
                    None => 0,
                    Some(stored) => {
                        u64::from_le_bytes(stored.whole(&mut scratch)?.try_into().unwrap())
                    }
                };
                encoded.extend((before + 1).to_le_bytes());
                Ok(Change::Put)
            })
            .unwrap();
    }
}

fn counter(files: &Files) -> u64 {
    let stored = contents(files, "c/0/counter").unwrap();
    u64::from_le_bytes(stored.try_into().unwrap())
}

fn replace_for_ever(files: &Files) {
    let writer = Writer::new(files, CALMLY);
    for round in 0_u32.. {
        let block = [u8::try_from(round % 251).unwrap(); 300_000];
        writer.put("c/block", &block, Expected::Any).unwrap();
    }
}

fn write_without_descriptors(files: &Files) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    // Another writer, as one keeps the directory that it wrote to.
    Writer::new(files, CALMLY)
        .put("a/before", b"1", Expected::Any)
        .unwrap();
    let writer = Writer::new(files, CALMLY);
    let allow = |n_descriptors| {
        let limit = Rlimit {
            current: Some(n_descriptors),
            maximum: getrlimit(Resource::Nofile).maximum,
        };
        setrlimit(Resource::Nofile, limit).unwrap();
    };
    let lowest_free = u64::try_from(fs::File::open("/").unwrap().as_raw_fd()).unwrap();
    // The directory and the new file: neither is to be had, or only one.
    for n_more in 0..2 {
        allow(lowest_free + n_more);
        let errno = errno_of(writer.put("b/after", b"2", Expected::Any));
        assert_eq!(errno, rustix::io::Errno::MFILE.raw_os_error());
    }
    allow(lowest_free + 2);
    assert!(writer.put("b/more", b"3", Expected::Any).unwrap());
}

#[test]
fn what_is_put_is_read() {
    let directory = Temporary::new();
    let files = directory.files();
    let writer = Writer::new(&files, CALMLY);
    assert!(writer.put("a/c/0/1", b"0123456789", Expected::Any).unwrap());
    for files in [directory.files(), directory.files().pinned()] {
        let object = files.open("a/c/0/1").unwrap().unwrap();
        assert_eq!(object.nbytes(), 10);
        let mut scratch = b"garbage".to_vec();
        assert_eq!(object.whole(&mut scratch).unwrap(), b"0123456789");
        assert_eq!(object.range(3, 4, &mut scratch).unwrap(), b"3456");
        assert_eq!(object.range(10, 0, &mut scratch).unwrap(), b"");
        let mut into = [0; 2];
        object.read_at(8, &mut into).unwrap();
        assert_eq!(&into, b"89");
        assert!(files.open("a/c/0/2").unwrap().is_none());
        assert!(files.open("x/y").unwrap().is_none());
    }
    assert_eq!(directory.names(), ["0", "1", "a", "c"]);
    let mode = directory.path("a/c/0/1").metadata().unwrap().mode() & 0o777;
    assert_eq!(mode & !0o666, 0);
    assert_eq!(mode & 0o600, 0o600);
}

#[test]
fn pieces_make_one_file() {
    let at = Temporary::new();
    let files = at.files();
    let writer = Writer::new(&files, CALMLY);
    let piece = vec![7_u8; 3 << 20];
    for key in ["new/a", "new/a", "b"] {
        for n_pieces in [0, 1, 3] {
            let mut calls = 0;
            writer
                .put_pieces(key, |sink| {
                    calls += 1;
                    sink.append(b"head")?;
                    for _ in 0..n_pieces {
                        sink.append(&piece)?;
                    }
                    sink.append(b"tail")?;
                    sink.overwrite(1, b"EA")
                })
                .unwrap();
            assert_eq!(calls, 1);
            let expected = [b"hEAd".to_vec(), piece.repeat(n_pieces), b"tail".to_vec()].concat();
            assert!(contents(&files, key).unwrap() == expected);
        }
    }
}

#[test]
fn pieces_that_fail_leave_what_was_there() {
    let at = Temporary::new();
    let files = at.files();
    let writer = Writer::new(&files, CALMLY);
    writer.put("a", b"before", Expected::Any).unwrap();
    let failed = writer.put_pieces("a", |sink| {
        sink.append(&vec![1; 9 << 20])?;
        Err(KernelError::Interrupted)
    });
    assert!(matches!(failed, Err(KernelError::Interrupted)));
    assert_eq!(contents(&files, "a").unwrap(), b"before");
    assert_eq!(at.names(), ["a"]);
}

#[test]
fn ranges_are_not_trusted() {
    let directory = Temporary::new();
    let files = directory.files();
    fs::write(directory.path("x"), b"12345").unwrap();
    let object = files.open("x").unwrap().unwrap();
    let mut scratch = Vec::new();
    for (offset, nbytes) in [(0, 6), (5, 1), (u64::MAX, 1), (0, usize::MAX), (6, 0)] {
        let outcome = object.range(offset, nbytes, &mut scratch);
        assert!(matches!(
            outcome,
            Err(KernelError::RangeOutsideObject { .. })
        ));
    }
    assert_eq!(scratch.capacity(), 0);
    let outcome = object.read_at(3, &mut [0; 3]);
    assert!(matches!(
        outcome,
        Err(KernelError::RangeOutsideObject { .. })
    ));
}

#[test]
fn failures_are_not_absence() {
    let directory = Temporary::new();
    let files = directory.files();
    let too_long = "x".repeat(300);
    let errno = errno_of(files.open(&too_long));
    assert_eq!(errno, rustix::io::Errno::NAMETOOLONG.raw_os_error());
}

#[test]
fn what_is_in_the_way_is_named_and_stays() {
    let directory = Temporary::new();
    let files = directory.files();
    let writer = Writer::new(&files, CALMLY);
    let link = |to: &str, from: &str| {
        std::os::unix::fs::symlink(to, directory.path(from)).unwrap();
    };
    fs::create_dir(directory.path("directory")).unwrap();
    fs::write(directory.path("file"), b"").unwrap();
    link("loop", "loop");
    link("nowhere", "link");
    link("directory", "to directory");
    let _socket = std::os::unix::net::UnixListener::bind(directory.path("socket")).unwrap();
    for (key, blocker) in [
        ("directory", Blocker::Directory),
        ("to directory", Blocker::Directory),
        ("file/key", Blocker::File),
        ("file/deeper/key", Blocker::File),
        ("link", Blocker::LinkToNowhere),
        ("link/deeper/key", Blocker::LinkToNowhere),
        ("loop", Blocker::LinkToNowhere),
        ("socket", Blocker::NoFile("a socket")),
        ("socket/key", Blocker::NoDirectory("a socket")),
    ] {
        assert_eq!(blocker_of(files.open(key)), blocker, "{key}");
        assert_eq!(
            blocker_of(directory.files().pinned().open(key)),
            blocker,
            "{key}"
        );
        assert_eq!(
            blocker_of(writer.put(key, b"x", Expected::Any)),
            blocker,
            "{key}"
        );
    }
    for key in ["directory", "file/key", "link/key"] {
        assert!(writer.remove(key, Expected::Any).is_err());
    }
    assert!(files.open("missing/deeper/key").unwrap().is_none());
    assert!(files.open("to directory/key").unwrap().is_none());
    assert_eq!(
        directory.names(),
        [
            "directory",
            "file",
            "link",
            "loop",
            "socket",
            "to directory"
        ]
    );
}

#[test]
fn what_is_in_the_way_of_many_is_looked_for_once() {
    let directory = Temporary::new();
    let files = directory.files();
    assert!(files.open("c/0/0").unwrap().is_none());
    std::os::unix::fs::symlink("nowhere", directory.path("c")).unwrap();
    assert!(files.open("c/0/1").unwrap().is_none());
    assert!(directory.files().open("c/0/1").is_err());
}

#[test]
fn files_that_shrink_are_read_again_or_refused() {
    let directory = Temporary::new();
    let files = directory.files();
    fs::write(directory.path("x"), vec![7; 1000]).unwrap();
    let object = files.open("x").unwrap().unwrap();
    fs::write(directory.path("x"), vec![8; 10]).unwrap();
    let mut scratch = Vec::new();
    assert_eq!(object.whole(&mut scratch).unwrap(), [8; 10]);
    let refused = |outcome| matches!(outcome, Err(KernelError::Unsteady { .. }));
    assert!(refused(
        object.range(0, 1000, &mut scratch).map(<[u8]>::len)
    ));
    assert!(refused(object.read_at(500, &mut [0; 20]).map(|()| 0)));
}

#[test]
fn an_open_object_stays_what_it_was() {
    let directory = Temporary::new();
    let files = directory.files();
    let writer = Writer::new(&files, CALMLY);
    writer.put("x", b"old", Expected::Any).unwrap();
    let object = files.open("x").unwrap().unwrap();
    writer.put("x", b"newer", Expected::Any).unwrap();
    writer.remove("x", Expected::Any).unwrap();
    assert_eq!(object.whole(&mut Vec::new()).unwrap(), b"old");
}

#[test]
fn expectations_are_held_to() {
    let directory = Temporary::new();
    let files = directory.files();
    let writer = Writer::new(&files, CALMLY);
    assert!(writer.put("x", b"1", Expected::Absent).unwrap());
    assert!(!writer.put("x", b"2", Expected::Absent).unwrap());
    assert!(!writer.remove("x", Expected::Absent).unwrap());
    let first = files.open("x").unwrap().unwrap();
    assert!(writer.put("x", b"3", Expected::Version(&first)).unwrap());
    assert!(!writer.put("x", b"4", Expected::Version(&first)).unwrap());
    assert!(!writer.remove("x", Expected::Version(&first)).unwrap());
    assert_eq!(contents(&files, "x").unwrap(), b"3");
    let second = files.open("x").unwrap().unwrap();
    assert!(writer.remove("x", Expected::Version(&second)).unwrap());
    assert!(!writer.remove("x", Expected::Version(&second)).unwrap());
    assert!(!writer.put("x", b"5", Expected::Version(&second)).unwrap());
    assert!(writer.remove("x", Expected::Absent).unwrap());
    assert!(writer.remove("x", Expected::Any).unwrap());
    assert!(writer.remove("not/there", Expected::Any).unwrap());
    assert!(
        !writer
            .remove("not/there", Expected::Version(&second))
            .unwrap()
    );
    assert!(directory.names().is_empty());
}

#[test]
fn a_version_is_not_its_inode_number() {
    // A file system gives the number of a deleted file to the next one; an open version keeps its.
    let directory = Temporary::new();
    let files = directory.files();
    let writer = Writer::new(&files, CALMLY);
    for _ in 0..200 {
        writer.put("x", b"same", Expected::Any).unwrap();
        let version = files.open("x").unwrap().unwrap();
        writer.put("x", b"size", Expected::Any).unwrap();
        writer.put("x", b"same", Expected::Any).unwrap();
        assert!(
            !writer
                .put("x", b"late", Expected::Version(&version))
                .unwrap()
        );
    }
}

#[test]
fn changes_in_place_are_noticed() {
    let directory = Temporary::new();
    let files = directory.files();
    let writer = Writer::new(&files, CALMLY);
    writer.put("x", b"1", Expected::Any).unwrap();
    let mut encoded = Vec::new();
    let mut rounds = 0;
    writer
        .modify("x", &mut encoded, |stored, encoded| {
            rounds += 1;
            let before = stored.unwrap().whole(&mut Vec::new()).unwrap().to_vec();
            if rounds == 1 {
                fs::write(directory.path("x"), b"22").unwrap();
            }
            encoded.extend(before);
            encoded.push(b'+');
            Ok(Change::Put)
        })
        .unwrap();
    assert_eq!(rounds, 2);
    assert_eq!(contents(&files, "x").unwrap(), b"22+");
}

#[test]
fn modify_keeps_removes_and_fails() {
    let directory = Temporary::new();
    let files = directory.files();
    let writer = Writer::new(&files, CALMLY);
    let mut encoded = b"garbage".to_vec();
    writer
        .modify("x", &mut encoded, |stored, encoded| {
            assert!(stored.is_none() && encoded.is_empty());
            Ok(Change::Keep)
        })
        .unwrap();
    assert!(directory.names().is_empty());
    writer.put("x", b"1", Expected::Any).unwrap();
    let outcome = writer.modify("x", &mut encoded, |_, _| Err(KernelError::Interrupted));
    assert_eq!(outcome, Err(KernelError::Interrupted));
    assert_eq!(contents(&files, "x").unwrap(), b"1");
    writer
        .modify("x", &mut encoded, |_, _| Ok(Change::Remove))
        .unwrap();
    assert!(directory.names().is_empty());
}

#[test]
fn programs_without_locks_cannot_make_it_spin() {
    let directory = Temporary::new();
    let files = directory.files();
    let writer = Writer::new(&files, CALMLY);
    let mut n_rounds = 0_usize;
    let outcome = writer.modify("x", &mut Vec::new(), |_, encoded| {
        n_rounds += 1;
        fs::write(directory.path("x"), vec![0; n_rounds]).unwrap();
        encoded.push(1);
        Ok(Change::Put)
    });
    assert!(
        matches!(outcome, Err(KernelError::Contended { attempts, .. }) if attempts == n_rounds)
    );
    assert_eq!(directory.names(), ["x"]);
}

#[test]
fn threads_lose_no_change() {
    let directory = Temporary::new();
    let files = directory.files();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| count_up(&files, 100));
        }
    });
    assert_eq!(counter(&files), 800);
    assert_eq!(directory.names(), ["0", "c", "counter"]);
}

#[test]
fn threads_can_share_a_writer() {
    let directory = Temporary::new();
    let files = directory.files();
    let writer = Writer::new(&files, CALMLY);
    thread::scope(|scope| {
        for number in 0..8_u8 {
            let writer = &writer;
            scope.spawn(move || {
                for round in 0..50 {
                    let key = format!("{}/{}", round % 20, (number + round) % 10);
                    writer.put(&key, &[number; 5000], Expected::Any).unwrap();
                    let mut encoded = Vec::new();
                    let change = |_: Option<&_>, encoded: &mut Vec<u8>| {
                        encoded.resize(100, number);
                        Ok(Change::Put)
                    };
                    writer.modify("shared", &mut encoded, change).unwrap();
                }
            });
        }
    });
    let left: Vec<String> = directory.names();
    assert!(
        left.iter().all(|name| !name.starts_with("__zarr-")),
        "{left:?}"
    );
}

#[test]
fn processes_lose_no_change() {
    let directory = Temporary::new();
    let children: Vec<Child> = (0..4).map(|_| spawn("count", &directory.0)).collect();
    count_up(&directory.files(), 300);
    children.into_iter().for_each(finish);
    assert_eq!(counter(&directory.files()), 1500);
    assert_eq!(directory.names(), ["0", "c", "counter"]);
}

#[test]
fn killed_writers_leave_whole_files_and_no_locks() {
    let directory = Temporary::new();
    let files = directory.files();
    for round in 0..30_u64 {
        let mut child = spawn("replace", &directory.0);
        let deadline = Instant::now() + Duration::from_secs(20);
        let before = contents(&files, "c/block");
        while contents(&files, "c/block") == before {
            assert!(Instant::now() < deadline, "the child does not write");
            thread::sleep(Duration::from_micros(200));
        }
        thread::sleep(Duration::from_micros(round * 331 % 5000));
        child.kill().unwrap();
        child.wait().unwrap();
        let block = contents(&files, "c/block").unwrap();
        assert_eq!(block.len(), 300_000);
        assert!(block.iter().all(|byte| *byte == block[0]));
        let writer = Writer::new(&files, CALMLY);
        let started = Instant::now();
        writer.put("c/block", b"free", Expected::Any).unwrap();
        assert!(started.elapsed() < Duration::from_secs(5));
    }
    // Only a replacement that was cut off between its two steps leaves a name, which tells its owner.
    let names = directory.names();
    let left = names.iter().filter(|name| name.starts_with("__zarr-"));
    assert!(left.clone().all(|name| name.ends_with(".tmp")), "{names:?}");
    assert!(left.count() < 10, "{names:?}");
}

#[test]
fn vanishing_directories_are_made_again() {
    let directory = Temporary::new();
    let files = directory.files();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !stop.load(Ordering::Relaxed) {
                number += 1;
                let aside = directory.path(&format!("aside-{number}"));
                if fs::rename(directory.path("a"), &aside).is_ok() {
                    // A writer that had the lock of a directory in it may still publish there.
                    while fs::remove_dir_all(&aside).is_err() {}
                }
                thread::sleep(Duration::from_micros(300));
            }
        });
        let writer = Writer::new(&files, CALMLY);
        let write = |round| {
            let key = format!("a/b/{}", round % 7);
            let put = writer.put(&key, &[1; 100], Expected::Any)?;
            Ok(put && (round % 3 != 0 || writer.remove(&key, Expected::Any)?))
        };
        let outcome: Result<Vec<bool>> = (0..2000).map(write).collect();
        stop.store(true, Ordering::Relaxed);
        assert!(outcome.unwrap().iter().all(|done| *done));
    });
}

#[test]
fn locks_are_waited_for() {
    let directory = Temporary::new();
    let files = directory.files();
    fs::create_dir(directory.path("a")).unwrap();
    let held = fs::File::open(directory.path("a")).unwrap();
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let (done, was_done) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            let writer = Writer::new(&files, CALMLY);
            writer.put("a/x", b"1", Expected::Any).unwrap();
            done.send(()).unwrap();
        });
        assert!(was_done.recv_timeout(Duration::from_millis(200)).is_err());
        // Whoever holds the lock says so, and is not made to wait for it.
        let path = directory.path("a").to_str().unwrap().to_owned();
        let holding = Manner {
            held: Some(&path),
            ..CALMLY
        };
        let writer = Writer::new(&files, holding);
        writer.put("a/y", b"2", Expected::Any).unwrap();
        let change = |_: Option<&_>, _: &mut Vec<u8>| Ok(Change::Remove);
        writer.modify("a/y", &mut Vec::new(), change).unwrap();
        writer.put("b/z", b"3", Expected::Any).unwrap();
        drop(held);
        was_done.recv_timeout(Duration::from_secs(10)).unwrap();
    });
    assert_eq!(contents(&files, "a/x").unwrap(), b"1");
    assert!(has_locks(&directory.0));
}

#[test]
fn without_descriptors_nothing_is_left() {
    let directory = Temporary::new();
    finish(spawn("open nothing", &directory.0));
    let names = directory.names();
    assert!(!names.contains(&"after".to_owned()), "{names:?}");
    assert!(
        names.iter().all(|name| !name.starts_with("__zarr-")),
        "{names:?}"
    );
}

#[test]
fn directories_that_refuse_are_told() {
    // The superuser may write anywhere; a directory that is gone refuses everybody.
    let directory = Temporary::new();
    let base = directory.path("base");
    fs::write(&base, b"a file").unwrap();
    fs::set_permissions(&base, fs::Permissions::from_mode(0o444)).unwrap();
    let files = Files::new(base.to_str().unwrap().to_owned(), None);
    let writer = Writer::new(&files, CALMLY);
    let Err(KernelError::Blocked { path, .. }) = writer.put("a/b", b"", Expected::Any) else {
        panic!("written into a file");
    };
    assert!(path.starts_with(&base));
}

#[test]
fn durable_writes_read_back() {
    let directory = Temporary::new();
    let files = directory.files();
    let durably = Manner {
        sync: true,
        ..CALMLY
    };
    let writer = Writer::new(&files, durably);
    writer.put("a/b/c", b"1", Expected::Any).unwrap();
    writer.put("a/b/c", b"2", Expected::Any).unwrap();
    writer.put("a/d", b"3", Expected::Absent).unwrap();
    writer.remove("a/d", Expected::Any).unwrap();
    assert_eq!(contents(&files, "a/b/c").unwrap(), b"2");
    assert_eq!(directory.names(), ["a", "b", "c"]);
}

#[test]
fn a_pinned_directory_is_one_directory() {
    let directory = Temporary::new();
    let base = directory.path("base");
    fs::create_dir(&base).unwrap();
    fs::write(base.join("x"), b"old").unwrap();
    let pinned = files_in(&base).pinned();
    fs::rename(&base, directory.path("moved")).unwrap();
    fs::create_dir(&base).unwrap();
    fs::write(base.join("x"), b"new").unwrap();
    assert_eq!(contents(&pinned, "x").unwrap(), b"old");
    assert_eq!(contents(&files_in(&base), "x").unwrap(), b"new");
}

/// Read through a cache, as a pipeline does.
fn cached(files: &Files, cache: &Cache, key: &str) -> (Vec<u8>, bool) {
    if let Some(Version { stamp, .. }) = files.version(key).unwrap() {
        if let Some(found) = cache.get(&CacheKey::new(&stamp, 0, 0, 0), &stamp) {
            return (found.downcast_ref::<Vec<u8>>().unwrap().clone(), true);
        }
    }
    let object = files.open(key).unwrap().unwrap();
    let mut bytes = Vec::new();
    object.whole(&mut bytes).unwrap();
    if let Some(stamp) = object.settled_stamp().unwrap() {
        let value = std::sync::Arc::new(bytes.clone());
        cache.insert(CacheKey::new(&stamp, 0, 0, 0), stamp, value, bytes.len());
    }
    (bytes, false)
}

#[test]
fn every_change_is_seen_through_the_cache() {
    let directory = Temporary::new();
    assert!(
        stamps_are_sound(&directory.0).is_some(),
        "needs a local file system"
    );
    let files = directory.files();
    let cache = Cache::new(1 << 20);
    let writer = Writer::new(&files, CALMLY);
    let mut n_hits = 0;
    for round in 0..3000_u32 {
        let bytes = round.to_le_bytes();
        match round % 4 {
            0 | 1 => {
                writer.put("x", &bytes, Expected::Any).unwrap();
            }
            2 => fs::write(directory.path("x"), bytes).unwrap(),
            _ => {
                let file = fs::OpenOptions::new().write(true).open(directory.path("x"));
                file.unwrap().write_all_at(&bytes, 0).unwrap();
            }
        }
        if round % 300 == 0 {
            thread::sleep(Duration::from_millis(150));
        }
        for _ in 0..3 {
            let (found, hit) = cached(&files, &cache, "x");
            assert_eq!(found, bytes, "round {round}");
            n_hits += u32::from(hit);
        }
    }
    assert!(n_hits >= 15, "{n_hits}");
}

#[test]
fn nothing_is_kept_of_young_files_and_unsound_stamps() {
    let directory = Temporary::new();
    let files = directory.files();
    fs::write(directory.path("x"), b"1").unwrap();
    let young = files.open("x").unwrap().unwrap();
    assert_eq!(young.settled_stamp().unwrap(), None);
    thread::sleep(Duration::from_millis(150));
    assert_eq!(young.settled_stamp().unwrap(), None); // it was young when it was opened
    let settled = files.open("x").unwrap().unwrap();
    assert!(settled.settled_stamp().unwrap().is_some());
    fs::write(directory.path("x"), b"2").unwrap();
    assert_eq!(settled.settled_stamp().unwrap(), None);
    thread::sleep(Duration::from_millis(150));
    let unsound = Files::new(files.base().to_owned(), None);
    assert_eq!(unsound.version("x").unwrap(), None);
    let object = unsound.open("x").unwrap().unwrap();
    assert_eq!(object.settled_stamp().unwrap(), None);
    assert_eq!(files.version("missing").unwrap(), None);
}
