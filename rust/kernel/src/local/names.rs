//! Temporary names, as `src/zarr/_store/atomic.py` makes and recognises them:
//! `__zarr-<host>-<process>-<start>-<number>.tmp`. Whoever lists a directory removes those whose
//! owner is gone; so a name tells the host (with the boot-wide process namespace), the process and
//! when it started.

use std::fmt::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::process::PerProcess;

const PREFIX: &str = "__zarr-";
const SUFFIX: &str = ".tmp";

/// The Python store of the same process counts from 0; the two never meet.
static NEXT: AtomicU64 = AtomicU64::new(1 << 62);

/// What names of this process begin with.
pub(crate) static OWN_PREFIX: PerProcess<OnceLock<String>> =
    PerProcess::new(OnceLock::new(), |_| OnceLock::new());

/// A name that nobody else uses.
pub(crate) fn temporary() -> String {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let prefix = OWN_PREFIX.get().get_or_init(own_prefix);
    format!("{prefix}{number}{SUFFIX}")
}

fn own_prefix() -> String {
    let id = std::process::id();
    format!("{PREFIX}{}-{id}-{}-", host(), start_of(id).unwrap_or(0))
}

/// This machine and the namespace in which process numbers mean something.
fn host() -> String {
    let system = rustix::system::uname();
    let mut host = String::new();
    for chunk in system.nodename().to_bytes().utf8_chunks() {
        let valid = chunk.valid().chars();
        host.extend(valid.map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }));
        host.extend(chunk.invalid().iter().map(|_| '_'));
    }
    let namespace = rustix::fs::stat("/proc/self/ns/pid").map_or(0, |status| status.st_ino);
    // Writing to a string cannot fail.
    let _ = write!(host, ".{namespace}");
    host
}

/// When a process started, in clock ticks since the machine did.
fn start_of(id: u32) -> Option<u64> {
    let text = std::fs::read(format!("/proc/{id}/stat")).ok()?;
    // The name of the program stands in parentheses and may hold any character.
    let after_name = text.rsplit(|&byte| byte == b')').next()?;
    let fields = std::str::from_utf8(after_name).ok()?;
    fields.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_tell_the_process() {
        let (first, second) = (temporary(), temporary());
        assert_ne!(first, second);
        let parts: Vec<&str> = first
            .strip_suffix(SUFFIX)
            .unwrap()
            .rsplitn(4, '-')
            .collect();
        let [_, start, id, rest] = parts[..] else {
            panic!("{first}");
        };
        assert_eq!(id, std::process::id().to_string());
        assert!(rest.starts_with(PREFIX));
        #[cfg(target_os = "linux")]
        assert_ne!(start, "0");
        assert!(!start.is_empty());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn processes_that_are_gone_have_no_start() {
        assert_eq!(start_of(u32::MAX), None);
        assert!(start_of(1).is_some());
    }
}
