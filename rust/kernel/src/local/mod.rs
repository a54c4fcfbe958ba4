//! A local directory as a store: one file per key, read and written without Python.
//!
//! Everything that changes files follows the protocol of `src/zarr/_store/local.py` to the letter,
//! so that writers in Python and here, in threads and processes, exclude each other: contents go to
//! a file without a name, the parent directory is locked with `flock`, the file gets its name
//! (`publish`), and a version is an open file (`files`). Why it is done so is in
//! `docs/decisions/0002-local-writes.md`.
//!
//! All system calls go through `rustix`, which needs no `unsafe` here.

pub(crate) mod descriptors;
mod file_stamp;
mod files;
mod locks;
pub(crate) mod names;
mod obstacles;
mod publish;
mod system;
mod write;

pub use file_stamp::stamps_are_sound;
pub use files::{File, Files};
pub use system::has_locks;
pub use write::{Manner, Writer};
