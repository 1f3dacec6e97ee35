;; Kernels of the example-weighted sum of updates. The host owns the memory:
;;   0   f64  sum of squares of the update that is being checked
;;   8   i32  bit pattern of its largest magnitude; 0x7f800000 and above is infinity or NaN
;;   64  one update as its device encoded it; behind it 8-byte accumulators, one for each parameter.
;; Every kernel walks whole blocks of 256 values; the host pads the last one with zeros.
;;
;; Fixed point: a contribution is value * factor, rounded to the nearest integer, ties to even, where
;; factor = numExamples * 2^fractionBits. WebAssembly SIMD cannot convert f64x2 to i64x2. Adding 1.5 * 2^52 to a
;; float64 below 2^51 in magnitude leaves the rounded integer in its low bits, so subtracting the bit pattern of
;; that constant as an integer gives it. Integer sums do not depend on their order.
(module
  (import "host" "memory" (memory 1 65536))

  ;; Adds a part's findings to those of the parts before it. Magnitudes compare as their bit patterns do.
  (func $keep (param $sum v128) (param $max v128) (local $low i32) (local $high i32)
    (f64.store (i32.const 0) (f64.add (f64.load (i32.const 0))
      (f64.add (f64x2.extract_lane 0 (local.get $sum)) (f64x2.extract_lane 1 (local.get $sum)))))
    (local.set $max (i32x4.max_u (local.get $max) (v128.load32_splat (i32.const 8))))
    (local.set $max (i32x4.max_u (local.get $max)
      (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $max) (local.get $max))))
    (local.set $low (i32x4.extract_lane 0 (local.get $max)))
    (local.set $high (i32x4.extract_lane 1 (local.get $max)))
    (i32.store (i32.const 8)
      (select (local.get $low) (local.get $high) (i32.gt_u (local.get $low) (local.get $high)))))

  ;; Four partial sums of squares, so that additions do not wait for each other.
  (func (export "check_float32") (param $body i32) (param $count i32) (param $scales i32)
    (local $end i32) (local $v v128) (local $max v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $sumA v128) (local $sumB v128) (local $sumC v128) (local $sumD v128)
    (local.set $end (i32.add (local.get $body) (i32.shl (local.get $count) (i32.const 2))))
    (loop $values
      (local.set $v (v128.load (local.get $body)))
      (local.set $max (i32x4.max_u (local.get $max)
        (v128.and (local.get $v) (v128.const i32x4 0x7fffffff 0x7fffffff 0x7fffffff 0x7fffffff))))
      (local.set $a (f64x2.promote_low_f32x4 (local.get $v)))
      (local.set $b (f64x2.promote_low_f32x4
        (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $v) (local.get $v))))
      (local.set $v (v128.load offset=16 (local.get $body)))
      (local.set $max (i32x4.max_u (local.get $max)
        (v128.and (local.get $v) (v128.const i32x4 0x7fffffff 0x7fffffff 0x7fffffff 0x7fffffff))))
      (local.set $c (f64x2.promote_low_f32x4 (local.get $v)))
      (local.set $d (f64x2.promote_low_f32x4
        (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $v) (local.get $v))))
      (local.set $sumA (f64x2.add (local.get $sumA) (f64x2.mul (local.get $a) (local.get $a))))
      (local.set $sumB (f64x2.add (local.get $sumB) (f64x2.mul (local.get $b) (local.get $b))))
      (local.set $sumC (f64x2.add (local.get $sumC) (f64x2.mul (local.get $c) (local.get $c))))
      (local.set $sumD (f64x2.add (local.get $sumD) (f64x2.mul (local.get $d) (local.get $d))))
      (local.set $body (i32.add (local.get $body) (i32.const 32)))
      (br_if $values (i32.lt_u (local.get $body) (local.get $end))))
    (call $keep
      (f64x2.add (f64x2.add (local.get $sumA) (local.get $sumB)) (f64x2.add (local.get $sumC) (local.get $sumD)))
      (local.get $max)))

  (func (export "fold_float32")
    (param $acc i32) (param $body i32) (param $count i32) (param $scales i32) (param $factor f64)
    (local $end i32) (local $v v128) (local $f v128) (local $magic v128) (local $magicBits v128)
    (local.set $f (f64x2.splat (local.get $factor)))
    (local.set $magic (v128.const f64x2 6755399441055744 6755399441055744))
    (local.set $magicBits (v128.const i64x2 0x4338000000000000 0x4338000000000000))
    (local.set $end (i32.add (local.get $body) (i32.shl (local.get $count) (i32.const 2))))
    (loop $values
      (local.set $v (v128.load (local.get $body)))
      (v128.store (local.get $acc) (i64x2.add (v128.load (local.get $acc)) (i64x2.sub
        (f64x2.add (f64x2.mul (f64x2.promote_low_f32x4 (local.get $v)) (local.get $f)) (local.get $magic))
        (local.get $magicBits))))
      (v128.store offset=16 (local.get $acc) (i64x2.add (v128.load offset=16 (local.get $acc)) (i64x2.sub
        (f64x2.add (f64x2.mul (f64x2.promote_low_f32x4
          (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $v) (local.get $v)))
          (local.get $f)) (local.get $magic))
        (local.get $magicBits))))
      (local.set $v (v128.load offset=16 (local.get $body)))
      (v128.store offset=32 (local.get $acc) (i64x2.add (v128.load offset=32 (local.get $acc)) (i64x2.sub
        (f64x2.add (f64x2.mul (f64x2.promote_low_f32x4 (local.get $v)) (local.get $f)) (local.get $magic))
        (local.get $magicBits))))
      (v128.store offset=48 (local.get $acc) (i64x2.add (v128.load offset=48 (local.get $acc)) (i64x2.sub
        (f64x2.add (f64x2.mul (f64x2.promote_low_f32x4
          (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $v) (local.get $v)))
          (local.get $f)) (local.get $magic))
        (local.get $magicBits))))
      (local.set $acc (i32.add (local.get $acc) (i32.const 64)))
      (local.set $body (i32.add (local.get $body) (i32.const 32)))
      (br_if $values (i32.lt_u (local.get $body) (local.get $end)))))

  ;; IEEE 754 binary16 to float32 without touching float32 subnormals, which some processors handle slowly:
  ;; a normal number gets 112 added to its exponent; a subnormal one is made 2^-14 * (1 + fraction), less 2^-14.
  ;; Infinity and NaN come out finite here; their 15 bits, compared as integers, tell.
  (func (export "check_float16") (param $body i32) (param $count i32) (param $scales i32)
    (local $end i32) (local $h v128) (local $v v128) (local $max v128)
    (local $a v128) (local $b v128) (local $sumA v128) (local $sumB v128)
    (local.set $end (i32.add (local.get $body) (i32.shl (local.get $count) (i32.const 1))))
    (loop $values
      (local.set $h (i32x4.shl (v128.and (v128.load16x4_u (local.get $body))
        (v128.const i32x4 0x7fff 0x7fff 0x7fff 0x7fff)) (i32.const 13)))
      (local.set $max (i32x4.max_u (local.get $max) (local.get $h)))
      (local.set $v (v128.bitselect
        (f32x4.sub
          (i32x4.add (local.get $h) (v128.const i32x4 0x38800000 0x38800000 0x38800000 0x38800000))
          (v128.const i32x4 0x38800000 0x38800000 0x38800000 0x38800000))
        (i32x4.add (local.get $h) (v128.const i32x4 0x38000000 0x38000000 0x38000000 0x38000000))
        (i32x4.lt_s (local.get $h) (v128.const i32x4 0x00800000 0x00800000 0x00800000 0x00800000))))
      (local.set $a (f64x2.promote_low_f32x4 (local.get $v)))
      (local.set $b (f64x2.promote_low_f32x4
        (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $v) (local.get $v))))
      (local.set $sumA (f64x2.add (local.get $sumA) (f64x2.mul (local.get $a) (local.get $a))))
      (local.set $sumB (f64x2.add (local.get $sumB) (f64x2.mul (local.get $b) (local.get $b))))
      (local.set $body (i32.add (local.get $body) (i32.const 8)))
      (br_if $values (i32.lt_u (local.get $body) (local.get $end))))
    ;; The largest 15 bits as float32 bits; exponent 31 becomes infinity or NaN.
    (local.set $max (v128.bitselect
      (v128.or (local.get $max) (v128.const i32x4 0x7f800000 0x7f800000 0x7f800000 0x7f800000))
      (v128.bitselect
        (f32x4.sub
          (i32x4.add (local.get $max) (v128.const i32x4 0x38800000 0x38800000 0x38800000 0x38800000))
          (v128.const i32x4 0x38800000 0x38800000 0x38800000 0x38800000))
        (i32x4.add (local.get $max) (v128.const i32x4 0x38000000 0x38000000 0x38000000 0x38000000))
        (i32x4.lt_s (local.get $max) (v128.const i32x4 0x00800000 0x00800000 0x00800000 0x00800000)))
      (i32x4.ge_s (local.get $max) (v128.const i32x4 0x0f800000 0x0f800000 0x0f800000 0x0f800000))))
    (call $keep (f64x2.add (local.get $sumA) (local.get $sumB)) (local.get $max)))

  ;; For finite values only.
  (func (export "fold_float16")
    (param $acc i32) (param $body i32) (param $count i32) (param $scales i32) (param $factor f64)
    (local $end i32) (local $raw v128) (local $h v128) (local $v v128)
    (local $f v128) (local $magic v128) (local $magicBits v128)
    (local.set $f (f64x2.splat (local.get $factor)))
    (local.set $magic (v128.const f64x2 6755399441055744 6755399441055744))
    (local.set $magicBits (v128.const i64x2 0x4338000000000000 0x4338000000000000))
    (local.set $end (i32.add (local.get $body) (i32.shl (local.get $count) (i32.const 1))))
    (loop $values
      (local.set $raw (v128.load16x4_u (local.get $body)))
      (local.set $h (i32x4.shl (v128.and (local.get $raw)
        (v128.const i32x4 0x7fff 0x7fff 0x7fff 0x7fff)) (i32.const 13)))
      (local.set $v (v128.or
        (i32x4.shl (v128.and (local.get $raw) (v128.const i32x4 0x8000 0x8000 0x8000 0x8000)) (i32.const 16))
        (v128.bitselect
          (f32x4.sub
            (i32x4.add (local.get $h) (v128.const i32x4 0x38800000 0x38800000 0x38800000 0x38800000))
            (v128.const i32x4 0x38800000 0x38800000 0x38800000 0x38800000))
          (i32x4.add (local.get $h) (v128.const i32x4 0x38000000 0x38000000 0x38000000 0x38000000))
          (i32x4.lt_s (local.get $h) (v128.const i32x4 0x00800000 0x00800000 0x00800000 0x00800000)))))
      (v128.store (local.get $acc) (i64x2.add (v128.load (local.get $acc)) (i64x2.sub
        (f64x2.add (f64x2.mul (f64x2.promote_low_f32x4 (local.get $v)) (local.get $f)) (local.get $magic))
        (local.get $magicBits))))
      (v128.store offset=16 (local.get $acc) (i64x2.add (v128.load offset=16 (local.get $acc)) (i64x2.sub
        (f64x2.add (f64x2.mul (f64x2.promote_low_f32x4
          (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $v) (local.get $v)))
          (local.get $f)) (local.get $magic))
        (local.get $magicBits))))
      (local.set $acc (i32.add (local.get $acc) (i32.const 32)))
      (local.set $body (i32.add (local.get $body) (i32.const 8)))
      (br_if $values (i32.lt_u (local.get $body) (local.get $end)))))

  ;; Squares of a block of 256 codes are summed as integers; its scale enters once, in float64. The largest magnitude
  ;; is that of the largest code: rounding a product to float32 keeps the order.
  (func (export "check_int8") (param $body i32) (param $count i32) (param $scales i32)
    (local $end i32) (local $blockEnd i32) (local $codes v128) (local $low v128) (local $high v128)
    (local $squares v128) (local $codeMax v128) (local $scale v128) (local $wide v128)
    (local $sum v128) (local $max v128)
    (local.set $end (i32.add (local.get $body) (local.get $count)))
    (loop $blocks
      (local.set $scale (v128.load32_splat (local.get $scales)))
      (local.set $scales (i32.add (local.get $scales) (i32.const 4)))
      (local.set $squares (v128.const i32x4 0 0 0 0))
      (local.set $codeMax (v128.const i32x4 0 0 0 0))
      (local.set $blockEnd (i32.add (local.get $body) (i32.const 256)))
      (loop $values
        (local.set $codes (v128.load (local.get $body)))
        (local.set $low (i16x8.extend_low_i8x16_s (local.get $codes)))
        (local.set $high (i16x8.extend_high_i8x16_s (local.get $codes)))
        (local.set $squares (i32x4.add (local.get $squares) (i32x4.add
          (i32x4.dot_i16x8_s (local.get $low) (local.get $low))
          (i32x4.dot_i16x8_s (local.get $high) (local.get $high)))))
        ;; |-128| does not fit a signed byte; as an unsigned one it is right.
        (local.set $codeMax (i8x16.max_u (local.get $codeMax) (i8x16.abs (local.get $codes))))
        (local.set $body (i32.add (local.get $body) (i32.const 16)))
        (br_if $values (i32.lt_u (local.get $body) (local.get $blockEnd))))
      (local.set $wide (f64x2.promote_low_f32x4 (local.get $scale)))
      (local.set $sum (f64x2.add (local.get $sum) (f64x2.mul
        (f64x2.mul (local.get $wide) (local.get $wide))
        (f64x2.add (f64x2.convert_low_i32x4_s (local.get $squares))
          (f64x2.convert_low_i32x4_s (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15
            (local.get $squares) (local.get $squares)))))))
      ;; Each byte of a lane in turn, times the scale.
      (local.set $low (i16x8.max_u (i16x8.extend_low_i8x16_u (local.get $codeMax))
        (i16x8.extend_high_i8x16_u (local.get $codeMax))))
      (local.set $low (i32x4.max_u (i32x4.extend_low_i16x8_u (local.get $low))
        (i32x4.extend_high_i16x8_u (local.get $low))))
      (local.set $max (i32x4.max_u (local.get $max) (f32x4.abs
        (f32x4.mul (f32x4.convert_i32x4_s (local.get $low)) (local.get $scale)))))
      (br_if $blocks (i32.lt_u (local.get $body) (local.get $end))))
    (call $keep (local.get $sum) (local.get $max)))

  ;; value = code * scale, rounded to float32 as the codec does.
  (func (export "fold_int8")
    (param $acc i32) (param $body i32) (param $count i32) (param $scales i32) (param $factor f64)
    (local $end i32) (local $blockEnd i32) (local $codes v128) (local $v v128) (local $scale v128)
    (local $f v128) (local $magic v128) (local $magicBits v128)
    (local.set $f (f64x2.splat (local.get $factor)))
    (local.set $magic (v128.const f64x2 6755399441055744 6755399441055744))
    (local.set $magicBits (v128.const i64x2 0x4338000000000000 0x4338000000000000))
    (local.set $end (i32.add (local.get $body) (local.get $count)))
    (loop $blocks
      (local.set $scale (v128.load32_splat (local.get $scales)))
      (local.set $scales (i32.add (local.get $scales) (i32.const 4)))
      (local.set $blockEnd (i32.add (local.get $body) (i32.const 256)))
      (loop $values
        (local.set $codes (v128.load8x8_s (local.get $body)))
        (local.set $v (f32x4.mul
          (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_s (local.get $codes))) (local.get $scale)))
        (v128.store (local.get $acc) (i64x2.add (v128.load (local.get $acc)) (i64x2.sub
          (f64x2.add (f64x2.mul (f64x2.promote_low_f32x4 (local.get $v)) (local.get $f)) (local.get $magic))
          (local.get $magicBits))))
        (v128.store offset=16 (local.get $acc) (i64x2.add (v128.load offset=16 (local.get $acc)) (i64x2.sub
          (f64x2.add (f64x2.mul (f64x2.promote_low_f32x4
            (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $v) (local.get $v)))
            (local.get $f)) (local.get $magic))
          (local.get $magicBits))))
        (local.set $v (f32x4.mul
          (f32x4.convert_i32x4_s (i32x4.extend_high_i16x8_s (local.get $codes))) (local.get $scale)))
        (v128.store offset=32 (local.get $acc) (i64x2.add (v128.load offset=32 (local.get $acc)) (i64x2.sub
          (f64x2.add (f64x2.mul (f64x2.promote_low_f32x4 (local.get $v)) (local.get $f)) (local.get $magic))
          (local.get $magicBits))))
        (v128.store offset=48 (local.get $acc) (i64x2.add (v128.load offset=48 (local.get $acc)) (i64x2.sub
          (f64x2.add (f64x2.mul (f64x2.promote_low_f32x4
            (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $v) (local.get $v)))
            (local.get $f)) (local.get $magic))
          (local.get $magicBits))))
        (local.set $acc (i32.add (local.get $acc) (i32.const 64)))
        (local.set $body (i32.add (local.get $body) (i32.const 8)))
        (br_if $values (i32.lt_u (local.get $body) (local.get $blockEnd))))
      (br_if $blocks (i32.lt_u (local.get $body) (local.get $end)))))

  ;; Adds other accumulators, value by value.
  (func (export "merge") (param $acc i32) (param $body i32) (param $count i32) (local $end i32)
    (local.set $end (i32.add (local.get $acc) (i32.shl (local.get $count) (i32.const 3))))
    (loop $values
      (v128.store (local.get $acc) (i64x2.add (v128.load (local.get $acc)) (v128.load (local.get $body))))
      (local.set $acc (i32.add (local.get $acc) (i32.const 16)))
      (local.set $body (i32.add (local.get $body) (i32.const 16)))
      (br_if $values (i32.lt_u (local.get $acc) (local.get $end)))))

  ;; accumulator / divisor in float64, then rounded to float32. WebAssembly SIMD cannot convert i64x2 to f64x2 either,
  ;; but divides by pairs.
  (func (export "mean") (param $acc i32) (param $out i32) (param $count i32) (param $divisor f64)
    (local $end i32) (local $d v128) (local $low v128) (local $high v128)
    (local.set $d (f64x2.splat (local.get $divisor)))
    (local.set $end (i32.add (local.get $out) (i32.shl (local.get $count) (i32.const 2))))
    (loop $values
      (local.set $low (f64x2.replace_lane 1
        (f64x2.splat (f64.convert_i64_s (i64.load (local.get $acc))))
        (f64.convert_i64_s (i64.load offset=8 (local.get $acc)))))
      (local.set $high (f64x2.replace_lane 1
        (f64x2.splat (f64.convert_i64_s (i64.load offset=16 (local.get $acc))))
        (f64.convert_i64_s (i64.load offset=24 (local.get $acc)))))
      (v128.store (local.get $out) (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
        (f32x4.demote_f64x2_zero (f64x2.div (local.get $low) (local.get $d)))
        (f32x4.demote_f64x2_zero (f64x2.div (local.get $high) (local.get $d)))))
      (local.set $acc (i32.add (local.get $acc) (i32.const 32)))
      (local.set $out (i32.add (local.get $out) (i32.const 16)))
      (br_if $values (i32.lt_u (local.get $out) (local.get $end))))))
