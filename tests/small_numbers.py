"""What the bits of small numbers mean, by the tables of their specifications, and which of them is nearest to another number."""

from __future__ import annotations

import math
from bisect import bisect_left
from functools import cache

# name -> bits of exponent, bits of mantissa, bias, what the highest exponent holds, bits of the NaN that has a name
#   "ieee": infinities and NaNs; "fn": numbers, and NaN for all ones; "finite": numbers; "fnuz": numbers, NaN in place of -0
FLOATS = {
    "bfloat16": (8, 7, 127, "ieee", 0x7FC0),
    "float8_e3m4": (3, 4, 3, "ieee", 0x78),
    "float8_e4m3": (4, 3, 7, "ieee", 0x7C),
    "float8_e4m3fn": (4, 3, 7, "fn", 0x7F),
    "float8_e4m3b11fnuz": (4, 3, 11, "fnuz", 0x80),
    "float8_e4m3fnuz": (4, 3, 8, "fnuz", 0x80),
    "float8_e5m2": (5, 2, 15, "ieee", 0x7E),
    "float8_e5m2fnuz": (5, 2, 16, "fnuz", 0x80),
    "float8_e8m0fnu": (8, 0, 127, "powers", 0xFF),
    "float6_e2m3fn": (2, 3, 1, "finite", None),
    "float6_e3m2fn": (3, 2, 3, "finite", None),
    "float4_e2m1fn": (2, 1, 1, "finite", None),
}
INTEGERS = {"int2": (-2, 1), "int4": (-8, 7), "uint2": (0, 3), "uint4": (0, 15)}


def n_bits(name):
    return 8 if name == "float8_e8m0fnu" else 1 + sum(FLOATS[name][:2])


def number_of(name, bits):
    """The number that bits stand for."""
    n_exponent, n_mantissa, bias, kind, nan = FLOATS[name]
    if kind == "powers":
        return math.nan if bits == nan else 2.0 ** (bits - bias)
    sign = -1.0 if bits >> (n_exponent + n_mantissa) else 1.0
    exponent, mantissa = (bits >> n_mantissa) & (2**n_exponent - 1), bits & (2**n_mantissa - 1)
    if kind == "ieee" and exponent == 2**n_exponent - 1:
        return math.nan if mantissa else sign * math.inf
    if (kind == "fnuz" and bits == nan) or (kind == "fn" and bits & 0x7F == nan):
        return math.nan
    if exponent == 0:
        return sign * mantissa * 2.0 ** (1 - bias - n_mantissa)
    return sign * (2**n_mantissa + mantissa) * 2.0 ** (exponent - bias - n_mantissa)


@cache
def positive(name):
    """All finite numbers without a sign, in order."""
    numbers = sorted(number_of(name, bits) for bits in range(2 ** (n_bits(name) - (name != "float8_e8m0fnu"))))
    return [number for number in numbers if math.isfinite(number)]


def nearest(name, value):
    """The nearest number, ties to the even pattern; None if it is beyond the largest one."""
    finite = positive(name)
    size = abs(value)
    after = bisect_left(finite, size)
    if after == len(finite):
        # Where there is an infinity, what would be rounded to the next number beyond the largest is out of range.
        step = finite[-1] - finite[-2]
        has_room = FLOATS[name][3] != "finite" and size < finite[-1] + step / 2
        return math.copysign(finite[-1], value) if has_room else None
    if finite[after] == size or after == 0:
        return math.copysign(finite[after], value)
    low, high = finite[after - 1], finite[after]
    if size - low == high - size:
        return math.copysign(low if (after - 1) % 2 == 0 else high, value)
    return math.copysign(low if size - low < high - size else high, value)
