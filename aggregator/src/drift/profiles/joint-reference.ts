import type { WindowRows } from "@fedge/protocol/drift";
import type { JointReference, ProfileFeature } from "@fedge/protocol/profile";
import { classifierReference } from "./joint-classifier.js";
import { vectorGroups, vectorReference } from "./joint-vectors.js";

/** Below so many rows correlations say more of the sample than of what it is of. */
export const LEAST_JOINT_ROWS = 500;

/**
 * What is compared of features together, from a sample of the rows: summaries, no row. Null where the rows are too few, or
 * nothing is left to compare.
 */
export function jointReferenceOf(
  features: readonly ProfileFeature[],
  rows: WindowRows,
  { seed, maxRows }: { readonly seed: string; readonly maxRows: number },
): JointReference | null {
  if (rows.numRows < LEAST_JOINT_ROWS) return null;
  const short = seed.slice(0, 64);
  const groups = vectorGroups(features).flatMap(
    (group) => vectorReference(group, features, rows, { seed: short, leastRows: LEAST_JOINT_ROWS }) ?? [],
  );
  const classifier = classifierReference(features, rows, { seed: short, maxRows });
  return classifier === null && groups.length === 0 ? null : { classifier, groups };
}
