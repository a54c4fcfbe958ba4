//! The one place where failures become Python exceptions.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use pyo3::exceptions::{PyMemoryError, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;
use zarr_kernel::{Blocker, KernelError};

/// `zarr.errors`. Kept, as at the exit of Python nothing is found any more that was imported.
static ERRORS: PyOnceLock<Py<PyModule>> = PyOnceLock::new();

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
    let located = Located::of(error);
    let text = located.error.to_string();
    match located.error {
        KernelError::OutOfMemory { .. } => PyMemoryError::new_err(text),
        KernelError::Panicked { .. } => PyRuntimeError::new_err(format!(
            "zarr._native failed in a way it never should: {text}. Please report this; ZARR_ENGINE=python avoids it"
        )),
        KernelError::Io { path, errno, .. } => {
            // Rust adds the number, which the exception of Python has of its own.
            let text = std::io::Error::from_raw_os_error(*errno).to_string();
            let reason = text
                .strip_suffix(&format!(" (os error {errno})"))
                .unwrap_or(&text);
            PyOSError::new_err((*errno, reason.to_owned(), path.clone().into_os_string()))
        }
        KernelError::Blocked { key, path, by } => {
            let (class, what) = blocker(path, *by);
            located.raise(class, &[key, &path.to_string_lossy(), &what])
        }
        KernelError::Contended { .. }
        | KernelError::Unsteady { .. }
        | KernelError::Replaced
        | KernelError::RangeOutsideObject { .. } => {
            located.raise("ConcurrentChangeError", &[&text])
        }
        KernelError::ChunkMissing => located.raise("ChunkNotFoundError", &[&text]),
        _ if located.object_coords.is_some() => {
            let (codec, action) = responsible(located.error);
            let reason = text.strip_prefix(&format!("{codec}: ")).unwrap_or(&text);
            located.raise("CodecError", &[codec, action, reason])
        }
        _ => PyValueError::new_err(text),
    }
}

/// The class and the words for what is in the way of an object, as `zarr._store.obstacles` has them.
fn blocker(path: &Path, by: Blocker) -> (&'static str, String) {
    let other = "KeyBlockedError";
    match by {
        Blocker::Directory => (
            "DirectoryInTheWayError",
            "a directory and no file".to_owned(),
        ),
        Blocker::File => ("FileInTheWayError", "a file and no directory".to_owned()),
        Blocker::NoDirectory(kind) => ("FileInTheWayError", format!("{kind} and no directory")),
        Blocker::NoFile(kind) => (other, format!("{kind} and no file")),
        Blocker::LinkToNowhere => {
            let target = std::fs::read_link(path).unwrap_or_else(|_| "another place".into());
            let target = target.to_string_lossy();
            (
                other,
                format!("a symbolic link to {target}, where nothing is to be found"),
            )
        }
        _ => (other, "no file".to_owned()),
    }
}

/// Where an error happened, and what it is.
struct Located<'a> {
    object_coords: Option<&'a [usize]>,
    coords: Option<&'a [usize]>,
    error: &'a KernelError,
}

impl<'a> Located<'a> {
    fn of(error: &'a KernelError) -> Self {
        match error {
            KernelError::InObject { coords, error } => Self {
                object_coords: Some(coords),
                ..Self::of(error)
            },
            KernelError::InChunk { coords, error } => Self {
                coords: Some(coords),
                ..Self::of(error)
            },
            _ => Self {
                object_coords: None,
                coords: None,
                error,
            },
        }
    }

    /// An exception of `zarr.errors`, with the coordinates of object and chunk as attributes.
    fn raise(&self, class: &str, arguments: &[&str]) -> PyErr {
        Python::attach(|py| {
            let make = || -> PyResult<PyErr> {
                let module = ERRORS.get_or_try_init(py, || -> PyResult<_> {
                    Ok(py.import("zarr.errors")?.unbind())
                })?;
                let class = module.bind(py).getattr(class)?;
                let error = class.call1(PyTuple::new(py, arguments)?)?;
                for (name, coords) in [
                    ("coords", self.coords),
                    ("object_coords", self.object_coords),
                ] {
                    if let Some(coords) = coords {
                        error.setattr(name, PyTuple::new(py, coords)?)?;
                    }
                }
                Ok(PyErr::from_value(error))
            };
            make().unwrap_or_else(|error| error)
        })
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
        | KernelError::StreamTooLong { codec, .. }
        | KernelError::BadParameter { codec, .. } => (codec, "decode"),
        _ => ("sharding_indexed", "decode"),
    }
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
