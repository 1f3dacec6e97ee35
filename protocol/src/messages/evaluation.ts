import * as z from "zod/mini";
import { blobRef } from "../blob-ref.js";
import { ERROR_CODES } from "../errors.js";
import { evaluationRunId, modelName } from "../ids.js";
import { MAX_EXAMPLES_PER_UPDATE } from "../limits.js";
import { durationMs, finiteNumber, nonNegativeInt, positiveInt } from "../schema.js";
import {
  abort,
  assigned,
  checkIn,
  proceed,
  queued,
  receipt,
  rejected,
  report,
  roundClosed,
} from "./round.js";

/** A candidate and what it is compared with. */
export const MAX_EVALUATED_VERSIONS = 2;

const attempt = z.int().check(z.gte(1), z.lte(65_535));
const run = { runId: evaluationRunId, attempt };

function areDistinct(versions: readonly { readonly version: number }[]): boolean {
  return new Set(versions.map(({ version }) => version)).size === versions.length;
}

/**
 * Server to device: measure these versions on your labelled examples, all of them on the same ones, and say the sums. The
 * versions are measured and thrown away; what serves stays. Sent again, it means the same.
 */
export const evaluate = z.object({
  type: z.literal("evaluate"),
  ...run,
  model: modelName,
  versions: z
    .array(z.object({ version: positiveInt, manifest: blobRef }))
    .check(z.minLength(1), z.maxLength(MAX_EVALUATED_VERSIONS), z.refine(areDistinct, "distinct versions")),
  maxExamples: z.int().check(z.gte(1), z.lte(MAX_EXAMPLES_PER_UPDATE)),
  deadlineMs: durationMs,
});
export type Evaluate = z.infer<typeof evaluate>;

/** Sums of one version; `lossSum` is null when they are no finite number. */
export const evaluationSums = z.object({
  version: positiveInt,
  /** Null where the loss tells apart no right from wrong. */
  numCorrect: z.nullable(nonNegativeInt),
  lossSum: z.nullable(finiteNumber),
});
export type EvaluationSums = z.infer<typeof evaluationSums>;

/** Device to server: the sums over my examples, and nothing of any one of them. Said once for each (runId, attempt). */
export const evaluated = z
  .object({
    type: z.literal("evaluated"),
    ...run,
    numExamples: z.int().check(z.gte(1), z.lte(MAX_EXAMPLES_PER_UPDATE)),
    /** Terms of the loss, the same for every version: an example has several where it is a sequence. */
    numTerms: positiveInt,
    results: z
      .array(evaluationSums)
      .check(z.minLength(1), z.maxLength(MAX_EVALUATED_VERSIONS), z.refine(areDistinct, "distinct versions")),
  })
  .check(
    z.refine(
      ({ results, numTerms }) => results.every(({ numCorrect }) => (numCorrect ?? 0) <= numTerms),
      "at most numTerms are correct",
    ),
  );
export type Evaluated = z.infer<typeof evaluated>;

/**
 * Device to server: not by me. `not-allowed` without its person's consent, `not-now` while its conditions are against it or
 * it evaluates something else, `failed` with what the code says.
 */
export const evaluationDeclined = z.object({
  type: z.literal("evaluation-declined"),
  ...run,
  reason: z.enum([
    "not-allowed",
    "not-now",
    "no-examples",
    "incompatible",
    "interrupted",
    "deadline",
    "failed",
  ]),
  code: z.optional(z.enum(ERROR_CODES)),
});
export type EvaluationDeclined = z.infer<typeof evaluationDeclined>;
export type EvaluationReply = Evaluated | EvaluationDeclined;

/** Everything that devices say on `fl/up`. */
export const learningUp = z.discriminatedUnion("type", [
  checkIn,
  report,
  abort,
  evaluated,
  evaluationDeclined,
]);
export type LearningUp = z.infer<typeof learningUp>;

/** Everything that devices are told on `fl/dn`. */
export const learningDown = z.discriminatedUnion("type", [
  queued,
  rejected,
  assigned,
  proceed,
  receipt,
  roundClosed,
  evaluate,
]);
export type LearningDown = z.infer<typeof learningDown>;
