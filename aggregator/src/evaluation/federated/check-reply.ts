import { FedgeError, type Evaluated, type ModelManifest } from "@fedge/protocol";
import type { EvaluationRequest } from "./run-record.js";

/** Where a manifest leaves the length of an example open, this many terms are believed. */
const MAX_OPEN_TERMS = 4096;
/** Mean losses beyond this are no measurement but what weights that overflow give; squares must stay finite numbers. */
const MAX_MEAN_LOSS = 1e12;

/** What a reply is held to. */
export interface ReplyBounds {
  readonly versions: readonly number[];
  readonly maxExamples: number;
  readonly maxTermsPerExample: number;
}

export function boundsOf(
  { version, against, maxExamples }: Pick<EvaluationRequest, "version" | "against" | "maxExamples">,
  manifest: Pick<ModelManifest, "target">,
): ReplyBounds {
  const versions = against === null ? [version] : [version, against];
  const shape = manifest.target?.shape.slice(1) ?? [];
  const maxTermsPerExample = shape.reduce<number>((product, size) => product * (size ?? MAX_OPEN_TERMS), 1);
  return { versions, maxExamples, maxTermsPerExample };
}

/**
 * The reply with `null` for each loss that is beyond every measurement: the device did measure, and the version is broken.
 * Throws EVALUATION_INVALID for an answer to another question, or one with more in it than there can be.
 */
export function believedReply(reply: Evaluated, bounds: ReplyBounds): Evaluated {
  requirePossible(reply, bounds);
  const maxLossSum = MAX_MEAN_LOSS * reply.numTerms;
  const results = reply.results.map((sums) =>
    sums.lossSum !== null && Math.abs(sums.lossSum) > maxLossSum ? { ...sums, lossSum: null } : sums,
  );
  return { ...reply, results };
}

function requirePossible({ numExamples, numTerms, results, attempt }: Evaluated, bounds: ReplyBounds): void {
  if (attempt !== 1) throw invalid(`attempt ${attempt} was not asked for`);
  const versions = results.map(({ version }) => version).sort((a, b) => a - b);
  const wanted = [...bounds.versions].sort((a, b) => a - b);
  if (versions.join() !== wanted.join())
    throw invalid(`it measured the versions ${versions.join(", ")} instead of ${wanted.join(", ")}`);
  if (numExamples > bounds.maxExamples)
    throw invalid(`it counts ${numExamples} examples; ${bounds.maxExamples} were asked for`);
  if (numTerms > numExamples * bounds.maxTermsPerExample)
    throw invalid(`${numExamples} examples of this model have no ${numTerms} terms`);
  for (const { version, numCorrect } of results) {
    if (numCorrect !== null && numCorrect > numTerms)
      throw invalid(`${numCorrect} of ${numTerms} are correct in version ${version}`);
  }
}

function invalid(what: string): FedgeError {
  return new FedgeError("EVALUATION_INVALID", `the device's evaluation cannot be: ${what}; it is left out`);
}
