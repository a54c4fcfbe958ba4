//! Bytes in from Python objects and out to them.

use std::ffi::c_int;
use std::sync::atomic::{AtomicU64, Ordering};

use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use zarr_kernel::KernelError;
use zarr_kernel::memory::{ArrayMut, ArrayRef, Layout};

use crate::errors::Failure;

/// From this size on, other Python threads may run while bytes are read.
const DETACH_NBYTES: usize = 32 * 1024;

/// The memory of a bytes-like object or NumPy array, borrowed until this is dropped.
///
/// The view holds the exporter's buffer, so the object can neither be freed nor resized meanwhile.
/// Address and length are taken once; contents of a writable object may change under a reader, as
/// in any function that takes an array.
pub(crate) struct ByteView {
    buffer: PyUntypedBuffer,
}

impl ByteView {
    /// Let other Python threads run while `read` looks at the bytes, if there are many of them.
    pub(crate) fn read_detached<T: Send>(
        &self,
        py: Python<'_>,
        read: impl FnOnce(&[u8]) -> T + Send,
    ) -> T {
        let bytes = self.as_bytes();
        if bytes.len() < DETACH_NBYTES {
            read(bytes)
        } else {
            py.detach(|| read(bytes))
        }
    }

    /// The positions in an int64 array, none of them negative.
    pub(crate) fn as_positions(&self) -> PyResult<Vec<usize>> {
        let bad = || PyValueError::new_err("positions are an int64 array without negative numbers");
        if self.buffer.item_size() != size_of::<i64>() {
            return Err(bad());
        }
        let words = self.as_bytes().chunks_exact(size_of::<i64>());
        words
            .map(|word| {
                let word = word.try_into().map_err(|_| bad())?;
                usize::try_from(i64::from_ne_bytes(word)).map_err(|_| bad())
            })
            .collect()
    }

    /// The bytes, in C order.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        let (start, nbytes) = (self.buffer.buf_ptr(), self.buffer.len_bytes());
        if nbytes == 0 || start.is_null() {
            return &[];
        }
        // SAFETY: `extract` accepted only C-contiguous buffers, whose `len_bytes` bytes from
        // `buf_ptr` are readable and initialised for as long as the buffer is held, and the slice
        // cannot outlive `self`, which holds it. CPython keeps lengths within `isize`. Nothing in
        // this crate writes to the memory; Python code that does so from another thread races with
        // us as it would with NumPy.
        #[allow(unsafe_code)]
        unsafe {
            std::slice::from_raw_parts(start.cast::<u8>().cast_const(), nbytes)
        }
    }
}

impl FromPyObject<'_, '_> for ByteView {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let buffer = PyUntypedBuffer::get(&object).or_else(|error| match lendable(&object) {
            Ok(view) => PyUntypedBuffer::get(&view),
            Err(_) => Err(error),
        })?;
        if !buffer.is_c_contiguous() {
            return Err(PyValueError::new_err(
                "the buffer is not C-contiguous; pass numpy.ascontiguousarray(array)",
            ));
        }
        if buffer.format() == c"O" {
            return Err(PyTypeError::new_err(
                "an array of Python objects holds addresses, not values, and has no bytes to work on",
            ));
        }
        Ok(Self { buffer })
    }
}

/// An N-dimensional array of any strides, borrowed until this is dropped.
pub(crate) struct ArrayView {
    buffer: PyUntypedBuffer,
}

impl ArrayView {
    /// The array to read from. It must have this shape and item size.
    pub(crate) fn readable(
        &self,
        shape: &[usize],
        itemsize: usize,
    ) -> Result<ArrayRef<'_>, Failure> {
        let layout = self.layout(shape, itemsize)?;
        // SAFETY: the exporter says where the elements of its buffer are, and keeps them there as
        // long as the buffer is held, which the result cannot outlive.
        #[allow(unsafe_code)]
        let array = unsafe { ArrayRef::new(self.address(), layout, itemsize) };
        Ok(array?)
    }

    /// The array to write to. It must have this shape and item size, and be writable.
    pub(crate) fn writable(
        &self,
        shape: &[usize],
        itemsize: usize,
    ) -> Result<ArrayMut<'_>, Failure> {
        if self.buffer.readonly() {
            return Err(PyValueError::new_err("the array is read-only").into());
        }
        let layout = self.layout(shape, itemsize)?;
        // SAFETY: as above, and the exporter says that the elements may be written. The kernel gets
        // no other view of the same array in one call.
        #[allow(unsafe_code)]
        let array = unsafe { ArrayMut::new(self.address().cast_mut(), layout, itemsize) };
        Ok(array?)
    }

    fn address(&self) -> *const u8 {
        self.buffer.buf_ptr().cast::<u8>().cast_const()
    }

    fn layout(&self, shape: &[usize], itemsize: usize) -> Result<Layout, Failure> {
        // An array without dimensions is lent as one of a single element.
        let is_scalar = shape.is_empty() && self.buffer.shape() == [1];
        if self.buffer.item_size() != itemsize || (self.buffer.shape() != shape && !is_scalar) {
            return Err(PyValueError::new_err(format!(
                "the array has shape {:?} and items of {} bytes; expected shape {shape:?} and {itemsize} bytes",
                self.buffer.shape(),
                self.buffer.item_size(),
            ))
            .into());
        }
        let strides = self.buffer.strides();
        Ok(Layout {
            shape: shape.to_vec(),
            strides: strides.iter().copied().take(shape.len()).collect(),
        })
    }
}

impl From<PyUntypedBuffer> for ArrayView {
    /// The array whose buffer this is, of elements that are no Python objects.
    fn from(buffer: PyUntypedBuffer) -> Self {
        Self { buffer }
    }
}

/// The same array in a form that can be lent: elements as opaque bytes, at least one dimension.
///
/// NumPy lends no buffer of dates, durations and types of extension packages, but does of opaque
/// elements of the same size. A buffer without dimensions is beyond PyO3.
fn lendable<'py>(array: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let itemsize: usize = array.getattr("dtype")?.getattr("itemsize")?.extract()?;
    let opaque = array.call_method1("view", (format!("V{itemsize}"),))?;
    let n_dimensions: usize = opaque.getattr("ndim")?.extract()?;
    if n_dimensions == 0 {
        opaque.call_method1("reshape", (1,))
    } else {
        Ok(opaque)
    }
}

/// Bytes of the kernel's, lent to Python instead of copied. See `_native.pyi`.
///
/// There is no room to spare behind them: they may stay for as long as a memory store does.
#[pyclass(frozen, module = "zarr._native")]
pub(crate) struct OwnedBytes {
    bytes: Box<[u8]>,
    /// Nothing else in this process has this number.
    serial: u64,
}

static SERIALS: AtomicU64 = AtomicU64::new(0);

impl OwnedBytes {
    /// The number of the bytes that a NumPy array is a view of, if it is one of all bytes of the kernel's.
    pub(crate) fn serial_of(array: &Bound<'_, PyAny>, view: &ByteView) -> Option<u64> {
        let base = array.getattr(intern!(array.py(), "base")).ok()?;
        let owned = base.cast_exact::<Self>().ok()?.get();
        std::ptr::eq(&raw const *owned.bytes, view.as_bytes()).then_some(owned.serial)
    }
}

impl From<Vec<u8>> for OwnedBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            bytes: bytes.into_boxed_slice(),
            serial: SERIALS.fetch_add(1, Ordering::Relaxed),
        }
    }
}

#[pymethods]
impl OwnedBytes {
    fn __len__(&self) -> usize {
        self.bytes.len()
    }

    // SAFETY: called by the interpreter alone, with a view for us to fill.
    #[allow(unsafe_code)]
    unsafe fn __getbuffer__(
        slf: &Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        let bytes = &slf.get().bytes;
        let nbytes = ffi::Py_ssize_t::try_from(bytes.len())?;
        let start = bytes.as_ptr().cast_mut().cast();
        // SAFETY: the view keeps a reference to the object, which owns the bytes and neither moves
        // nor changes them while it lives; the view is read-only.
        let status = unsafe { ffi::PyBuffer_FillInfo(view, slf.as_ptr(), start, nbytes, 1, flags) };
        if status == 0 {
            Ok(())
        } else {
            Err(PyErr::fetch(slf.py()))
        }
    }
}

/// A new `bytes` object with a copy of `data`.
pub(crate) fn new_bytes<'py>(py: Python<'py>, data: &[u8]) -> Result<Bound<'py, PyBytes>, Failure> {
    new_bytes_with(py, data.len(), |copy| {
        copy.copy_from_slice(data);
        Ok(())
    })
}

/// A new `bytes` object of `nbytes` bytes that `fill` writes. Running out of memory is a
/// `MemoryError`.
pub(crate) fn new_bytes_with<'py>(
    py: Python<'py>,
    nbytes: usize,
    fill: impl FnOnce(&mut [u8]) -> Result<(), KernelError>,
) -> Result<Bound<'py, PyBytes>, Failure> {
    let bytes = PyBytes::new_with(py, nbytes, |bytes| {
        fill(bytes).map_err(Failure::from).map_err(PyErr::from)
    })?;
    Ok(bytes)
}
