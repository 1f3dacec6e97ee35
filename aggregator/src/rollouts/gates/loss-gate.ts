import type { DeviceComparison } from "../../evaluation/federated/device-comparisons.js";
import { studentTailQuantile } from "@fedge/protocol/drift";
import type { MetricGate } from "../rollout-config.js";
import type { GateView } from "../rollout-view.js";
import { alphaOfLook, ending, gateView, rangeText, tolerated, verdictOf } from "./metric-gate.js";

/**
 * The loss on devices' own examples, paired: every device measured both versions on the same ones. Devices are the sample, and
 * each evaluation is one look. A version that gives no numbers has failed.
 */
export function judgeLoss(gate: MetricGate, { result, look }: DeviceComparison, atMs: number): GateView {
  const { loss, numTerms, numDevices, verdict: asMeasured, reason } = result;
  const [now, before] = result.versions;
  const facts = {
    sample: numTerms,
    controlSample: numTerms,
    value: now?.loss ?? null,
    control: before?.loss ?? null,
    atMs,
  };
  const isBroken = (now?.numNotFinite ?? 0) > 0 && asMeasured === "worse";
  if (isBroken) return gateView(gate, { ...facts, verdict: "fail", reason });
  if (loss === null || before === undefined || before.loss === null || numTerms < gate.minSample)
    return gateView(gate, {
      ...facts,
      verdict: "inconclusive",
      reason: "too few examples were evaluated so far",
    });
  const allowed = tolerated(gate, Math.abs(before.loss));
  const { difference, standardError } = loss;
  const quantile = studentTailQuantile(alphaOfLook(gate.alpha, look), numDevices - 1);
  const interval = [difference - quantile * standardError, difference + quantile * standardError] as const;
  const verdict = verdictOf(interval, allowed);
  const change = `${difference < 0 ? "" : "+"}${difference.toFixed(4)}`;
  const how = `${rangeText(interval, (value) => value.toFixed(4))}, +${allowed.toFixed(4)} is borne`;
  const what = `loss ${change} on ${numDevices} devices, from ${before.loss.toFixed(4)}; ${how}${ending(verdict)}`;
  return gateView(gate, {
    ...facts,
    verdict,
    limit: before.loss + allowed,
    interval,
    reason: what,
  });
}
