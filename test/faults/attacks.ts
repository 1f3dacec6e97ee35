import {
  BLOCK_BYTES,
  blockCount,
  blockRange,
  encodeUpdate,
  encodeUploadBlock,
  createRandom,
  type RoundDown,
  type RoundId,
} from "@fedge/protocol";
import { createHash } from "node:crypto";
import type { HostileDevice } from "./hostile-device.js";

export type Assigned = Extract<RoundDown, { type: "assigned" }>;

export interface Attacker {
  readonly device: HostileDevice;
  readonly assigned: Assigned;
  readonly numParameters: number;
  readonly server: string;
}

/** An update that an honest device could have sent. */
export function harmlessUpdate(numParameters: number): Uint8Array<ArrayBuffer> {
  return encodeUpdate(new Float32Array(numParameters).fill(0.125), "float32", createRandom("unused"));
}

/** Float32 bytes that no encoder of ours would write. */
export function updateOf(numParameters: number, first: number): Uint8Array<ArrayBuffer> {
  const bytes = harmlessUpdate(numParameters);
  new DataView(bytes.buffer).setFloat32(0, first, true);
  return bytes;
}

/** The report that an honest device would send for these bytes, with the lies put over it. */
export function reportOf(
  { assigned }: Attacker,
  bytes: Uint8Array,
  lies: { readonly update?: object; readonly [field: string]: unknown } = {},
): object {
  const { taskId, roundId, attempt, baseVersion } = assigned;
  const { update, ...rest } = lies;
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return {
    type: "report",
    ...{ taskId, roundId, attempt, baseVersion },
    numExamples: 10,
    metrics: { steps: 1, trainMs: 1, lossBefore: null, lossAfter: null },
    ...rest,
    update: { sha256, sizeBytes: bytes.byteLength, encoding: "float32", ...update },
  };
}

/** One frame of the update, as an honest device cuts it. */
export function frameOf({ assigned }: Attacker, bytes: Uint8Array, index = 0): Uint8Array<ArrayBuffer> {
  const { start, end } = blockRange(bytes.byteLength, index);
  const { roundId, attempt } = assigned;
  const sizeBytes = bytes.byteLength;
  return encodeUploadBlock({ roundId, attempt, index, sizeBytes, body: bytes.subarray(start, end) });
}

/** Reports and uploads in the right order; the bytes and the report may lie. */
export async function upload(
  attacker: Attacker,
  bytes: Uint8Array,
  lies: { update?: object } = {},
): Promise<void> {
  const { device, assigned } = attacker;
  await device.say("fl/up", reportOf(attacker, bytes, lies));
  await device.next("proceed");
  for (let index = 0; index < blockCount(bytes.byteLength); index += 1)
    await device.publish(assigned.upload.topic, frameOf(attacker, bytes, index));
}

/** Gives the assignment up, so that the round need not wait. */
export async function giveUp({ device, assigned }: Attacker): Promise<void> {
  const { roundId, attempt } = assigned;
  await device.say("fl/up", { type: "abort", roundId, attempt, reason: "failed", code: "TRAINING_FAILED" });
}

/** A frame of a round that never was. */
export function foreignFrame(attacker: Attacker, roundId: string): Uint8Array<ArrayBuffer> {
  const bytes = harmlessUpdate(attacker.numParameters);
  const { attempt } = attacker.assigned;
  return encodeUploadBlock({
    roundId: roundId as RoundId,
    attempt,
    index: 0,
    sizeBytes: bytes.byteLength,
    body: bytes.subarray(0, Math.min(BLOCK_BYTES, bytes.byteLength)),
  });
}
