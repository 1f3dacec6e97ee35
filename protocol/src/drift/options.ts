import * as z from "zod/mini";
import { decodeWith, finiteNumber, positiveInt, shortText } from "../schema.js";

const share = finiteNumber.check(z.gte(0), z.lte(1));
const level = finiteNumber.check(z.gt(0), z.lt(1));
const above0 = finiteNumber.check(z.gt(0));
const atLeast0 = finiteNumber.check(z.gte(0));

/** How a test is made. Everything has a default; a name that is not here is refused, for it would do nothing. */
const optionsSchema = z.strictObject({
  /** Level of the test; a p-value at or below it is more than chance. */
  alpha: z._default(level, 0.05),
  /** Below so many rows on either side there is no verdict. */
  minRows: z._default(positiveInt, 100),
  /** Equal-mass bins of numeric values, made from the reference alone. */
  bins: z._default(z.int().check(z.gte(2), z.lte(1000)), 20),
  /** PSI of an empty cell: its share is `zeroFloor`, or half a row is added to every cell. */
  zeroRule: z._default(z.enum(["floor", "add-half"]), "floor"),
  zeroFloor: z._default(above0.check(z.lte(0.1)), 1e-4),
  /** Base of the logarithm of Jensen-Shannon. */
  logBase: z._default(z.union([z.literal(2), z.literal("e")]), 2),
  /** How a p-value is computed, where there are several ways; `limit` and `stephens` are of Kolmogorov-Smirnov only. */
  mode: z._default(z.enum(["auto", "exact", "asymptotic", "limit", "stephens"]), "auto"),
  /** Yates' correction of 2 x 2 tables, in chi-squared and G. */
  yates: z._default(z.boolean(), true),
  /** Continuity correction of Mann-Whitney. */
  continuity: z._default(z.boolean(), true),
  /** MMD: permutations behind its p-value (0: none), cosines, and the seed of both. */
  permutations: z._default(z.int().check(z.gte(0), z.lte(100_000)), 200),
  cosines: z._default(z.int().check(z.gte(1), z.lte(4096)), 256),
  seed: z._default(shortText, "fedge"),
  /** Share of rows that have to be of the right type. */
  mostly: z._default(share, 1),
  /** An effect has to be above one of these, after what chance alone would give is taken off. */
  floors: z._default(
    z.strictObject({
      jensenShannon: z._default(atLeast0, 0.1),
      psi: z._default(atLeast0, 0.1),
      meanShift: z._default(atLeast0, 0.25),
      mmd: z._default(atLeast0, 0.1),
      missing: z._default(atLeast0, 0.1),
    }),
    { jensenShannon: 0.1, psi: 0.1, meanShift: 0.25, mmd: 0.1, missing: 0.1 },
  ),
  /** Streams: values by the mean and deviation of the reference. `null`: where there is a reference. */
  standardise: z._default(z.nullable(z.boolean()), null),
  /** ADWIN: its confidence, and every how many values it looks. */
  adwin: z._default(
    z.strictObject({
      delta: z._default(level, 0.002),
      clock: z._default(positiveInt, 32),
      graceRows: z._default(positiveInt, 10),
      minWindowRows: z._default(positiveInt, 5),
      maxBuckets: z._default(z.int().check(z.gte(2), z.lte(100)), 5),
    }),
    { delta: 0.002, clock: 32, graceRows: 10, minWindowRows: 5, maxBuckets: 5 },
  ),
  pageHinkley: z._default(
    z.strictObject({
      delta: z._default(atLeast0, 0.005),
      threshold: z._default(above0, 50),
      minRows: z._default(positiveInt, 30),
      /** What is left of the sums from one value to the next. */
      forgetting: z._default(above0.check(z.lte(1)), 0.9999),
    }),
    { delta: 0.005, threshold: 50, minRows: 30, forgetting: 0.9999 },
  ),
  ddm: z._default(
    z.strictObject({
      warmUpRows: z._default(positiveInt, 30),
      warningSigmas: z._default(above0, 2),
      driftSigmas: z._default(above0, 3),
    }),
    { warmUpRows: 30, warningSigmas: 2, driftSigmas: 3 },
  ),
});

export type DriftOptions = z.output<typeof optionsSchema>;
/** As a person writes them: every one may be left out. */
export type DriftOptionsInput = z.input<typeof optionsSchema>;

/** Options with their defaults. Throws OPTION_INVALID, naming the first at fault. */
export function decodeDriftOptions(value: unknown): DriftOptions {
  return decodeWith(optionsSchema, value ?? {}, { what: "options of a drift test", code: "OPTION_INVALID" });
}
