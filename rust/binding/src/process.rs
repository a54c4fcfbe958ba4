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
fn before_fork() {
    fork::before_fork();
}

#[pyfunction]
fn after_fork_in_parent() {
    fork::after_fork_in_parent();
}

#[pyfunction]
fn after_fork_in_child(py: Python<'_>) -> PyResult<()> {
    let inherited = fork::in_forked_child();
    if inherited.is_empty() {
        return Ok(());
    }
    let close = py.import("os")?.getattr("close")?;
    for descriptor in inherited {
        close.call1((descriptor,))?;
    }
    Ok(())
}

/// Have Python tell the kernel of forks, where there are any.
pub(crate) fn register_at_fork(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let Some(register) = py.import("os")?.getattr_opt("register_at_fork")? else {
        return Ok(());
    };
    let hooks = PyDict::new(py);
    hooks.set_item("before", wrap_pyfunction!(before_fork, module)?)?;
    hooks.set_item(
        "after_in_parent",
        wrap_pyfunction!(after_fork_in_parent, module)?,
    )?;
    hooks.set_item(
        "after_in_child",
        wrap_pyfunction!(after_fork_in_child, module)?,
    )?;
    register.call((), Some(&hooks))?;
    Ok(())
}
