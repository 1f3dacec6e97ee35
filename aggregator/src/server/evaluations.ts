import { randomUUID } from "node:crypto";
import type { DeviceId } from "@fedge/protocol";
import { DeviceComparisons } from "../evaluation/federated/device-comparisons.js";
import { FederatedEvaluations } from "../evaluation/federated/federated-evaluations.js";
import type { RetainedBlobs } from "../fleet/blob-publisher.js";
import type { Fleet } from "../fleet/fleet.js";
import type { Outbox } from "../fleet/outbox.js";
import { FleetOfRollouts } from "../rollouts/fleet-view.js";
import type { EvaluationRecord } from "../store/port.js";
import type { Foundations } from "./foundations.js";

export interface EvaluationParts {
  readonly evaluations: FederatedEvaluations;
  readonly comparisons: DeviceComparisons;
}

/** Evaluations on devices, on what the server has open. Nothing acts before somebody asks for one. */
export function openEvaluations(
  { store, blobs, clock, logger, metrics: counters }: Foundations,
  parts: {
    readonly publisher: RetainedBlobs;
    readonly outbox: Outbox;
    /** The fleet is made later. */
    readonly fleet: () => Fleet | null;
    readonly evaluated: (evaluation: EvaluationRecord) => Promise<void>;
  },
): EvaluationParts {
  const fleet = new FleetOfRollouts(store, store.rollouts, () => clock.nowMs());
  const evaluations = new FederatedEvaluations({
    ...{ blobs, clock, counters, logger, control: store, store: store.evaluationRuns },
    ...{ publisher: parts.publisher, evaluated: parts.evaluated },
    isOnline: (deviceId: DeviceId) => parts.fleet()?.isOnline(deviceId) ?? false,
    compiler: () => fleet.compiler(),
    send: (deviceId, message) => parts.outbox.send(deviceId, message),
    newSuffix: () => randomUUID().slice(0, 8),
  });
  return { evaluations, comparisons: new DeviceComparisons({ evaluations, clock, logger }) };
}
