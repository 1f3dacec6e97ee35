import type { ServingMetrics } from "@fedge/protocol";
import type { ShadowedVersion } from "../../drift/outcomes/shadow-evidence.js";
import type { ShadowLabels } from "../../drift/outcomes/shadow-labels.js";
import { probabilityText } from "../../evaluation/compare/probability-text.js";
import { cohortRate } from "../gates/device-rates.js";
import { percentOf } from "../install-gate.js";
import type { ComparisonView } from "../rollout-view.js";

/** What labels say of the shadow since then; null while they say nothing. */
export type ShadowLabelsOf = (of: ShadowedVersion) => Promise<ShadowLabels | null>;

export interface ShadowedPair {
  readonly served: number;
  readonly shadow: number;
}

/** How often both answered alike, from the devices' own counts; once labels have come, who was right. */
export function compareShadow(
  versions: ShadowedPair,
  metrics: readonly ServingMetrics[],
  labels: ShadowLabels | null,
): ComparisonView {
  const shadows = metrics.flatMap(({ shadow }) => (shadow?.version === versions.shadow ? [shadow] : []));
  const rate = cohortRate(
    shadows.map(({ numAgreed, numCompared }) => ({
      hits: Math.min(numAgreed, numCompared),
      trials: numCompared,
    })),
  );
  const numErrors = shadows.reduce((sum, shadow) => sum + shadow.numErrors, 0);
  const counted = `${rate.numTrials} requests compared on ${rate.numDevices} devices, ${numErrors} errors of the shadow`;
  const alike = rate.numTrials === 0 ? "" : `, ${percentOf(rate.rate, 1)} alike`;
  if (labels !== null) return withLabels(versions, labels, `${counted}${alike}`);
  const value = rate.numTrials === 0 ? null : rate.rate;
  return {
    metric: "agreement",
    arms: [{ version: versions.shadow, sample: rate.numTrials, value, share: 1 }],
    ...{ difference: null, interval: null, pValue: null, requiredSample: 0 },
    verdict: counted,
  };
}

function withLabels({ served, shadow }: ShadowedPair, labels: ShadowLabels, counted: string): ComparisonView {
  const { bothRight, onlyServed, onlyShadow, bothWrong, difference, interval, pValue } = labels;
  const sample = bothRight + onlyServed + onlyShadow + bothWrong;
  const arm = (version: number, numRight: number) => ({
    ...{ version, sample, value: numRight / sample, share: 1 },
  });
  return {
    metric: "accuracy",
    arms: [arm(served, bothRight + onlyServed), arm(shadow, bothRight + onlyShadow)],
    ...{ difference, interval, pValue, requiredSample: 0 },
    verdict: `${counted}; of ${sample} with a label both had ${bothRight} right, version ${served} alone ${onlyServed}, version ${shadow} alone ${onlyShadow}, neither ${bothWrong}`,
  };
}

/** What is said at the horizon, and not before. */
export function decidedBy(
  labels: ShadowLabels | null,
  { served, shadow }: ShadowedPair,
  alpha: number,
): string {
  if (labels === null) return "; no labels are shown that tell who was right";
  const { pValue, difference } = labels;
  if (pValue === null) return ": inconclusive, too few groups of devices to know chance";
  const p = `p ${probabilityText(pValue)}`;
  // The p is an upper bound: it cannot say that there is nothing.
  if (pValue >= alpha) return `: no difference is certain, ${p} or less`;
  return `: version ${difference > 0 ? shadow : served} is right more often, ${p}`;
}
