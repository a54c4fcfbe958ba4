//! The Python module `zarr._native`.
//!
//! A list of functions that turn Python arguments into slices, call the kernel and turn its answer
//! back. Buffers are borrowed, never copied on the way in (`buffers.rs`); kernel errors and panics
//! become exceptions in one place (`errors.rs`). The stub `src/zarr/_native.pyi` is the contract
//! and carries the documentation.

mod buffers;
mod codecs;
#[cfg(unix)]
mod directory;
mod errors;
mod getter;
mod items;
mod pipeline;
mod place;
mod process;

/// Compiled part of zarr. See `_native.pyi`.
// Audited for free-threaded Python: classes are frozen, and what calls share is the kernel's and made
// for threads.
#[pyo3::pymodule(gil_used = false)]
mod _native {
    use pyo3::prelude::*;
    use pyo3::types::{PyBytes, PyDict};
    use zarr_kernel::codec;
    use zarr_kernel::shard_index::{self, Surroundings};

    use crate::buffers::{ByteView, new_bytes, new_bytes_with};
    use crate::codecs::codec_from;
    use crate::errors::{Failure, guard};

    #[pymodule_export]
    use crate::buffers::OwnedBytes;
    #[pymodule_export]
    use crate::getter::Getter;
    #[pymodule_export]
    use crate::pipeline::{Keys, Pipeline, Request};
    #[pymodule_export]
    use crate::place::Place;

    #[pyfunction]
    #[pyo3(signature = (data, /))]
    fn crc32c(py: Python<'_>, data: ByteView) -> PyResult<u32> {
        guard(|| Ok(data.read_detached(py, codec::crc32c::checksum)))
    }

    #[pyfunction]
    #[pyo3(signature = (data, /))]
    fn crc32c_append(py: Python<'_>, data: ByteView) -> PyResult<Bound<'_, PyBytes>> {
        guard(|| {
            let data = data.as_bytes();
            let nbytes = codec::crc32c::encoded_nbytes(data.len())?;
            new_bytes_with(py, nbytes, |encoded| {
                codec::crc32c::encode_into(data, encoded)
            })
        })
    }

    #[pyfunction]
    #[pyo3(signature = (data, /))]
    fn crc32c_strip(py: Python<'_>, data: ByteView) -> PyResult<Bound<'_, PyBytes>> {
        guard(|| new_bytes(py, codec::crc32c::decode(data.as_bytes())?))
    }

    #[pyfunction]
    #[pyo3(signature = (entries, checksum))]
    fn encode_shard_index(
        py: Python<'_>,
        entries: ByteView,
        checksum: bool,
    ) -> PyResult<Bound<'_, PyBytes>> {
        guard(|| new_bytes(py, &shard_index::encode(entries.as_bytes(), checksum)?))
    }

    #[pyfunction]
    #[pyo3(signature = (encoded, n_chunks, checksum, object_nbytes, index_offset))]
    fn decode_shard_index(
        py: Python<'_>,
        encoded: ByteView,
        n_chunks: usize,
        checksum: bool,
        object_nbytes: Option<u64>,
        index_offset: Option<u64>,
    ) -> PyResult<Bound<'_, PyBytes>> {
        guard(|| {
            let surroundings = Surroundings {
                object_nbytes,
                index_offset,
            };
            let table = shard_index::decode(encoded.as_bytes(), n_chunks, checksum, surroundings)?;
            new_bytes(py, table.as_bytes())
        })
    }

    #[pyfunction]
    #[pyo3(signature = (codecs))]
    fn codec_problem(codecs: Vec<(String, Bound<'_, PyDict>)>) -> PyResult<Option<String>> {
        guard(|| {
            for (name, parameters) in &codecs {
                match codec_from(name, parameters) {
                    Ok(_) => {}
                    Err(Failure::Kernel(error)) => return Ok(Some(error.to_string())),
                    Err(Failure::Python(error)) => return Ok(Some(error.to_string())),
                }
            }
            Ok(None)
        })
    }

    #[pyfunction]
    fn build_info(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        let info = PyDict::new(py);
        info.set_item("version", env!("CARGO_PKG_VERSION"))?;
        info.set_item("profile", env!("ZARR_BUILD_PROFILE"))?;
        info.set_item("target", env!("ZARR_BUILD_TARGET"))?;
        Ok(info)
    }

    #[pymodule_export]
    use crate::process::{
        after_fork_in_child, after_fork_in_parent, before_fork, cache_nbytes, clear_cache,
        counters, default_cache_nbytes, set_cache_capacity,
    };
}
