import { LEAST_LOG_P } from "@fedge/protocol/drift";
import type { JointJudgement, WindowJudgement } from "./drift-judgement.js";
import type { JointMeasured } from "./joint-watch.js";
import { judgedBefore, sustained } from "./persistence.js";

export interface JointScene {
  readonly alpha: number;
  readonly numRows: number;
  readonly minRows: number;
  /** Logarithm of p after the correction for all tests of the window; NaN without a test. */
  readonly corrected: number;
}

/** What a window says of features together, by the rules of a feature alone: more than chance, above a floor, sustained. */
export function judgeJoint(
  { name, method, effect, floor, logPValue, features }: JointMeasured,
  { alpha, numRows, minRows, corrected }: JointScene,
  before: readonly WindowJudgement[],
): JointJudgement {
  const base = { name, method, effect, features };
  if (effect === null || logPValue === null || numRows < minRows) {
    const isFew = numRows < minRows;
    const reason = isFew ? `${numRows} rows; a verdict needs ${minRows}` : "too few rows are whole";
    return { ...base, logPValue: null, verdict: "not_enough_data", reason, isExceeded: false };
  }
  const isExceeded = corrected <= Math.log(alpha) && effect > floor;
  const reason = isExceeded ? reasonOf({ method, effect, floor, features }) : null;
  const ofWindow = ({ joint }: WindowJudgement): JointJudgement | undefined =>
    joint.find((one) => one.name === name && one.method === method);
  const said = sustained(reason, false, judgedBefore(before, ofWindow));
  return { ...base, logPValue: Math.max(LEAST_LOG_P, corrected), ...said };
}

function reasonOf({
  method,
  effect,
  floor,
  features,
}: Pick<JointMeasured, "method" | "floor" | "features"> & { readonly effect: number }): string {
  const what =
    method === "mmd"
      ? "the distance of the vectors' means (MMD)"
      : "the AUC of telling these rows from the reference's";
  const why =
    features.length === 0
      ? ""
      : `; ${features.join(", ")} ${features.length === 1 ? "weighs" : "weigh"} most`;
  return `${what} is ${effect.toPrecision(3)}, above its floor of ${Number(floor.toPrecision(4))}${why}`;
}
