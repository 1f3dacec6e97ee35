import * as z from "zod/mini";
import { blobRef } from "../blob-ref.js";
import { evaluationRunId, modelName } from "../ids.js";
import { MAX_EXAMPLES_PER_UPDATE } from "../limits.js";
import { durationMs, positiveInt } from "../schema.js";
import { assigned, proceed, queued, receipt, rejected, roundClosed } from "./round.js";

/** A candidate and what it is compared with. */
export const MAX_EVALUATED_VERSIONS = 2;

const attempt = z.int().check(z.gte(1), z.lte(65_535));
/** Which run of evaluations, and which asking in it. */
export const evaluationRun = { runId: evaluationRunId, attempt };

/** Whether each version is there once. */
export function areDistinct(versions: readonly { readonly version: number }[]): boolean {
  return new Set(versions.map(({ version }) => version)).size === versions.length;
}

/**
 * Server to device: measure these versions on your labelled examples, all of them on the same ones, and say the sums. The
 * versions are measured and thrown away; what serves stays. Sent again, it means the same.
 */
export const evaluate = z.object({
  type: z.literal("evaluate"),
  ...evaluationRun,
  model: modelName,
  versions: z
    .array(z.object({ version: positiveInt, manifest: blobRef }))
    .check(z.minLength(1), z.maxLength(MAX_EVALUATED_VERSIONS), z.refine(areDistinct, "distinct versions")),
  maxExamples: z.int().check(z.gte(1), z.lte(MAX_EXAMPLES_PER_UPDATE)),
  deadlineMs: durationMs,
});
export type Evaluate = z.infer<typeof evaluate>;

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
