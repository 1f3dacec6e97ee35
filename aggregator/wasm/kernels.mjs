/**
 * Text of the fold kernels. One template for each encoding says how to load lanes; `check` and `fold` are written once.
 *
 * Fixed point: a contribution is round(value * factor), factor = numExamples * 2^fractionBits. Adding 1.5 * 2^52 to a
 * float64 below 2^51 leaves the rounded integer in its low bits (round to nearest even), so subtracting the bit
 * pattern of that constant as an integer gives it; WebAssembly SIMD has no conversion from f64x2 to i64x2.
 */
const MAGIC = "f64x2 6755399441055744 6755399441055744";
const MAGIC_BITS = "i64x2 0x4338000000000000 0x4338000000000000";
const HIGH = "8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15";

/** Four float32 lanes of local $v as two pairs of float64. */
const low = "(f64x2.promote_low_f32x4 (local.get $v))";
const high = `(f64x2.promote_low_f32x4 (i8x16.shuffle ${HIGH} (local.get $v) (local.get $v)))`;

const accumulate = (pair, offset) => `
  (v128.store offset=${offset} (local.get $acc) (i64x2.add
    (v128.load offset=${offset} (local.get $acc))
    (i64x2.sub (f64x2.add (f64x2.mul ${pair} (local.get $f)) (v128.const ${MAGIC})) (v128.const ${MAGIC_BITS}))))`;

const foldLanes = `${accumulate(low, 0)}${accumulate(high, 16)}
  (local.set $acc (i32.add (local.get $acc) (i32.const 32)))`;

const squares = (pair) => `
  (local.set $w ${pair})
  (local.set $sum (f64x2.add (local.get $sum) (f64x2.mul (local.get $w) (local.get $w))))`;

// f32x4.max hands NaN on, so that one comparison at the end finds every value that is not finite.
const checkLanes = `${squares(low)}${squares(high)}
  (local.set $max (f32x4.max (local.get $max) (f32x4.abs (local.get $v))))`;

/** Binary16 in 32-bit lanes of $h to float32: exponent by multiplication, which also makes subnormals right. */
const half = `
  (local.set $m (f32x4.mul
    (i32x4.shl (v128.and (local.get $h) (v128.const i32x4 0x7fff 0x7fff 0x7fff 0x7fff)) (i32.const 13))
    (v128.const f32x4 0x1p+112 0x1p+112 0x1p+112 0x1p+112)))
  (local.set $m (v128.or (local.get $m) (v128.and
    (f32x4.ge (local.get $m) (v128.const f32x4 65536 65536 65536 65536))
    (v128.const i32x4 0x7f800000 0x7f800000 0x7f800000 0x7f800000))))
  (local.set $v (v128.or (local.get $m)
    (i32x4.shl (v128.and (local.get $h) (v128.const i32x4 0x8000 0x8000 0x8000 0x8000)) (i32.const 16))))`;

const locals = `(local $v v128) (local $w v128) (local $h v128) (local $m v128) (local $q v128) (local $f v128)
  (local $sum v128) (local $max v128) (local $end i32) (local $blockEnd i32) (local $scale v128)`;

const loop = (label, condition, body) => `(loop $${label} ${body} (br_if $${label} ${condition}))`;

const float32 = (lanes) => `
  (local.set $end (i32.add (local.get $body) (i32.shl (local.get $count) (i32.const 2))))
  ${loop(
    "values",
    "(i32.lt_u (local.get $body) (local.get $end))",
    `
    (local.set $v (v128.load (local.get $body)))
    ${lanes}
    (local.set $body (i32.add (local.get $body) (i32.const 16)))`,
  )}`;

const float16 = (lanes) => `
  (local.set $end (i32.add (local.get $body) (i32.shl (local.get $count) (i32.const 1))))
  ${loop(
    "values",
    "(i32.lt_u (local.get $body) (local.get $end))",
    `
    (local.set $h (v128.load32x4_like (local.get $body)))
    ${half}
    ${lanes}
    (local.set $body (i32.add (local.get $body) (i32.const 8)))`.replace(
      "v128.load32x4_like",
      "v128.load16x4_u",
    ),
  )}`;

/** $body points at the scales; $count is a multiple of 256. */
const int8 = (lanes) => `
  (local.set $codes (i32.add (local.get $body) (i32.shl (local.get $numScales) (i32.const 2))))
  (local.set $end (i32.add (local.get $codes) (local.get $count)))
  ${loop(
    "blocks",
    "(i32.lt_u (local.get $codes) (local.get $end))",
    `
    (local.set $scale (v128.load32_splat (local.get $body)))
    (local.set $body (i32.add (local.get $body) (i32.const 4)))
    (local.set $blockEnd (i32.add (local.get $codes) (i32.const 256)))
    ${loop(
      "values",
      "(i32.lt_u (local.get $codes) (local.get $blockEnd))",
      `
      (local.set $q (i16x8.load8x8_s_like (local.get $codes)))
      (local.set $v (f32x4.mul (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_s (local.get $q))) (local.get $scale)))
      ${lanes}
      (local.set $v (f32x4.mul (f32x4.convert_i32x4_s (i32x4.extend_high_i16x8_s (local.get $q))) (local.get $scale)))
      ${lanes}
      (local.set $codes (i32.add (local.get $codes) (i32.const 8)))`.replace(
        "i16x8.load8x8_s_like",
        "v128.load8x8_s",
      ),
    )}`,
  )}`;

const ENCODINGS = { float32, float16, int8 };

const fold = (name, walk) => `
(func (export "fold_${name}") (param $acc i32) (param $body i32) (param $count i32) (param $numScales i32) (param $factor f64)
  ${locals} (local $codes i32)
  (local.set $f (f64x2.splat (local.get $factor)))
  ${walk(foldLanes)})`;

/** Writes the sum of squares (f64) and the largest magnitude (f32) to address 0. */
const check = (name, walk) => `
(func (export "check_${name}") (param $body i32) (param $count i32) (param $numScales i32)
  ${locals} (local $codes i32)
  ${walk(checkLanes)}
  (f64.store (i32.const 0) (f64.add (f64x2.extract_lane 0 (local.get $sum)) (f64x2.extract_lane 1 (local.get $sum))))
  (f32.store (i32.const 8) (f32.max
    (f32.max (f32x4.extract_lane 0 (local.get $max)) (f32x4.extract_lane 1 (local.get $max)))
    (f32.max (f32x4.extract_lane 2 (local.get $max)) (f32x4.extract_lane 3 (local.get $max))))))`;

const mean = `
(func (export "mean") (param $acc i32) (param $out i32) (param $count i32) (param $divisor f64)
  (local $end i32)
  (local.set $end (i32.add (local.get $out) (i32.shl (local.get $count) (i32.const 2))))
  ${loop(
    "values",
    "(i32.lt_u (local.get $out) (local.get $end))",
    `
    (f32.store (local.get $out)
      (f32.demote_f64 (f64.div (f64.convert_i64_s (i64.load (local.get $acc))) (local.get $divisor))))
    (local.set $acc (i32.add (local.get $acc) (i32.const 8)))
    (local.set $out (i32.add (local.get $out) (i32.const 4)))`,
  )})`;

/** The module; its memory is the host's. */
export function kernelsText() {
  const functions = Object.entries(ENCODINGS).flatMap(([name, walk]) => [
    check(name, walk),
    fold(name, walk),
  ]);
  return `(module (import "host" "memory" (memory 1 65536))\n${[...functions, mean].join("\n")})`;
}
