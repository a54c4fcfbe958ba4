//! Numbers as NumPy stores and converts them, for the filters that compute.
//!
//! Conversion follows NumPy's `astype`: integers wrap, floats are cut off towards zero, and floats
//! that no integer of the target type stands for become what the processor makes of them, as in C. Of
//! NaN, only the sign and that it is one are preserved.

/// A type of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberKind {
    /// One byte, 0 or 1.
    Bool,
    /// 8 bits, signed.
    I8,
    /// 16 bits, signed.
    I16,
    /// 32 bits, signed.
    I32,
    /// 64 bits, signed.
    I64,
    /// 8 bits.
    U8,
    /// 16 bits.
    U16,
    /// 32 bits.
    U32,
    /// 64 bits.
    U64,
    /// 16 bits, floating.
    F16,
    /// 32 bits, floating.
    F32,
    /// 64 bits, floating.
    F64,
}

/// A type of numbers and the order of their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberType {
    /// Which numbers.
    pub kind: NumberKind,
    /// Whether the most significant byte comes first.
    pub big_endian: bool,
}

impl NumberType {
    /// Bytes of one number.
    #[must_use]
    pub fn nbytes(self) -> usize {
        match self.kind {
            NumberKind::Bool | NumberKind::I8 | NumberKind::U8 => 1,
            NumberKind::I16 | NumberKind::U16 | NumberKind::F16 => 2,
            NumberKind::I32 | NumberKind::U32 | NumberKind::F32 => 4,
            NumberKind::I64 | NumberKind::U64 | NumberKind::F64 => 8,
        }
    }

    /// Whether these are floating-point numbers.
    #[must_use]
    pub fn is_float(self) -> bool {
        matches!(
            self.kind,
            NumberKind::F16 | NumberKind::F32 | NumberKind::F64
        )
    }
}

/// Evaluate an expression with `$number` being the Rust type for a [`NumberKind`].
macro_rules! with_number {
    ($kind:expr, $number:ident => $body:expr) => {
        match $kind {
            $crate::codec::number::NumberKind::Bool => {
                type $number = $crate::codec::number::Bool;
                $body
            }
            $crate::codec::number::NumberKind::I8 => {
                type $number = i8;
                $body
            }
            $crate::codec::number::NumberKind::I16 => {
                type $number = i16;
                $body
            }
            $crate::codec::number::NumberKind::I32 => {
                type $number = i32;
                $body
            }
            $crate::codec::number::NumberKind::I64 => {
                type $number = i64;
                $body
            }
            $crate::codec::number::NumberKind::U8 => {
                type $number = u8;
                $body
            }
            $crate::codec::number::NumberKind::U16 => {
                type $number = u16;
                $body
            }
            $crate::codec::number::NumberKind::U32 => {
                type $number = u32;
                $body
            }
            $crate::codec::number::NumberKind::U64 => {
                type $number = u64;
                $body
            }
            $crate::codec::number::NumberKind::F16 => {
                type $number = $crate::codec::number::F16;
                $body
            }
            $crate::codec::number::NumberKind::F32 => {
                type $number = f32;
                $body
            }
            $crate::codec::number::NumberKind::F64 => {
                type $number = f64;
                $body
            }
        }
    };
}
pub(super) use with_number;

/// A number of any type, without loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    Int(i128),
    Float(f64),
}

/// A Rust type that stands for a [`NumberKind`].
pub(super) trait Number: Copy {
    const NBYTES: usize;

    /// The number in the first bytes of `stored`.
    fn read(stored: &[u8], big_endian: bool) -> Self;

    /// Write the number into the first bytes of `stored`.
    fn write(self, stored: &mut [u8], big_endian: bool);

    fn value(self) -> Value;

    fn from_value(value: Value) -> Self;

    /// The sum as NumPy computes it: integers wrap.
    fn plus(self, other: Self) -> Self;

    /// The difference as NumPy computes it: integers wrap.
    fn minus(self, other: Self) -> Self;
}

macro_rules! read_and_write {
    ($number:ty) => {
        const NBYTES: usize = size_of::<$number>();

        #[inline(always)]
        fn read(stored: &[u8], big_endian: bool) -> Self {
            let bytes = stored.first_chunk().copied().unwrap_or_default();
            if big_endian {
                Self::from_be_bytes(bytes)
            } else {
                Self::from_le_bytes(bytes)
            }
        }

        #[inline(always)]
        fn write(self, stored: &mut [u8], big_endian: bool) {
            if let Some(place) = stored.first_chunk_mut() {
                *place = if big_endian {
                    self.to_be_bytes()
                } else {
                    self.to_le_bytes()
                };
            }
        }
    };
}

macro_rules! integer {
    ($($number:ty, $from_float:ident;)*) => {$(
        impl Number for $number {
            read_and_write!($number);

            #[inline(always)]
            fn value(self) -> Value {
                Value::Int(i128::from(self))
            }

            #[inline(always)]
            #[expect(clippy::cast_possible_truncation, reason = "integers wrap")]
            fn from_value(value: Value) -> Self {
                match value {
                    Value::Int(value) => value as Self,
                    Value::Float(value) => $from_float(value) as Self,
                }
            }

            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
        }
    )*};
}

integer! {
    i8, float_to_i32;
    i16, float_to_i32;
    i32, float_to_i32;
    i64, float_to_i64;
    u8, float_to_i32;
    u16, float_to_i32;
    u32, float_to_u32;
    u64, float_to_u64;
}

/// As C converts to 32 bits, and to fewer by way of 32: on x86-64, all numbers out of range and NaN
/// become the smallest; elsewhere, the nearest and 0.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "meant")]
fn float_to_i32(value: f64) -> i32 {
    let is_out_of_range = !(value > -2_147_483_649.0 && value < 2_147_483_648.0);
    if cfg!(target_arch = "x86_64") && is_out_of_range {
        i32::MIN
    } else {
        value as i32
    }
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "meant")]
fn float_to_i64(value: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let is_out_of_range = !(-LIMIT..LIMIT).contains(&value);
    if cfg!(target_arch = "x86_64") && is_out_of_range {
        i64::MIN
    } else {
        value as i64
    }
}

/// On x86-64, by way of signed numbers, from which 2^31 is taken away first where it has to be.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "meant")]
fn float_to_u32(value: f64) -> u32 {
    const HALF: f64 = 2_147_483_648.0;
    if !cfg!(target_arch = "x86_64") {
        value as u32
    } else if value >= HALF {
        (float_to_i32(value - HALF) as u32) ^ (1 << 31)
    } else {
        float_to_i32(value) as u32
    }
}

/// On x86-64, by way of signed numbers, from which 2^63 is taken away first where it has to be.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "meant")]
fn float_to_u64(value: f64) -> u64 {
    const HALF: f64 = 9_223_372_036_854_775_808.0;
    if !cfg!(target_arch = "x86_64") {
        value as u64
    } else if value >= HALF {
        (float_to_i64(value - HALF) as u64) ^ (1 << 63)
    } else {
        float_to_i64(value) as u64
    }
}

#[expect(clippy::cast_possible_truncation, reason = "rounding is meant")]
impl Number for f32 {
    read_and_write!(f32);

    #[inline(always)]
    fn value(self) -> Value {
        Value::Float(f64::from(self))
    }

    #[inline(always)]
    fn from_value(value: Value) -> Self {
        match value {
            Value::Int(value) => value as Self,
            Value::Float(value) => value as Self,
        }
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self + other
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        self - other
    }
}

impl Number for f64 {
    read_and_write!(f64);

    #[inline(always)]
    fn value(self) -> Value {
        Value::Float(self)
    }

    #[inline(always)]
    fn from_value(value: Value) -> Self {
        match value {
            Value::Int(value) => value as Self,
            Value::Float(value) => value,
        }
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self + other
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        self - other
    }
}

/// A boolean in one byte. Anything but 0 is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bool(u8);

impl Number for Bool {
    const NBYTES: usize = 1;

    #[inline(always)]
    fn read(stored: &[u8], _: bool) -> Self {
        Self(u8::from(stored.first().is_some_and(|byte| *byte != 0)))
    }

    #[inline(always)]
    fn write(self, stored: &mut [u8], _: bool) {
        if let Some(place) = stored.first_mut() {
            *place = self.0;
        }
    }

    #[inline(always)]
    fn value(self) -> Value {
        Value::Int(i128::from(self.0))
    }

    #[inline(always)]
    fn from_value(value: Value) -> Self {
        Self(u8::from(match value {
            Value::Int(value) => value != 0,
            Value::Float(value) => value != 0.0,
        }))
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        Self(self.0 ^ other.0)
    }
}

/// A floating-point number of 16 bits (binary16 of IEEE 754), which Rust has no type for. Arithmetic
/// is done in 32 bits and rounded, as NumPy does it.
///
/// Not the crate `half`, whose results are not NumPy's: version 2.7.1 rounds numbers of 64 bits twice
/// where the processor helps (by way of 32 bits) and looks at their upper 32 bits only where it does
/// not, and makes all NaNs quiet. The tests below say what is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct F16(u16);

impl F16 {
    fn from_be_bytes(bytes: [u8; 2]) -> Self {
        Self(u16::from_be_bytes(bytes))
    }

    fn from_le_bytes(bytes: [u8; 2]) -> Self {
        Self(u16::from_le_bytes(bytes))
    }

    fn to_be_bytes(self) -> [u8; 2] {
        self.0.to_be_bytes()
    }

    fn to_le_bytes(self) -> [u8; 2] {
        self.0.to_le_bytes()
    }

    /// Exact.
    fn widen(self) -> f64 {
        let bits = u64::from(self.0);
        let (sign, exponent, fraction) = (bits >> 15 << 63, bits >> 10 & 0x1F, bits & 0x3FF);
        let magnitude = match exponent {
            // Multiples of 2^-24.
            0 => return f64::from_bits(sign | (f64::from(self.0 & 0x3FF) * EPSILON).to_bits()),
            0x1F => 0x7FF << 52 | fraction << 42,
            _ => exponent.wrapping_add(1023 - 15) << 52 | fraction << 42,
        };
        f64::from_bits(sign | magnitude)
    }

    /// The nearest; of two, the even one.
    fn narrow(value: f64) -> Self {
        let bits = value.to_bits();
        let [high, ..] = bits.to_be_bytes();
        let sign = u16::from_be_bytes([high & 0x80, 0]);
        let magnitude = bits & (u64::MAX >> 1);
        let narrowed = if value.is_nan() {
            // The upper bits of what tells NaNs apart are kept; lest none is left, one is set.
            let kept = magnitude >> 42 & 0x3FF;
            let kept = u16::try_from(kept).unwrap_or(0);
            0x7C00 | kept.max(1)
        } else if f64::from_bits(magnitude) >= OVERFLOW {
            0x7C00
        } else if f64::from_bits(magnitude) >= SMALLEST_NORMAL {
            // Half an upper unit less one, and one more for odd numbers, carry where they should.
            let odd = magnitude >> 42 & 1;
            let rounded = magnitude.wrapping_add((1 << 41) - 1).wrapping_add(odd);
            let rebiased = (rounded >> 42).wrapping_sub((1023 - 15) << 10);
            u16::try_from(rebiased).unwrap_or(0x7C00)
        } else {
            // Adding 2^28 leaves multiples of 2^-24 in the last bits, rounded by the processor.
            let sum = f64::from_bits(magnitude) + SUBNORMAL_ROUNDER;
            let last = sum.to_bits() & 0x7FF;
            u16::try_from(last).unwrap_or(0)
        };
        Self(sign | narrowed)
    }
}

/// 2^-24, the distance of the smallest numbers of 16 bits.
const EPSILON: f64 = 1.0 / 16_777_216.0;

/// 2^-14.
const SMALLEST_NORMAL: f64 = 1.0 / 16_384.0;

/// Half-way between the largest number of 16 bits and what would be the next.
const OVERFLOW: f64 = 65_520.0;

/// 2^28: a unit in its last place is 2^-24.
const SUBNORMAL_ROUNDER: f64 = 268_435_456.0;

impl Number for F16 {
    read_and_write!(F16);

    #[inline(always)]
    fn value(self) -> Value {
        Value::Float(self.widen())
    }

    #[inline(always)]
    fn from_value(value: Value) -> Self {
        match value {
            // By way of 32 bits, as NumPy does it.
            Value::Int(value) => Self::narrow(f64::from(value as f32)),
            Value::Float(value) => Self::narrow(value),
        }
    }

    // The sum of two numbers of 16 bits is rounded only once in 64 bits, as it is in 32.
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        Self::narrow(self.widen() + other.widen())
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        Self::narrow(self.widen() - other.widen())
    }
}

/// Convert all numbers in `stored`; `converted` has room for as many.
pub(super) fn convert(from: NumberType, stored: &[u8], to: NumberType, converted: &mut [u8]) {
    if from == to && from.kind != NumberKind::Bool {
        converted.copy_from_slice(stored);
        return;
    }
    with_number!(from.kind, From => with_number!(to.kind, To => {
        let places = converted.chunks_exact_mut(To::NBYTES);
        for (place, number) in places.zip(stored.chunks_exact(From::NBYTES)) {
            let number = From::read(number, from.big_endian);
            To::from_value(number.value()).write(place, to.big_endian);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bits_are_exact() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x8000, -0.0),
            (0x3C00, 1.0),
            (0xC000, -2.0),
            (0x7BFF, 65_504.0),
            (0x0400, SMALLEST_NORMAL),
            (0x0001, EPSILON),
            (0x03FF, 1023.0 * EPSILON),
            (0x7C00, f64::INFINITY),
            (0xFC00, f64::NEG_INFINITY),
            (0x3555, 0.333_251_953_125),
        ] {
            assert_eq!(
                F16(bits).widen().to_bits(),
                f64::to_bits(value),
                "{bits:#x}"
            );
            assert_eq!(F16::narrow(value), F16(bits), "{value}");
        }
        for bits in 0..=u16::MAX {
            assert_eq!(F16::narrow(F16(bits).widen()), F16(bits), "{bits:#x}");
        }
    }

    /// Between any two neighbours lies their mean, which goes to the even one.
    #[test]
    fn sixteen_bits_are_rounded_to_even() {
        for bits in 0..0x7BFF_u16 {
            let (low, high) = (F16(bits).widen(), F16(bits + 1).widen());
            let mean = f64::midpoint(low, high);
            let even = F16(bits + (bits & 1));
            assert_eq!(F16::narrow(mean), even);
            assert_eq!(F16::narrow(mean.next_down()), F16(bits));
            assert_eq!(F16::narrow(mean.next_up()), F16(bits + 1));
        }
        assert_eq!(F16::narrow(OVERFLOW.next_down()), F16(0x7BFF));
        assert_eq!(F16::narrow(OVERFLOW), F16(0x7C00));
        assert_eq!(F16::narrow(1e300), F16(0x7C00));
        assert_eq!(F16::narrow(1e-300), F16(0));
    }

    /// As NumPy 2.4.6 does it, quiet or not.
    #[test]
    fn sixteen_bits_keep_what_tells_nans_apart() {
        for (bits, wide) in [
            (0x7C01, 0x7FF0_0400_0000_0000),
            (0x7D00, 0x7FF4_0000_0000_0000),
            (0x7E00, 0x7FF8_0000_0000_0000),
            (0xFC02, 0xFFF0_0800_0000_0000),
            (0xFFFF, 0xFFFF_FC00_0000_0000),
        ] {
            assert_eq!(F16(bits).widen().to_bits(), wide, "{bits:#x}");
            assert_eq!(F16::narrow(f64::from_bits(wide)), F16(bits), "{bits:#x}");
        }
        let has_low_bits_only = f64::from_bits(0x7FF0_0000_0000_0001);
        assert_eq!(F16::narrow(has_low_bits_only), F16(0x7C01));
    }

    #[test]
    fn integers_wrap() {
        assert_eq!(u8::from_value(Value::Int(-1)), 255);
        assert_eq!(i8::from_value(Value::Int(200)), -56);
        assert_eq!(i16::from_value(u64::MAX.value()), -1);
        assert_eq!(250_u8.plus(10), 4);
        assert_eq!((-128_i8).minus(1), 127);
    }

    #[test]
    fn floats_are_cut_off() {
        assert_eq!(i32::from_value(Value::Float(-2.9)), -2);
        assert_eq!(u8::from_value(Value::Float(255.9)), 255);
        assert_eq!(
            i64::from_value(Value::Float(-9.2e18)),
            -9_200_000_000_000_000_000
        );
        assert_eq!(
            u64::from_value(Value::Float(1.8e19)),
            18_000_000_000_000_000_000
        );
        assert_eq!(i32::from_value(Value::Float(-2_147_483_648.5)), i32::MIN);
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn floats_out_of_range_are_what_numpy_makes_of_them() {
        // NumPy 2.4.6 on x86-64.
        let huge = [f64::NAN, 1e300, -1e300];
        assert_eq!(
            huge.map(|x| i64::from_value(Value::Float(x))),
            [i64::MIN; 3]
        );
        assert_eq!(
            huge.map(|x| i32::from_value(Value::Float(x))),
            [i32::MIN; 3]
        );
        assert_eq!(huge.map(|x| i16::from_value(Value::Float(x))), [0; 3]);
        assert_eq!(u8::from_value(Value::Float(-1.0)), 255);
        assert_eq!(u32::from_value(Value::Float(-1.0)), u32::MAX);
    }

    #[test]
    fn truth() {
        for (value, truth) in [(0.0, 0), (-0.0, 0), (0.1, 1), (f64::NAN, 1)] {
            assert_eq!(Bool::from_value(Value::Float(value)), Bool(truth));
        }
        assert_eq!(Bool::read(&[7], false), Bool(1));
    }

    #[test]
    fn byte_orders() {
        let big = |kind| NumberType {
            kind,
            big_endian: true,
        };
        let little = |kind| NumberType {
            kind,
            big_endian: false,
        };
        let mut converted = [0; 8];
        convert(
            big(NumberKind::I16),
            &[0x01, 0x02, 0xFF, 0xFE],
            little(NumberKind::I32),
            &mut converted,
        );
        assert_eq!(converted, [2, 1, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF]);
        convert(
            little(NumberKind::I32),
            &[2, 1, 0, 0],
            big(NumberKind::F16),
            &mut converted[..2],
        );
        assert_eq!(converted[..2], [0x5C, 0x08]);
    }
}
