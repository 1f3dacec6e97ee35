import type { Fields } from "../../../src/rollouts/overlaid.js";
import type { RolloutData } from "../data/api-types.js";

type Comparison = NonNullable<RolloutData["config"]["comparison"]>;

/** What a comparison states before it starts, as it was typed. */
export interface ComparisonDraft {
  /** Versions beside the control. */
  readonly others: readonly number[];
  readonly metric: string;
  readonly horizonHours: string;
  /** In percentage points. */
  readonly effectPercent: string;
  readonly alphaPercent: string;
  readonly powerPercent: string;
}

const HOUR_MS = 3_600_000;

export function draftOfComparison(
  others: readonly number[],
  stated: Comparison | undefined,
): ComparisonDraft {
  return {
    others,
    metric: stated?.metric ?? "error-rate",
    horizonHours: stated === undefined ? "" : String(stated.horizonMs / HOUR_MS),
    effectPercent: percentText(stated?.minDetectableEffect ?? 0.02),
    alphaPercent: percentText(stated?.alpha ?? 0.05),
    powerPercent: percentText(stated?.power ?? 0.8),
  };
}

/** Fields of the request for this kind, or what is missing in words. A shadow counts agreement and states a horizon only. */
export function requestOfComparison(
  kind: RolloutData["config"]["kind"],
  control: number,
  draft: ComparisonDraft,
): Fields | string {
  if (kind === "release") return {};
  const horizonMs = Math.round(Number(draft.horizonHours) * HOUR_MS);
  const isStated = draft.horizonHours.trim() !== "";
  if (isStated && !(horizonMs >= 1000)) return "The horizon is a number of hours above 0.";
  if (kind === "shadow" && !isStated) return {};
  const numbers = statedNumbers(draft);
  if (typeof numbers === "string") return numbers;
  if (kind === "shadow") return { comparison: { ...numbers, metric: "agreement", horizonMs } };
  const others = draft.others.filter((version) => version !== control);
  if (kind === "ab" && others.length !== 1) return "Choose the one version to compare with.";
  if (others.length === 0) return "Choose the versions to compare with.";
  if (others.length > 7) return "A comparison takes eight versions at most.";
  if (/^proxy:.+/.exec(draft.metric) === null && draft.metric.startsWith("proxy:"))
    return "Name the proxy that apps log.";
  if (!isStated) return "State the horizon: when it is decided, in hours.";
  return { arms: [control, ...others], comparison: { ...numbers, metric: draft.metric, horizonMs } };
}

function statedNumbers(draft: ComparisonDraft): Omit<Comparison, "metric" | "horizonMs"> | string {
  const [effect, alpha, power] = [draft.effectPercent, draft.alphaPercent, draft.powerPercent].map(
    fractionOf,
  );
  if (effect === undefined || !(effect > 0 && effect < 1))
    return "The smallest difference is above 0 and below 100 percentage points.";
  if (alpha === undefined || !(alpha > 0 && alpha < 0.5)) return "The level is above 0 % and below 50 %.";
  if (power === undefined || !(power > 0.5 && power < 1)) return "The power is above 50 % and below 100 %.";
  return { minDetectableEffect: effect, alpha, power };
}

function fractionOf(percent: string): number {
  return percent.trim() === "" ? Number.NaN : Number((Number(percent) / 100).toPrecision(12));
}

function percentText(fraction: number): string {
  return String(Number((fraction * 100).toPrecision(6)));
}
