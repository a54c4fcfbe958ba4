//! The one place where failures become Python exceptions.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::{PyMemoryError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
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
/// What goes wrong with the bytes of an object is an error of `zarr.errors` that knows its codec and,
/// where the kernel does, the chunk. Whatever else is wrong was wrong in the arguments.
fn exception_for(error: &KernelError) -> PyErr {
    let place = Place::of(error);
    let text = place.error.to_string();
    match place.error {
        KernelError::OutOfMemory { .. } => PyMemoryError::new_err(text),
        KernelError::Panicked { .. } => PyRuntimeError::new_err(format!(
            "zarr._native failed in a way it never should: {text}. Please report this; ZARR_ENGINE=python avoids it"
        )),
        KernelError::ChunkMissing => chunk_error("ChunkNotFoundError", &[&text], place.coords),
        _ if place.is_in_object => {
            let (codec, action) = responsible(place.error);
            let reason = text.strip_prefix(&format!("{codec}: ")).unwrap_or(&text);
            chunk_error("CodecError", &[codec, action, reason], place.coords)
        }
        _ => PyValueError::new_err(text),
    }
}

/// Where an error happened, and what it is.
struct Place<'a> {
    is_in_object: bool,
    coords: Option<&'a [usize]>,
    error: &'a KernelError,
}

impl<'a> Place<'a> {
    fn of(error: &'a KernelError) -> Self {
        match error {
            KernelError::InObject { error, .. } => Self {
                is_in_object: true,
                ..Self::of(error)
            },
            KernelError::InChunk { coords, error } => Self {
                coords: Some(coords),
                ..Self::of(error)
            },
            _ => Self {
                is_in_object: false,
                coords: None,
                error,
            },
        }
    }
}

/// The codec that found an error, and what it was doing.
fn responsible(error: &KernelError) -> (&'static str, &'static str) {
    match error {
        KernelError::NotEncodable { codec, .. } => (codec, "encode"),
        KernelError::ChecksumMissing { codec, .. }
        | KernelError::ChecksumMismatch { codec, .. }
        | KernelError::Corrupt { codec, .. }
        | KernelError::DecodedWrongSize { codec, .. }
        | KernelError::BadParameter { codec, .. } => (codec, "decode"),
        _ => ("sharding_indexed", "decode"),
    }
}

/// An exception of `zarr.errors` with an attribute `coords`.
fn chunk_error(class: &str, arguments: &[&str], coords: Option<&[usize]>) -> PyErr {
    Python::attach(|py| {
        let make = || -> PyResult<PyErr> {
            let class = py.import("zarr.errors")?.getattr(class)?;
            let error = class.call1(PyTuple::new(py, arguments)?)?;
            if let Some(coords) = coords {
                error.setattr("coords", PyTuple::new(py, coords)?)?;
            }
            Ok(PyErr::from_value(error))
        };
        make().unwrap_or_else(|error| error)
    })
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
