import { effectGate } from "./effect-gate.js";
import { andersonDarling } from "./methods/anderson-darling.js";
import { chiSquared, gTest } from "./methods/contingency.js";
import { greatestShift, hellinger, jensenShannon, psi, totalVariation } from "./methods/distances.js";
import { fisher } from "./methods/fisher.js";
import { kolmogorovSmirnov } from "./methods/kolmogorov-smirnov.js";
import { mmd } from "./methods/mmd.js";
import { cramerVonMises, mannWhitney } from "./methods/rank-tests.js";
import { wasserstein } from "./methods/wasserstein.js";
import { welch } from "./methods/welch.js";
import { unsuited } from "./method-kinds.js";
import { decodeDriftOptions, type DriftOptions, type DriftOptionsInput } from "./options.js";
import {
  isUntestable,
  type DriftMethod,
  type DriftResult,
  type Measured,
  type Outcome,
  type StreamMethod,
} from "./result.js";
import { binOf } from "./samples/bin-edges.js";
import { cellsOf, type Cells } from "./samples/cells.js";
import { momentsOfPair } from "./samples/moments.js";
import { pooledNumbers, pooledOf, type Pooled } from "./samples/pooled.js";
import { readPair } from "./samples/read-pair.js";
import type { Sample, SamplePair } from "./samples/sample.js";
import { brokenData, judge, missingOf } from "./verdict.js";

/** Methods that compare two samples. */
export type SampleMethod = Exclude<DriftMethod, StreamMethod>;

/**
 * Compares two samples by one method. An input that cannot be tested gives `not_testable` and the reason; only options at fault
 * throw (OPTION_INVALID).
 */
export function testSamples(
  method: SampleMethod,
  reference: Sample,
  current: Sample,
  optionsInput: DriftOptionsInput = {},
): DriftResult {
  const options = decodeDriftOptions(optionsInput);
  const pair = readPair(reference, current);
  if ("reason" in pair) return untestable(method, pair.reason);
  const broken = brokenData(pair, options);
  const misfit = unsuited(method, pair);
  if (misfit !== undefined) return untestable(method, misfit);
  const cells = pair.kind === "vectors" ? undefined : cellsOf(pair, options.bins);
  const outcome = withoutOverflow(method, measure(method, pair, cells, options));
  const rows = rowDetails(pair);
  if (isUntestable(outcome)) {
    const result = untestable(method, outcome.reason);
    return { ...result, ...sizesOf(pair), ...broken, details: rows };
  }
  const gate = effectGate(pair, cells, outcome, options);
  const judgement = broken ?? judge(pair, outcome, gate, options);
  return resultOf(
    method,
    outcome,
    judgement,
    { ...rows, gate: { ...gate, floors: options.floors } },
    options,
  );
}

/** Values near the greatest double overflow where they are subtracted or squared. Only an odds ratio may be infinite. */
function withoutOverflow(method: SampleMethod, outcome: Outcome): Outcome {
  if (isUntestable(outcome)) return outcome;
  const { statistic, logPValue = 0, effect } = outcome;
  const isSound = method === "fisher" ? !Number.isNaN(statistic) : Number.isFinite(statistic);
  if (isSound && !Number.isNaN(logPValue) && !Number.isNaN(effect?.value ?? 0)) return outcome;
  return { reason: "the values are too large to compute with" };
}

function resultOf(
  method: SampleMethod,
  measured: Measured,
  judgement: Pick<DriftResult, "verdict" | "reason">,
  details: Record<string, unknown>,
  { alpha }: DriftOptions,
): DriftResult {
  const { statistic, n, m, logPValue, effect, limit, companion } = measured;
  const companionDetails =
    companion === undefined ? {} : { companion: { ...companion, pValue: Math.exp(companion.logPValue) } };
  return {
    method,
    statistic,
    ...(logPValue === undefined ? {} : { pValue: Math.exp(logPValue), logPValue }),
    ...(effect === undefined ? {} : { effect }),
    n,
    m,
    ...judgement,
    details: {
      ...measured.details,
      alpha,
      ...(limit === undefined ? {} : { limit }),
      ...companionDetails,
      ...details,
    },
  };
}

function untestable(method: SampleMethod, reason: string): DriftResult {
  return { method, statistic: null, n: 0, m: 0, verdict: "not_testable", reason, details: {} };
}

function measure(
  method: SampleMethod,
  pair: SamplePair,
  cells: Cells | undefined,
  options: DriftOptions,
): Outcome {
  if (method === "mmd") return ofVectors(pair, options);
  if (method === "welch") return ofMoments(pair);
  const ofRanks = RANK_METHODS[method];
  const pooled = ofRanks === undefined ? undefined : pooledFor(method, pair, cells);
  if (ofRanks !== undefined && pooled !== undefined) return ofRanks(pooled, options, pair);
  const ofCells = CELL_METHODS[method];
  if (ofCells === undefined || cells === undefined) return { reason: `${method} cannot take this sample` };
  return ofCells(cells, options);
}

const CELL_METHODS: Partial<Record<SampleMethod, (cells: Cells, options: DriftOptions) => Outcome>> = {
  "chi-squared": (cells, { yates }) => chiSquared(cells, yates),
  "g-test": (cells, { yates }) => gTest(cells, yates),
  fisher,
  psi,
  "jensen-shannon": jensenShannon,
  hellinger,
  "total-variation": totalVariation,
  "l-infinity": greatestShift,
};

type RankMethod = (pooled: Pooled, options: DriftOptions, pair: SamplePair) => Outcome;

const RANK_METHODS: Partial<Record<SampleMethod, RankMethod>> = {
  ks: (pooled, { mode }) => kolmogorovSmirnov(pooled, mode),
  "ks-binned": (pooled, { mode }) => kolmogorovSmirnov(pooled, mode),
  wasserstein: (pooled, _options, pair) => wasserstein(pooled, pair),
  "cramer-von-mises": cramerVonMises,
  "mann-whitney": mannWhitney,
  "anderson-darling": andersonDarling,
};

/** Rows as ranked values; for `ks-binned` numbers are put into the bins of the reference first. */
function pooledFor(method: SampleMethod, pair: SamplePair, cells: Cells | undefined): Pooled | undefined {
  if (method !== "ks-binned" || pair.kind !== "numbers" || cells?.edges === undefined) return pooledOf(pair);
  const { edges } = cells;
  // Infinities are below and above all edges.
  const binned = (values: Float64Array): Float64Array => values.map((value) => binOf(edges, value));
  const pooled = pooledNumbers(binned(pair.reference.values), binned(pair.current.values));
  return { ...pooled, isBinned: true };
}

function ofMoments(pair: SamplePair): Outcome {
  if (pair.kind !== "numbers") return { reason: "it takes values; bins have no variance" };
  const { reference, current, unit } = momentsOfPair(pair.reference.values, pair.current.values);
  return welch(reference, current, unit);
}

function ofVectors(pair: SamplePair, options: DriftOptions): Outcome {
  if (pair.kind === "vectors") return mmd(pair, options);
  if (pair.kind !== "numbers") return { reason: "it takes numbers or vectors" };
  return mmd({ width: 1, reference: pair.reference.values, current: pair.current.values }, options);
}

function sizesOf(pair: SamplePair): { readonly n: number; readonly m: number } {
  if (pair.kind === "vectors") {
    return { n: pair.reference.length / pair.width, m: pair.current.length / pair.width };
  }
  const [first, second] = [missingOf(pair, "reference"), missingOf(pair, "current")];
  return { n: first.total - first.count, m: second.total - second.count };
}

/** What of the rows was missing or of a wrong type, where any was. */
function rowDetails(pair: SamplePair): Record<string, unknown> {
  if (pair.kind === "vectors") return { numMissing: pair.numMissing };
  const missing = { reference: pair.reference.numMissing, current: pair.current.numMissing };
  if (pair.kind !== "numbers") return { missing };
  return {
    missing,
    wrongType: { reference: pair.reference.numWrongType, current: pair.current.numWrongType },
  };
}
