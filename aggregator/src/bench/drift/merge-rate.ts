import {
  createRandom,
  encodeEnvelope,
  NUM_REPLICATES,
  PROTOCOL_VERSION,
  type MessageId,
  type ProfileWindow,
} from "@fedge/protocol";
import { encodeVector } from "@fedge/protocol/profile";
import { decodeWindow } from "../../drift/intake/profile-intake.js";
import type { MonitoredVersion } from "../../drift/references/monitored-version.js";
import { FastNormal } from "../../drift/simulated/fast-normal.js";
import { FleetVectors } from "../../drift/simulated/fleet-vectors.js";
import { normalVersion } from "../../drift/simulated/normal-profile.js";
import { ClearSums } from "../../drift/sums/clear-sums.js";
import { WHOLE_FLEET } from "../../drift/sums/window-key.js";
import { median } from "../aggregate/median.js";

export interface MergeMeasures {
  /** Median over devices. */
  readonly vectorBytes: number;
  /** The largest message of all, as it is given to the broker. */
  readonly messageBytes: number;
  /** From a message's text to the sum of the whole fleet. */
  readonly mergedPerSecond: number;
  /** The same, and to that of one cohort. */
  readonly mergedByCohortPerSecond: number;
}

const NUM_DEVICES = 2000;
const NUM_ROWS = 200;
const NUM_REPEATS = 9;

/** Takes the windows of two thousand devices, each full, again and again, as the server does. */
export function measureMerge({ numDevices = NUM_DEVICES, numRepeats = NUM_REPEATS } = {}): MergeMeasures {
  const normal = new FastNormal(createRandom("bench/drift"));
  const monitored = normalVersion(normal, { maxRows: NUM_ROWS });
  const messages = messagesOf(monitored, normal, numDevices);
  const rate = (cohorts: readonly string[]): number => {
    const seconds = Array.from({ length: numRepeats + 1 }, () => mergeAll(monitored, messages, cohorts));
    // The first, in which code is compiled, is not counted.
    return numDevices / median(seconds.slice(1));
  };
  return {
    vectorBytes: median(messages.map(({ vector }) => Buffer.from(vector, "base64").length)),
    messageBytes: Math.max(...messages.map(wireBytes)),
    mergedPerSecond: rate([]),
    mergedByCohortPerSecond: rate(["platform=node"]),
  };
}

function messagesOf(monitored: MonitoredVersion, normal: FastNormal, numDevices: number): ProfileWindow[] {
  const shape = { monitored, numDevices, numRows: NUM_ROWS, correlation: 0.2, seed: "bench/drift" };
  const vectors = new FleetVectors(shape, normal);
  const { model, version, profile } = monitored;
  return Array.from({ length: numDevices }, (_, device) => ({
    ...{ type: "profile-window", model, version, window: 480_000, layoutSha256: profile.layoutSha256 },
    ...{ replicate: device % NUM_REPLICATES },
    vector: Buffer.from(encodeVector(vectors.of(device))).toString("base64"),
  }));
}

/** Of the whole message in its envelope. */
function wireBytes(body: ProfileWindow): number {
  const id = "0".repeat(36) as MessageId;
  const header = { id, sentAtMs: 1_795_000_000_000, session: 100, seq: 100_000 };
  return encodeEnvelope({ v: PROTOCOL_VERSION, ...header, body }).byteLength;
}

function mergeAll(
  monitored: MonitoredVersion,
  messages: readonly ProfileWindow[],
  cohorts: readonly string[],
): number {
  const sums = new ClearSums();
  const { model, version } = monitored;
  // Of the process, so that a core is a core however many others share the machine.
  const before = process.cpuUsage();
  for (const message of messages) {
    const { window, layoutSha256, replicate } = message;
    const vector = decodeWindow(monitored, message);
    sums.sum({ model, version, layoutSha256, window, cohort: WHOLE_FLEET, replicate }, vector);
    for (const cohort of cohorts)
      sums.sum({ model, version, layoutSha256, window, cohort, replicate }, vector);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
