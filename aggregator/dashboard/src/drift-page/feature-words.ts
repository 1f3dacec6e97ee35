import type { FeatureData } from "../data/api-types.js";
import { formatCount } from "../text/format.js";
import { pText, scoreText } from "./numbers.js";

type Score = FeatureData["scores"][number];
type Words = Pick<
  FeatureData,
  "scores" | "score" | "lower" | "upper" | "limit" | "statistics" | "verdict" | "reason" | "role"
> &
  Pick<FeatureData, "numGroups" | "numTests" | "kind">;

/** An effect that the verdict goes by, what chance gives taken off. */
export interface Effect {
  readonly method: string;
  readonly name: string;
  /** How it is computed. */
  readonly formula: string;
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  readonly limit: number;
  readonly isAbove: boolean;
}

/** Level below which a corrected p-value is more than chance. */
export const LEVEL = 0.05;

/** The effects of a feature, in the order in which the rule looks at them. */
export function effectsIn(feature: Words): Effect[] {
  const judged = (method: string): Score | undefined =>
    feature.scores.find((each) => each.method === method && each.limit !== null);
  const effects = [
    indexEffect(judged("psi")),
    distanceEffect(feature, judged("jensen-shannon")),
    shiftEffect(judged("mean-shift")),
  ];
  return effects.filter((effect) => effect !== null);
}

function indexEffect(score: Score | undefined): Effect | null {
  if (score === undefined || score.score === null || score.limit === null) return null;
  const chance = score.expected ?? 0;
  return above({
    ...{ method: "psi", name: "PSI (population stability index)", limit: score.limit },
    formula: `the sum over ${score.numBins} cells of (q − p) · ln(q / p), where p is the reference's share of a cell and q the present one; ${score.zeroRule ?? ""}`,
    ...ends(
      score.score - chance,
      (score.lower ?? score.score) - chance,
      (score.upper ?? score.score) - chance,
    ),
  });
}

function distanceEffect(feature: Words, score: Score | undefined): Effect | null {
  const { score: value, lower, upper } = feature;
  if (score === undefined || value === null || lower === null || upper === null) return null;
  return above({
    ...{ method: "jensen-shannon", name: "Jensen–Shannon distance", limit: feature.limit },
    formula: `the root of ½ Σ p · log₂(p / m) + ½ Σ q · log₂(q / m) over ${score.numBins} cells, where m = (p + q) / 2: 0 for equal shares, 1 for shares that have no cell in common`,
    ...ends(value, lower, upper),
  });
}

/** Either way counts. */
function shiftEffect(score: Score | undefined): Effect | null {
  if (score === undefined || score.score === null || score.limit === null) return null;
  const half = ((score.upper ?? score.score) - (score.lower ?? score.score)) / 2;
  const size = Math.abs(score.score);
  return above({
    ...{ method: "mean-shift", name: "shift of the mean", limit: score.limit },
    formula: `the present mean less the reference's, in standard deviations of the reference, row by row, each value clipped to 8 of them; here ${scoreText(score.score)}`,
    ...ends(size, size - half, size + half),
  });
}

function ends(value: number, lower: number, upper: number) {
  return { value, lower, upper };
}

function above(effect: Omit<Effect, "isAbove">): Effect {
  return { ...effect, isAbove: effect.lower > effect.limit };
}

/** What the effect came to, against its limit. */
export function effectText(effect: Effect, numGroups: number): string {
  const { value, lower, upper, limit, isAbove } = effect;
  const interval = `${scoreText(lower)} to ${scoreText(upper)} with 95 % certainty, by the spread between ${formatCount(numGroups)} groups of devices`;
  const verdict = isAbove ? "is above" : "is not above";
  return `It is ${scoreText(value)}, what chance alone gives taken off: ${interval}. The lower end ${verdict} the limit of ${scoreText(limit)}, half of the profile's floor: a fleet sees surely what one device cannot.`;
}

/** Whether the change is more than chance, and by which test. */
export function chanceText({ statistics, numTests, kind }: Words): string {
  const { cells, mean, corrected } = statistics.logP;
  if (cells === null && mean === null) return "There is nothing that a test could compare.";
  const isMore = corrected <= Math.log(LEVEL);
  const ofMean = kind === "numeric" && mean !== null ? `, of the mean (Student's t) p = ${pText(mean)}` : "";
  return [
    `Test of the cells by Rao and Scott, for rows of one device that are alike: p = ${pText(cells)}${ofMean}.`,
    `Corrected for all ${formatCount(numTests)} tests of the window by Benjamini and Hochberg: ${pText(corrected)}, which ${isMore ? "is" : "is not"} below ${LEVEL}:`,
    isMore ? "more than chance." : "it may be chance.",
  ].join(" ");
}

const SOFT_ROLES: ReadonlySet<string> = new Set(["prediction", "score", "latency", "action", "label"]);

/** Why the verdict is what it is. */
export function verdictText(feature: Words): string {
  const { verdict, reason, role, statistics } = feature;
  switch (verdict) {
    case "drift":
      return `Drift: more than chance, above a limit, and so in the window before as well (${reason ?? "a limit was exceeded"}).`;
    case "warning":
      return SOFT_ROLES.has(role)
        ? `Warning, and never more: a ${role} that moves says nothing of the inputs by itself (${reason ?? "a limit was exceeded"}).`
        : `Warning: more than chance and above a limit in this window (${reason ?? "a limit was exceeded"}). The same in the next window is drift.`;
    case "broken_data":
      return `Broken data: ${reason ?? "rows are not as the schema says"}. That counts at once, and no other test is looked at.`;
    case "ok":
      return statistics.logP.corrected <= Math.log(LEVEL)
        ? "Ok: the change is more than chance, but not above a limit for certain. Large fleets see changes that do not matter."
        : "Ok: the change may be chance, or is not above a limit.";
    case "not_enough_data":
    case "not_testable":
    case "learning":
      return `No verdict: ${reason ?? "there is nothing to compare yet"}.`;
  }
}
