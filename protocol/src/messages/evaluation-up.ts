import * as z from "zod/mini";
import { MAX_EXAMPLES_PER_UPDATE } from "../limits.js";
import { finiteNumber, nonNegativeInt, positiveInt } from "../schema.js";
import { areDistinct, evaluationRun, MAX_EVALUATED_VERSIONS } from "./evaluation.js";
import { abort, checkIn } from "./round-up.js";
import { errorCode, report } from "./round.js";

/* What only servers read: a page ships none of it. */

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
    ...evaluationRun,
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
  ...evaluationRun,
  reason: z.enum([
    "not-allowed",
    "not-now",
    "no-examples",
    "incompatible",
    "interrupted",
    "deadline",
    "failed",
  ]),
  code: z.optional(errorCode),
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
