//! A local directory, as far as it is asked about once and not by every request.

use std::path::Path;
use zarr_kernel::cache::Cache;
use zarr_kernel::kept::Kept;
use zarr_kernel::local::{self, Files};

/// From how many files on a look-up from the directory is cheaper than from the root.
const WORTH_PINNING: usize = 16;

/// A directory that need not exist.
pub(crate) struct Directory {
    path: String,
    /// Whether reads may use the chunk cache.
    caches: bool,
    /// The device whose stamps are sound, once the directory is there.
    sound_device: Kept<u64>,
    has_locks: Kept<bool>,
}

impl Directory {
    pub(crate) fn new(path: String, caches: bool) -> Self {
        Self {
            path,
            caches,
            sound_device: Kept::new(),
            has_locks: Kept::new(),
        }
    }

    /// Whether locks between processes work there.
    pub(crate) fn has_locks(&self) -> bool {
        self.has_locks
            .get_or(|| local::has_locks(Path::new(&self.path)))
    }

    /// The files, for one request of so many.
    pub(crate) fn open(&self, n_files: usize) -> Files {
        let files = Files::new(self.path.clone(), self.sound_device());
        if n_files >= WORTH_PINNING {
            files.pinned()
        } else {
            files
        }
    }

    fn sound_device(&self) -> Option<u64> {
        if !self.caches || !Cache::of_process().is_on() {
            return None;
        }
        if let Some(device) = self.sound_device.get() {
            return Some(device);
        }
        let device = local::stamps_are_sound(Path::new(&self.path))?;
        self.sound_device.keep(device);
        Some(device)
    }
}
