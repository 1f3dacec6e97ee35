import { abs } from "./abs.js";
import { add } from "./add.js";
import { averagePool } from "./average-pool.js";
import { batchNormalization } from "./batch-normalization.js";
import { cast } from "./cast.js";
import { clip } from "./clip.js";
import { concat } from "./concat.js";
import { constantOfShape } from "./constant-of-shape.js";
import { constant } from "./constant.js";
import { convTranspose } from "./conv-transpose.js";
import { conv } from "./conv.js";
import { cos } from "./cos.js";
import { cumSum } from "./cum-sum.js";
import { div } from "./div.js";
import { dropout } from "./dropout.js";
import { elu } from "./elu.js";
import { erf } from "./erf.js";
import { exp } from "./exp.js";
import { expand } from "./expand.js";
import { flatten } from "./flatten.js";
import { gatherElements } from "./gather-elements.js";
import { gather } from "./gather.js";
import { gelu } from "./gelu.js";
import { gemm } from "./gemm.js";
import { globalAveragePool } from "./global-average-pool.js";
import { globalMaxPool } from "./global-max-pool.js";
import { hardSigmoid } from "./hard-sigmoid.js";
import { hardSwish } from "./hard-swish.js";
import { identity } from "./identity.js";
import { instanceNormalization } from "./instance-normalization.js";
import { layerNormalization } from "./layer-normalization.js";
import { leakyRelu } from "./leaky-relu.js";
import { logSoftmax } from "./log-softmax.js";
import { log } from "./log.js";
import { matMul } from "./matmul.js";
import { maxPool } from "./max-pool.js";
import { max } from "./max.js";
import { mean } from "./mean.js";
import { min } from "./min.js";
import { mul } from "./mul.js";
import { neg } from "./neg.js";
import { pRelu } from "./p-relu.js";
import { pad } from "./pad.js";
import { pow } from "./pow.js";
import { range } from "./range.js";
import { reciprocal } from "./reciprocal.js";
import { gru } from "./recurrent/gru.js";
import { lstm } from "./recurrent/lstm.js";
import { rnn } from "./recurrent/rnn.js";
import { reduceL1 } from "./reduce-l1.js";
import { reduceL2 } from "./reduce-l2.js";
import { reduceLogSumExp } from "./reduce-log-sum-exp.js";
import { reduceMax } from "./reduce-max.js";
import { reduceMean } from "./reduce-mean.js";
import { reduceMin } from "./reduce-min.js";
import { reduceProd } from "./reduce-prod.js";
import { reduceSumSquare } from "./reduce-sum-square.js";
import { reduceSum } from "./reduce-sum.js";
import { relu } from "./relu.js";
import { reshape } from "./reshape.js";
import { selu } from "./selu.js";
import { shape } from "./shape.js";
import { sigmoid } from "./sigmoid.js";
import { sin } from "./sin.js";
import { slice } from "./slice.js";
import { softmax } from "./softmax.js";
import { softplus } from "./softplus.js";
import { softsign } from "./softsign.js";
import { split } from "./split.js";
import { sqrt } from "./sqrt.js";
import { squeeze } from "./squeeze.js";
import { sub } from "./sub.js";
import { sum } from "./sum.js";
import { tanh } from "./tanh.js";
import { tile } from "./tile.js";
import { transpose } from "./transpose.js";
import { trilu } from "./trilu.js";
import { unsqueeze } from "./unsqueeze.js";
import { where } from "./where.js";
import { FORWARD_ONLY } from "./forward-only.js";
import type { Operator } from "./operator.js";

/** Every operator that this package knows. A new operator is added here and nowhere else. */
const ALL: readonly Operator[] = [
  abs,
  add,
  averagePool,
  batchNormalization,
  cast,
  clip,
  concat,
  constant,
  constantOfShape,
  conv,
  convTranspose,
  cos,
  cumSum,
  div,
  dropout,
  elu,
  erf,
  exp,
  expand,
  flatten,
  gather,
  gatherElements,
  gelu,
  gemm,
  globalAveragePool,
  globalMaxPool,
  gru,
  hardSigmoid,
  hardSwish,
  identity,
  instanceNormalization,
  layerNormalization,
  leakyRelu,
  log,
  logSoftmax,
  lstm,
  matMul,
  max,
  maxPool,
  mean,
  min,
  mul,
  neg,
  pad,
  pow,
  pRelu,
  range,
  reciprocal,
  reduceL1,
  reduceL2,
  reduceLogSumExp,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceProd,
  reduceSum,
  reduceSumSquare,
  relu,
  reshape,
  rnn,
  selu,
  shape,
  sigmoid,
  sin,
  slice,
  softmax,
  softplus,
  softsign,
  split,
  sqrt,
  squeeze,
  sub,
  sum,
  tanh,
  tile,
  transpose,
  trilu,
  unsqueeze,
  where,
  ...FORWARD_ONLY,
];

export const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  ALL.map((operator) => [operator.type, operator]),
);
