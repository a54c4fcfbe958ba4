//! A small array of which a hostile writer stored every object: 7 rows and 6 columns, in chunks of 2
//! and 3. Its codecs, its shards and what is read of it come from the input, too.

use std::sync::Mutex;

use zarr_kernel::KernelError;
use zarr_kernel::caller::{Out, Value};
use zarr_kernel::chain::Chain;
use zarr_kernel::codec::BytesCodec;
use zarr_kernel::codec::blosc::{Blosc, Compressor, Shuffle as BloscShuffle};
use zarr_kernel::codec::checksum::{Checksum32, Location as ChecksumLocation};
use zarr_kernel::codec::gzip::Gzip;
use zarr_kernel::codec::lz4::Lz4;
use zarr_kernel::codec::shuffle::Shuffle;
use zarr_kernel::codec::zlib::Zlib;
use zarr_kernel::codec::zstd::Zstd;
use zarr_kernel::element::ElementType;
use zarr_kernel::grid::{Grid, Lengths};
use zarr_kernel::items::{GetItems, ItemKind, Items, ItemsMut, ItemsRef, PutItems, Wanted};
use zarr_kernel::lent_values::Pieces;
use zarr_kernel::memory::{ArrayMut, ArrayRef, Layout};
use zarr_kernel::pipeline::{Description, Pipeline};
use zarr_kernel::plan::Plan;
use zarr_kernel::selection::AxisSelection;
use zarr_kernel::shard::{Extent, ShardLevel, WriteOrder};
use zarr_kernel::shard_index::Location;
use zarr_kernel::source::Fetched;
use zarr_kernel::workers::Workers;

use crate::bytes::Input;

const SHAPE: [usize; 2] = [7, 6];
const CHUNK: [usize; 2] = [2, 3];

type Result<T> = std::result::Result<T, KernelError>;
type Codecs = Vec<Box<dyn BytesCodec>>;

fn codecs(number: usize, itemsize: usize) -> Codecs {
    let gzip = || Box::new(Gzip::new(1).expect("a good level"));
    let zstd = || Box::new(Zstd::new(1, false).expect("a good level"));
    let crc32c = || Box::new(Checksum32::crc32c(ChecksumLocation::End));
    let blosc = || {
        let made = Blosc::new(Compressor::Lz4, 5, BloscShuffle::Byte, itemsize, 0);
        Box::new(made.expect("good parameters"))
    };
    match number {
        0 => vec![],
        1 => vec![gzip()],
        2 => vec![zstd()],
        3 => vec![blosc()],
        4 => vec![Box::new(Lz4::new(1))],
        5 => vec![
            Box::new(Shuffle::new(itemsize)),
            Box::new(Zlib::new(1).expect("a good level")),
        ],
        6 => vec![Box::new(Checksum32::crc32(ChecksumLocation::Start))],
        7 => vec![Box::new(Checksum32::fletcher32()), gzip()],
        8 => vec![zstd(), gzip()],
        9 => vec![zstd(), crc32c()],
        10 => vec![Box::new(Shuffle::new(itemsize)), zstd(), crc32c()],
        _ => vec![crc32c(), blosc()],
    }
}

const N_CHAINS: usize = 12;

/// How shards hold chunks.
fn levels(kind: usize, location: Location) -> Result<Vec<ShardLevel>> {
    let level = |shard: [usize; 2], inner: [usize; 2]| {
        let (shard, inner) = (shard.to_vec(), inner.to_vec());
        let axes = vec![usize::from(kind == 2), usize::from(kind != 2)];
        ShardLevel::new(shard, inner, axes, location, false, WriteOrder::Morton)
    };
    Ok(match kind {
        0 => vec![],
        3 => vec![level([2, 2], [1, 2])?, level([1, 2], [1, 1])?],
        4 => vec![level([1, 1], [1, 1])?],
        _ => vec![level([2, 2], [1, 1])?],
    })
}

fn grid(kind: usize) -> Result<Grid> {
    let every = |lengths: [usize; 2]| lengths.map(Lengths::Every);
    match kind {
        0 => Grid::new(&SHAPE, &every(CHUNK), &every(CHUNK)),
        4 => {
            let rows = Lengths::Runs(vec![(4, 1), (2, 2)]);
            Grid::new(&SHAPE, &[rows, Lengths::Every(6)], &every(CHUNK))
        }
        5 => {
            let rows = Lengths::Runs(vec![(1, 1), (3, 2)]);
            let columns = Lengths::Runs(vec![(2, 2), (5, 1)]);
            let cells = [rows, columns];
            Grid::new(&SHAPE, &cells, &cells)
        }
        _ => Grid::new(&SHAPE, &every([4, 6]), &every(CHUNK)),
    }
}

fn axis(input: &mut Input<'_>, length: usize) -> AxisSelection {
    match input.below(4) {
        0 => AxisSelection::Integer(input.below(length)),
        1 => {
            let positions = (0..input.below(9)).map(|_| input.below(length));
            AxisSelection::List(positions.collect())
        }
        2 => AxisSelection::Run {
            start: length - 1,
            step: -1 - isize::from(input.byte() & 1 == 1),
            count: length / 2,
        },
        _ => {
            let start = input.below(length);
            let count = input.below(length - start + 1);
            AxisSelection::Run {
                start,
                step: 1,
                count,
            }
        }
    }
}

fn positions(axis: &AxisSelection) -> Vec<usize> {
    match axis {
        AxisSelection::Integer(position) => vec![*position],
        AxisSelection::List(positions) => positions.clone(),
        AxisSelection::Run { start, step, count } => (0..*count)
            .map(|i| start.wrapping_add_signed(step * i as isize))
            .collect(),
    }
}

/// Elements of an array in C order: each its bytes.
pub type Elements = Vec<Vec<u8>>;

fn strides(shape: &[usize], itemsize: usize) -> Vec<isize> {
    let mut strides = vec![0; shape.len()];
    let mut stride = itemsize as isize;
    for (at, length) in strides.iter_mut().zip(shape).rev() {
        *at = stride;
        stride *= *length as isize;
    }
    strides
}

fn alone<T>(work: impl FnOnce(Workers<'_>) -> T) -> T {
    work(Workers {
        max_threads: 1,
        poll: &mut || Ok(()),
    })
}

/// Items in the caller's memory.
struct Places {
    items: Mutex<Elements>,
}

impl PutItems for Places {
    fn put(&self, items: &Items<'_>) -> Result<()> {
        items.each(|offset, item| {
            if items.kind() == ItemKind::Utf8 {
                assert!(std::str::from_utf8(item).is_ok());
            }
            let place = usize::try_from(offset).expect("inside the array");
            self.items.lock().expect("one thread")[place] = item.to_vec();
            Ok(())
        })
    }
}

impl GetItems for Places {
    fn get(&self, wanted: &mut Wanted<'_>) -> Result<()> {
        let items = self.items.lock().expect("one thread");
        wanted.each(|offset, place| place.fill(&items[usize::try_from(offset).expect("inside")]))
    }
}

/// The array.
pub struct Stored {
    pipeline: Pipeline,
}

impl Stored {
    /// An array of which the next bytes say what it is like. `kind` is what its elements are, if they
    /// have no fixed size.
    pub fn new(input: &mut Input<'_>, kind: Option<ItemKind>) -> Self {
        let order = if input.byte() & 1 == 1 {
            vec![1, 0]
        } else {
            vec![0, 1]
        };
        let itemsize = [1, 2, 4, 8, 16][input.below(5)];
        let swap = if input.byte() & 1 == 1 { itemsize } else { 1 };
        // Streams of items have any length.
        let codecs = codecs(
            input.below(N_CHAINS),
            if kind.is_some() { 1 } else { itemsize },
        );
        let sharding = input.below(6);
        let location = if input.byte() & 1 == 1 {
            Location::Start
        } else {
            Location::End
        };
        let chain = match kind {
            Some(kind) => Chain::of_items(kind, order, codecs, 1 << 26),
            None => ElementType::new(itemsize, swap)
                .and_then(|element| Chain::new(element, order, codecs)),
        };
        let pipeline = Pipeline::new(Description {
            grid: grid(sharding).expect("a good grid"),
            chain: chain.expect("a good chain"),
            levels: if sharding == 5 {
                vec![]
            } else {
                levels(sharding, location).expect("good shards")
            },
            fill: vec![b'f'; if kind.is_some() { 3 } else { itemsize }],
            keeps_empty: input.byte() & 1 == 1,
            refuses_missing: false,
        });
        Self {
            pipeline: pipeline.expect("a good description"),
        }
    }

    /// Number of objects.
    pub fn n_objects(&self) -> usize {
        self.whole().n_objects()
    }

    fn whole(&self) -> Plan {
        let all = SHAPE.map(|length| AxisSelection::Run {
            start: 0,
            step: 1,
            count: length,
        });
        self.plan(&all)
    }

    fn plan(&self, axes: &[AxisSelection]) -> Plan {
        self.pipeline
            .plan(axes.to_vec(), false)
            .expect("a good selection")
    }

    /// Call `work` with memory for what a plan reads; returns the elements there are afterwards.
    fn received(&self, plan: &Plan, work: impl FnOnce(&Out<'_>) -> Result<()>) -> Result<Elements> {
        let n: usize = plan.shape().iter().product();
        let shape = plan.shape().to_vec();
        if self.pipeline.items().is_some() {
            let layout = Layout {
                strides: strides(&shape, 1),
                shape,
            };
            let places = Places {
                items: Mutex::new(vec![vec![]; n]),
            };
            work(&Out::Items(ItemsMut {
                layout: &layout,
                overlaps: false,
                memory: &places,
            }))?;
            return Ok(places.items.into_inner().expect("one thread"));
        }
        let itemsize = self.pipeline.itemsize();
        let mut found = vec![0xA5; n * itemsize];
        let layout = Layout {
            strides: strides(&shape, itemsize),
            shape,
        };
        // SAFETY: the layout is that of all bytes of `found`, which nobody else has a view of.
        let array = unsafe { ArrayMut::new(found.as_mut_ptr(), layout, itemsize) }?;
        work(&Out::from(array))?;
        Ok(found.chunks(itemsize).map(<[u8]>::to_vec).collect())
    }

    fn read(&self, plan: &Plan, objects: &[Option<&[u8]>]) -> Result<Elements> {
        let source = Fetched(self.of_plan(plan, objects));
        self.received(plan, |out| {
            alone(|workers| self.pipeline.read(plan, &source, out, workers))
        })
    }

    /// The objects of a plan, of those of the whole array.
    fn of_plan<'o>(&self, plan: &Plan, objects: &[Option<&'o [u8]>]) -> Vec<Option<&'o [u8]>> {
        let whole = self.whole();
        (0..plan.n_objects())
            .map(|number| objects[self.number_in(&whole, plan, number)])
            .collect()
    }

    /// The number that an object of a plan has in the plan of everything.
    fn number_in(&self, whole: &Plan, plan: &Plan, number: usize) -> usize {
        let object = plan.object(number).expect("in the plan");
        let is_it =
            |at: &usize| whole.object(*at).expect("in the plan").coords() == object.coords();
        (0..whole.n_objects())
            .find(is_it)
            .expect("an object of the array")
    }

    /// Read the parts of each object that are asked for, as from a store far away.
    fn read_parts(&self, plan: &Plan, objects: &[Option<&[u8]>]) -> Result<Elements> {
        let objects = self.of_plan(plan, objects);
        self.received(plan, |out| {
            for (number, object) in objects.iter().enumerate() {
                let object_plan = plan.object(number)?;
                let Some(bytes) = object else {
                    self.pipeline
                        .read_fetched(&object_plan, None::<&Pieces<'_>>, out)?;
                    continue;
                };
                let mut pieces: Vec<(u64, &[u8])> = vec![];
                let nbytes = bytes.len() as u64;
                for round in 0.. {
                    let known = Pieces::new(nbytes, pieces.clone());
                    let missing = self.pipeline.missing_parts(&object_plan, &known)?;
                    if missing.is_empty() {
                        break;
                    }
                    assert!(round < 4, "every level of shards is asked for once");
                    pieces.extend(missing.iter().map(|part| (part.offset, cut(bytes, *part))));
                }
                let known = Pieces::new(nbytes, pieces);
                self.pipeline
                    .read_fetched(&object_plan, Some(&known), out)?;
            }
            Ok(())
        })
    }

    fn write(
        &self,
        plan: &Plan,
        objects: &[Option<&[u8]>],
        elements: &Elements,
    ) -> Result<Vec<Option<Vec<u8>>>> {
        let old = self.of_plan(plan, objects);
        let shape = plan.shape().to_vec();
        let bytes = elements.concat();
        let itemsize = if self.pipeline.items().is_some() {
            1
        } else {
            self.pipeline.itemsize()
        };
        let layout = Layout {
            strides: strides(&shape, itemsize),
            shape,
        };
        let places = Places {
            items: Mutex::new(elements.clone()),
        };
        let value = match self.pipeline.items() {
            Some(_) => Value::Items(ItemsRef {
                layout: &layout,
                memory: &places,
            }),
            // SAFETY: the layout is that of all of `bytes`.
            None => {
                Value::from(unsafe { ArrayRef::new(bytes.as_ptr(), layout.clone(), itemsize) }?)
            }
        };
        alone(|workers| self.pipeline.encode_all(plan, &old, 0, &value, workers))
    }

    /// Read the array in all ways, and write to it: nothing may panic or leave its memory, and what is
    /// wholly right has to be right in every part.
    pub fn check(&self, input: &mut Input<'_>, objects: &[Option<&[u8]>]) {
        let whole = self.read(&self.whole(), objects);
        if let Ok(again) = self.read_parts(&self.whole(), objects) {
            assert_eq!(whole.as_ref(), Ok(&again));
        }
        let axes = SHAPE.map(|length| axis(input, length));
        let plan = self.plan(&axes);
        let part = self.read(&plan, objects);
        let by_parts = self.read_parts(&plan, objects);
        let written = self.write_one(&axes, objects);
        let Ok(whole) = whole else {
            return;
        };
        let columns = positions(&axes[1]);
        let expected: Elements = positions(&axes[0])
            .iter()
            .flat_map(|row| columns.iter().map(move |column| row * SHAPE[1] + column))
            .map(|place| whole[place].clone())
            .collect();
        assert_eq!(part.as_ref(), Ok(&expected));
        assert_eq!(by_parts, Ok(expected));
        assert_eq!(written, Ok(self.written_over(&axes, whole)));
    }

    /// Write into the selection, and read everything.
    fn write_one(&self, axes: &[AxisSelection], objects: &[Option<&[u8]>]) -> Result<Elements> {
        let plan = self.plan(axes);
        let n: usize = plan.shape().iter().product();
        let written = self.write(&plan, objects, &vec![self.new_element(); n])?;
        let whole = self.whole();
        let mut after = objects.to_vec();
        for (number, new) in written.iter().enumerate() {
            let at = self.number_in(&whole, &plan, number);
            after[at] = new.as_deref();
        }
        self.read(&whole, &after)
    }

    fn new_element(&self) -> Vec<u8> {
        match self.pipeline.items() {
            Some(_) => b"new".to_vec(),
            None => vec![b'n'; self.pipeline.itemsize()],
        }
    }

    fn written_over(&self, axes: &[AxisSelection; 2], mut whole: Elements) -> Elements {
        for row in positions(&axes[0]) {
            for column in positions(&axes[1]) {
                whole[row * SHAPE[1] + column] = self.new_element();
            }
        }
        whole
    }
}

fn cut<'b>(bytes: &'b [u8], part: Extent) -> &'b [u8] {
    let start = usize::try_from(part.offset).expect("inside the object");
    let nbytes = usize::try_from(part.nbytes).expect("inside the object");
    &bytes[start..start + nbytes]
}
