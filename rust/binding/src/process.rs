//! What belongs to the process and to no array: counters, the chunk cache, and forks.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use zarr_kernel::cache::{self, Cache};
use zarr_kernel::counters as kernel_counters;
use zarr_kernel::fork;

#[pyfunction]
pub(crate) fn counters(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let counts = PyDict::new(py);
    for (name, count) in kernel_counters::snapshot() {
        counts.set_item(name, count)?;
    }
    Ok(counts)
}

#[pyfunction]
pub(crate) fn default_cache_nbytes() -> usize {
    cache::default_capacity()
}

#[pyfunction]
#[pyo3(signature = (nbytes, /))]
pub(crate) fn set_cache_capacity(nbytes: usize) {
    Cache::of_process().set_capacity(nbytes);
}

#[pyfunction]
pub(crate) fn cache_nbytes() -> usize {
    Cache::of_process().nbytes()
}

#[pyfunction]
pub(crate) fn clear_cache() {
    Cache::of_process().clear();
}

#[pyfunction]
pub(crate) fn before_fork() -> bool {
    fork::before_fork();
    true
}

#[pyfunction]
pub(crate) fn after_fork_in_parent() {
    fork::after_fork_in_parent();
}

#[pyfunction]
pub(crate) fn after_fork_in_child(py: Python<'_>) -> PyResult<()> {
    let inherited = fork::in_forked_child();
    if inherited.is_empty() {
        return Ok(());
    }
    let close = py.import("os")?.getattr("close")?;
    for descriptor in inherited {
        // One that was closed meanwhile keeps nothing locked.
        let _ = close.call1((descriptor,));
    }
    Ok(())
}
