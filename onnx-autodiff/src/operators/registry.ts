import { abs } from "./abs.js";
import { add } from "./add.js";
import { cast } from "./cast.js";
import { concat } from "./concat.js";
import { constant } from "./constant.js";
import { div } from "./div.js";
import { exp } from "./exp.js";
import { flatten } from "./flatten.js";
import { FORWARD_ONLY } from "./forward-only.js";
import { gather } from "./gather.js";
import { gemm } from "./gemm.js";
import { identity } from "./identity.js";
import { log } from "./log.js";
import { logSoftmax } from "./log-softmax.js";
import { matMul } from "./matmul.js";
import { mul } from "./mul.js";
import { neg } from "./neg.js";
import type { Operator } from "./operator.js";
import { reduceMean } from "./reduce-mean.js";
import { reduceSum } from "./reduce-sum.js";
import { relu } from "./relu.js";
import { reshape } from "./reshape.js";
import { shape } from "./shape.js";
import { sigmoid } from "./sigmoid.js";
import { softmax } from "./softmax.js";
import { sqrt } from "./sqrt.js";
import { squeeze } from "./squeeze.js";
import { sub } from "./sub.js";
import { tanh } from "./tanh.js";
import { transpose } from "./transpose.js";
import { unsqueeze } from "./unsqueeze.js";
import { where } from "./where.js";

/** Every operator that this package knows. A new operator is added here and nowhere else. */
const ALL: readonly Operator[] = [
  abs,
  add,
  cast,
  concat,
  constant,
  div,
  exp,
  flatten,
  gather,
  gemm,
  identity,
  log,
  logSoftmax,
  matMul,
  mul,
  neg,
  reduceMean,
  reduceSum,
  relu,
  reshape,
  shape,
  sigmoid,
  softmax,
  sqrt,
  squeeze,
  sub,
  tanh,
  transpose,
  unsqueeze,
  where,
  ...FORWARD_ONLY,
];

export const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  ALL.map((operator) => [operator.type, operator]),
);
