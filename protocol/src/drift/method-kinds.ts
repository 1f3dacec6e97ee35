import type { DriftMethod } from "./result.js";
import type { SamplePair } from "./samples/sample.js";

/** What a feature may be, for the choice of methods. */
export type ValueKind = SamplePair["kind"];

const COUNTED: readonly ValueKind[] = ["numbers", "categories", "bins"];
const RANKED: readonly ValueKind[] = ["numbers", "bins"];

/** The kinds of samples that a method is valid for. Streams take numbers. */
export const METHOD_KINDS: Readonly<Record<DriftMethod, readonly ValueKind[]>> = {
  ks: RANKED,
  "ks-binned": RANKED,
  "chi-squared": COUNTED,
  "g-test": COUNTED,
  fisher: COUNTED,
  psi: COUNTED,
  "jensen-shannon": COUNTED,
  hellinger: COUNTED,
  "total-variation": COUNTED,
  "l-infinity": ["categories"],
  wasserstein: RANKED,
  "cramer-von-mises": RANKED,
  "mann-whitney": RANKED,
  welch: ["numbers"],
  "anderson-darling": RANKED,
  mmd: ["numbers", "vectors"],
  adwin: ["numbers"],
  "page-hinkley": ["numbers"],
  ddm: ["numbers"],
};

/** Why a method is not valid for such samples, which whoever configures a profile has to be told; `undefined` when it is. */
export function unsuited(method: DriftMethod, { kind }: Pick<SamplePair, "kind">): string | undefined {
  const kinds = METHOD_KINDS[method];
  if (kinds.includes(kind)) return undefined;
  return `configuration: ${method} is for ${kinds.join(" or ")}, not for ${kind}`;
}
