import type { RolloutView } from "../../rollouts/rollout-view.js";
import type { Fault } from "../broken-versions/broken-version.js";
import { auditOf, type AuditResult } from "./audit-result.js";
import { MODEL, pilotsOf } from "./rehearsal-plan.js";
import { Rehearsal, type RehearsalContext, type RehearsalOptions } from "./rehearsal.js";

export interface RehearseOptions extends RehearsalOptions {
  /** Null rehearses a night in which nothing is wrong. */
  readonly fault: Fault | null;
}

export interface FaultResult {
  readonly fault: Fault;
  readonly version: number;
  readonly state: RolloutView["state"];
  /** Why the rollout is in this state. */
  readonly reason: string;
  readonly numPilots: number;
  /** Devices that took the version up, and those of them whose people were answered by it. */
  readonly numTried: number;
  readonly exposed: readonly string[];
  /** From the first device that had it to the last one that had it no more. */
  readonly secondsToRestored: number | null;
  /** Why devices went back, in their own words; each once. */
  readonly deviceReasons: readonly string[];
}

export interface RehearsalResult {
  readonly devices: number;
  readonly seed: string;
  readonly seconds: number;
  readonly trained: {
    readonly version: number;
    readonly accuracyBefore: number;
    readonly accuracyAfter: number;
  };
  /** How the good version's rollout ended. */
  readonly state: RolloutView["state"];
  readonly fault: FaultResult | null;
  /** Devices by the version that they serve in the end. */
  readonly serving: Readonly<Record<string, number>>;
  readonly audit: AuditResult;
  /** What did not go as it must; empty when all did. */
  readonly problems: readonly string[];
}

/**
 * The whole story: train, propose, approve, waves and gates; then, with a fault, a broken candidate that nobody has any
 * more in the end. Throws FedgeError when it comes to a stop.
 */
export async function rehearse(
  options: RehearseOptions,
  context: RehearsalContext,
): Promise<RehearsalResult> {
  const startedAtMs = performance.now();
  const rehearsal = await Rehearsal.open(options, context);
  try {
    await rehearsal.begin();
    const { version, before, after } = await rehearsal.train();
    const good = await rehearsal.ended(await rehearsal.launch(version, { fault: null }));
    if (good.state === "completed") await rehearsal.restored(1, version);
    const fault =
      options.fault === null || good.state !== "completed"
        ? null
        : await rehearseFault(rehearsal, {
            fault: options.fault,
            good: version,
            weights: await rehearsal.trainOn(),
            numDevices: options.numDevices,
          });
    const result = {
      ...{ devices: options.numDevices, seed: options.seed, state: good.state, fault },
      trained: { version, accuracyBefore: before, accuracyAfter: after },
      serving: rehearsal.exposure.countServing(MODEL),
      audit: await auditOf(rehearsal.opened.base.audit, fault?.version ?? version),
    };
    const seconds = (performance.now() - startedAtMs) / 1000;
    return { ...result, seconds, problems: problemsOf(result, good) };
  } finally {
    await rehearsal.close();
  }
}

interface FaultToRehearse {
  readonly fault: Fault;
  /** What the fleet serves. */
  readonly good: number;
  /** The version with better weights, which the candidate is a bad export of. */
  readonly weights: number;
  readonly numDevices: number;
}

/** A candidate with a fault, from its proposal to the last device that has it no more. */
export async function rehearseFault(
  rehearsal: Rehearsal,
  { fault, good, weights, numDevices }: FaultToRehearse,
): Promise<FaultResult> {
  const version = await rehearsal.candidates.badlyExported(fault, weights);
  const { state, reason } = await rehearsal.ended(await rehearsal.launch(version, { fault }));
  await rehearsal.restored(version, good);
  const { exposure } = rehearsal;
  const tried = exposure.encounters(version);
  const exposed = exposure.exposed(version).map(({ deviceId }) => deviceId);
  const deviceReasons = [...new Set(tried.flatMap((one) => one.reason ?? []))];
  const secondsToRestored = exposure.secondsToRestored(version);
  const numPilots = pilotsOf(numDevices).size;
  return {
    ...{ fault, version, state, reason, numPilots, numTried: tried.length, exposed },
    ...{ secondsToRestored, deviceReasons },
  };
}

function problemsOf(
  {
    fault,
    serving,
    trained,
    audit,
    devices,
  }: Pick<RehearsalResult, "fault" | "serving" | "trained" | "audit" | "devices">,
  good: RolloutView,
): string[] {
  const numServing = serving[`${MODEL}@${trained.version}`] ?? 0;
  const told = fault === null ? null : `version ${fault.version} reached ${fault.numTried} devices`;
  return [
    ...(good.state === "completed" ? [] : [`the good version's rollout is ${good.state}: ${good.reason}`]),
    ...(numServing === devices
      ? []
      : [`${numServing} of ${devices} devices serve version ${trained.version}`]),
    ...(fault === null || fault.state === "rolled-back"
      ? []
      : [`the broken version's rollout is ${fault.state}`]),
    ...(fault === null || fault.numTried <= fault.numPilots ? [] : [`${told}, more than its first wave`]),
    ...(audit.isWhole ? [] : ["the audit chain is broken"]),
    ...(audit.reasons.length > 0 ? [] : ["the audit log does not say why"]),
  ];
}
