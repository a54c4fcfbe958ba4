//! The one place where failures become Python exceptions.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use zarr_kernel::KernelError;

/// A failure inside a call: the kernel's or Python's own.
pub(crate) enum Failure {
    Kernel(KernelError),
    Python(PyErr),
}

impl From<KernelError> for Failure {
    fn from(error: KernelError) -> Self {
        Self::Kernel(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Kernel(error) => exception_for(&error),
            Failure::Python(error) => error,
        }
    }
}

/// The table: which exception stands for which kernel error.
///
/// Every error so far says that bytes or numbers handed in were wrong, hence `ValueError`.
fn exception_for(error: &KernelError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// Run the body of an exported function; errors and panics come out as exceptions.
///
/// PyO3 would turn a panic into a `BaseException`, which `except Exception` misses. The closures
/// hold borrowed input and a result that is dropped on the way out, so nothing half-made is seen
/// afterwards: hence `AssertUnwindSafe`.
pub(crate) fn guard<T>(body: impl FnOnce() -> Result<T, Failure>) -> PyResult<T> {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(outcome) => outcome.map_err(PyErr::from),
        Err(panic) => Err(PyRuntimeError::new_err(format!(
            "zarr._native failed in a way it never should: {}. Please report this; ZARR_ENGINE=python avoids it",
            panic_text(panic.as_ref())
        ))),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
        (Some(text), _) => text,
        (None, Some(text)) => text,
        (None, None) => "no message",
    }
}
