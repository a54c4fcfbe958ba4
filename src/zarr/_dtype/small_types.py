"""The numbers of few bits, one by one: what tells each of them from its like, see `zarr._dtype.small`.

None of them has fields of its own, so that none need be a dataclass of its own.
"""

from __future__ import annotations

from zarr._dtype.numbers import Float16
from zarr._dtype.small import Small, SmallComplex, SmallFloat, SmallInteger


class Int2(SmallInteger):
    """Signed integers of 2 bits, -2 to 1.

    Examples
    --------
    >>> import zarr
    >>> zarr.zeros(2, dtype=zarr.dtype.Int2())[:].tolist()
    [0, 0]
    """

    __slots__ = ()
    _zarr_v3_name = _ml_name = "int2"
    _range = (-2, 1)


class Int4(SmallInteger):
    """Signed integers of 4 bits, -8 to 7.

    Examples
    --------
    >>> import zarr
    >>> zarr.zeros(2, dtype=zarr.dtype.Int4())[:].tolist()
    [0, 0]
    """

    __slots__ = ()
    _zarr_v3_name = _ml_name = "int4"
    _range = (-8, 7)


class UInt2(SmallInteger):
    """Unsigned integers of 2 bits, 0 to 3.

    Examples
    --------
    >>> import zarr
    >>> zarr.zeros(2, dtype=zarr.dtype.UInt2())[:].tolist()
    [0, 0]
    """

    __slots__ = ()
    _zarr_v3_name = _ml_name = "uint2"
    _range = (0, 3)
    _is_in_format_2 = False


class UInt4(SmallInteger):
    """Unsigned integers of 4 bits, 0 to 15.

    Examples
    --------
    >>> import zarr
    >>> zarr.zeros(2, dtype=zarr.dtype.UInt4())[:].tolist()
    [0, 0]
    """

    __slots__ = ()
    _zarr_v3_name = _ml_name = "uint4"
    _range = (0, 15)
    _is_in_format_2 = False


class BFloat16(SmallFloat):
    """Floats of 2 bytes with the exponents of `float32` and 8 significant bits.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.BFloat16().to_json_scalar(2, zarr_format=3)
    2.0
    """

    __slots__ = ()
    _zarr_v3_name = _ml_name = "bfloat16"
    _n_bits, _nan, _has_infinity = 16, 0x7FC0, True


class Float8E3M4(SmallFloat):
    """Floats of 1 byte: 3 bits of exponent, 4 of mantissa, up to 15.5, with infinities.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.Float8E3M4().to_json_scalar(2, zarr_format=3)
    2.0
    """

    __slots__ = ()
    _zarr_v3_name = _ml_name = "float8_e3m4"
    _nan, _has_infinity = 0x78, True


class Float8E4M3(SmallFloat):
    """Floats of 1 byte: 4 bits of exponent, 3 of mantissa, up to 240, with infinities.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.Float8E4M3().to_json_scalar(2, zarr_format=3)
    2.0
    """

    __slots__ = ()
    _zarr_v3_name = _ml_name = "float8_e4m3"
    _nan, _has_infinity = 0x7C, True
    _is_in_format_2 = False


class Float8E4M3FN(SmallFloat):
    """Floats of 1 byte: 4 bits of exponent, 3 of mantissa, up to 448, without infinities.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.Float8E4M3FN().to_json_scalar(2, zarr_format=3)
    2.0
    """

    __slots__ = ()
    _zarr_v3_name = _ml_name = "float8_e4m3fn"
    _nan = 0x7F


class Float8E4M3B11FNUZ(SmallFloat):
    """Floats of 1 byte: 4 bits of exponent with a bias of 11, 3 of mantissa, up to 30; no infinities, no -0.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.Float8E4M3B11FNUZ().to_json_scalar(2, zarr_format=3)
    2.0
    """

    __slots__ = ()
    _zarr_v3_name = _ml_name = "float8_e4m3b11fnuz"
    _nan = 0x80


class Float8E4M3FNUZ(SmallFloat):
    """Floats of 1 byte: 4 bits of exponent with a bias of 8, 3 of mantissa, up to 240; no infinities, no -0.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.Float8E4M3FNUZ().to_json_scalar(2, zarr_format=3)
    2.0
    """

    __slots__ = ()
    _zarr_v3_name = _ml_name = "float8_e4m3fnuz"
    _nan = 0x80


class Float8E5M2(SmallFloat):
    """Floats of 1 byte: 5 bits of exponent, 2 of mantissa, up to 57344, with infinities.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.Float8E5M2().to_json_scalar(2, zarr_format=3)
    2.0
    """

    __slots__ = ()
    _zarr_v3_name = _ml_name = "float8_e5m2"
    _nan, _has_infinity = 0x7E, True


class Float8E5M2FNUZ(SmallFloat):
    """Floats of 1 byte: 5 bits of exponent with a bias of 16, 2 of mantissa, up to 57344; no infinities, no -0.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.Float8E5M2FNUZ().to_json_scalar(2, zarr_format=3)
    2.0
    """

    __slots__ = ()
    _zarr_v3_name = _ml_name = "float8_e5m2fnuz"
    _nan = 0x80


class Float8E8M0FNU(SmallFloat):
    """Powers of two from 2**-127 to 2**127, in 1 byte. There is no 0; what was never written reads as the smallest.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.Float8E8M0FNU().to_json_scalar(2, zarr_format=3)
    2.0
    """

    __slots__ = ()
    _zarr_v3_name = _ml_name = "float8_e8m0fnu"
    _nan, _has_zero = 0xFF, False


class Float6E2M3FN(SmallFloat):
    """Floats of 6 bits, in 1 byte: 2 bits of exponent, 3 of mantissa, up to 7.5; no infinities, no NaN.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.Float6E2M3FN().to_json_scalar(2, zarr_format=3)
    2.0
    """

    __slots__ = ()
    _zarr_v3_name = _ml_name = "float6_e2m3fn"
    _n_bits = 6
    _is_in_format_2 = False


class Float6E3M2FN(SmallFloat):
    """Floats of 6 bits, in 1 byte: 3 bits of exponent, 2 of mantissa, up to 28; no infinities, no NaN.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.Float6E3M2FN().to_json_scalar(2, zarr_format=3)
    2.0
    """

    __slots__ = ()
    _zarr_v3_name = _ml_name = "float6_e3m2fn"
    _n_bits = 6
    _is_in_format_2 = False


class Float4E2M1FN(SmallFloat):
    """Floats of 4 bits, in 1 byte: 2 bits of exponent, 1 of mantissa, up to 6; no infinities, no NaN.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.Float4E2M1FN().to_json_scalar(2, zarr_format=3)
    2.0
    """

    __slots__ = ()
    _zarr_v3_name = _ml_name = "float4_e2m1fn"
    _n_bits = 4


class ComplexFloat16(SmallComplex):
    """Complex numbers, of which both parts are `float16`.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.ComplexFloat16().to_json_scalar(1 + 2j, zarr_format=3)
    [1.0, 2.0]
    """

    __slots__ = ()
    _zarr_v3_name = "complex_float16"
    _ml_name = "complex32"
    part = Float16()


class ComplexBFloat16(SmallComplex):
    """Complex numbers, of which both parts are `bfloat16`.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.ComplexBFloat16().to_json_scalar(1 + 2j, zarr_format=3)
    [1.0, 2.0]
    """

    __slots__ = ()
    _zarr_v3_name = "complex_bfloat16"
    _ml_name = "bcomplex32"
    part = BFloat16()


class ComplexFloat8E3M4(SmallComplex):
    """Complex numbers, of which both parts are `float8_e3m4`.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.ComplexFloat8E3M4().to_json_scalar(1 + 2j, zarr_format=3)
    [1.0, 2.0]
    """

    __slots__ = ()
    _zarr_v3_name = "complex_float8_e3m4"
    part = Float8E3M4()


class ComplexFloat8E4M3(SmallComplex):
    """Complex numbers, of which both parts are `float8_e4m3`.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.ComplexFloat8E4M3().to_json_scalar(1 + 2j, zarr_format=3)
    [1.0, 2.0]
    """

    __slots__ = ()
    _zarr_v3_name = "complex_float8_e4m3"
    part = Float8E4M3()


class ComplexFloat8E4M3B11FNUZ(SmallComplex):
    """Complex numbers, of which both parts are `float8_e4m3b11fnuz`.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.ComplexFloat8E4M3B11FNUZ().to_json_scalar(1 + 2j, zarr_format=3)
    [1.0, 2.0]
    """

    __slots__ = ()
    _zarr_v3_name = "complex_float8_e4m3b11fnuz"
    part = Float8E4M3B11FNUZ()


class ComplexFloat8E4M3FNUZ(SmallComplex):
    """Complex numbers, of which both parts are `float8_e4m3fnuz`.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.ComplexFloat8E4M3FNUZ().to_json_scalar(1 + 2j, zarr_format=3)
    [1.0, 2.0]
    """

    __slots__ = ()
    _zarr_v3_name = "complex_float8_e4m3fnuz"
    part = Float8E4M3FNUZ()


class ComplexFloat8E5M2(SmallComplex):
    """Complex numbers, of which both parts are `float8_e5m2`.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.ComplexFloat8E5M2().to_json_scalar(1 + 2j, zarr_format=3)
    [1.0, 2.0]
    """

    __slots__ = ()
    _zarr_v3_name = "complex_float8_e5m2"
    part = Float8E5M2()


class ComplexFloat8E5M2FNUZ(SmallComplex):
    """Complex numbers, of which both parts are `float8_e5m2fnuz`.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.ComplexFloat8E5M2FNUZ().to_json_scalar(1 + 2j, zarr_format=3)
    [1.0, 2.0]
    """

    __slots__ = ()
    _zarr_v3_name = "complex_float8_e5m2fnuz"
    part = Float8E5M2FNUZ()


class ComplexFloat8E8M0FNU(SmallComplex):
    """Complex numbers, of which both parts are `float8_e8m0fnu`.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.ComplexFloat8E8M0FNU().to_json_scalar(1 + 2j, zarr_format=3)
    [1.0, 2.0]
    """

    __slots__ = ()
    _zarr_v3_name = "complex_float8_e8m0fnu"
    part = Float8E8M0FNU()


class ComplexFloat6E2M3FN(SmallComplex):
    """Complex numbers, of which both parts are `float6_e2m3fn`.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.ComplexFloat6E2M3FN().to_json_scalar(1 + 2j, zarr_format=3)
    [1.0, 2.0]
    """

    __slots__ = ()
    _zarr_v3_name = "complex_float6_e2m3fn"
    part = Float6E2M3FN()


class ComplexFloat6E3M2FN(SmallComplex):
    """Complex numbers, of which both parts are `float6_e3m2fn`.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.ComplexFloat6E3M2FN().to_json_scalar(1 + 2j, zarr_format=3)
    [1.0, 2.0]
    """

    __slots__ = ()
    _zarr_v3_name = "complex_float6_e3m2fn"
    part = Float6E3M2FN()


class ComplexFloat4E2M1FN(SmallComplex):
    """Complex numbers, of which both parts are `float4_e2m1fn`.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.ComplexFloat4E2M1FN().to_json_scalar(1 + 2j, zarr_format=3)
    [1.0, 2.0]
    """

    __slots__ = ()
    _zarr_v3_name = "complex_float4_e2m1fn"
    part = Float4E2M1FN()


SMALL_TYPES: tuple[type[Small], ...] = (
    Int2,
    Int4,
    UInt2,
    UInt4,
    BFloat16,
    Float8E3M4,
    Float8E4M3,
    Float8E4M3FN,
    Float8E4M3B11FNUZ,
    Float8E4M3FNUZ,
    Float8E5M2,
    Float8E5M2FNUZ,
    Float8E8M0FNU,
    Float6E2M3FN,
    Float6E3M2FN,
    Float4E2M1FN,
    ComplexFloat16,
    ComplexBFloat16,
    ComplexFloat8E3M4,
    ComplexFloat8E4M3,
    ComplexFloat8E4M3B11FNUZ,
    ComplexFloat8E4M3FNUZ,
    ComplexFloat8E5M2,
    ComplexFloat8E5M2FNUZ,
    ComplexFloat8E8M0FNU,
    ComplexFloat6E2M3FN,
    ComplexFloat6E3M2FN,
    ComplexFloat4E2M1FN,
)
