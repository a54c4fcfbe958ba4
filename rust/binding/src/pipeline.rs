//! The classes `Pipeline` and `Request`: an array's codecs, and one selection of it.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use zarr_kernel::KernelError;
use zarr_kernel::caller::Out;
use zarr_kernel::chain::Chain;
use zarr_kernel::counters::{self, Counter};
use zarr_kernel::element::ElementType;
use zarr_kernel::grid::{Grid, Lengths};
use zarr_kernel::items::ItemKind;
use zarr_kernel::kept::Kept;
use zarr_kernel::keys;
use zarr_kernel::lent_values::{Pieces, Whole};
#[cfg(unix)]
use zarr_kernel::local::{Manner, Writer};
use zarr_kernel::pipeline::{self, Description};
use zarr_kernel::plan::Plan;
use zarr_kernel::selection::AxisSelection;
use zarr_kernel::shard::{ShardLevel, WriteOrder};
use zarr_kernel::shard_index::Location;
use zarr_kernel::source::{Fetched, Lasting, LastingBytes, Stored};
use zarr_kernel::workers::{Workers, available_threads};

use crate::buffers::{ByteView, OwnedBytes};
use crate::codecs::codec_from;
#[cfg(unix)]
use crate::directory::Directory;
use crate::errors::{Failure, guard};
use crate::items::{Lent, takes};
use crate::place::{Kind, Place, Values};

/// An array's grid, shards and codecs, compiled. See `_native.pyi`.
#[pyclass(frozen, module = "zarr._native")]
pub(crate) struct Pipeline {
    kernel: Arc<pipeline::Pipeline>,
}

/// One level of sharding: shapes of shard and inner chunks in decoded chunks, the order of the
/// axes, where and how the index is stored, and the order in which inner chunks are laid. The shape of
/// shards is missing where they differ.
type LevelArguments = (
    Option<Vec<usize>>,
    Vec<usize>,
    Vec<usize>,
    bool,
    bool,
    String,
);

fn item_kind(codec: &str) -> PyResult<ItemKind> {
    [ItemKind::Utf8, ItemKind::Bytes]
        .into_iter()
        .find(|kind| kind.codec() == codec)
        .ok_or_else(|| PyValueError::new_err(format!("there is no codec {codec:?} of items")))
}

#[pymethods]
impl Pipeline {
    #[new]
    #[pyo3(signature = (*, shape, object_shape, chunk_shape, order, itemsize, swap_nbytes, codecs, levels, fill, keeps_empty, refuses_missing, items = None, most_stream_nbytes = usize::MAX))]
    // One argument per line of the description in the stub.
    #[allow(clippy::too_many_arguments)]
    fn new(
        shape: Vec<usize>,
        object_shape: Vec<LengthsArgument>,
        chunk_shape: Vec<LengthsArgument>,
        order: Vec<usize>,
        itemsize: usize,
        swap_nbytes: usize,
        codecs: Vec<(String, Bound<'_, PyDict>)>,
        levels: Vec<LevelArguments>,
        fill: ByteView,
        keeps_empty: bool,
        refuses_missing: bool,
        items: Option<String>,
        most_stream_nbytes: usize,
    ) -> PyResult<Self> {
        guard(|| {
            let codecs = codecs
                .iter()
                .map(|(name, parameters)| codec_from(name, parameters))
                .collect::<Result<_, _>>()?;
            let levels = levels
                .into_iter()
                .map(|(shard, inner, axes, at_end, checksum, write_order)| {
                    let location = if at_end {
                        Location::End
                    } else {
                        Location::Start
                    };
                    let write_order = match write_order.as_str() {
                        "morton" => WriteOrder::Morton,
                        "colexicographic" => WriteOrder::Colexicographic,
                        _ => WriteOrder::Lexicographic,
                    };
                    let shard = shard.unwrap_or_else(|| inner.clone());
                    ShardLevel::new(shard, inner, axes, location, checksum, write_order)
                })
                .collect::<Result<_, _>>()?;
            let kernel = pipeline::Pipeline::new(Description {
                grid: Grid::new(&shape, &lengths(object_shape), &lengths(chunk_shape))?,
                chain: match items {
                    None => {
                        let element = ElementType::new(itemsize, swap_nbytes)?;
                        Chain::new(element, order, codecs)?
                    }
                    Some(codec) => {
                        Chain::of_items(item_kind(&codec)?, order, codecs, most_stream_nbytes)?
                    }
                },
                levels,
                fill: fill.as_bytes().to_vec(),
                keeps_empty,
                refuses_missing,
            })?;
            Ok(Self {
                kernel: Arc::new(kernel),
            })
        })
    }

    #[pyo3(signature = (axes, is_points))]
    fn request(&self, axes: Vec<AxisArgument>, is_points: bool) -> PyResult<Request> {
        guard(|| {
            Ok(Request {
                plan: self.kernel.plan(plain(axes), is_points)?,
                pipeline: Arc::clone(&self.kernel),
            })
        })
    }

    #[pyo3(signature = (value, /))]
    fn takes(&self, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        guard(|| takes(value, &self.kernel))
    }

    #[pyo3(signature = (place, keys, axes, is_points, out, max_threads))]
    // A request is its place, its selection and its memory.
    #[allow(clippy::too_many_arguments)]
    fn read(
        &self,
        py: Python<'_>,
        place: &Place,
        keys: &Keys,
        axes: Vec<AxisArgument>,
        is_points: bool,
        out: Lent,
        max_threads: usize,
    ) -> PyResult<()> {
        guard(|| self.read_from(py, place, keys, plain(axes), is_points, &out, max_threads))
    }

    #[pyo3(signature = (place, keys, axes, is_points, value, max_threads, sync, held))]
    #[allow(clippy::too_many_arguments)]
    fn write(
        &self,
        py: Python<'_>,
        place: &Place,
        keys: &Keys,
        axes: Vec<AxisArgument>,
        is_points: bool,
        value: Lent,
        max_threads: usize,
        sync: bool,
        held: Option<String>,
    ) -> PyResult<()> {
        guard(|| {
            match &place.0 {
            Kind::Memory(_) => Err(PyValueError::new_err(
                "a memory store puts its values itself: plan with Pipeline.request, then Request.encode",
            )
            .into()),
            #[cfg(unix)]
            Kind::Directory(directory) => {
                let plan = self.kernel.plan(plain(axes), is_points)?;
                let held = held.as_deref();
                self.write_files(py, directory, keys, &plan, &value, max_threads, sync, held)
            }
        }
        })
    }
}

impl Pipeline {
    /// Read a selection of an array in a place.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn read_from(
        &self,
        py: Python<'_>,
        place: &Place,
        keys: &Keys,
        axes: Vec<AxisSelection>,
        is_points: bool,
        out: &Lent,
        max_threads: usize,
    ) -> Result<(), Failure> {
        counters::count(Counter::Crossings);
        let plan = self.kernel.plan(axes, is_points)?;
        let target = out.writable(plan.shape(), &self.kernel)?;
        match &place.0 {
            Kind::Memory(values) => self.read_values(py, values, keys, &plan, &target, max_threads),
            #[cfg(unix)]
            Kind::Directory(directory) => {
                self.read_files(py, directory, keys, &plan, &target, max_threads)
            }
        }
    }

    fn read_values(
        &self,
        py: Python<'_>,
        values: &Values,
        keys: &Keys,
        plan: &Plan,
        target: &Out<'_>,
        max_threads: usize,
    ) -> Result<(), Failure> {
        // Elements of a fixed size are decoded from memory as fast as they are found in the cache.
        let is_kept = self.kernel.items().is_some();
        let found = values.of_plan(py, &keys.kernel, plan, is_kept)?;
        let found = found.iter().map(Option::as_ref);
        if is_kept {
            let lasting = found.map(|found| {
                found.map(|found| LastingBytes::new(found.view.as_bytes(), found.serial))
            });
            let source = Lasting(lasting.collect());
            return interruptible(py, max_threads, |workers| {
                self.kernel.read(plan, &source, target, workers)
            });
        }
        let source = Fetched(
            found
                .map(|found| found.map(|found| found.view.as_bytes()))
                .collect(),
        );
        interruptible(py, max_threads, |workers| {
            self.kernel.read(plan, &source, target, workers)
        })
    }

    #[cfg(unix)]
    fn read_files(
        &self,
        py: Python<'_>,
        directory: &Directory,
        keys: &Keys,
        plan: &Plan,
        target: &Out<'_>,
        max_threads: usize,
    ) -> Result<(), Failure> {
        interruptible(py, max_threads, |workers| {
            let objects = directory.open(plan.n_objects());
            let source = Stored {
                objects: &objects,
                keys: &keys.kernel,
            };
            self.kernel.read(plan, &source, target, workers)
        })
    }

    #[cfg(unix)]
    #[allow(clippy::too_many_arguments)]
    fn write_files(
        &self,
        py: Python<'_>,
        directory: &Directory,
        keys: &Keys,
        plan: &Plan,
        value: &Lent,
        max_threads: usize,
        sync: bool,
        held: Option<&str>,
    ) -> Result<(), Failure> {
        counters::count(Counter::Crossings);
        let value = value.readable(plan.shape(), &self.kernel)?;
        let signals = Signals::default();
        let on_signal = || signals.check();
        let outcome = py.detach(|| {
            let files = directory.open(0);
            let manner = Manner {
                sync,
                held,
                on_signal: &on_signal,
            };
            let writer = Writer::new(&files, manner);
            let workers = Workers {
                max_threads: at_most(max_threads),
                poll: &mut || signals.check(),
            };
            self.kernel
                .write(plan, &keys.kernel, &writer, &value, workers)
        });
        signals.outcome(outcome)
    }
}

/// From this time on, other Python threads may run while an object is decoded or encoded. To get back from there takes as
/// long, where many of them do.
const DETACH_NS: u64 = 20_000;
/// So many times as long as decoding may encoding take.
const ENCODING: u64 = 4;

/// What the axes of a selection are to the kernel.
fn plain(axes: Vec<AxisArgument>) -> Vec<AxisSelection> {
    axes.into_iter().map(|axis| axis.0).collect()
}

/// Let other Python threads run during `work`, and stop it when a signal handler raises.
fn interruptible<T: Send>(
    py: Python<'_>,
    max_threads: usize,
    work: impl FnOnce(Workers<'_>) -> Result<T, KernelError> + Send,
) -> Result<T, Failure> {
    let signals = Signals::default();
    let outcome = py.detach(|| {
        work(Workers {
            max_threads: at_most(max_threads),
            poll: &mut || signals.check(),
        })
    });
    signals.outcome(outcome)
}

/// The number of threads, or as many as this process may run for 0. To find that out takes longer
/// than a small request.
fn at_most(max_threads: usize) -> usize {
    static AVAILABLE: Kept<usize> = Kept::new();
    if max_threads > 0 {
        max_threads
    } else {
        AVAILABLE.get_or(available_threads)
    }
}

/// What a signal handler raised, kept until the request has ended.
#[derive(Default)]
struct Signals {
    raised: Mutex<Option<PyErr>>,
}

impl Signals {
    fn check(&self) -> Result<(), KernelError> {
        // Where the interpreter has ended, under a daemon thread, nobody handles signals any more.
        let checked = Python::try_attach(|py| py.check_signals());
        checked.unwrap_or(Ok(())).map_err(|error| {
            *self.raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            KernelError::Interrupted
        })
    }

    fn outcome<T>(self, outcome: Result<T, KernelError>) -> Result<T, Failure> {
        let raised = self
            .raised
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        match raised {
            // Also if the work was done when it came: nobody else would tell of it.
            Some(error) => Err(Failure::Python(error)),
            None => Ok(outcome?),
        }
    }
}

/// How the chunks of an array are named. See `_native.pyi`.
#[pyclass(frozen, module = "zarr._native")]
pub(crate) struct Keys {
    kernel: keys::Keys,
}

#[pymethods]
impl Keys {
    #[new]
    #[pyo3(signature = (encoding, separator, prefix))]
    fn new(encoding: &str, separator: char, prefix: String) -> PyResult<Self> {
        let kernel = match encoding {
            "default" => keys::Keys::default_encoding(prefix, separator),
            "v2" => keys::Keys::v2_encoding(prefix, separator),
            _ => {
                let text = format!("there is no chunk key encoding {encoding:?} in zarr._native");
                return Err(PyValueError::new_err(text));
            }
        };
        Ok(Self { kernel })
    }
}

/// A length, or runs of lengths as `(length, count)`.
struct LengthsArgument(Lengths);

impl FromPyObject<'_, '_> for LengthsArgument {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        if let Ok(length) = object.extract::<usize>() {
            return Ok(Self(Lengths::Every(length)));
        }
        Ok(Self(Lengths::Runs(object.extract()?)))
    }
}

fn lengths(arguments: Vec<LengthsArgument>) -> Vec<Lengths> {
    arguments.into_iter().map(|axis| axis.0).collect()
}

/// An integer, a `(start, step, count)` of a run, or an array of positions.
struct AxisArgument(AxisSelection);

impl FromPyObject<'_, '_> for AxisArgument {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        if let Ok(run) = object.cast::<PyTuple>() {
            let (start, step, count) = run.extract()?;
            return Ok(Self(AxisSelection::Run { start, step, count }));
        }
        if let Ok(position) = object.extract::<usize>() {
            return Ok(Self(AxisSelection::Integer(position)));
        }
        let positions: ByteView = object.extract()?;
        Ok(Self(AxisSelection::List(positions.as_positions()?)))
    }
}

/// One selection of an array, planned. See `_native.pyi`.
#[pyclass(frozen, module = "zarr._native")]
pub(crate) struct Request {
    pipeline: Arc<pipeline::Pipeline>,
    plan: Plan,
}

#[pymethods]
impl Request {
    #[getter]
    fn n_objects(&self) -> usize {
        self.plan.n_objects()
    }

    #[pyo3(signature = (number))]
    fn coords<'py>(&self, py: Python<'py>, number: usize) -> PyResult<Bound<'py, PyTuple>> {
        guard(|| Ok(PyTuple::new(py, self.plan.object(number)?.coords())?))
    }

    #[pyo3(signature = (number))]
    fn is_whole(&self, number: usize) -> PyResult<bool> {
        guard(|| Ok(self.plan.object(number)?.is_whole()?))
    }

    #[pyo3(signature = (number, encoded, out))]
    fn decode(
        &self,
        py: Python<'_>,
        number: usize,
        encoded: Option<ByteView>,
        out: Lent,
    ) -> PyResult<()> {
        guard(|| {
            let target = out.writable(self.plan.shape(), &self.pipeline)?;
            let plan = self.plan.object(number)?;
            let decode = || {
                let object = encoded.as_ref().map(|encoded| Whole(encoded.as_bytes()));
                self.pipeline.read_fetched(&plan, object.as_ref(), &target)
            };
            if self.pipeline.decoding_ns(&plan)? < DETACH_NS {
                decode()?;
            } else {
                py.detach(decode)?;
            }
            Ok(())
        })
    }

    #[pyo3(signature = (number, nbytes, pieces))]
    fn missing_parts(
        &self,
        number: usize,
        nbytes: u64,
        pieces: Vec<(u64, ByteView)>,
    ) -> PyResult<Vec<(u64, u64)>> {
        guard(|| {
            let object = pieces_of(nbytes, &pieces);
            let plan = self.plan.object(number)?;
            let missing = self.pipeline.missing_parts(&plan, &object)?;
            Ok(missing
                .into_iter()
                .map(|part| (part.offset, part.nbytes))
                .collect())
        })
    }

    #[pyo3(signature = (number, nbytes, pieces, out))]
    fn decode_pieces(
        &self,
        py: Python<'_>,
        number: usize,
        nbytes: u64,
        pieces: Vec<(u64, ByteView)>,
        out: Lent,
    ) -> PyResult<()> {
        guard(|| {
            let target = out.writable(self.plan.shape(), &self.pipeline)?;
            py.detach(|| {
                let object = pieces_of(nbytes, &pieces);
                let plan = self.plan.object(number)?;
                self.pipeline.read_fetched(&plan, Some(&object), &target)
            })?;
            Ok(())
        })
    }

    #[pyo3(signature = (first, old, value, max_threads))]
    fn encode(
        &self,
        py: Python<'_>,
        first: usize,
        old: Vec<Option<ByteView>>,
        value: Lent,
        max_threads: usize,
    ) -> PyResult<Vec<Option<OwnedBytes>>> {
        guard(|| {
            let value = value.readable(self.plan.shape(), &self.pipeline)?;
            let old: Vec<Option<&[u8]>> = old
                .iter()
                .map(|old| old.as_ref().map(ByteView::as_bytes))
                .collect();
            let encode = |workers: Workers<'_>| {
                self.pipeline
                    .encode_all(&self.plan, &old, first, &value, workers)
            };
            let is_little = old.len() == 1
                && self.pipeline.decoding_ns(&self.plan.object(first)?)? < DETACH_NS / ENCODING;
            let encoded = if is_little {
                encode(Workers {
                    max_threads: 1,
                    poll: &mut || Ok(()),
                })?
            } else {
                interruptible(py, max_threads, encode)?
            };
            Ok(encoded
                .into_iter()
                .map(|encoded| encoded.map(OwnedBytes::from))
                .collect())
        })
    }
}

fn pieces_of(nbytes: u64, pieces: &[(u64, ByteView)]) -> Pieces<'_> {
    let pieces = pieces
        .iter()
        .map(|(offset, bytes)| (*offset, bytes.as_bytes()))
        .collect();
    Pieces::new(nbytes, pieces)
}
