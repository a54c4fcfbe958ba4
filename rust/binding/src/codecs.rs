//! Codecs by their names, and their parameters out of a dict.

use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use zarr_kernel::codec::BytesCodec;
use zarr_kernel::codec::astype::AsType;
use zarr_kernel::codec::bitround::BitRound;
use zarr_kernel::codec::blosc::{self, Blosc, Compressor};
use zarr_kernel::codec::checksum::{Checksum32, Location};
use zarr_kernel::codec::delta::Delta;
use zarr_kernel::codec::fixedscaleoffset::FixedScaleOffset;
use zarr_kernel::codec::gzip::Gzip;
use zarr_kernel::codec::lz4::Lz4;
use zarr_kernel::codec::number::{NumberKind, NumberType};
use zarr_kernel::codec::packbits::PackBits;
use zarr_kernel::codec::shuffle::Shuffle;
use zarr_kernel::codec::zlib::Zlib;
use zarr_kernel::codec::zstd::Zstd;

use crate::errors::Failure;

/// A codec of bytes as `zarr._engine.describe` puts it: its name, and the parameters that matter.
pub(crate) fn codec_from(
    name: &str,
    parameters: &Bound<'_, PyDict>,
) -> Result<Box<dyn BytesCodec>, Failure> {
    let given = Parameters(parameters);
    Ok(match name {
        "astype" => Box::new(AsType::new(
            given.number("decoded")?,
            given.number("encoded")?,
        )),
        "bitround" => Box::new(BitRound::new(
            given.get("keepbits")?,
            given.number("decoded")?,
        )?),
        "blosc" => Box::new(Blosc::new(
            given.compressor()?,
            given.get("clevel")?,
            given.shuffle()?,
            given.get("typesize")?,
            given.get("blocksize")?,
        )?),
        "delta" => Box::new(Delta::new(
            given.number("decoded")?,
            given.number("encoded")?,
        )?),
        "fixedscaleoffset" => Box::new(FixedScaleOffset::new(
            given.get("offset")?,
            given.get("scale")?,
            given.number("decoded")?,
            given.number("encoded")?,
        )?),
        "packbits" => Box::new(PackBits),
        "adler32" => Box::new(Checksum32::adler32(given.location()?)),
        "crc32" => Box::new(Checksum32::crc32(given.location()?)),
        "crc32c" => Box::new(Checksum32::crc32c(given.location()?)),
        "fletcher32" => Box::new(Checksum32::fletcher32()),
        "gzip" => Box::new(Gzip::new(given.get("level")?)?),
        "lz4" => Box::new(Lz4::new(given.get("acceleration")?)),
        "shuffle" => Box::new(Shuffle::new(given.get("elementsize")?)),
        "zlib" => Box::new(Zlib::new(given.get("level")?)?),
        "zstd" => Box::new(Zstd::new(given.get("level")?, given.get("checksum")?)?),
        _ => return Err(unknown("codec", name).into()),
    })
}

fn unknown(what: &str, name: &str) -> PyErr {
    PyValueError::new_err(format!("there is no {what} {name:?} in zarr._native"))
}

struct Parameters<'a, 'py>(&'a Bound<'py, PyDict>);

impl<'py> Parameters<'_, 'py> {
    fn get<T>(&self, name: &str) -> PyResult<T>
    where
        T: for<'a> FromPyObject<'a, 'py, Error: Into<PyErr>>,
    {
        let value = self
            .0
            .get_item(name)?
            .ok_or_else(|| PyKeyError::new_err(name.to_owned()))?;
        value.extract::<T>().map_err(Into::into)
    }

    fn location(&self) -> PyResult<Location> {
        let at_end: bool = self.get("at_end")?;
        Ok(if at_end {
            Location::End
        } else {
            Location::Start
        })
    }

    /// A NumPy type code such as `<f4`.
    fn number(&self, name: &str) -> PyResult<NumberType> {
        let code: String = self.get(name)?;
        let kind = match code.trim_start_matches(['<', '>', '|', '=']) {
            "b1" => NumberKind::Bool,
            "i1" => NumberKind::I8,
            "i2" => NumberKind::I16,
            "i4" => NumberKind::I32,
            "i8" => NumberKind::I64,
            "u1" => NumberKind::U8,
            "u2" => NumberKind::U16,
            "u4" => NumberKind::U32,
            "u8" => NumberKind::U64,
            "f2" => NumberKind::F16,
            "f4" => NumberKind::F32,
            "f8" => NumberKind::F64,
            _ => return Err(unknown("type of numbers", &code)),
        };
        Ok(NumberType {
            kind,
            big_endian: code.starts_with('>'),
        })
    }

    fn compressor(&self) -> PyResult<Compressor> {
        let name: String = self.get("cname")?;
        Ok(match name.as_str() {
            "blosclz" => Compressor::BloscLz,
            "lz4" => Compressor::Lz4,
            "lz4hc" => Compressor::Lz4Hc,
            "snappy" => Compressor::Snappy,
            "zlib" => Compressor::Zlib,
            "zstd" => Compressor::Zstd,
            _ => return Err(unknown("compressor", &name)),
        })
    }

    fn shuffle(&self) -> PyResult<blosc::Shuffle> {
        let name: String = self.get("shuffle")?;
        Ok(match name.as_str() {
            "noshuffle" => blosc::Shuffle::None,
            "shuffle" => blosc::Shuffle::Byte,
            "bitshuffle" => blosc::Shuffle::Bit,
            _ => return Err(unknown("shuffle", &name)),
        })
    }
}
