import {
  ERROR_CODES,
  INSTALL_STATES,
  decodeWith,
  deviceId,
  finiteNumber,
  nonNegativeInt,
  positiveInt,
  servingMetrics,
  type ServingMetrics,
} from "@fedge/protocol";
import * as z from "zod/mini";
import { rolloutConfig, rolloutId } from "../rollouts/rollout-config.js";
import type { MetricsRecord } from "../rollouts/rollout-store.js";
import type { RolloutEvent } from "../rollouts/rollout-state.js";
import { ROLLOUT_COMMANDS, TARGET_STATES } from "../rollouts/rollout-view.js";
import type { deviceMetrics, rolloutTargets } from "./schema/rollouts.js";

const atMs = nonNegativeInt;
const actor = z.string();
const errorCode = z.enum(ERROR_CODES);
const optionalNumber = z.nullable(finiteNumber);
const interval = z.nullable(z.tuple([finiteNumber, finiteNumber]));

export const gate = z.object({
  gate: z.string(),
  segment: z.nullable(z.string()),
  verdict: z.enum(["pass", "fail", "inconclusive", "error"]),
  reason: z.string(),
  value: optionalNumber,
  control: optionalNumber,
  interval,
  sample: finiteNumber,
  controlSample: finiteNumber,
  minSample: finiteNumber,
  limit: optionalNumber,
  checkedAtMs: nonNegativeInt,
});

export const comparison = z.object({
  metric: z.string(),
  arms: z.array(
    z.object({ version: positiveInt, sample: finiteNumber, value: optionalNumber, share: finiteNumber }),
  ),
  difference: optionalNumber,
  interval,
  pValue: optionalNumber,
  requiredSample: finiteNumber,
  verdict: z.string(),
});

const report = z.object({
  releaseCounter: positiveInt,
  attempt: positiveInt,
  step: nonNegativeInt,
  state: z.enum(INSTALL_STATES),
  code: z.nullable(errorCode),
  message: z.nullable(z.string()),
});

const purpose = z.enum(["forward", "back"]);
const fallbackVersion = z.nullable(positiveInt);
const devices = z.array(deviceId);

const rolloutEvent = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("created"),
    ...{ atMs, actor, config: rolloutConfig, fallbackVersion, isReturn: z.boolean() },
  }),
  z.object({
    type: z.literal("edited"),
    ...{ atMs, actor, config: rolloutConfig, isReturn: z.optional(z.boolean()) },
  }),
  z.object({ type: z.literal("deleted"), atMs, actor }),
  z.object({
    type: z.literal("command"),
    ...{ atMs, actor, command: z.enum(ROLLOUT_COMMANDS), reason: z.string() },
    fallbackVersion: z.optional(fallbackVersion),
  }),
  z.object({
    type: z.literal("tick"),
    atMs,
    isWindowOpen: z.boolean(),
    isLapsed: z.optional(z.literal(true)),
  }),
  z.object({
    type: z.literal("wave-opened"),
    ...{ atMs, wave: nonNegativeInt, devices, numMatching: nonNegativeInt },
  }),
  z.object({ type: z.literal("members-changed"), atMs, joined: devices, removed: devices }),
  z.object({ type: z.literal("reported"), atMs, deviceId, report }),
  z.object({ type: z.literal("seen"), atMs, deviceId, serves: z.nullable(nonNegativeInt) }),
  z.object({ type: z.literal("released"), atMs, purpose, version: positiveInt, releaseCounter: positiveInt }),
  z.object({ type: z.literal("looked"), atMs, wave: nonNegativeInt, gates: z.array(gate) }),
  z.object({
    type: z.literal("compared"),
    ...{ atMs, comparison, shares: z.array(finiteNumber), isDecided: z.boolean() },
  }),
  z.object({ type: z.literal("replaced"), atMs, devices, by: z.string() }),
]);

/** The event, checked field by field. Throws DATA_CORRUPT naming the field. */
export function decodeRolloutEvent(value: unknown): RolloutEvent {
  return decodeWith(rolloutEvent, value, { what: "rollout event", code: "DATA_CORRUPT" });
}

const targetFields = z.object({
  rolloutId,
  deviceId,
  state: z.enum(TARGET_STATES),
  code: z.nullable(errorCode),
});

/** Throws DATA_CORRUPT. */
export function targetOf(row: typeof rolloutTargets.$inferSelect) {
  const checked = decodeWith(targetFields, row, { what: "stored rollout target", code: "DATA_CORRUPT" });
  const { wave, attempt, message, changedAtMs } = row;
  return { ...checked, wave, attempt, message, changedAtMs };
}

/** Throws DATA_CORRUPT. */
export function metricsOf(
  row: Pick<typeof deviceMetrics.$inferSelect, "deviceId" | "metrics" | "receivedAtMs">,
): MetricsRecord {
  const context = { what: "stored serving metrics", code: "DATA_CORRUPT" } as const;
  const metrics: ServingMetrics = decodeWith(servingMetrics, row.metrics, context);
  return { deviceId: decodeWith(deviceId, row.deviceId, context), metrics, receivedAtMs: row.receivedAtMs };
}
