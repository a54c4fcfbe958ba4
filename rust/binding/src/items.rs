//! Arrays of text and byte strings: NumPy's `StringDType`, and arrays of Python objects.
//!
//! Of a `StringDType` array, NumPy lends no buffer. Its C API has functions that read and write single
//! elements; they ask for the lock of the array's allocator and not for the GIL. Nothing that needs
//! the GIL may happen under that lock: who has the GIL may be waiting for the lock.

use std::ffi::{c_char, c_int, c_uint, c_void};

use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyByteArray, PyBytes, PyCapsule, PyFloat, PyInt, PyMemoryView, PyString, PyType,
};
use zarr_kernel::KernelError;
use zarr_kernel::caller::{Out, Value};
use zarr_kernel::items::{GetItems, ItemKind, Items, ItemsMut, ItemsRef, PutItems, Wanted};
use zarr_kernel::memory::Layout;
use zarr_kernel::pipeline::Pipeline;

use crate::buffers::ArrayView;
use crate::errors::Failure;

// -- arrays of any elements -----------------------------------------------------------------------

/// An array that is read from or written to, borrowed until this is dropped.
pub(crate) enum Lent {
    Elements(ArrayView),
    Items(ItemArray),
}

impl FromPyObject<'_, '_> for Lent {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        match PyUntypedBuffer::get(&object) {
            Ok(buffer) if buffer.format() == c"O" => {
                Ok(Self::Items(ItemArray::of_objects(buffer)?))
            }
            Ok(buffer) => Ok(Self::Elements(ArrayView::from(buffer))),
            Err(error) => match ItemArray::of_strings(&object)? {
                Some(array) => Ok(Self::Items(array)),
                None => Err(error),
            },
        }
    }
}

impl Lent {
    /// The array to write to. It must have this shape, and elements as the pipeline has them.
    pub(crate) fn writable(
        &self,
        shape: &[usize],
        pipeline: &Pipeline,
    ) -> Result<Out<'_>, Failure> {
        match (self, pipeline.items()) {
            (Self::Elements(array), None) => Ok(array.writable(shape, pipeline.itemsize())?.into()),
            (Self::Items(array), Some(kind)) if !array.is_read_only => {
                let (layout, overlaps) = array.checked(shape, kind)?;
                Ok(Out::Items(ItemsMut {
                    layout,
                    overlaps,
                    memory: array,
                }))
            }
            (Self::Items(_), Some(_)) => {
                Err(PyValueError::new_err("the array is read-only").into())
            }
            _ => Err(other_elements()),
        }
    }

    /// The array to read from. It must have this shape, and elements as the pipeline has them.
    pub(crate) fn readable(
        &self,
        shape: &[usize],
        pipeline: &Pipeline,
    ) -> Result<Value<'_>, Failure> {
        match (self, pipeline.items()) {
            (Self::Elements(array), None) => Ok(array.readable(shape, pipeline.itemsize())?.into()),
            (Self::Items(array), Some(kind)) => Ok(Value::Items(ItemsRef {
                layout: array.checked(shape, kind)?.0,
                memory: array,
            })),
            _ => Err(other_elements()),
        }
    }
}

/// Whether an array of objects can be written as it is: see `_native.pyi`.
pub(crate) fn takes(value: &Bound<'_, PyAny>, pipeline: &Pipeline) -> Result<bool, Failure> {
    let Some(kind) = pipeline.items() else {
        return Ok(false);
    };
    match value.extract()? {
        Lent::Items(array) => Ok(array.are_all(value.py(), kind)?),
        Lent::Elements(_) => Ok(false),
    }
}

fn other_elements() -> Failure {
    let text = "the array holds text, byte strings or other objects where elements of a fixed size are, or the reverse";
    PyTypeError::new_err(text).into()
}

// -- arrays of items ------------------------------------------------------------------------------

/// An array of text or byte strings.
pub(crate) struct ItemArray {
    address: *mut u8,
    layout: Layout,
    /// Offsets of the first byte and of one behind the last, from the first element.
    extent: (isize, isize),
    is_read_only: bool,
    elements: Elements,
}

enum Elements {
    /// NumPy's text, and the array with its data type.
    Strings {
        api: &'static Api,
        data_type: Py<PyAny>,
        _array: Py<PyAny>,
    },
    /// References to Python objects.
    Objects { _buffer: PyUntypedBuffer },
}

// SAFETY: the address is of memory of an array that this holds. Threads of one request touch
// different elements of it, or only read; elements that are text under the lock of their allocator,
// those that are objects while attached to the interpreter.
#[allow(unsafe_code)]
unsafe impl Send for ItemArray {}
// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl Sync for ItemArray {}

impl ItemArray {
    fn of_objects(buffer: PyUntypedBuffer) -> PyResult<Self> {
        let layout = Layout {
            shape: buffer.shape().to_vec(),
            strides: buffer.strides().to_vec(),
        };
        Self::new(
            buffer.buf_ptr().cast(),
            layout,
            buffer.item_size(),
            buffer.readonly(),
            Elements::Objects { _buffer: buffer },
        )
    }

    /// `None` for what is no array of NumPy's text.
    fn of_strings(object: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let py = object.py();
        let api = Api::get(py)?;
        if !object.is_instance(api.array_class.bind(py))? {
            return Ok(None);
        }
        let data_type = object.getattr(intern!(py, "dtype"))?;
        if !data_type.get_type().is(api.data_type_class.bind(py)) {
            return Ok(None);
        }
        let layout = Layout {
            shape: object.getattr(intern!(py, "shape"))?.extract()?,
            strides: object.getattr(intern!(py, "strides"))?.extract()?,
        };
        let (address, is_read_only): (usize, bool) = object
            .getattr(intern!(py, "__array_interface__"))?
            .get_item(intern!(py, "data"))?
            .extract()?;
        let elements = Elements::Strings {
            api,
            data_type: data_type.unbind(),
            _array: object.clone().unbind(),
        };
        let address = std::ptr::with_exposed_provenance_mut(address);
        Self::new(address, layout, STRING_NBYTES, is_read_only, elements).map(Some)
    }

    fn new(
        address: *mut u8,
        layout: Layout,
        itemsize: usize,
        is_read_only: bool,
        elements: Elements,
    ) -> PyResult<Self> {
        let extent = layout.extent(itemsize).map_err(Failure::from)?;
        Ok(Self {
            address,
            layout,
            extent,
            is_read_only,
            elements,
        })
    }

    fn itemsize(&self) -> usize {
        match self.elements {
            Elements::Strings { .. } => STRING_NBYTES,
            Elements::Objects { .. } => size_of::<*mut ffi::PyObject>(),
        }
    }

    /// The layout, if the array has this shape and can hold such items, and whether elements overlap.
    fn checked(&self, shape: &[usize], kind: ItemKind) -> Result<(&Layout, bool), Failure> {
        let is_text = matches!(self.elements, Elements::Strings { .. });
        if is_text && kind != ItemKind::Utf8 {
            return Err(other_elements());
        }
        // An array without dimensions is lent as one of a single element.
        let is_scalar = shape.is_empty() && self.layout.shape == [1];
        if self.layout.shape != shape && !is_scalar {
            let text = format!(
                "the array has shape {:?}; expected shape {shape:?}",
                self.layout.shape
            );
            return Err(PyValueError::new_err(text).into());
        }
        Ok((&self.layout, self.layout.overlaps(self.itemsize())))
    }

    #[inline]
    fn put_object(&self, offset: isize, object: Bound<'_, PyAny>) -> Result<(), KernelError> {
        let place: *mut *mut ffi::PyObject = self.at(offset)?;
        // SAFETY: inside the array, which owns one reference to the object that was there, if there was
        // one; it has the new one's from here on. What the end of the old one may run finds the array
        // in order.
        #[allow(unsafe_code)]
        unsafe {
            let before = place.read_unaligned();
            place.write_unaligned(object.into_ptr());
            ffi::Py_XDECREF(before);
        }
        Ok(())
    }

    /// Whether all elements are objects of exactly the class that holds such items, and can be stored.
    /// Only asked of arrays in one piece; others may be told to be none.
    fn are_all(&self, py: Python<'_>, kind: ItemKind) -> Result<bool, KernelError> {
        let Elements::Objects { _buffer: buffer } = &self.elements else {
            return Ok(false);
        };
        if !buffer.is_c_contiguous() && !buffer.is_fortran_contiguous() {
            return Ok(false);
        }
        for number in 0..buffer.item_count() {
            let offset = number
                .checked_mul(self.itemsize())
                .and_then(|offset| isize::try_from(offset).ok())
                .ok_or(KernelError::OutsideMemory)?;
            let is_one = self
                .object_at(py, offset)?
                .is_some_and(|object| match kind {
                    ItemKind::Bytes => object.is_exact_instance_of::<PyBytes>(),
                    ItemKind::Utf8 => object
                        .cast_exact::<PyString>()
                        .is_ok_and(|text| text.to_str().is_ok()),
                });
            if !is_one {
                return Ok(false);
            }
        }
        Ok(true)
    }

    #[inline]
    fn object_at<'py>(
        &self,
        py: Python<'py>,
        offset: isize,
    ) -> Result<Option<Bound<'py, PyAny>>, KernelError> {
        let place: *mut *mut ffi::PyObject = self.at(offset)?;
        // SAFETY: inside the array, which has a reference to an object there, or null.
        #[allow(unsafe_code)]
        let object = unsafe { Bound::from_borrowed_ptr_or_opt(py, place.read_unaligned()) };
        Ok(object)
    }

    /// The address of the element at an offset.
    #[inline]
    fn at<T>(&self, offset: isize) -> Result<*mut T, KernelError> {
        let end = isize::try_from(size_of::<T>())
            .ok()
            .and_then(|nbytes| offset.checked_add(nbytes));
        match end {
            Some(end) if self.extent.0 <= offset && end <= self.extent.1 => {
                Ok(self.address.wrapping_offset(offset).cast())
            }
            _ => Err(KernelError::OutsideMemory),
        }
    }
}

impl PutItems for ItemArray {
    fn put(&self, items: &Items<'_>) -> Result<(), KernelError> {
        match &self.elements {
            Elements::Strings { api, data_type, .. } => {
                let locked = api.lock(data_type);
                items.each(|offset, text| locked.put(self.at(offset)?, text))
            }
            Elements::Objects { .. } => attached(|py| {
                let kind = items.kind();
                match items.one() {
                    None => items
                        .each(|offset, item| self.put_object(offset, new_object(py, kind, item)?)),
                    Some(item) => {
                        let object = new_object(py, kind, item)?;
                        items.each(|offset, _| self.put_object(offset, object.clone()))
                    }
                }
            }),
        }
    }
}

impl GetItems for ItemArray {
    fn get(&self, wanted: &mut Wanted<'_>) -> Result<(), KernelError> {
        match &self.elements {
            Elements::Strings { api, data_type, .. } => {
                let locked = api.lock(data_type);
                wanted.each(|offset, place| place.fill(locked.get(self.at(offset)?)?))
            }
            Elements::Objects { .. } => attached(|py| {
                let kind = wanted.kind();
                wanted.each(|offset, place| match self.object_at(py, offset)? {
                    None => place.fill(&[]),
                    Some(object) => with_bytes(&object, kind, |item| place.fill(item)),
                })
            }),
        }
    }
}

// -- Python objects -------------------------------------------------------------------------------

/// Run `work` with the interpreter. It may have ended, under a daemon thread.
fn attached<T>(work: impl FnOnce(Python<'_>) -> Result<T, KernelError>) -> Result<T, KernelError> {
    Python::try_attach(work).unwrap_or(Err(KernelError::Interrupted))
}

fn new_object<'py>(
    py: Python<'py>,
    kind: ItemKind,
    item: &[u8],
) -> Result<Bound<'py, PyAny>, KernelError> {
    let out_of_memory = || {
        drop(PyErr::take(py));
        KernelError::OutOfMemory { nbytes: item.len() }
    };
    let nbytes = ffi::Py_ssize_t::try_from(item.len()).map_err(|_| out_of_memory())?;
    let start = item.as_ptr().cast();
    // SAFETY: the bytes are copied, and the result is a new reference, or null with an exception.
    #[allow(unsafe_code)]
    let made = unsafe {
        let made = match kind {
            ItemKind::Bytes => ffi::PyBytes_FromStringAndSize(start, nbytes),
            ItemKind::Utf8 => ffi::PyUnicode_FromStringAndSize(start, nbytes),
        };
        Bound::from_owned_ptr_or_opt(py, made)
    };
    made.ok_or_else(out_of_memory)
}

/// Call `look` with the bytes that are stored of an object.
#[inline]
fn with_bytes(
    object: &Bound<'_, PyAny>,
    kind: ItemKind,
    look: impl FnOnce(&[u8]) -> Result<(), KernelError>,
) -> Result<(), KernelError> {
    match kind {
        ItemKind::Bytes => {
            if let Ok(bytes) = object.cast::<PyBytes>() {
                return look(bytes.as_bytes());
            }
        }
        ItemKind::Utf8 => {
            if let Ok(text) = object.cast::<PyString>() {
                let utf8 = text.to_str().map_err(|error| {
                    let why = format!("{} cannot be written as UTF-8: {error}", said(object));
                    not_encodable(kind, why)
                })?;
                return look(utf8.as_bytes());
            }
        }
    }
    with_bytes_of_other(object, kind, look)
}

/// The same for what is rare.
#[cold]
fn with_bytes_of_other(
    object: &Bound<'_, PyAny>,
    kind: ItemKind,
    look: impl FnOnce(&[u8]) -> Result<(), KernelError>,
) -> Result<(), KernelError> {
    let lends = object.is_instance_of::<PyByteArray>() || object.is_instance_of::<PyMemoryView>();
    if kind == ItemKind::Bytes && lends {
        let copied = object
            .py()
            .get_type::<PyBytes>()
            .call1((object,))
            .map_err(|error| not_encodable(kind, error.to_string()))?;
        return match copied.cast::<PyBytes>() {
            Ok(bytes) => look(bytes.as_bytes()),
            Err(_) => Err(KernelError::OutsideMemory),
        };
    }
    if is_nothing(object) {
        return look(&[]);
    }
    let class = object.get_type().name();
    let class = class.map_or_else(|_| "?".to_owned(), |name| name.to_string());
    let what = match kind {
        ItemKind::Bytes => "a byte string",
        ItemKind::Utf8 => "a string",
    };
    let why = format!("{} of type {class} is not {what}", said(object));
    Err(not_encodable(kind, why))
}

/// Whether an object stands for a missing element: None, the 0 of freshly made arrays, NaN.
fn is_nothing(object: &Bound<'_, PyAny>) -> bool {
    object.is_none()
        || object.is_instance_of::<PyInt>() && object.eq(0).unwrap_or(false)
        || object.is_instance_of::<PyFloat>() && object.ne(object).unwrap_or(false)
}

fn said(object: &Bound<'_, PyAny>) -> String {
    object
        .repr()
        .map_or_else(|_| "an element".to_owned(), |text| text.to_string())
}

fn not_encodable(kind: ItemKind, why: String) -> KernelError {
    KernelError::NotEncodable {
        codec: kind.codec(),
        problem: why.into(),
    }
}

// -- NumPy's text ---------------------------------------------------------------------------------

/// Bytes of an element of `StringDType`.
const STRING_NBYTES: usize = size_of::<Packed>();

/// `npy_packed_static_string`, whose parts are NumPy's affair.
#[repr(C)]
struct Packed([usize; 2]);

/// `npy_static_string`.
#[repr(C)]
struct Unpacked {
    nbytes: usize,
    start: *const c_char,
}

type Allocator = c_void;

/// The part of NumPy's C API that is about text, by the signatures and the places in its table that
/// `numpy/ndarraytypes.h` and `numpy/__multiarray_api.h` give; they stay as they are in all of NumPy 2.
struct Api {
    array_class: Py<PyAny>,
    data_type_class: Py<PyType>,
    load: unsafe extern "C" fn(*mut Allocator, *const Packed, *mut Unpacked) -> c_int,
    pack: unsafe extern "C" fn(*mut Allocator, *mut Packed, *const c_char, usize) -> c_int,
    acquire: unsafe extern "C" fn(*const ffi::PyObject) -> *mut Allocator,
    release: unsafe extern "C" fn(*mut Allocator),
}

const FEATURE_VERSION: usize = 211;
const LOAD: usize = 313;
const PACK: usize = 314;
const ACQUIRE: usize = 316;
const RELEASE: usize = 318;
/// `NPY_2_0_API_VERSION`.
const FIRST_VERSION: c_uint = 0x12;

static API: PyOnceLock<Api> = PyOnceLock::new();

impl Api {
    fn get(py: Python<'_>) -> PyResult<&'static Self> {
        API.get_or_try_init(py, || Self::load(py))
    }

    fn load(py: Python<'_>) -> PyResult<Self> {
        let capsule = py
            .import("numpy._core._multiarray_umath")?
            .getattr("_ARRAY_API")?
            .cast_into::<PyCapsule>()?;
        let array_class = py.import("numpy")?.getattr("ndarray")?.unbind();
        let data_type_class = py
            .import("numpy.dtypes")?
            .getattr("StringDType")?
            .cast_into::<PyType>()?
            .unbind();
        // SAFETY: the capsule without a name holds NumPy's table of functions, which lives as long as
        // the process, and has these at these places from version 2.0 on.
        #[allow(unsafe_code)]
        unsafe {
            let table = ffi::PyCapsule_GetPointer(capsule.as_ptr(), std::ptr::null());
            if table.is_null() {
                return Err(PyErr::fetch(py));
            }
            let entry = |number: usize| table.cast::<*const c_void>().add(number).read();
            let version: unsafe extern "C" fn() -> c_uint =
                std::mem::transmute(entry(FEATURE_VERSION));
            if version() < FIRST_VERSION {
                return Err(PyTypeError::new_err("text needs NumPy 2.0 or newer"));
            }
            Ok(Self {
                array_class,
                data_type_class,
                load: std::mem::transmute::<
                    *const c_void,
                    unsafe extern "C" fn(*mut Allocator, *const Packed, *mut Unpacked) -> c_int,
                >(entry(LOAD)),
                pack: std::mem::transmute::<
                    *const c_void,
                    unsafe extern "C" fn(
                        *mut Allocator,
                        *mut Packed,
                        *const c_char,
                        usize,
                    ) -> c_int,
                >(entry(PACK)),
                acquire: std::mem::transmute::<
                    *const c_void,
                    unsafe extern "C" fn(*const ffi::PyObject) -> *mut Allocator,
                >(entry(ACQUIRE)),
                release: std::mem::transmute::<*const c_void, unsafe extern "C" fn(*mut Allocator)>(
                    entry(RELEASE),
                ),
            })
        }
    }

    /// The allocator of an array, by its data type, until this is dropped.
    fn lock(&self, data_type: &Py<PyAny>) -> Locked<'_> {
        // SAFETY: a `StringDType`, as `of_strings` has seen, that lives as long as the array it is of.
        #[allow(unsafe_code)]
        let allocator = unsafe { (self.acquire)(data_type.as_ptr()) };
        Locked {
            api: self,
            allocator,
        }
    }
}

/// The lock of an allocator. Without the GIL: see the module.
struct Locked<'a> {
    api: &'a Api,
    allocator: *mut Allocator,
}

impl Locked<'_> {
    #[inline]
    fn put(&self, place: *mut Packed, text: &[u8]) -> Result<(), KernelError> {
        // SAFETY: an element of the array that the allocator belongs to; the text is copied.
        #[allow(unsafe_code)]
        let status =
            unsafe { (self.api.pack)(self.allocator, place, text.as_ptr().cast(), text.len()) };
        if status == 0 {
            Ok(())
        } else {
            Err(KernelError::OutOfMemory { nbytes: text.len() })
        }
    }

    /// The text of an element; what is missing is empty.
    #[inline]
    fn get(&self, place: *const Packed) -> Result<&[u8], KernelError> {
        let mut text = Unpacked {
            nbytes: 0,
            start: std::ptr::null(),
        };
        // SAFETY: an element of the array that the allocator belongs to. Its bytes stay where they are
        // until somebody changes the element, for which the lock is needed.
        #[allow(unsafe_code)]
        unsafe {
            let status = (self.api.load)(self.allocator, place, &raw mut text);
            if status < 0 {
                let why = "an element cannot be read from its array".to_owned();
                return Err(not_encodable(ItemKind::Utf8, why));
            }
            if status > 0 || text.nbytes == 0 || text.start.is_null() {
                return Ok(&[]);
            }
            Ok(std::slice::from_raw_parts(text.start.cast(), text.nbytes))
        }
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // SAFETY: acquired once, and released once.
        #[allow(unsafe_code)]
        unsafe {
            (self.api.release)(self.allocator);
        }
    }
}
