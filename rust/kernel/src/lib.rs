//! Codecs and shard indexes for Zarr, free of Python.
//!
//! Everything here takes plain byte slices and returns values or a [`KernelError`]. Input is
//! hostile until proven otherwise: arithmetic on numbers that come from a stored object is checked,
//! slices are never indexed, and nothing is allocated from a size that the bytes themselves claim.
//! The lints in `rust/Cargo.toml` hold this line; tests are exempt, because a test that panics has
//! done its job.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation
    )
)]

pub mod cache;
pub mod caller;
pub mod chain;
mod chunk_reading;
pub mod codec;
pub mod counters;
mod division;
pub mod element;
mod error;
pub mod fork;
pub mod grid;
pub mod items;
pub mod kept;
pub mod keys;
mod laying;
pub mod lent_values;
#[cfg(unix)]
pub mod local;
pub mod memory;
mod object_reading;
pub mod pipeline;
pub mod plan;
mod process;
pub mod reading;
pub mod scratch;
pub mod selection;
pub mod shard;
pub mod shard_index;
mod shard_lookup;
pub mod source;
pub mod stamp;
pub mod stored_object;
mod transfer;
pub mod workers;
pub mod writing;

pub use error::{Blocker, KernelError, Result};
