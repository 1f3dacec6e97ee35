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
  /** Vectors added to the sums of the whole fleet, by replicate. */
  readonly mergedPerSecond: number;
  /** From a message's text to the sum of the whole fleet: base64, varints, every check, the sum. */
  readonly takenPerSecond: number;
  /** The same, and to the sum of one cohort. */
  readonly takenByCohortPerSecond: number;
}

const NUM_DEVICES = 2000;
const NUM_ROWS = 200;
const NUM_REPEATS = 9;

/** Merges the windows of two thousand devices, each full, again and again, as the server does. */
export function measureMerge({ numDevices = NUM_DEVICES, numRepeats = NUM_REPEATS } = {}): MergeMeasures {
  const normal = new FastNormal(createRandom("bench/drift"));
  const monitored = normalVersion(normal, { maxRows: NUM_ROWS });
  const messages = messagesOf(monitored, normal, numDevices);
  const rate = (run: () => void): number => {
    const seconds = Array.from({ length: numRepeats + 1 }, () => cpuSeconds(run));
    // The first, in which code is compiled, is not counted.
    return numDevices / median(seconds.slice(1));
  };
  const vectors = messages.map((message) => decodeWindow(monitored, message));
  return {
    vectorBytes: median(messages.map(({ vector }) => Buffer.from(vector, "base64").length)),
    messageBytes: Math.max(...messages.map(wireBytes)),
    mergedPerSecond: rate(() => mergeAll(monitored, messages, vectors)),
    takenPerSecond: rate(() => takeAll(monitored, messages, [])),
    takenByCohortPerSecond: rate(() => takeAll(monitored, messages, ["platform=node"])),
  };
}

/** Of the process, so that a core is a core however many others share the machine. */
function cpuSeconds(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
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
  { model, version }: MonitoredVersion,
  messages: readonly ProfileWindow[],
  vectors: readonly Uint32Array[],
): void {
  const sums = new ClearSums();
  vectors.forEach((vector, at) => {
    const { window, layoutSha256, replicate } = messages[at] as ProfileWindow;
    sums.sum({ model, version, layoutSha256, window, cohort: WHOLE_FLEET, replicate }, vector);
  });
}

function takeAll(
  monitored: MonitoredVersion,
  messages: readonly ProfileWindow[],
  cohorts: readonly string[],
): void {
  const sums = new ClearSums();
  const { model, version } = monitored;
  for (const message of messages) {
    const { window, layoutSha256, replicate } = message;
    const vector = decodeWindow(monitored, message);
    for (const cohort of [WHOLE_FLEET, ...cohorts])
      sums.sum({ model, version, layoutSha256, window, cohort, replicate }, vector);
  }
}
